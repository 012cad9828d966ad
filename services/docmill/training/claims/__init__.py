"""Synthetic insurance claims: documents in our own words, with exact labels, since no real labelled set could be found.

Everything in it is invented. Read docs/decisions/0011-claims-corpus.md before believing a figure measured on it.
"""

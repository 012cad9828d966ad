"""Tier 1 of the fallback: what neighbours and code lists say of a document that the fast model would not decide alone.

Pure: everything is a function of its arguments. Knows no Kafka, no SQL, no model; who retrieves is somebody else.
"""

"""Labelled documents to a bundle. The only room that imports torch (extra `[train]`)."""

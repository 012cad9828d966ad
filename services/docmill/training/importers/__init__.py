"""Labelled documents of other tools to our JSONL, one format a file. What cannot be read is skipped, and said."""

"""The wire contracts of docmill: events, topics, ids. Imports nothing of docmill itself."""

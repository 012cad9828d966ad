"""Hostile documents, a reader that obeys them, and what must hold all the same."""

"""Layouts by genre, one file each. A file knows how its documents look, and nothing of noise or labels."""

"""Passages whose vectors are written down: the axis that a word stands for is its first letter's."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from docmill.index.types import Change, Chunk, Embedding, Passage, Query, Source, Vector
from docmill.index.vectors import to_bytes

DIMENSIONS = 26
EMBEDDING = Embedding("letters", "0" * 64, DIMENSIONS)
OTHER_EMBEDDING = Embedding("letters", "1" * 64, DIMENSIONS)
SOURCE = Source("topic-1", EMBEDDING)


def vector_of(text: str) -> Vector:
    """Counts of first letters, of length 1."""
    counts = np.full(DIMENSIONS, 0.01, dtype=np.float32)
    for word in text.lower().split():
        if "a" <= word[0] <= "z":
            counts[ord(word[0]) - ord("a")] += 1
    return np.asarray(counts / np.linalg.norm(counts), dtype=np.float32)


def passage(passage_id: str, *texts: str, embedding: Embedding = EMBEDDING, **more: Any) -> Passage:
    """A passage of these chunks, a line each."""
    chunks, start = [], 0
    for text in texts:
        chunks.append(Chunk(start, start + len(text), to_bytes(vector_of(text))))
        start += len(text) + 1
    given = {"kind": "policy", "title": ""} | more
    return Passage(passage_id=passage_id, text="\n".join(texts), embedding=embedding, chunks=tuple(chunks), **given)


def changes(passages: Iterable[Passage | str], first: int = 0, partition: int = 0) -> list[Change]:
    """A record for each, in order; a text stands for the tombstone of that id."""
    return [
        Change(partition, first + i, one, None)
        if isinstance(one, str)
        else Change(partition, first + i, one.passage_id, one)
        for i, one in enumerate(passages)
    ]


def query(text: str, k: int = 5, embedding: Embedding = EMBEDDING, **more: Any) -> Query:
    """A query whose vector is that of its text."""
    return Query(text, vector_of(text), embedding, k, **more)

"""Searches a copy, whoever writes it. Keeps the vectors in memory in step with the file, whose number sequences say
what is new and what is gone.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from docmill.errors import IndexCorruptError, IndexEmbeddingError, IndexUnavailableError
from docmill.index.fusion import fuse
from docmill.index.matrix import Labels, VectorMatrix
from docmill.index.rare_terms import Words
from docmill.index.schema import connect_reader, store_errors, transaction
from docmill.index.text_search import text_ranking
from docmill.index.types import CopyState, Hit, Query, Score
from docmill.index.vectors import from_bytes
from docmill.index.writer import described, last_chunk, read_state

LEAST_DEPTH = 50  # of both rankings before they are fused
LOADED_AT_ONCE = 10_000
# CROSS JOIN is SQLite's word for "in this order": it has no statistics of these tables to choose by.
NEW_CHUNKS = """
SELECT chunks.number, chunks.vector, passages.kind, passages.tenant, passages.valid_from, passages.valid_until
FROM chunks CROSS JOIN passages ON passages.number = chunks.passage WHERE chunks.number > ? ORDER BY chunks.number
"""
PLACES = """
SELECT chunks.number, passages.passage_id, chunks.first FROM json_each(?) AS wanted
CROSS JOIN chunks ON chunks.number = wanted.value CROSS JOIN passages ON passages.number = chunks.passage
"""
FOUND = """
SELECT passages.passage_id, passages.kind, passages.title, passages.text, chunks.first, chunks.past,
  passages.document_type, passages.fields
FROM chunks JOIN passages ON passages.number = chunks.passage WHERE chunks.number = ?
"""


class Reader:
    """One connection and the vectors. Not for several threads."""

    def __init__(self, path: Path) -> None:
        """Raises: IndexUnavailableError, IndexCorruptError."""
        self._path = path
        self._words = Words()
        self._connection, self._file = self._open()
        self._generation: str | None = None
        self._matrix = VectorMatrix(1)
        self._last_chunk = 0
        self._last_removed = 0

    def search(self, query: Query) -> list[Hit]:
        """See `LocalIndex.search`."""
        with self.snapshot() as connection:
            state = read_state(connection)
            if state is None:
                return []
            if query.embedding != state.source.embedding:
                found = described(query.embedding)
                raise IndexEmbeddingError("the query's vector", described(state.source.embedding), found)
            self._follow(connection, state)
            depth = max(query.k, LEAST_DEPTH)
            cosines = self._matrix.nearest(query, depth)
            bm25 = text_ranking(connection, self._words, query, depth)
            return self._hits(connection, query.k, depth, cosines, bm25)

    @contextmanager
    def snapshot(self) -> Iterator[sqlite3.Connection]:
        """The file at one moment; the newest one, where the path leads to another file by now."""
        with store_errors(self._path):
            if self._on_disk() != self._file:
                self._connection.close()
                self._connection, self._file = self._open()
                self._generation = None
            with transaction(self._connection, "DEFERRED"):
                yield self._connection

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()
        self._words.close()

    def _open(self) -> tuple[sqlite3.Connection, tuple[int, int]]:
        return connect_reader(self._path), self._on_disk()

    def _on_disk(self) -> tuple[int, int]:
        try:
            found = self._path.stat()
        except OSError as error:
            raise IndexUnavailableError(f"the index at {self._path} is gone: {error}") from error
        return found.st_dev, found.st_ino

    def _follow(self, connection: sqlite3.Connection, state: CopyState) -> None:
        """Bring the vectors up to the snapshot."""
        [[generation, oldest, newest]] = connection.execute(
            "SELECT generation, (SELECT min(number) FROM removed), (SELECT max(number) FROM removed) FROM state"
        )
        if generation != self._generation or (oldest is not None and oldest > self._last_removed + 1):
            self._generation = generation
            [[chunks]] = connection.execute("SELECT count(*) FROM chunks")
            self._matrix = VectorMatrix(state.source.embedding.dimensions, expected=chunks + chunks // 8)
            self._last_chunk = 0
        elif newest is not None and newest > self._last_removed:
            gone = connection.execute("SELECT chunk FROM removed WHERE number > ?", (self._last_removed,)).fetchall()
            self._matrix.remove([number for (number,) in gone])
        self._last_removed = newest or 0
        if last_chunk(connection) > self._last_chunk:
            self._load(connection, state.source.embedding.dimensions)

    def _load(self, connection: sqlite3.Connection, dimensions: int) -> None:
        rows = connection.execute(NEW_CHUNKS, (self._last_chunk,))
        while batch := rows.fetchmany(LOADED_AT_ONCE):
            numbers = [row[0] for row in batch]
            try:
                vectors = from_bytes(b"".join(row[1] for row in batch), dimensions)
                self._matrix.add(numbers, vectors, [Labels(*row[2:]) for row in batch])
            except ValueError as error:
                self._generation = None
                raise IndexCorruptError(f"the index at {self._path} is damaged: {error}") from error
            self._last_chunk = numbers[-1]
        self._last_chunk = max(self._last_chunk, last_chunk(connection))

    def _hits(
        self,
        connection: sqlite3.Connection,
        k: int,
        depth: int,
        cosines: dict[int, float],
        bm25: dict[int, float],
    ) -> list[Hit]:
        wanted = json.dumps([*cosines.keys() | bm25.keys()])
        places = {number: (passage_id, first) for number, passage_id, first in connection.execute(PLACES, (wanted,))}
        by_vector = sorted(cosines, key=lambda number: (-cosines[number], places[number]))[:depth]
        by_text = list(bm25)
        vector_ranks = {number: rank for rank, number in enumerate(by_vector, start=1)}
        text_ranks = {number: rank for rank, number in enumerate(by_text, start=1)}
        hits = []
        for number, fused in fuse([by_vector, by_text], tie_break=places.__getitem__)[:k]:
            rank = vector_ranks.get(number)
            cosine = None if rank is None else cosines[number]
            score = Score(fused, cosine, rank, bm25.get(number), text_ranks.get(number))
            hits.append(_hit(connection.execute(FOUND, (number,)).fetchone(), score))
        return hits


def _hit(row: tuple[str, str, str, str, int, int, str | None, str], score: Score) -> Hit:
    passage_id, kind, title, text, first, past, document_type, fields = row
    return Hit(
        passage_id=passage_id,
        kind=kind,
        title=title,
        text=text[first:past],
        start=first,
        end=past,
        document_type=document_type,
        fields=tuple((name, tuple(values)) for name, values in json.loads(fields)),
        score=score,
    )

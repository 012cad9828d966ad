"""Changes into the tables of a copy. Each function works within its caller's transaction.

Order of a batch: read offsets -> drop what was seen, and what a later record of the batch overtakes -> delete the old
passages -> insert the new ones -> write offsets. So a batch that comes again, whole or in part, changes nothing.
"""

import json
import secrets
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from docmill.errors import IndexEmbeddingError
from docmill.index.schema import EXEMPLAR_WORDS, TOLD_WORDS, words_of
from docmill.index.types import Applied, Change, CopyState, Embedding, Passage, Source

REMOVED_KEPT = 200_000  # numbers; a process that is further behind reads all vectors again


def read_state(connection: sqlite3.Connection) -> CopyState | None:
    """How far the copy has come; None where it is a copy of nothing yet."""
    row = connection.execute(
        "SELECT topic_id, embedding_name, embedding_sha256, dimensions, complete_at_ms FROM state"
    ).fetchone()
    if row is None:
        return None
    topic_id, name, sha256, dimensions, complete_at_ms = row
    offsets = dict(connection.execute("SELECT partition, next FROM offsets ORDER BY partition"))
    return CopyState(Source(topic_id, Embedding(name, sha256, dimensions)), offsets, complete_at_ms)


def clear(connection: sqlite3.Connection, source: Source, at_ms: int) -> None:
    """Forget all, and be a copy of `source` that has read nothing."""
    for table in ("state", "offsets", "passages", "chunks", "removed"):
        connection.execute(f"DELETE FROM {table}")  # noqa: S608
    for tables in (TOLD_WORDS, EXEMPLAR_WORDS):
        connection.execute(f"INSERT INTO {tables.words} ({tables.words}) VALUES ('delete-all')")  # noqa: S608
    embedding = source.embedding
    connection.execute(
        "INSERT INTO state VALUES (1, ?, ?, ?, ?, ?, ?)",
        (secrets.token_hex(8), source.topic_id, embedding.name, embedding.sha256, embedding.dimensions, at_ms),
    )


def write(
    connection: sqlite3.Connection,
    state: CopyState,
    changes: Sequence[Change],
    positions: Mapping[int, int],
    complete_at_ms: int | None,
) -> Applied:
    """Apply changes to a copy whose state was read in this transaction.

    Raises:
        IndexEmbeddingError: a passage is of another embedding than the copy.
    """
    offsets = dict(state.offsets)
    latest: dict[str, Change] = {}
    for change in sorted(changes, key=lambda change: change.offset):
        if change.offset >= offsets.get(change.partition, 0):
            offsets[change.partition] = change.offset + 1
            latest.pop(change.passage_id, None)
            latest[change.passage_id] = change
    passages = [change.passage for change in latest.values() if change.passage is not None]
    for passage in passages:
        if passage.embedding != state.source.embedding:
            name = f"passage {passage.passage_id}"
            raise IndexEmbeddingError(name, described(state.source.embedding), described(passage.embedding))
    replaced = _delete(connection, latest)
    _insert(connection, passages)
    for partition, position in positions.items():
        offsets[partition] = max(position, offsets.get(partition, 0))
    connection.executemany("INSERT OR REPLACE INTO offsets VALUES (?, ?)", offsets.items())
    if complete_at_ms is not None:
        connection.execute("UPDATE state SET complete_at_ms = ?", (complete_at_ms,))
    kept = {passage.passage_id for passage in passages}
    return Applied(len(passages), len(replaced - kept), len(changes) - len(latest))


def described(embedding: Embedding) -> str:
    """An embedding as messages name it."""
    return f"{embedding.name} {embedding.sha256[:12]} ({embedding.dimensions} dimensions)"


@dataclass(frozen=True, slots=True)
class _Old:
    number: int
    passage_id: str
    kind: str
    title: str
    text: str


def _delete(connection: sqlite3.Connection, passage_ids: Iterable[str]) -> set[str]:
    """Delete passages with their chunks; returns the ids of those that were there."""
    found = [
        _Old(*row)
        for passage_id in passage_ids  # one by one: json_each would cut an id at a NUL
        for row in connection.execute(
            "SELECT number, passage_id, kind, title, text FROM passages WHERE passage_id = ?", (passage_id,)
        )
    ]
    for old in found:
        chunks = connection.execute(
            "SELECT number, first, past FROM chunks WHERE passage = ?", (old.number,)
        ).fetchall()
        # A table without content must be told what it once was given.
        words = words_of(old.kind).words
        connection.executemany(
            f"INSERT INTO {words} ({words}, rowid, title, text) VALUES ('delete', ?, ?, ?)",  # noqa: S608
            [(number, old.title, old.text[first:past]) for number, first, past in chunks],
        )
        connection.executemany("INSERT INTO removed (chunk) VALUES (?)", [(number,) for number, _, _ in chunks])
    numbers = [(old.number,) for old in found]
    connection.executemany("DELETE FROM chunks WHERE passage = ?", numbers)
    connection.executemany("DELETE FROM passages WHERE number = ?", numbers)
    connection.execute("DELETE FROM removed WHERE number <= (SELECT max(number) FROM removed) - ?", (REMOVED_KEPT,))
    return {old.passage_id for old in found}


def _insert(connection: sqlite3.Connection, passages: Sequence[Passage]) -> None:
    [[highest]] = connection.execute("SELECT coalesce(max(number), 0) FROM passages")
    numbered = list(enumerate(passages, start=highest + 1))
    connection.executemany(
        "INSERT INTO passages VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", [_row(number, p) for number, p in numbered]
    )
    first_chunk = last_chunk(connection) + 1
    chunks = [(number, passage, chunk) for number, passage in numbered for chunk in passage.chunks]
    connection.executemany(
        "INSERT INTO chunks VALUES (?, ?, ?, ?, ?)",
        [(first_chunk + i, number, c.start, c.end, c.vector) for i, (number, _, c) in enumerate(chunks)],
    )
    for tables in (TOLD_WORDS, EXEMPLAR_WORDS):
        connection.executemany(
            f"INSERT INTO {tables.words} (rowid, title, text) VALUES (?, ?, ?)",  # noqa: S608
            [
                (first_chunk + i, p.title, p.text[c.start : c.end])
                for i, (_, p, c) in enumerate(chunks)
                if words_of(p.kind) == tables
            ],
        )


def last_chunk(connection: sqlite3.Connection) -> int:
    """The highest number that a chunk ever had."""
    row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'chunks'").fetchone()
    return 0 if row is None else int(row[0])


def _row(number: int, passage: Passage) -> tuple[object, ...]:
    return (
        number,
        passage.passage_id,
        passage.kind,
        passage.title,
        passage.text,
        passage.document_type,
        json.dumps(passage.fields),
        passage.tenant,
        _day(passage.valid_from),
        _day(passage.valid_until),
        json.dumps(passage.metadata),
        passage.embedding.sha256,
    )


def _day(day: date | None) -> int | None:
    return None if day is None else day.toordinal()

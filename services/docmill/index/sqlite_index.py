"""The index in one SQLite file (WAL, FTS5) and a matrix in memory. See types.LocalIndex for the contract.

A process that applies and one that only searches use the same class; searching never waits for writing.
"""

import sqlite3
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from docmill.errors import IndexUnavailableError
from docmill.index.reader import Reader
from docmill.index.schema import connect_writer, store_errors, transaction
from docmill.index.types import Applied, Change, CopyState, Hit, IndexStats, Query, Source
from docmill.index.writer import clear, read_state, write


class SqliteIndex:
    """A copy in a file; may be used from several threads. A search that another search waits for takes milliseconds."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        """Open the file; where it is to be written and there is none, an empty one is made.

        Raises:
            IndexUnavailableError: it is locked or cannot be read; or, `read_only`, it is not there.
            IndexCorruptError: it is damaged. `schema.set_aside` makes room for a new one.
            ConfigurationError: the file is a database of somebody else.
        """
        self._path = path
        self._writer = None if read_only else connect_writer(path)
        self._reader = Reader(path)
        self._writing = threading.Lock()
        self._reading = threading.Lock()

    def state(self) -> CopyState | None:
        """How far it has come; None where it is a copy of nothing yet: `rebuild` makes it one of a topic."""
        with self._reading, self._reader.snapshot() as connection:
            return read_state(connection)

    def apply(
        self,
        changes: Sequence[Change],
        *,
        positions: Mapping[int, int] | None = None,
        complete_at_ms: int | None = None,
    ) -> Applied:
        """See `LocalIndex.apply`."""
        with self._writing, store_errors(self._path):
            connection = self._connection()
            with transaction(connection, "IMMEDIATE"):
                state = read_state(connection)
                if state is None:
                    raise IndexUnavailableError(f"the index at {self._path} is a copy of nothing yet: rebuild it first")
                return write(connection, state, changes, positions or {}, complete_at_ms)

    def search(self, query: Query) -> list[Hit]:
        """See `LocalIndex.search`. A copy of nothing yet finds nothing."""
        with self._reading:
            return self._reader.search(query)

    def rebuild(self, source: Source, at_ms: int) -> None:
        """See `LocalIndex.rebuild`. Searches find what was there until it is done, then nothing."""
        with self._writing, store_errors(self._path):
            connection = self._connection()
            with transaction(connection, "IMMEDIATE"):
                clear(connection, source, at_ms)

    def stats(self) -> IndexStats:
        """See `LocalIndex.stats`."""
        with self._reading, self._reader.snapshot() as connection:
            by_kind = dict(connection.execute("SELECT kind, count(*) FROM passages GROUP BY kind ORDER BY kind"))
            [[chunks]] = connection.execute("SELECT count(*) FROM chunks")
        return IndexStats(sum(by_kind.values()), chunks, by_kind, self._path.stat().st_size)

    def close(self) -> None:
        """Let go of the file."""
        with self._writing, self._reading:
            self._reader.close()
            if self._writer is not None:
                self._writer.close()

    def _connection(self) -> sqlite3.Connection:
        if self._writer is None:
            raise IndexUnavailableError(f"the index at {self._path} was opened to be searched only")
        return self._writer

"""The file of a copy: its tables, whose file it is, and what SQLite's errors mean. Knows nothing of search.

`chunks.number` only ever grows, and `removed` names the numbers that are gone: a process that holds vectors in memory
follows both (reader.py). `words` keeps no text of its own; the passage has it. Exemplars, documents as they came and by
far the most of what is written, have their words in a table of their own: what is rare among policies is so whatever
documents there are.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from docmill.errors import ConfigurationError, IndexCorruptError, IndexUnavailableError

APPLICATION_ID = 0x646D696C  # "dmil", in the file's header: SQLite's own place for it
VERSION = 2  # of the tables; a file of another version is emptied, since Kafka has all of it
BUSY_TIMEOUT_S = 10.0
OWN_FOLDER = 0o700  # the copy holds the texts themselves
TABLES = """
CREATE TABLE state (
  id INTEGER PRIMARY KEY CHECK (id = 1), generation TEXT NOT NULL, topic_id TEXT NOT NULL,
  embedding_name TEXT NOT NULL, embedding_sha256 TEXT NOT NULL, dimensions INTEGER NOT NULL,
  complete_at_ms INTEGER NOT NULL);
CREATE TABLE offsets (partition INTEGER PRIMARY KEY, next INTEGER NOT NULL);
CREATE TABLE passages (
  number INTEGER PRIMARY KEY, passage_id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, title TEXT NOT NULL,
  text TEXT NOT NULL, document_type TEXT, fields TEXT NOT NULL, tenant TEXT, valid_from INTEGER, valid_until INTEGER,
  metadata TEXT NOT NULL, embedding TEXT NOT NULL);
CREATE TABLE chunks (
  number INTEGER PRIMARY KEY AUTOINCREMENT, passage INTEGER NOT NULL, first INTEGER NOT NULL, past INTEGER NOT NULL,
  vector BLOB NOT NULL);
CREATE INDEX chunks_by_passage ON chunks (passage);
CREATE TABLE removed (number INTEGER PRIMARY KEY AUTOINCREMENT, chunk INTEGER NOT NULL);
CREATE VIRTUAL TABLE words USING fts5(title, text, content='', tokenize='unicode61 remove_diacritics 2');
CREATE VIRTUAL TABLE vocabulary USING fts5vocab(words, instance);
CREATE VIRTUAL TABLE exemplar_words USING fts5(title, text, content='', tokenize='unicode61 remove_diacritics 2');
CREATE VIRTUAL TABLE exemplar_vocabulary USING fts5vocab(exemplar_words, instance);
"""


@dataclass(frozen=True, slots=True)
class WordTables:
    """The full-text index of some of the passages, and what it holds term by term."""

    words: str
    vocabulary: str


TOLD_WORDS = WordTables("words", "vocabulary")
EXEMPLAR_WORDS = WordTables("exemplar_words", "exemplar_vocabulary")
EXEMPLAR = "exemplar"  # the kind


def words_of(kind: str) -> WordTables:
    """Where the words of passages of this kind are."""
    return EXEMPLAR_WORDS if kind == EXEMPLAR else TOLD_WORDS


UNAVAILABLE = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_PERM,
}
CORRUPT = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT}
PRIMARY = 0xFF  # of an extended result code


@contextmanager
def store_errors(path: Path) -> Iterator[None]:
    """SQLite's errors as docmill's.

    Raises:
        IndexUnavailableError: the file is locked, full, or cannot be read.
        IndexCorruptError: the file is damaged, or its tables are not those of an index.
    """
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & PRIMARY
        if code in UNAVAILABLE:
            raise IndexUnavailableError(f"the index at {path} does not answer: {error}") from error
        if code in CORRUPT or "no such" in str(error):
            raise IndexCorruptError(f"the index at {path} is damaged: {error}") from error
        raise


def connect_writer(path: Path) -> sqlite3.Connection:
    """Open the file, made where there is none; its tables are there afterwards, and whole.

    Raises:
        ConfigurationError: the file is a database of somebody else.
        IndexUnavailableError, IndexCorruptError: see `store_errors`.
    """
    with store_errors(path):
        try:
            path.parent.mkdir(mode=OWN_FOLDER, parents=True, exist_ok=True)
        except OSError as error:
            raise IndexUnavailableError(f"the folder of the index at {path} cannot be made: {error}") from error
        connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
        try:
            _prepare(connection, path)
        except BaseException:
            connection.close()
            raise
        return connection


def connect_reader(path: Path) -> sqlite3.Connection:
    """Open the file of an index to read it.

    Raises:
        IndexUnavailableError: there is none yet, or another version of docmill writes it.
        IndexCorruptError: see `store_errors`.
    """
    with store_errors(path):
        address = f"{path.absolute().as_uri()}?mode=ro"
        connection = sqlite3.connect(
            address, uri=True, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
        )
        try:
            if _identity(connection) != (APPLICATION_ID, VERSION):
                raise IndexUnavailableError(f"{path} is no index of this version of docmill")
        except BaseException:
            connection.close()
            raise
        return connection


def set_aside(path: Path) -> Path:
    """Rename a damaged file to `*.damaged`, in place of one before it; the next to open the path makes a new one.

    Raises:
        IndexUnavailableError: the folder does not allow it.
    """
    aside = path.with_name(path.name + ".damaged")
    try:
        path.replace(aside)
        for suffix in ("-wal", "-shm"):  # a new file must not meet the old one's log
            path.with_name(path.name + suffix).unlink(missing_ok=True)
    except OSError as error:
        raise IndexUnavailableError(f"the damaged index at {path} cannot be set aside: {error}") from error
    return aside


@contextmanager
def transaction(connection: sqlite3.Connection, kind: str) -> Iterator[None]:
    """All of what happens inside, or nothing. `kind` is DEFERRED to read and IMMEDIATE to write."""
    connection.execute(f"BEGIN {kind}")
    try:
        yield
    except BaseException:
        if connection.in_transaction:  # SQLite has rolled back by itself after some errors
            connection.rollback()
        raise
    connection.execute("COMMIT")


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute("PRAGMA secure_delete = ON")  # what is deleted is overwritten
    connection.execute("PRAGMA synchronous = NORMAL")  # a power cut may lose the last changes, and their offsets alike
    _checked_names(connection, path)  # first: the mode is written into the file, whoever's it is
    connection.execute("PRAGMA journal_mode = WAL")
    with transaction(connection, "IMMEDIATE"):
        names = _checked_names(connection, path)
        if _identity(connection) != (APPLICATION_ID, VERSION):
            _make_tables(connection, names)
    [[found]] = connection.execute("PRAGMA quick_check(1)")
    if found != "ok":
        raise IndexCorruptError(f"the index at {path} is damaged: {found}")


def _checked_names(connection: sqlite3.Connection, path: Path) -> list[str]:
    """Of the tables that there are.

    Raises:
        ConfigurationError: they are somebody else's.
    """
    names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    if names and _identity(connection)[0] != APPLICATION_ID:
        raise ConfigurationError(f"{path} is a database, but no index of docmill: name another file")
    return names


def _make_tables(connection: sqlite3.Connection, existing: list[str]) -> None:
    # These drop their own shadow tables.
    virtual = [name for tables in (TOLD_WORDS, EXEMPLAR_WORDS) for name in (tables.vocabulary, tables.words)]
    for name in (*virtual, *(name for name in existing if not name.startswith((*virtual, "sqlite_")))):
        connection.execute(f'DROP TABLE IF EXISTS "{name}"')
    for statement in TABLES.split(";"):
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {VERSION}")


def _identity(connection: sqlite3.Connection) -> tuple[int, int]:
    [[application]] = connection.execute("PRAGMA application_id")
    [[version]] = connection.execute("PRAGMA user_version")
    return application, version

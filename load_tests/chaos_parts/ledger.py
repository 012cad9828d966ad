"""What was sent, written down and fsynced before it is sent. Knows no Kafka and nothing of docmill.

Two files of JSON lines in one folder: `ledger.jsonl`, an entry a line, and `acknowledged.jsonl`, a list of numbers a
line. A line that a death cut short was never fsynced whole, so what it names was never sent: it is cut off.
"""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from io import BufferedWriter
from pathlib import Path
from typing import Any, Self

ENTRIES_FILE, ACKNOWLEDGED_FILE = "ledger.jsonl", "acknowledged.jsonl"


class Expected(StrEnum):
    """What must become of a document."""

    RESULT = "result"
    DEAD_LETTER = "dead_letter"  # it cannot be read, or kills whoever reads it


@dataclass(frozen=True, slots=True)
class Entry:
    """One document. `sha256` is of its bytes, of b"" where there are none."""

    number: int
    path: str  # the record's key
    partition: int
    sha256: str
    expected: Expected


@dataclass(frozen=True, slots=True)
class Ledger:
    """Everything that was ever to be sent, by number, and what of it the broker has acknowledged."""

    entries: Mapping[int, Entry]
    acknowledged: frozenset[int]


class LedgerWriter:
    """Owns the two files; goes on where an earlier run ended."""

    def __init__(self, folder: Path) -> None:
        self._entries = _open(folder / ENTRIES_FILE)
        self._acknowledged = _open(folder / ACKNOWLEDGED_FILE)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        for file in (self._entries, self._acknowledged):
            _sync(file)
            file.close()

    def write(self, entries: Iterable[Entry]) -> None:
        """Once this has returned, the entries outlive a crash of the machine; only then may they be sent."""
        self._entries.writelines(json.dumps(asdict(entry)).encode() + b"\n" for entry in entries)
        _sync(self._entries)

    def acknowledge(self, numbers: Sequence[int]) -> None:
        """What the broker has for sure. Losing a line of these makes the judgement milder, never stricter."""
        self._acknowledged.write(json.dumps(list(numbers)).encode() + b"\n")
        self._acknowledged.flush()


def read_ledger(folder: Path) -> Ledger:
    """What the files say now; nothing, where there are none."""
    entries = (_entry(json.loads(line)) for line in _lines(folder / ENTRIES_FILE))
    numbers = (number for line in _lines(folder / ACKNOWLEDGED_FILE) for number in json.loads(line))
    return Ledger({entry.number: entry for entry in entries}, frozenset(numbers))


def _entry(said: dict[str, Any]) -> Entry:
    return Entry(**(said | {"expected": Expected(said["expected"])}))


def _open(path: Path) -> BufferedWriter:
    """For appending, a line that was cut short cut off."""
    file = path.open("ab")
    if path.stat().st_size:
        file.truncate(path.read_bytes().rfind(b"\n") + 1)
    return file


def _sync(file: BufferedWriter) -> None:
    file.flush()
    os.fsync(file.fileno())


def _lines(path: Path) -> list[bytes]:
    whole, _, _ = path.read_bytes().rpartition(b"\n") if path.exists() else (b"", b"", b"")
    return whole.splitlines()

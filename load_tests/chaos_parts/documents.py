"""Numbered documents, each made of the seed and its number alone. Does not send them.

A third holds a text over which the altered worker takes its time, so that a slice lasts long enough to be hit. One in a
hundred cannot be read: control characters, an empty value, or none at all. Which documents kill is the plan's choice.
"""

import hashlib
from dataclasses import dataclass
from random import Random
from zlib import crc32

from load_tests.chaos_parts.ledger import Entry, Expected
from tests.tiny_bundle import text_of

SLOW_TEXT = "take your time"  # tests/integration/altered_processor.py
DEADLY_TEXT = "do not open"
SLOW_S = 0.1
SLOW_SHARE, POISON_SHARE = 1 / 3, 0.01
LABELS = ("receipt", "receipt", "complaint.mortgage", "contract")


@dataclass(frozen=True, slots=True)
class Document:
    """What the ledger says of it, and its bytes; None: the record has no value."""

    entry: Entry
    value: bytes | None


def make_document(
    seed: int, number: int, paths: int, partitions: int, *, deadly: bool = False, poison_share: float = POISON_SHARE
) -> Document:
    """The document of a number; all of a path go to one partition."""
    random = Random(f"{seed}:{number}")
    path = f"inbox/{random.randrange(paths):03}"
    expected = Expected.RESULT
    text = f"{text_of(random.choice(LABELS), number)} {number}"
    if random.random() < SLOW_SHARE:
        text = f"{text} {SLOW_TEXT}"
    value: bytes | None = text.encode()
    if deadly:
        value, expected = f"{text} {DEADLY_TEXT}".encode(), Expected.DEAD_LETTER
    elif random.random() < poison_share:
        value, expected = random.choice((f"\x01\x02{number}".encode() * 8, b"", None)), Expected.DEAD_LETTER
    sha256 = hashlib.sha256(value or b"").hexdigest()
    return Document(Entry(number, path, crc32(path.encode()) % partitions, sha256, expected), value)

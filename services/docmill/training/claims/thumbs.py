"""How people type on phones, and how machines write down what they say. Works on pieces, as noise.py does."""

import random
import re

from docmill.pipeline.normalise import FieldKind, normalise
from docmill.training.claims.draft import FIELD_KINDS, Piece, comparable
from docmill.training.claims.noise import on_text
from docmill.training.claims.page import Change

THUMBED = (
    ("you", "u"), ("your", "ur"), ("please", "pls"), ("because", "cos"), ("thanks", "thx"), ("to be", "2 b"),
    ("have not", "havent"), ("cannot", "cant"), ("did not", "didnt"), ("could not", "couldnt"), ("was not", "wasnt"),
    ("about", "abt"), ("tomorrow", "2moro"), ("before", "b4"), ("something", "smth"), ("with", "w"), ("and", "n"),
    ("should have", "shud of"), ("would", "wud"), ("people", "ppl"), ("really", "rly"),
)  # fmt: skip
SENTENCE_END = re.compile(r"(?<!\bMr)(?<!\bMs)(?<!\bDr)(?<!\bMrs)(?<!\bSmt)[.!?] (?=[A-Z])")


def bubbles(rng: random.Random, head: str) -> Change:
    """Each sentence a message of its own, for most writers."""
    share = rng.choice((0.0, 0.6, 1.0))
    return on_text(lambda text: SENTENCE_END.sub(lambda m: f"\n{head}" if rng.random() < share else m[0], text))


def thumbed(rng: random.Random) -> Change:
    """Small letters and hardly a comma, with the short forms of some; values small too where that is safe."""
    share, small, bare = rng.choice((0.0, 0.2, 0.5)), rng.random() < 0.6, rng.random() < 0.8

    def change(text: str) -> str:
        for long, short in THUMBED:
            text = re.sub(rf"\b{long}\b", lambda m, s=short: s if rng.random() < share else m[0], text)  # type: ignore[misc]
        text = text.lower() if small else text
        return re.sub(r"[.,;](?=\s|\Z)|'", "", text) if bare else text

    def whole(pieces: list[Piece]) -> list[Piece]:
        return [
            Piece(_small(piece.text, piece.field), piece.field) if piece.field and small else piece
            for piece in on_text(change)(pieces)
        ]

    return whole


def _small(value: str, field: str) -> str:
    """A value in small letters, if it is then still read as the same."""
    kind, lower = FIELD_KINDS[field], value.lower()
    readable = kind is FieldKind.TEXT or normalise(kind, lower, day_first=True) is not None
    return lower if readable and comparable(field, lower) == comparable(field, value) else value


def spoken(rng: random.Random, um: str) -> Change:
    """Nothing but words in small letters, some of them none."""

    def change(text: str) -> str:
        text = re.sub(r"[.,;:!?\"](?=\s|\Z)", "", text.lower())
        return re.sub(r" (?=\w)", lambda _: f" {um} " if rng.random() < 0.03 else " ", text)

    return on_text(change)

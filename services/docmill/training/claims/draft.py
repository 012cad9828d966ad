"""A document while it is written: pieces of text, some of which carry a field. Does not know what is written."""

from collections.abc import Iterable
from dataclasses import dataclass

from docmill.pipeline.normalise import FieldKind, normalise

FIELD_KINDS = {
    "claim_number": FieldKind.TEXT,
    "policy_number": FieldKind.TEXT,
    "claimant": FieldKind.TEXT,
    "date_of_loss": FieldKind.DATE,
    "claimed_amount": FieldKind.MONEY,
}
FIELDS = tuple(FIELD_KINDS)


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text; `field`: what it is a value of, None for all else."""

    text: str
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """`text[start:end]` of its document is a value of `field`; code points."""

    field: str
    start: int
    end: int


class Draft:
    """Pieces in reading order. Offsets exist only once all is written and noised: see `finished`."""

    def __init__(self, pieces: Iterable[Piece] = ()) -> None:
        self.pieces: list[Piece] = list(pieces)

    def add(self, text: str) -> None:
        """Append text that carries no field."""
        if text:
            self.pieces.append(Piece(text))

    def extend(self, pieces: Iterable[Piece]) -> None:
        """Append pieces of another draft."""
        self.pieces.extend(pieces)

    @property
    def text(self) -> str:
        """All that is written so far."""
        return "".join(piece.text for piece in self.pieces)

    def tail(self, length: int) -> str:
        """The last characters, at most `length` of them, without joining the whole."""
        end = ""
        for piece in reversed(self.pieces):
            end = piece.text + end
            if len(end) >= length:
                break
        return end[-length:]

    def finished(self) -> tuple[str, tuple[Mark, ...]]:
        """The text without white space around it, and the marks in it."""
        whole = self.text
        lead = len(whole) - len(whole.lstrip())
        text = whole.strip()
        marks, position = [], -lead
        for piece in self.pieces:
            end = position + len(piece.text)
            if piece.field is not None:
                marks.append(Mark(piece.field, position, end))
            position = end
        return text, tuple(marks)


def comparable(field: str, text: str) -> str:
    """What of a value is compared when two mentions are asked to be one value: as docmill's evaluation compares."""
    value = None if FIELD_KINDS[field] is FieldKind.TEXT else normalise(FIELD_KINDS[field], text, day_first=True)
    return value or "".join(c for c in text.casefold() if c.isalnum())

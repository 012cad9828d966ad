"""What was published of a source's documents, by whom, and how much of it is right. Pure: knows no model.

A document is right by the rule of `docmill evaluate`: its type, and exactly the gold values of each field that its type
requires. That rule passes over optional fields, so what is published in these is judged beside it: `faultless` is a
right document that has no wrong value in any field. Values of fields that the source does not annotate cannot be judged
and are left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from docmill.evaluation.counts import Answer, required_are_right, value_counts
from docmill.evaluation.gold import GoldSource
from docmill.evaluation.wilson import wilson

NOTHING = "-"
FEWEST = 10  # of fewer nothing is said of a target: the interval of none of one is too narrow by far


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many are right."""

    right: int
    of: int

    def cells(self, target: float) -> tuple[str, str, str]:
        """(right, at least that share, what that says of the target), as a table has it.

        Held: the whole 95 % interval is at or above the target. Not held: all of it is below, of `FEWEST` or more.
        """
        interval = wilson(self.right, self.of)
        if interval is None:
            return NOTHING, NOTHING, NOTHING
        low, high = interval
        few = self.of < FEWEST or low < target <= high
        told = "too few to say" if few else "held" if low >= target else "not held"
        return f"{self.right} ({100 * self.right / self.of:.1f} %)", f"{100 * low:.1f} %", told


@dataclass(frozen=True, slots=True)
class FieldShare:
    """The values that were published of one field."""

    field: str
    share: Share


@dataclass(frozen=True, slots=True)
class Published:
    """What one way published of a source."""

    source: str
    way: str
    judged: int  # documents of the source
    published: int  # of them
    type_right: int
    right: int
    faultless: int
    fields: tuple[FieldShare, ...]  # those of which anything was published

    def document_cells(self, target: float) -> tuple[str, ...]:
        """A row of `document_headings`."""
        return (
            self.source,
            self.way,
            f"{self.published} of {self.judged}",
            str(self.type_right) if self.published else NOTHING,
            *Share(self.right, self.published).cells(target),
            *Share(self.faultless, self.published).cells(target),
        )

    def field_cells(self, target: float) -> list[tuple[str, ...]]:
        """Rows of `field_headings`."""
        return [(self.source, self.way, one.field, str(one.share.of), *one.share.cells(target)) for one in self.fields]


def document_headings(target: float) -> tuple[str, ...]:
    """Of the table of documents."""
    bound = ("at least (95 %)", f"target {target:.2f}")
    return (
        "source",
        "published by",
        "documents",
        "type right",
        "and required fields",
        *bound,
        "and no value wrong",
        *bound,
    )


def field_headings(target: float) -> tuple[str, ...]:
    """Of the table of values."""
    return ("source", "published by", "field", "values", "right", "at least (95 %)", f"target {target:.2f}")


def published(source: GoldSource, way: str, answers: Sequence[Answer | None]) -> Published:
    """Count the answers to a source's documents, one each in their order; None: this way did not publish it."""
    counts = value_counts(source, answers)
    out = [(row, answer) for row, answer in enumerate(answers) if answer is not None]
    of_type = [(row, answer) for row, answer in out if source.documents[row].label == answer.label]
    right = [row for row, answer in of_type if required_are_right(source.documents[row], answer, source.fields)]
    of_fields = counts.sum(axis=0)
    shares = (
        FieldShare(field.name, Share(int(hits), int(hits + extra)))
        for field, (hits, extra, _) in zip(source.fields, of_fields, strict=True)
    )
    return Published(
        source=source.name,
        way=way,
        judged=len(answers),
        published=len(out),
        type_right=len(of_type),
        right=len(right),
        faultless=sum(not counts[row, :, 1].any() for row in right),
        fields=tuple(one for one in shares if one.share.of),
    )

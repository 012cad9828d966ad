"""What was published of a source's documents, by whom, and how much of it is right. Pure: knows no model.

A document is right by the rule of `docmill evaluate`: its type, and exactly the gold values of each field that its type
requires. That rule passes over optional fields, so what is published in these is judged beside it: `faultless` is a
right document that has no wrong value in any field. Values of fields that the source does not annotate cannot be judged
and are left out.

What a share is at least is said by the bound that thresholds are certified by (`docmill.training.certify`). Values of
one document are not independent, so of a field the documents count: right is one of which every value is.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from docmill.evaluation.counts import Answer, required_are_right, value_counts
from docmill.evaluation.gold import GoldSource
from docmill.training.certify import lower_bound

NOTHING = "-"
FEWEST = 10  # of fewer it is never said that a target is not held


@dataclass(frozen=True, slots=True)
class Target:
    """What a bundle's thresholds are certified for."""

    precision: float
    confidence_level: float  # one-sided

    @property
    def headings(self) -> tuple[str, str]:
        """Of the last two of `Share.cells`."""
        return f"at least ({100 * self.confidence_level:g} %)", f"target {self.precision:.2f}"


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many are right."""

    right: int
    of: int

    def told(self) -> str:
        """How many, and which share."""
        return f"{self.right} ({100 * self.right / self.of:.1f} %)" if self.of else NOTHING

    def cells(self, target: Target) -> tuple[str, str, str]:
        """(right, at least that share, what that says of the target), as a table has it.

        Held: the lower bound, as a certificate has it, is at or above the target. Not held: the upper one, its mirror,
        is below, of `FEWEST` or more.
        """
        if not self.of:
            return NOTHING, NOTHING, NOTHING
        low = lower_bound(self.right, self.of, target.confidence_level)
        high = 1 - lower_bound(self.of - self.right, self.of, target.confidence_level)
        below = high < target.precision and self.of >= FEWEST
        verdict = "held" if low >= target.precision else "not held" if below else "too few to say"
        return self.told(), f"{100 * low:.1f} %", verdict


@dataclass(frozen=True, slots=True)
class FieldShare:
    """What was published of one field."""

    field: str
    values: Share
    documents: Share  # with a value of it; right: all of them are


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

    def document_cells(self, target: Target) -> tuple[str, ...]:
        """A row of `document_headings`."""
        return (
            self.source,
            self.way,
            f"{self.published} of {self.judged}",
            str(self.type_right) if self.published else NOTHING,
            *Share(self.right, self.published).cells(target),
            *Share(self.faultless, self.published).cells(target),
        )

    def field_cells(self, target: Target) -> list[tuple[str, ...]]:
        """Rows of `field_headings`."""
        return [
            (
                self.source,
                self.way,
                one.field,
                str(one.values.of),
                one.values.told(),
                str(one.documents.of),
                *one.documents.cells(target),
            )
            for one in self.fields
        ]


def document_headings(target: Target) -> tuple[str, ...]:
    """Of the table of documents."""
    return (
        "source",
        "published by",
        "documents",
        "type right",
        "and required fields",
        *target.headings,
        "and no value wrong",
        *target.headings,
    )


def field_headings(target: Target) -> tuple[str, ...]:
    """Of the table of values."""
    return ("source", "published by", "field", "values", "right", "documents", "all right", *target.headings)


def published(source: GoldSource, way: str, answers: Sequence[Answer | None]) -> Published:
    """Count the answers to a source's documents, one each in their order; None: this way did not publish it."""
    counts = value_counts(source, answers)
    out = [(row, answer) for row, answer in enumerate(answers) if answer is not None]
    of_type = [(row, answer) for row, answer in out if source.documents[row].label == answer.label]
    right = [row for row, answer in of_type if required_are_right(source.documents[row], answer, source.fields)]
    shares = (_field_share(field.name, counts[:, column]) for column, field in enumerate(source.fields))
    return Published(
        source=source.name,
        way=way,
        judged=len(answers),
        published=len(out),
        type_right=len(of_type),
        right=len(right),
        faultless=sum(not counts[row, :, 1].any() for row in right),
        fields=tuple(one for one in shares if one.values.of),
    )


def _field_share(field: str, counts: NDArray[np.int64]) -> FieldShare:
    """Of `counts` [N, 3] of one field, as `value_counts` has them."""
    hits, extra = counts[:, 0], counts[:, 1]
    shown = hits + extra > 0
    values = Share(int(hits.sum()), int((hits + extra).sum()))
    return FieldShare(field, values, Share(int((shown & (extra == 0)).sum()), int(shown.sum())))

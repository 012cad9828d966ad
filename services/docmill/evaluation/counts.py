"""Gold against answers, document by document and field by field: what was hit, invented and missed.

Both sides of a value go through the product's own normaliser. What it understands is compared as its value; what it
does not understand is compared as written, without case, punctuation and white space. So are TEXT and IDENTIFIER. A
date is read once, day or month first as its field says; a gold date gets no second reading. An amount with a currency
is right where gold names the amount alone; one without is wrong where gold names a currency.
"""

import re
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from docmill.evaluation.gold import GoldDocument, GoldField, GoldSource
from docmill.evaluation.metrics import Counts
from docmill.pipeline.normalise import AS_WRITTEN, FieldKind, normalise

NOT_WORD = re.compile(r"[\W_]+")


class ValueField(Protocol):
    """How values of a field are read."""

    @property
    def kind(self) -> FieldKind: ...

    @property
    def day_first(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Found:
    """A field that the model found; `text` is what stands in [start, end).

    `start_date`: ISO date from which a period in it counts.
    """

    field: str
    start: int
    end: int
    text: str
    start_date: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What docmill made of one document."""

    label: str
    probability: float
    is_straight_through: bool
    required: tuple[str, ...]  # fields that the label's group needs to go straight through
    found: tuple[Found, ...]


def value_counts(source: GoldSource, answers: Sequence[Answer | None]) -> Counts:
    """True positives, false positives, false negatives of values [N, F, 3]; a document's values are a set."""
    counts = np.zeros((len(answers), len(source.fields), 3), dtype=np.int64)
    for row, (document, answer) in enumerate(zip(source.documents, answers, strict=True)):
        for column, field in enumerate(source.fields):
            gold = gold_values(document, field, _counted_from(answer, field))
            counts[row, column] = _overlap(gold, in_terms_of(gold, found_values(answer, field), field))
    return counts


def span_counts(source: GoldSource, answers: Sequence[Answer | None]) -> Counts:
    """The same of spans [N, F, 3], which must agree at both ends; zeros for fields without offsets in this source."""
    counts = np.zeros((len(answers), len(source.fields), 3), dtype=np.int64)
    for row, (document, answer) in enumerate(zip(source.documents, answers, strict=True)):
        for column, field in enumerate(source.fields):
            if field.name in source.span_fields:
                found = {(f.start, f.end) for f in answer.found if f.field == field.name} if answer else set()
                counts[row, column] = _overlap(document.spans.get(field.name, frozenset()), found)
    return counts


def required_are_right(document: GoldDocument, answer: Answer, fields: Sequence[GoldField]) -> bool:
    """Has every required field exactly the gold values? For a field that holds one value, one of them is enough.

    Required fields that the source does not annotate cannot be judged and are passed over.
    """
    for field in fields:
        if field.name in answer.required:
            gold = gold_values(document, field, _counted_from(answer, field))
            found = in_terms_of(gold, found_values(answer, field), field)
            if not (found == gold or (found and not field.many and found <= gold)):
                return False
    return True


def gold_values(document: GoldDocument, field: GoldField, start_date: str | None = None) -> set[str]:
    """Gold values of a field, as they are compared.

    A gold period, which is no day by itself, is held to count from `start_date`, where that of the answer does: its
    date is another field's business.
    """
    return _compared(gold_comparable(field, text, start_date) for text in document.values.get(field.name, ()))


def found_values(answer: Answer | None, field: GoldField) -> set[str]:
    """Values that the model found for a field, as they are compared; none for a rejected document."""
    own = [f for f in answer.found if f.field == field.name] if answer else []
    return _compared(comparable(field, f.text, f.start_date) for f in own)


def _counted_from(answer: Answer | None, field: GoldField) -> str | None:
    own = (f.start_date for f in answer.found if f.field == field.name) if answer else iter(())
    return next((start for start in own if start is not None), None)


def gold_comparable(field: ValueField, text: str, start_date: str | None) -> str:
    """What of a gold value is compared: as it is where it is one by itself, else counted from `start_date`."""
    is_value = normalise(field.kind, text, day_first=field.day_first) is not None
    return comparable(field, text, None if is_value else start_date)


def comparable(field: ValueField, text: str, start_date: str | None = None) -> str:
    """What of a value is compared; empty where nothing of it is left."""
    value = normalise(field.kind, text, day_first=field.day_first, start_date=start_date) or text
    is_as_written = field.kind in AS_WRITTEN or value is text
    return NOT_WORD.sub("", value.casefold()) if is_as_written else value


def in_terms_of(gold: Set[str], found: Iterable[str], field: ValueField) -> set[str]:
    """Found values as they are compared with `gold`: of an amount that stands there without a currency, the amount.

    Whoever marks "5.90" in "RM 5.90" says nothing against ringgit. One amount stands for one found value: a second one,
    in another currency or in none, is one too many.
    """
    found = set(found)
    if field.kind is not FieldKind.MONEY:
        return found
    for value in sorted(found - gold):
        amount, _, currency = value.partition(" ")
        if currency and amount in gold - found and not any(other.startswith(f"{amount} ") for other in gold):
            found = found - {value} | {amount}
    return found


def _compared(values: Iterable[str]) -> set[str]:
    return {value for value in values if value}


def _overlap(gold: Set[object], found: Set[object]) -> tuple[int, int, int]:
    return len(gold & found), len(found - gold), len(gold - found)

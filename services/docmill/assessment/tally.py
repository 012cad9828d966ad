"""What became of each document, counted. Pure: no files, no model, no clock; holds counts and errors alone."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from docmill.evaluation.wilson import wilson

Interval = tuple[float, float] | None


class Went(StrEnum):
    """Which way a document would have gone."""

    STRAIGHT_THROUGH = "straight_through"
    FALLBACK = "fallback"
    DEAD_LETTER = "dead_letter"


class GoldKind(StrEnum):
    """What an owner's label is to the bundle."""

    LABEL = "label"
    GROUP = "group"  # such as `contract`: every label of that group is right
    UNKNOWN = "unknown"  # nothing that the bundle can say is right


@dataclass(frozen=True, slots=True)
class Gold:
    """What a document is: a label or a group of the bundle's, or the owner's own word."""

    label: str
    kind: GoldKind

    def is_met_by(self, label: str) -> bool:
        """Whether a label of the bundle's is right."""
        return self.label == (label.partition(".")[0] if self.kind is GoldKind.GROUP else label)


@dataclass(frozen=True, slots=True)
class Row:
    """One document's outcome, without anything of its text."""

    document_id: str
    went: Went
    media_type: str
    bytes: int
    label: str | None = None  # what the model takes it for; None of a dead letter
    probability: float | None = None
    fields: int = 0  # that were found
    reasons: tuple[str, ...] = ()
    missing_fields: tuple[str, ...] = ()
    detail: str | None = None
    gold: Gold | None = None

    @property
    def correct(self) -> bool | None:
        """Whether the model named the right type; None where nobody says what is right, or the model said nothing."""
        return None if self.gold is None or self.label is None else self.gold.is_met_by(self.label)


@dataclass(frozen=True, slots=True)
class Share:
    """Some of many documents, and the 95 % interval of that share for documents like these."""

    documents: int
    of: int
    share: float | None
    interval: Interval

    @classmethod
    def counted(cls, documents: int, of: int) -> "Share":
        """From counts."""
        return cls(documents, of, documents / of if of else None, wilson(documents, of))


@dataclass(frozen=True, slots=True)
class TypeCount:
    """Documents that the model took for one type."""

    documents: int
    straight_through: int
    labelled_straight_through: int
    wrong_straight_through: int


@dataclass(frozen=True, slots=True)
class WrongType:
    """A document that would have been published as something that it is not."""

    document_id: str
    gold: str
    published: str
    probability: float


@dataclass(frozen=True, slots=True)
class Labelled:
    """What the labels say."""

    documents: int
    unknown_labels: Mapping[str, int]  # labels that the bundle cannot give, and their documents
    wrong_straight_through: Share  # of the labelled documents that went straight through
    right_in_fallback: Share  # of the labelled documents that went to the fallback
    wrong: tuple[WrongType, ...]


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of all documents."""

    documents: int
    unreadable: int  # not among them
    straight_through: Share
    fallback: Share
    dead_letters: Share
    types: Mapping[str, TypeCount]
    fallback_reasons: Mapping[str, int]  # a document may have several
    missing_fields: Mapping[str, int]
    dead_letter_reasons: Mapping[str, int]
    labelled: Labelled | None  # None: no document has a label


class Tally:
    """Adds documents up, one at a time."""

    def __init__(self) -> None:
        self._went: Counter[Went] = Counter()
        self._unreadable = 0
        self._types: Counter[tuple[str, Went, bool | None]] = Counter()
        self._fallback_reasons: Counter[str] = Counter()
        self._missing_fields: Counter[str] = Counter()
        self._dead_letter_reasons: Counter[str] = Counter()
        self._labelled = 0
        self._unknown_labels: Counter[str] = Counter()
        self._wrong: list[WrongType] = []

    @property
    def documents(self) -> int:
        """Documents so far."""
        return self._went.total()

    def add(self, row: Row) -> None:
        """Count one document."""
        self._went[row.went] += 1
        if row.went is Went.DEAD_LETTER:
            self._dead_letter_reasons.update(row.reasons)
        else:
            self._fallback_reasons.update(row.reasons)
            self._missing_fields.update(row.missing_fields)
        if row.label is not None:
            self._types[row.label, row.went, row.correct] += 1
        if row.gold is not None:
            self._labelled += 1
            if row.gold.kind is GoldKind.UNKNOWN:
                self._unknown_labels[row.gold.label] += 1
            if row.went is Went.STRAIGHT_THROUGH and row.correct is False and row.label is not None:
                self._wrong.append(WrongType(row.document_id, row.gold.label, row.label, row.probability or 0.0))

    def add_unreadable(self) -> None:
        """Count a file or a line that is no document."""
        self._unreadable += 1

    def counts(self) -> Counts:
        """All of it."""
        documents = self.documents
        return Counts(
            documents=documents,
            unreadable=self._unreadable,
            straight_through=Share.counted(self._went[Went.STRAIGHT_THROUGH], documents),
            fallback=Share.counted(self._went[Went.FALLBACK], documents),
            dead_letters=Share.counted(self._went[Went.DEAD_LETTER], documents),
            types=self._type_counts(),
            fallback_reasons=dict(self._fallback_reasons.most_common()),
            missing_fields=dict(self._missing_fields.most_common()),
            dead_letter_reasons=dict(self._dead_letter_reasons.most_common()),
            labelled=self._labelled_counts() if self._labelled else None,
        )

    def _type_counts(self) -> dict[str, TypeCount]:
        """By label, the most frequent first."""
        totals: Counter[str] = Counter()
        for (label, _, _), count in self._types.items():
            totals[label] += count
        straight = Went.STRAIGHT_THROUGH
        counts = {}
        for label, documents in totals.most_common():
            right, wrong = self._types[label, straight, True], self._types[label, straight, False]
            unlabelled = self._types[label, straight, None]
            counts[label] = TypeCount(documents, right + wrong + unlabelled, right + wrong, wrong)
        return counts

    def _labelled_counts(self) -> Labelled:
        def count(went: Went, correct: bool) -> int:
            return sum(n for (_, w, c), n in self._types.items() if w is went and c is correct)

        right, wrong = count(Went.STRAIGHT_THROUGH, True), count(Went.STRAIGHT_THROUGH, False)
        deferred_right, deferred_wrong = count(Went.FALLBACK, True), count(Went.FALLBACK, False)
        return Labelled(
            documents=self._labelled,
            unknown_labels=dict(self._unknown_labels.most_common()),
            wrong_straight_through=Share.counted(wrong, right + wrong),
            right_in_fallback=Share.counted(deferred_right, deferred_right + deferred_wrong),
            wrong=tuple(self._wrong),
        )

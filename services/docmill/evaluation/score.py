"""Gold and answers of one source to its scores. Pure: no model, no files, no clock."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from docmill.evaluation.counts import Answer, required_are_right, span_counts, value_counts
from docmill.evaluation.gold import GoldSource
from docmill.evaluation.metrics import (
    LEAST_DECISIONS,
    Counts,
    Metric,
    accuracy,
    calibration_error,
    f1,
    interval,
    macro_f1,
    point,
)

NO_LABEL, NO_ANSWER = -1, -2
Interval = tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class FieldScore:
    """One field: micro over its values, and over its spans where the source has offsets."""

    f1_value: float | None
    f1_span: float | None
    precision: float | None  # of values
    recall: float | None
    support: int  # gold values
    span_support: int  # gold spans
    span_precision: float | None = None
    span_recall: float | None = None


@dataclass(frozen=True, slots=True)
class Intervals:
    """95 % bootstrap intervals, by document."""

    type_accuracy: Interval
    type_macro_f1: Interval
    field_f1_value: Interval


@dataclass(frozen=True, slots=True)
class SourceScore:
    """The scores of one source, key by key as `docmill evaluate --json` writes them. None: nothing to measure.

    A rejected document has the wrong type and lacks all its fields. `type_*`, `ece` and what is right of the documents
    straight through leave out those without a label, and those whose label the bundle does not know; but a document of
    a type that the bundle's recipe unlabels is wrong where it goes straight through.
    """

    documents: int
    rejected: int
    type_documents: int  # with a label that the bundle knows
    unknown_label_documents: int
    type_accuracy: float | None
    type_macro_f1: float | None  # over the labels that occur in the gold
    field_f1_value: float | None  # micro over the fields below
    field_f1_span: float | None
    ece: float | None  # of the type's probability; None below LEAST_DECISIONS documents
    ece_interval: Interval
    straight_through: float  # share of all documents
    straight_through_type_accuracy: float | None
    straight_through_correct: float | None  # type and all required fields right
    intervals: Intervals
    fields: dict[str, FieldScore]
    fields_not_in_bundle: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DocumentCounts:
    """What one source's scores are made of, document by document, so that documents can be drawn anew.

    `gold` and `predicted` are labels by number, negative where there is none; `probability` is NaN where a type is not
    judged.
    """

    gold: Counts  # [N]
    predicted: Counts  # [N]
    probability: NDArray[np.float64]  # [N]
    values: Counts  # [N, F, 3]
    spans: Counts  # [N, F, 3]

    def measures(self) -> dict[str, Metric]:
        """The measures by which models are compared, under their names in SourceScore."""
        return {
            "type_accuracy": partial(accuracy, gold=self.gold, predicted=self.predicted),
            "type_macro_f1": partial(macro_f1, gold=self.gold, predicted=self.predicted),
            "field_f1_value": partial(f1, counts=self.values.sum(axis=1)),
            "field_f1_span": partial(f1, counts=self.spans.sum(axis=1)),
        }


@dataclass(frozen=True, slots=True)
class StraightCounts:
    """Counts of documents straight through.

    `known` are those of a known label, which may be right, and those known to be of no type of the bundle, which are
    wrong.
    """

    documents: int
    known: int
    type_right: int
    all_right: int


def document_counts(source: GoldSource, answers: Sequence[Answer | None]) -> DocumentCounts:
    """Hits, inventions and misses of the answers to a source's documents, one each in their order."""
    gold, predicted = _label_ids(source, answers)
    judged = [gold[i] >= 0 and answer is not None for i, answer in enumerate(answers)]
    probability = np.array([a.probability if a and j else np.nan for a, j in zip(answers, judged, strict=True)])
    return DocumentCounts(gold, predicted, probability, value_counts(source, answers), span_counts(source, answers))


def score_source(source: GoldSource, answers: Sequence[Answer | None]) -> SourceScore:
    """Score the answers to a source's documents, one each in their order; None for a rejected document."""
    total = len(source.documents)
    counts = document_counts(source, answers)
    measures = counts.measures()
    values, spans = counts.values, counts.spans
    ece = partial(calibration_error, probability=counts.probability, correct=counts.gold == counts.predicted)
    straight = straight_counts(source, answers)
    judged = int((counts.gold >= 0).sum())
    has_ece = judged >= LEAST_DECISIONS
    return SourceScore(
        documents=total,
        rejected=sum(answer is None for answer in answers),
        type_documents=judged,
        unknown_label_documents=sum(document.label_is_unknown for document in source.documents),
        type_accuracy=point(measures["type_accuracy"], total),
        type_macro_f1=point(measures["type_macro_f1"], total),
        field_f1_value=point(measures["field_f1_value"], total),
        field_f1_span=point(measures["field_f1_span"], total),
        ece=point(ece, total) if has_ece else None,
        ece_interval=interval(ece, total) if has_ece else None,
        straight_through=straight.documents / total,
        straight_through_type_accuracy=_share(straight.type_right, straight.known),
        straight_through_correct=_share(straight.all_right, straight.known),
        intervals=Intervals(
            type_accuracy=interval(measures["type_accuracy"], total),
            type_macro_f1=interval(measures["type_macro_f1"], total),
            field_f1_value=interval(measures["field_f1_value"], total),
        ),
        fields={
            field.name: _field_score(values[:, column].sum(axis=0), spans[:, column].sum(axis=0))
            for column, field in enumerate(source.fields)
        },
        fields_not_in_bundle=source.fields_not_in_bundle,
    )


def _label_ids(source: GoldSource, answers: Sequence[Answer | None]) -> tuple[Counts, Counts]:
    """Gold and predicted labels [N] as numbers; negative where there is none."""
    labels = {document.label for document in source.documents} | {answer.label for answer in answers if answer}
    ids = {label: number for number, label in enumerate(sorted(label for label in labels if label is not None))}
    gold = [NO_LABEL if document.label is None else ids[document.label] for document in source.documents]
    predicted = [NO_ANSWER if answer is None else ids[answer.label] for answer in answers]
    return np.array(gold, dtype=np.int64), np.array(predicted, dtype=np.int64)


def straight_counts(source: GoldSource, answers: Sequence[Answer | None]) -> StraightCounts:
    """How many documents went straight through, and how many of these are right."""
    straight = [
        (document, answer)
        for document, answer in zip(source.documents, answers, strict=True)
        if answer is not None and answer.is_straight_through
    ]
    right = [(document, answer) for document, answer in straight if document.label == answer.label]
    return StraightCounts(
        documents=len(straight),
        known=sum(document.label is not None or document.is_of_other_type for document, _ in straight),
        type_right=len(right),
        all_right=sum(required_are_right(document, answer, source.fields) for document, answer in right),
    )


def _field_score(values: Counts, spans: Counts) -> FieldScore:
    """From true positives, false positives and false negatives [3]."""
    hits, extra, missed = (int(count) for count in values)
    span_hits, span_extra, span_missed = (int(count) for count in spans)
    return FieldScore(
        f1_value=_share(2 * hits, 2 * hits + extra + missed),
        f1_span=_share(2 * span_hits, 2 * span_hits + span_extra + span_missed),
        precision=_share(hits, hits + extra),
        recall=_share(hits, hits + missed),
        support=hits + missed,
        span_support=span_hits + span_missed,
        span_precision=_share(span_hits, span_hits + span_extra),
        span_recall=_share(span_hits, span_hits + span_missed),
    )


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None

"""How far confidence is precision: reliability bins, their error, and accuracy over coverage. Pure."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from docmill.evaluation.counts import comparable, gold_values, in_terms_of
from docmill.evaluation.gold import GoldDocument, GoldSource
from docmill.evaluation.metrics import ECE_BINS, LEAST_DECISIONS, Floats, calibration_error, interval, point
from docmill.evaluation.score import DocumentCounts
from docmill.pipeline.types import Span
from docmill.training.opinions import Opinion
from docmill.training.report.content import Bin, CoveragePoint, Reliability

CURVE_POINTS = 50


def type_reliability(source: str, counts: DocumentCounts) -> Reliability | None:
    """Of the types of documents whose label is known; None: there are none."""
    judged = np.flatnonzero(~np.isnan(counts.probability))
    right = counts.gold == counts.predicted
    return _reliability(source, "type", counts.probability[judged], right[judged], judged, len(counts.gold))


def field_reliability(source: GoldSource, opinions: Sequence[Opinion | None]) -> Reliability | None:
    """Of the values that were found for fields that the source annotates; None: there are none."""
    fields = {field.name: field for field in source.fields}

    def is_right(document: GoldDocument, span: Span, words: str) -> bool:
        field = fields[span.field]
        gold = gold_values(document, field, span.start_date)
        return in_terms_of(gold, {comparable(field, words, span.start_date)}, field) <= gold

    decisions = [
        (number, span.confidence, is_right(document, span, words))
        for number, (document, opinion) in enumerate(zip(source.documents, opinions, strict=True))
        if opinion is not None
        for span, words in zip(opinion.prediction.spans, opinion.words, strict=True)
        if span.field in fields
    ]
    owners = np.array([number for number, _, _ in decisions], dtype=np.int64)
    confidence = np.array([found for _, found, _ in decisions], dtype=np.float64)
    right = np.array([was_right for _, _, was_right in decisions], dtype=bool)
    return _reliability(source.name, "field", confidence, right, owners, len(source.documents))


def coverage_points(counts: DocumentCounts) -> tuple[CoveragePoint, ...]:
    """Accuracy of the most confident types, for some fifty shares of the documents whose label is known.

    Documents of the same confidence are covered together.
    """
    judged = ~np.isnan(counts.probability)
    probability = counts.probability[judged]
    right = (counts.gold == counts.predicted)[judged]
    points: dict[int, CoveragePoint] = {}
    for count in np.unique(np.linspace(1, len(probability), min(CURVE_POINTS, len(probability)), dtype=np.int64)):
        confidence = float(np.sort(probability)[::-1][count - 1])
        covered = probability >= confidence
        points[int(covered.sum())] = CoveragePoint(
            coverage=float(covered.mean()), accuracy=float(right[covered].mean()), confidence=confidence
        )
    return tuple(points[count] for count in sorted(points))


def _reliability(
    source: str,
    what: Literal["type", "field"],
    confidence: Floats,
    right: NDArray[np.bool_],
    owners: NDArray[np.int64],
    documents: int,
) -> Reliability | None:
    """`owners` [D] are the documents of the decisions."""
    if not len(confidence):
        return None

    def error(weights: Floats) -> Floats:
        return calibration_error(weights[:, owners], confidence, right)

    enough = len(confidence) >= LEAST_DECISIONS
    return Reliability(
        source=source,
        what=what,
        decisions=len(confidence),
        ece=point(error, documents) if enough else None,
        interval=interval(error, documents) if enough else None,
        bins=tuple(_bins(confidence, right)),
    )


def _bins(confidence: Floats, right: NDArray[np.bool_]) -> list[Bin]:
    """Those that hold a decision."""
    places = np.minimum((confidence * ECE_BINS).astype(np.int64), ECE_BINS - 1)
    return [
        Bin(
            low=place / ECE_BINS,
            high=(place + 1) / ECE_BINS,
            count=int((places == place).sum()),
            confidence=float(confidence[places == place].mean()),
            right=float(right[places == place].mean()),
        )
        for place in sorted({int(place) for place in places})
    ]

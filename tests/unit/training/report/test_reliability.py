"""Bins, error and coverage by hand."""

from pathlib import Path

import numpy as np
import pytest

from docmill.evaluation.metrics import LEAST_DECISIONS
from docmill.evaluation.score import DocumentCounts
from docmill.training.report.content import CoveragePoint
from docmill.training.report.reliability import (
    coverage_points,
    field_reliability,
    type_reliability,
)
from tests.unit.training.report.fakes import TEXTS, opinion, right, sources


def counts(probability: list[float], right: list[bool]) -> DocumentCounts:
    nothing = np.zeros((len(right), 1, 3), dtype=np.int64)
    gold = np.zeros(len(right), dtype=np.int64)
    return DocumentCounts(gold, np.where(right, 0, 1), np.array(probability), nothing, nothing)


def test_bins_hold_confidence_and_share_right() -> None:
    found = type_reliability("tills", counts([0.62, 0.64, 1.0, 1.0, np.nan], [True, False, True, True, True]))
    assert found is not None
    assert (found.what, found.decisions) == ("type", 4)  # NaN is not judged
    low, top = found.bins
    assert low.confidence == pytest.approx(0.63)
    assert (low.count, low.right) == (2, 0.5)
    assert low.low <= 0.62 < low.high
    assert (top.count, top.confidence, top.right, top.high) == (2, 1, 1, 1)


@pytest.mark.parametrize(("decisions", "told"), [(LEAST_DECISIONS - 1, False), (LEAST_DECISIONS, True)])
def test_the_error_is_told_of_enough_decisions_alone(decisions: int, told: bool) -> None:
    found = type_reliability("tills", counts([0.9] * decisions, [i % 2 == 0 for i in range(decisions)]))
    assert found is not None
    assert (found.ece is not None) == (found.interval is not None) == told
    if found.ece is not None and found.interval is not None:
        assert found.ece == pytest.approx(0.4, abs=0.01)
        assert found.interval[0] < found.ece < found.interval[1]


def test_documents_without_a_judged_type_have_no_diagram() -> None:
    assert type_reliability("tills", counts([np.nan], [False])) is None
    assert coverage_points(counts([np.nan], [False])) == ()


def test_values_found_are_decisions_too(tmp_path: Path) -> None:
    receipts, _ = sources(tmp_path)
    wrong = opinion(TEXTS[1], "receipt", found=[("company", "2024")], confidence=0.6)
    foreign = opinion(TEXTS[2], "contract", found=[("party", "ACME")])  # no field of this source
    found = field_reliability(receipts, [right(TEXTS[0]), wrong, foreign, None, None, None])
    assert found is not None
    assert (found.what, found.decisions) == ("field", 4)
    assert [(b.count, b.right) for b in found.bins] == [(1, 0), (3, 1)]
    assert field_reliability(receipts, [None] * 6) is None


def test_coverage_takes_the_surest_first_and_equals_together() -> None:
    points = coverage_points(counts([0.5, 0.9, 0.9, 0.7], [False, True, True, False]))
    assert points == (
        CoveragePoint(coverage=0.5, accuracy=1, confidence=0.9),
        CoveragePoint(coverage=0.75, accuracy=2 / 3, confidence=0.7),
        CoveragePoint(coverage=1, accuracy=0.5, confidence=0.5),
    )


def test_many_documents_make_some_fifty_points() -> None:
    points = coverage_points(counts([i / 1000 for i in range(1000)], [True] * 1000))
    assert len(points) == 50
    assert [points[0].coverage, points[-1].coverage] == [0.001, 1]

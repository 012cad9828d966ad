"""Differences between two models, by hand on small counts."""

import numpy as np
import pytest

from docmill.evaluation.score import DocumentCounts
from docmill.training.report.compare import compare, measures_of
from docmill.training.report.content import Comparison

N = 40


def counts(right: list[bool], hits: list[int] | None = None, known: int = N) -> DocumentCounts:
    """Documents of one label whose type is right or not; of one field with `hits` of one gold value each."""
    documents = len(right)
    gold = np.where(np.arange(documents) < known, 0, -1)
    predicted = np.where(right, 0, 1)
    values = np.zeros((documents, 1, 3), dtype=np.int64)
    if hits is not None:
        values[:, 0, 0], values[:, 0, 2] = hits, 1 - np.array(hits)
    return DocumentCounts(gold, predicted, np.full(documents, 0.9), values, np.zeros_like(values))


def found(before: DocumentCounts, after: DocumentCounts, measure: str = "type_accuracy") -> Comparison:
    comparisons = compare(before, after, names=("a fp32", "b fp32"), seed=7, source="tills")
    return next(comparison for comparison in comparisons if comparison.measure == measure)


def test_a_model_against_itself_differs_by_nothing() -> None:
    one = counts([i % 3 > 0 for i in range(N)])
    same = found(one, one)
    assert (same.difference, same.interval, same.documents) == (0, (0, 0), N)


def test_a_difference_is_after_minus_before() -> None:
    better = found(counts([False] * 10 + [True] * 30), counts([True] * N))
    assert better.difference == pytest.approx(0.25)
    assert 0 < better.interval[0] < 0.25 < better.interval[1]
    worse = found(counts([True] * N), counts([False] * 10 + [True] * 30))
    assert worse.difference == pytest.approx(-0.25)
    assert worse.interval == (-better.interval[1], -better.interval[0])


def test_pairing_matters() -> None:
    """Two models of the same two accuracies: that they err on the same documents makes the difference surer."""
    before = counts([False] * 12 + [True] * 28)
    nested = found(before, counts([False] * 10 + [True] * 30))
    apart = found(before, counts([True] * 30 + [False] * 10))
    assert nested.difference == apart.difference == pytest.approx(0.05)
    widths = [high - low for low, high in (nested.interval, apart.interval)]
    assert widths[0] < widths[1] / 2
    assert nested.interval[0] >= 0 > apart.interval[0]


def test_only_documents_that_have_a_say_are_counted() -> None:
    hits = [1] * 5 + [0] * (N - 5)
    one = counts([True] * N, hits, known=30)
    one.values[10:] = 0  # no gold and nothing found
    other = counts([True] * N, hits, known=30)
    other.values[10:] = 0
    other.values[20, 0, 1] = 1  # invented by one side alone
    assert found(one, other).documents == 30
    assert found(one, other, "field_f1_value").documents == 11


def test_what_a_source_cannot_measure_is_not_compared() -> None:
    untyped = counts([True] * N, [1] * N, known=0)
    measures = [c.measure for c in compare(untyped, untyped, names=("a fp32", "b fp32"), seed=7, source="tills")]
    assert measures == ["field_f1_value"]
    assert measures_of(untyped).type_accuracy is None
    assert measures_of(untyped).field_f1_value == 1


def test_the_same_counts_give_the_same_interval() -> None:
    before, after = counts([i % 3 > 0 for i in range(N)]), counts([i % 5 > 0 for i in range(N)])
    assert found(before, after) == found(before, after)

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from docmill.evaluation.metrics import accuracy, calibration_error, f1, interval, macro_f1, point

LABELS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4)), min_size=1, max_size=30)
ONES = np.ones((1, 4))


def ids(*numbers: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array(numbers, dtype=np.int64)


def test_f1_of_counts() -> None:
    counts = np.array([[1, 0, 0], [0, 1, 1], [1, 0, 1], [0, 0, 0]])
    assert f1(ONES, counts)[0] == pytest.approx(2 * 2 / (2 * 2 + 1 + 2))
    assert f1(np.array([[0, 2, 1, 0]]), counts)[0] == pytest.approx(2 * 1 / (2 * 1 + 2 + 3))
    assert np.isnan(f1(np.array([[0, 0, 0, 1]]), counts)[0])


def macro_f1_of(pairs: list[tuple[int, int]]) -> float:
    """The definition, one label after the other."""
    scores = []
    for label in {gold for gold, _ in pairs}:
        hits = sum(gold == predicted == label for gold, predicted in pairs)
        scores.append(2 * hits / sum((gold == label) + (predicted == label) for gold, predicted in pairs))
    return sum(scores) / len(scores)


@given(LABELS)
def test_type_scores_are_those_of_their_definition(pairs: list[tuple[int, int]]) -> None:
    gold, predicted = (ids(*side) for side in zip(*pairs, strict=True))
    ones = np.ones((1, len(pairs)))
    assert accuracy(ones, gold, predicted)[0] == pytest.approx(sum(g == p for g, p in pairs) / len(pairs))
    assert macro_f1(ones, gold, predicted)[0] == pytest.approx(macro_f1_of(pairs))


@given(LABELS, st.data())
def test_a_weight_is_a_repetition(pairs: list[tuple[int, int]], data: st.DataObject) -> None:
    weights = data.draw(st.lists(st.integers(0, 3), min_size=len(pairs), max_size=len(pairs)))
    gold, predicted = (ids(*side) for side in zip(*pairs, strict=True))
    repeated = [pair for pair, weight in zip(pairs, weights, strict=True) for _ in range(weight)]
    weighted = np.array([weights], dtype=np.float64)
    if not repeated:
        assert np.isnan(macro_f1(weighted, gold, predicted)[0])
        return
    again = [ids(*side) for side in zip(*repeated, strict=True)]
    ones = np.ones((1, len(repeated)))
    assert macro_f1(weighted, gold, predicted)[0] == pytest.approx(macro_f1(ones, *again)[0])
    assert accuracy(weighted, gold, predicted)[0] == pytest.approx(accuracy(ones, *again)[0])


def test_documents_without_a_gold_label_count_nowhere() -> None:
    gold, predicted = ids(0, 1, -1, -1), ids(0, 1, 0, 1)
    assert accuracy(ONES, gold, predicted)[0] == 1
    assert macro_f1(ONES, gold, predicted)[0] == 1


def test_calibration_error_by_hand() -> None:
    probability = np.array([0.95, 0.96, 0.50, np.nan])
    correct = np.array([True, False, True, True])
    # The last bin holds 0.95 and 0.96: |1 - 1.91|; that of 0.50 holds |1 - 0.5|; of three documents.
    assert calibration_error(ONES, probability, correct)[0] == pytest.approx((0.91 + 0.5) / 3)


def test_certainty_belongs_to_the_last_bin() -> None:
    assert calibration_error(np.ones((1, 1)), np.array([1.0]), np.array([True]))[0] == 0


def test_a_point_that_is_not_defined_is_none() -> None:
    assert point(lambda weights: np.full(len(weights), np.nan), 3) is None
    assert interval(lambda weights: np.full(len(weights), np.nan), 3) is None


def test_the_interval_of_a_share_is_that_of_its_binomial() -> None:
    hits = np.arange(400) < 300
    found = interval(lambda weights: weights @ hits / weights.sum(axis=1), 400)
    assert found == interval(lambda weights: weights @ hits / weights.sum(axis=1), 400)  # seeded
    assert found is not None
    half_width = 1.96 * (0.75 * 0.25 / 400) ** 0.5
    assert found == pytest.approx((0.75 - half_width, 0.75 + half_width), abs=0.01)


def test_nothing_varies_nothing_is_unsure() -> None:
    assert interval(lambda weights: weights.sum(axis=1) / weights.sum(axis=1), 5) == (1, 1)

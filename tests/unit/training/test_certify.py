from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from docmill.training.certify import Certified, certify, first_step, lower_bound, sequence

Floats = NDArray[np.float64]


def outcomes(right: str) -> NDArray[np.bool_]:
    """ "+" is right, "-" is wrong."""
    return np.array([one == "+" for one in right], dtype=bool)


def falling(count: int) -> Floats:
    """Scores from 1 down, in steps of 0.001."""
    return 1 - np.arange(count) / 1000


@pytest.mark.parametrize(
    ("hits", "total", "bound"),
    [
        (59, 59, 0.05 ** (1 / 59)),  # all right: the n-th root of 1 - confidence
        (1, 1, 0.05),
        (0, 10, 0.0),
    ],
)
def test_bounds_worked_out_by_hand(hits: int, total: int, bound: float) -> None:
    assert lower_bound(hits, total, 0.95) == pytest.approx(bound, abs=1e-12)


@given(st.integers(1, 60), st.data(), st.sampled_from([0.8, 0.95, 0.99]))
def test_a_proportion_at_the_bound_is_only_just_too_unlikely(total: int, data: st.DataObject, level: float) -> None:
    """Definition of the bound: were the proportion p, as many hits or more would have the probability 1 - level."""
    hits = data.draw(st.integers(1, total))
    p = lower_bound(hits, total, level)
    tail = sum(comb(total, k) * p**k * (1 - p) ** (total - k) for k in range(hits, total + 1))
    assert tail == pytest.approx(1 - level, rel=1e-6)


@pytest.mark.parametrize(
    ("decisions", "first", "errors"),
    [(59, 59, 0), (116, 59, 0), (117, 93, 1), (154, 93, 1), (155, 124, 2), (5000, 124, 2)],
)
def test_the_sequence_starts_with_two_tolerated_errors_or_as_many_as_leave_a_fifth_out(
    decisions: int, first: int, errors: int
) -> None:
    # Tables of acceptance sampling at 95 % / 95 %: 59 without, 93 with one, 124 with two errors.
    assert first_step(decisions, 0.95, 0.95) == (first, errors)
    assert sequence(decisions, 0.95, 0.95)[0] == first


def test_too_few_decisions_have_no_sequence() -> None:
    assert sequence(58, 0.95, 0.95) == sequence(0, 0.95, 0.95) == []
    assert sequence(298, 0.99, 0.95) == []
    assert sequence(299, 0.99, 0.95) == [299]


def test_the_sequence_grows_by_a_tenth_and_ends_with_all() -> None:
    assert sequence(200, 0.95, 0.95) == [124, 136, 149, 163, 179, 196, 200]
    assert sequence(59, 0.95, 0.95) == [59]


def test_all_right_certifies_the_lowest_score() -> None:
    scores = falling(59)
    assert certify(scores, outcomes("+" * 59), 0.95, 0.95) == Certified(scores[-1], 59, 59, 59)


def test_one_too_few_certifies_nothing() -> None:
    assert certify(falling(58), outcomes("+" * 58), 0.95, 0.95) == Certified(None, 58, 0, 0)


def test_no_decisions_certify_nothing() -> None:
    assert certify(np.array([]), outcomes(""), 0.95, 0.95) == Certified(None, 0, 0, 0)


@pytest.mark.parametrize(("errors", "accepted"), [(0, 124), (2, 124), (3, 0)])
def test_tolerated_errors(errors: int, accepted: int) -> None:
    right = outcomes("+" * (124 - errors) + "-" * (31 + errors))
    found = certify(falling(155), right, 0.95, 0.95)
    assert (found.accepted, found.correct) == (accepted, accepted - errors if accepted else 0)
    assert (found.threshold is None) == (accepted == 0)


def test_the_first_failure_ends_the_sequence() -> None:
    """Steps of 200: 124, 136, 149, 163, 179, 196, 200. The four wrong ones from 140 on fail the step of 149."""
    right = outcomes("+" * 140 + "-" * 4 + "+" * 56)
    assert lower_bound(196, 200, 0.95) > 0.95  # all of them would pass, but are never looked at
    assert lower_bound(145, 149, 0.95) < 0.95
    found = certify(falling(200), right, 0.95, 0.95)
    assert found == Certified(float(falling(200)[135]), 200, 136, 136)


def test_the_order_of_decisions_does_not_matter() -> None:
    right = outcomes("+" * 140 + "-" * 4 + "+" * 56)
    shuffle = np.random.default_rng(0).permutation(200)
    assert certify(falling(200)[shuffle], right[shuffle], 0.95, 0.95) == certify(falling(200), right, 0.95, 0.95)


def test_equal_scores_are_accepted_together() -> None:
    """Those of the same score as the last of a step cannot be told from it: with them there are too many errors."""
    scores = np.concatenate([falling(100), np.full(100, 0.5)])
    right = outcomes("+" * 190 + "-" * 10)  # the wrong ones last, where a stable sort leaves them
    assert certify(scores, right, 0.95, 0.95) == Certified(None, 200, 0, 0)
    assert certify(scores, outcomes("+" * 198 + "-" * 2), 0.95, 0.95) == Certified(0.5, 200, 200, 198)


@given(
    st.lists(st.tuples(st.integers(0, 40), st.booleans() | st.just(True)), max_size=300),
    st.sampled_from([0.6, 0.8, 0.9]),
)
def test_a_certificate_says_what_its_threshold_accepts(decisions: list[tuple[int, bool]], target: float) -> None:
    scores = np.array([score / 40 for score, _ in decisions])
    right = np.array([hit for _, hit in decisions], dtype=bool)
    found = certify(scores, right, target, 0.9)
    assert found.decisions == len(decisions)
    if found.threshold is None:
        assert (found.accepted, found.correct) == (0, 0)
    else:
        accepted = scores >= found.threshold
        assert (found.accepted, found.correct) == (accepted.sum(), right[accepted].sum())
        assert lower_bound(found.correct, found.accepted, 0.9) >= target


RUNS, TARGET = 1000, 0.9
# Were each run a violation with probability 0.05, 1000 runs would see more than 75 once in 3,000 times.
VIOLATIONS_ALLOWED = 75


def precision_above(threshold: float, low: float, high: float) -> float:
    """Mean of a probability that rises from `low` at score 0 to `high` at score 1, over scores above the threshold."""
    return low + (high - low) * (1 + threshold) / 2


@pytest.mark.parametrize(
    ("low", "high", "decisions"),
    [
        (0.899, 0.899, 40),  # the sequence begins without a tolerated error
        (0.899, 0.899, 70),  # with one
        (0.899, 0.899, 120),  # never good enough: every certificate is wrong, the worst there is
        (0.899, 0.899, 600),
        (0.70, 1.00, 400),  # good enough above a score of 1/3
        (0.84, 0.94, 400),  # above 0.2, rising slowly
        (0.94, 0.84, 400),  # scores that mean the opposite
    ],
)
def test_certified_thresholds_keep_their_promise(low: float, high: float, decisions: int) -> None:
    rng = np.random.default_rng(20240506)
    certified = violations = 0
    for _ in range(RUNS):
        scores = rng.random(decisions)
        right = rng.random(decisions) < low + (high - low) * scores
        threshold = certify(scores, right, TARGET, 0.95).threshold
        if threshold is not None:
            certified += 1
            violations += precision_above(threshold, low, high) < TARGET
    assert violations <= VIOLATIONS_ALLOWED
    assert certified > 0  # a certificate that is never given keeps every promise


def test_good_scores_are_certified_nearly_always() -> None:
    rng = np.random.default_rng(1)
    certified = 0
    for _ in range(100):
        scores = rng.random(400)
        certified += certify(scores, rng.random(400) < 0.9 + 0.1 * scores, TARGET, 0.95).accepted > 200
    assert certified > 90

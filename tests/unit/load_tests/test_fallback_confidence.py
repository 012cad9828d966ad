"""What the fallback claims beside what is so: load_tests/fallback_parts/confidence.py."""

import numpy as np
import pytest

from docmill.evaluation.metrics import LEAST_DECISIONS
from load_tests.fallback_parts.confidence import CALIBRATION_HEADINGS, calibration
from load_tests.fallback_parts.published import Share


def drawn(count: int, share_right: float) -> list[tuple[float, bool]]:
    """So many decisions, all of them 0.8 sure."""
    return [(0.8, n < round(share_right * count)) for n in np.random.default_rng(3).permutation(count)]


def test_what_is_claimed_and_what_is_right() -> None:
    found = calibration([(0.9, True), (0.7, False), (0.5, True)])
    assert found.claimed == pytest.approx(0.7)
    assert found.right == Share(2, 3)
    assert found.cells("cfpb", "all") == ("cfpb", "all", "3", "70.0 %", "2 (66.7 %)", "-", "-")


def test_of_few_decisions_no_error_is_told() -> None:
    assert calibration(drawn(LEAST_DECISIONS - 1, 0.5)).error is None
    assert calibration(drawn(LEAST_DECISIONS, 0.5)).error is not None


def test_whoever_claims_too_much_has_the_gap_as_error_and_an_interval_about_it() -> None:
    """A bin has the gap of the whole only on average, so the error is at least that gap."""
    found = calibration(drawn(400, 0.5))
    assert found.error is not None
    error, low, high = found.error
    assert 0.3 <= error < 0.33
    assert low < error < high
    assert high - low < 0.12
    assert calibration(drawn(400, 0.5)) == found
    cells = found.cells("cfpb", "all")
    assert len(cells) == len(CALIBRATION_HEADINGS)
    assert cells[-2:] == (f"{error:.3f}", f"{low:.3f} to {high:.3f}")


def test_whoever_is_right_as_often_as_claimed_has_hardly_any() -> None:
    """Of the odd ones four of five are right, of the even ones one."""
    honest = calibration([(0.8, n % 10 < 8) if n % 2 else (0.2, n % 10 < 2) for n in range(1000)])
    assert honest.error is not None
    assert honest.error[0] == pytest.approx(0)
    assert honest.claimed == pytest.approx(0.5)


def test_of_nothing_nothing_is_told() -> None:
    assert calibration([]).cells("sroie", "those published") == ("sroie", "those published", "0", "-", "-", "-", "-")

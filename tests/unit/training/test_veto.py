from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docmill.training.veto import LabelCount, is_vetoed, upper_bound


def vetoed(accepted: int, correct: int, least: int = 8) -> bool:
    return is_vetoed(LabelCount("a", accepted, correct), 0.90, 0.95, least)


def test_a_label_that_is_plainly_worse_is_vetoed() -> None:
    assert vetoed(10, 5)
    assert not vetoed(10, 7)  # may still be at 0.90: its upper bound is 0.913


def test_a_few_decisions_show_nothing() -> None:
    assert not vetoed(7, 0)
    assert vetoed(7, 0, least=7)


def test_a_label_that_is_always_right_never_is() -> None:
    assert not vetoed(1000, 1000)


@given(st.integers(1, 60), st.data(), st.sampled_from([0.8, 0.95, 0.99]))
def test_a_proportion_at_the_bound_is_only_just_too_unlikely(total: int, data: st.DataObject, level: float) -> None:
    """Definition of the bound: were the proportion p, as few hits or fewer would have the probability 1 - level."""
    hits = data.draw(st.integers(0, total - 1))
    p = upper_bound(hits, total, level)
    tail = sum(comb(total, k) * p**k * (1 - p) ** (total - k) for k in range(hits + 1))
    assert tail == pytest.approx(1 - level, rel=1e-6)

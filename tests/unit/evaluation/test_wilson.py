"""The interval of a share, against scipy's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from docmill.evaluation.wilson import wilson


@given(total=st.integers(1, 3000), part=st.floats(0, 1))
def test_it_is_scipys(total: int, part: float) -> None:
    hits = round(part * total)
    low, high = binomtest(hits, total).proportion_ci(method="wilson")
    assert wilson(hits, total) == pytest.approx((low, high), abs=1e-9)


def test_no_error_among_few_is_no_proof() -> None:
    interval = wilson(0, 4)
    assert interval is not None
    assert interval[0] == 0
    assert interval[1] == pytest.approx(0.49, abs=0.001)


def test_of_nothing_nothing_is_known() -> None:
    assert wilson(0, 0) is None

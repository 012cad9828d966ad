"""Nearest ranks, with documents that never came back."""

import numpy as np
import pytest

from docmill.load.quantiles import may_exceed, quantile_of, rank


@pytest.mark.parametrize("count", [1, 2, 19, 20, 21, 100, 377])
@pytest.mark.parametrize("quantile", [0.5, 0.9, 0.95, 0.99])
def test_it_is_numpys_inverted_cdf(count: int, quantile: float) -> None:
    values = sorted(np.random.default_rng(count).exponential(size=count).tolist())
    assert quantile_of(values, quantile) == float(np.quantile(values, quantile, method="inverted_cdf"))


@pytest.mark.parametrize(
    ("quantile", "count", "position"), [(0.95, 20, 19), (0.95, 100, 95), (0.95, 21, 20), (0.5, 1, 1), (1.0, 7, 7)]
)
def test_ranks_do_not_slip_on_floats(quantile: float, count: int, position: int) -> None:
    assert rank(quantile, count) == position


def test_what_never_came_counts_as_the_longest() -> None:
    values = [float(n) for n in range(1, 20)]
    assert quantile_of(values, 0.95, missing=1) == 19.0
    assert quantile_of(values, 0.95, missing=2) is None
    assert quantile_of(values, 0.5, missing=2) == 11.0
    assert quantile_of([], 0.5) is None


@pytest.mark.parametrize("count", [1, 7, 20, 100, 373])
def test_as_many_may_exceed_as_leave_the_quantile_below(count: int) -> None:
    above = may_exceed(0.95, count)
    limit = 1.0
    for beyond in (above, above + 1):
        values = [limit] * (count - beyond) + [2 * limit] * beyond
        quantile = quantile_of(values, 0.95)
        assert quantile is not None
        assert (quantile <= limit) is (beyond == above)


def test_of_nothing_nothing_may_exceed() -> None:
    assert may_exceed(0.95, 0) == 0

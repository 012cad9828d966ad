"""Documents are due at the rate that was asked for."""

from itertools import pairwise
from random import Random
from statistics import mean, pstdev

import pytest

from docmill.load.schedule import Arrivals, due_times


@pytest.mark.parametrize("arrivals", Arrivals)
def test_all_are_due_within_the_duration_in_order(arrivals: Arrivals) -> None:
    times = due_times(arrivals, 500, 20.0, Random(1))
    assert len(times) == 500
    assert times == sorted(times)
    assert times[0] >= 0
    assert times[-1] < 20


def test_constant_arrivals_are_evenly_spaced() -> None:
    assert due_times(Arrivals.CONSTANT, 4, 2.0, Random(1)) == [0, 0.5, 1, 1.5]


def test_poisson_arrivals_are_as_irregular_as_they_should_be() -> None:
    times = due_times(Arrivals.POISSON, 5000, 500.0, Random(1))
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert mean(gaps) == pytest.approx(0.1, rel=0.02)
    assert pstdev(gaps) == pytest.approx(0.1, rel=0.05)  # of an exponential distribution both are the same
    assert times == due_times(Arrivals.POISSON, 5000, 500.0, Random(1))
    assert times != due_times(Arrivals.POISSON, 5000, 500.0, Random(2))


@pytest.mark.parametrize("arrivals", Arrivals)
def test_nothing_is_due_of_nothing(arrivals: Arrivals) -> None:
    assert due_times(arrivals, 0, 0.0, Random(1)) == []

"""The breaker and the budget, by a clock of their own."""

from collections.abc import Callable

import pytest

from docmill.generator.breaker import Admission, Breaker, State
from docmill.generator.budget import Budget


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def admitted(breaker: Breaker) -> Admission:
    admission = breaker.admit()
    assert admission is not None
    return admission


def test_the_breaker_opens_after_several_failures_in_a_row() -> None:
    clock = Clock()
    breaker = Breaker(3, 30.0, clock)
    for _ in range(2):
        breaker.failed(admitted(breaker))
    breaker.succeeded(admitted(breaker))
    for _ in range(3):
        breaker.failed(admitted(breaker))
    assert (breaker.state, breaker.admit()) == (State.OPEN, None)


def test_one_question_decides_whether_it_closes() -> None:
    clock = Clock()
    breaker = Breaker(1, 30.0, clock)
    breaker.failed(admitted(breaker))
    clock.now_s += 30.0
    assert breaker.state == "half_open"
    probe = admitted(breaker)
    assert breaker.admit() is None
    breaker.failed(probe)
    assert breaker.state == "open"
    clock.now_s += 30.0
    breaker.succeeded(admitted(breaker))
    assert breaker.state is State.CLOSED
    assert [breaker.admit() is not None for _ in range(2)] == [True, True]


def test_a_question_that_was_given_up_lets_the_next_one_try() -> None:
    clock = Clock()
    breaker = Breaker(1, 30.0, clock)
    breaker.failed(admitted(breaker))
    clock.now_s += 31.0
    breaker.unasked(admitted(breaker))
    admitted(breaker)


@pytest.mark.parametrize("outcome", [Breaker.succeeded, Breaker.failed, Breaker.unasked])
def test_who_went_out_before_it_opened_decides_nothing(outcome: Callable[[Breaker, Admission], None]) -> None:
    clock = Clock()
    breaker = Breaker(1, 30.0, clock)
    straggler = admitted(breaker)
    breaker.failed(admitted(breaker))
    outcome(breaker, straggler)
    assert breaker.state == "open"
    clock.now_s += 30.0
    probe = admitted(breaker)
    outcome(breaker, straggler)
    assert (breaker.state, breaker.admit()) == (State.HALF_OPEN, None)  # the probe is still out
    breaker.succeeded(probe)
    outcome(breaker, straggler)
    assert breaker.state == "closed"


def test_many_at_once_spend_no_more_than_there_is() -> None:
    budget = Budget(tokens=1000, usd=None, period_s=60.0, clock=Clock())
    assert [budget.set_aside(400, 0.0) is not None for _ in range(3)] == [True, True, False]


def test_what_was_not_used_comes_back() -> None:
    budget = Budget(tokens=1000, usd=1.0, period_s=60.0, clock=Clock())
    share = budget.set_aside(900, 0.5)
    assert share is not None
    assert budget.set_aside(200, 0.1) is None
    budget.settle(share, 100, 0.01)
    assert budget.set_aside(200, 0.1) is not None
    assert budget.set_aside(10, 0.95) is None  # dollars


def test_what_was_spent_long_ago_counts_no_more() -> None:
    clock = Clock()
    budget = Budget(tokens=1000, usd=None, period_s=60.0, clock=clock)
    assert budget.set_aside(1000, 0.0) is not None
    clock.now_s += 60.0
    assert budget.set_aside(1000, 0.0) is not None


def test_without_limits_everything_goes() -> None:
    budget = Budget(tokens=None, usd=None, period_s=60.0, clock=Clock())
    assert all(budget.set_aside(10**9, 1e6) is not None for _ in range(5))

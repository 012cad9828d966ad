"""How long a worker waits before it tries again, and when it gives up."""

import pytest

from docmill.kafka import patience
from docmill.kafka.patience import FIRST_BACKOFF_S, LONGEST_BACKOFF_S, Patience


class Clock:
    """Stands for the time module."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def monotonic(self) -> float:
        return self.now_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(patience, "time", made)
    return made


def test_each_wait_is_twice_as_long_up_to_the_longest(clock: Clock) -> None:
    with_broker = Patience(120.0)
    waits = [with_broker.after_failure_s() for _ in range(8)]
    assert waits == [FIRST_BACKOFF_S * factor for factor in (1, 2, 4, 8, 16, 32)] + [LONGEST_BACKOFF_S] * 2
    with_broker.renew()
    assert with_broker.after_failure_s() == FIRST_BACKOFF_S


def test_it_ends_when_it_has_failed_for_too_long(clock: Clock) -> None:
    with_broker = Patience(120.0)
    clock.now_s += 500  # that it went well
    assert with_broker.after_failure_s() is not None
    clock.now_s += 120
    assert with_broker.after_failure_s() is not None
    clock.now_s += 1
    assert with_broker.after_failure_s() is None
    with_broker.renew()
    assert with_broker.after_failure_s() is not None


def wait_in_vain(with_broker: Patience, clock: Clock) -> None:
    with with_broker.suspended():
        clock.now_s += 500
        raise RuntimeError


def test_suspended_it_does_not_run_out(clock: Clock) -> None:
    with_broker = Patience(120.0)
    with with_broker.suspended():  # before anything failed
        clock.now_s += 500
    assert with_broker.after_failure_s() is not None
    clock.now_s += 100
    with pytest.raises(RuntimeError):
        wait_in_vain(with_broker, clock)
    assert with_broker.after_failure_s() is not None
    clock.now_s += 21
    assert with_broker.after_failure_s() is None  # what it had failed for before still counts

"""Whoever asked first is served first, and the last one given back goes out first."""

import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

from docmill.ingest.lending import Lending

PATIENCE_S = 10.0


def waiting(lending: Lending[str], count: int) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while len(lending._waiting) != count:
        assert time.monotonic() < deadline
        time.sleep(0.001)


@contextmanager
def threads(lending: Lending[str], count: int) -> Iterator[ThreadPoolExecutor]:
    """None of them waits any more when the test has failed."""
    with ThreadPoolExecutor(count) as executor:
        try:
            yield executor
        finally:
            lending.close()


def test_the_last_one_given_back_goes_out_first() -> None:
    lending = Lending(["one", "two"])
    taken = [lending.take(), lending.take()]
    assert sorted(map(str, taken)) == ["one", "two"]
    lending.give("one")
    lending.give("two")
    assert [lending.take(), lending.take()] == ["two", "one"]


def test_who_waits_is_served_in_the_order_of_asking() -> None:
    lending = Lending(["it"])
    assert lending.take() == "it"
    asked: list[Future[str | None]] = []
    with threads(lending, 3) as callers:
        for count in range(1, 4):
            asked.append(callers.submit(lending.take))
            waiting(lending, count)
        for served in range(3):
            lending.give("it")
            assert asked[served].result(PATIENCE_S) == "it"
            assert not any(later.done() for later in asked[served + 1 :])


def test_who_gives_back_and_asks_again_comes_last() -> None:
    lending = Lending(["it"])
    assert lending.take() == "it"
    order: list[str] = []

    def patient() -> None:
        assert lending.take() == "it"
        order.append("patient")
        lending.give("it")

    with threads(lending, 1) as callers:
        waits = callers.submit(patient)
        waiting(lending, 1)
        lending.give("it")
        assert lending.take() == "it"
        order.append("greedy")
        waits.result(PATIENCE_S)
    assert order == ["patient", "greedy"]


def test_closing_sends_everybody_away_and_returns_what_is_there() -> None:
    lending = Lending(["one", "two"])
    assert lending.take() == "two"
    assert lending.close() == ["one"]
    lending.give("two")
    assert lending.take() is None


def test_closing_sends_away_who_waits() -> None:
    lending: Lending[str] = Lending([])
    with threads(lending, 2) as callers:
        asked = [callers.submit(lending.take) for _ in range(2)]
        waiting(lending, 2)
        assert lending.close() == []
        assert [one.result(PATIENCE_S) for one in asked] == [None, None]

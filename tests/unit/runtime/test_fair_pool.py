"""Every call gets its turn, whatever the others have queued."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from docmill.runtime.fair_pool import FairPool

PATIENCE_S = 10.0


@pytest.fixture
def pool() -> Iterator[FairPool[str]]:
    """One thread, so that the order of jobs is the order of turns."""
    pool: FairPool[str] = FairPool(1, "test")
    yield pool
    pool.close()


class Gate:
    """A job that holds the thread until it is opened."""

    def __init__(self) -> None:
        self.running, self.open = threading.Event(), threading.Event()

    def __call__(self) -> str:
        self.running.set()
        assert self.open.wait(PATIENCE_S)
        return "gate"


def noting(order: list[str], name: str) -> Callable[[], str]:
    def job() -> str:
        order.append(name)
        return name

    return job


def queued(pool: FairPool[str], calls: int) -> None:
    """Wait until so many calls have jobs that no thread has begun."""
    with pool._changed:
        while len(pool._calls) < calls:
            pool._changed.wait(0.01)


def test_results_come_in_the_order_of_their_jobs(pool: FairPool[str]) -> None:
    assert pool.run([lambda n=n: str(n) for n in range(5)]) == list("01234")  # type: ignore[misc]
    assert pool.run([]) == []


def test_a_short_call_waits_for_one_job_of_a_long_one(pool: FairPool[str]) -> None:
    gate, order = Gate(), list[str]()
    with ThreadPoolExecutor(3) as callers:
        held = callers.submit(pool.run, [gate])
        assert gate.running.wait(PATIENCE_S)
        long = callers.submit(pool.run, [noting(order, f"contract {n}") for n in range(4)])
        queued(pool, 1)
        short = callers.submit(pool.run, [noting(order, f"receipt {n}") for n in range(2)])
        queued(pool, 2)
        gate.open.set()
        assert short.result(PATIENCE_S) == ["receipt 0", "receipt 1"]
        assert len(long.result(PATIENCE_S)) == 4
        held.result(PATIENCE_S)
    assert order == ["contract 0", "receipt 0", "contract 1", "receipt 1", "contract 2", "contract 3"]


def test_a_call_whose_job_fails_fails_and_no_other(pool: FairPool[str]) -> None:
    def fail() -> str:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        pool.run([fail, lambda: "fine"])
    assert pool.run([lambda: "fine"]) == ["fine"]


def test_after_a_job_that_fails_no_other_of_its_call_begins(pool: FairPool[str]) -> None:
    begun: list[str] = []

    def fail() -> str:
        raise ZeroDivisionError

    gate = Gate()
    with ThreadPoolExecutor(3) as callers:
        held = callers.submit(pool.run, [gate])
        assert gate.running.wait(PATIENCE_S)
        failing = callers.submit(pool.run, [noting(begun, "one"), fail, *(noting(begun, "never") for _ in range(3))])
        queued(pool, 1)
        other = callers.submit(pool.run, [noting(begun, "other") for _ in range(3)])
        queued(pool, 2)
        gate.open.set()
        with pytest.raises(ZeroDivisionError):
            failing.result(PATIENCE_S)
        assert other.result(PATIENCE_S) == ["other"] * 3
        held.result(PATIENCE_S)
    assert begun == ["one", "other", "other", "other"]


def test_a_job_that_fails_while_the_pool_closes_takes_no_thread_with_it() -> None:
    pool: FairPool[str] = FairPool(1, "test")
    gate = Gate()

    def fail() -> str:
        gate()
        raise ZeroDivisionError

    with ThreadPoolExecutor(2) as callers:
        failing = callers.submit(pool.run, [fail, lambda: "never"])
        assert gate.running.wait(PATIENCE_S)
        closing = callers.submit(pool.close)
        with pytest.raises(RuntimeError, match="closed"):
            failing.result(PATIENCE_S)
        gate.open.set()
        closing.result(PATIENCE_S)


def test_closing_fails_what_has_not_begun_and_ends_the_threads() -> None:
    pool: FairPool[str] = FairPool(1, "test")
    gate = Gate()
    with ThreadPoolExecutor(3) as callers:
        running = callers.submit(pool.run, [gate])
        assert gate.running.wait(PATIENCE_S)
        waiting = callers.submit(pool.run, [lambda: "never"])
        queued(pool, 1)
        closing = callers.submit(pool.close)
        with pytest.raises(RuntimeError, match="closed"):
            waiting.result(PATIENCE_S)
        gate.open.set()
        assert running.result(PATIENCE_S) == ["gate"]
        closing.result(PATIENCE_S)
    with pytest.raises(RuntimeError, match="closed"):
        pool.run([lambda: "late"])
    assert not any(thread.is_alive() for thread in pool._threads)


def test_many_callers_lose_nothing() -> None:
    pool: FairPool[str] = FairPool(4, "test")
    with ThreadPoolExecutor(16) as callers:
        calls = [
            callers.submit(pool.run, [lambda c=c, n=n: f"{c}.{n}" for n in range(c % 7)])  # type: ignore[misc]
            for c in range(200)
        ]
        for c, call in enumerate(calls):
            assert call.result(PATIENCE_S) == [f"{c}.{n}" for n in range(c % 7)]
    pool.close()

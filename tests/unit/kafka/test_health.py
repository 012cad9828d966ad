"""Alive and ready, and what makes it neither."""

from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from docmill.errors import BrokerError
from docmill.kafka import health as health_module
from docmill.kafka.health import LONGEST_DEAF_S, LONGEST_IDLE_S, LONGEST_SILENCE_S, Health


@dataclass
class FakeWorker:
    acquired: bool = True


@dataclass
class FakeEngine:
    joined: bool = True
    error: BaseException | None = None
    workers: tuple[FakeWorker, ...] = (FakeWorker(), FakeWorker())


@dataclass
class FakePoller:
    idle: float = 0.1

    def idle_s(self) -> float:
        return self.idle


class Clock:
    """Stands for the time module."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def monotonic(self) -> float:
        return self.now_s


@dataclass
class Bench:
    engine: FakeEngine = field(default_factory=FakeEngine)
    poller: FakePoller = field(default_factory=FakePoller)
    says: str | None = None

    def health(self) -> Health:
        engine, poller = (cast(Any, one) for one in (self.engine, self.poller))
        return Health(engine, poller, "claims", lambda: {"says": self.says})


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(health_module, "time", clock)
    return clock


def test_all_is_well() -> None:
    health = Bench().health()
    assert health.live().ok
    ready = health.ready()
    assert ready.ok
    assert ready.checks == {
        "event_loop_silent_s": 0.0,
        "error": None,
        "joined_group": True,
        "group": "claims",
        "partitions": 2,
        "partitions_acquired": 2,
        "broker_silent_s": 0.0,
        "last_poll_s": 0.1,
        "says": None,
    }


def test_what_the_service_says_is_told_and_takes_no_working_replica_out() -> None:
    ready = Bench(says="model.int8.onnx is not the file").health().ready()
    assert ready.ok
    assert ready.checks["says"] == "model.int8.onnx is not the file"


def test_a_replica_without_partitions_is_ready() -> None:
    assert Bench(FakeEngine(workers=())).health().ready().ok


@pytest.mark.parametrize(
    "bench",
    [
        Bench(FakeEngine(joined=False)),
        Bench(FakeEngine(workers=(FakeWorker(), FakeWorker(acquired=False)))),
        Bench(poller=FakePoller(LONGEST_IDLE_S + 1)),
        Bench(poller=FakePoller(float("inf"))),
    ],
    ids=["not joined", "not acquired", "not polling", "never polled"],
)
def test_alive_but_not_ready(bench: Bench) -> None:
    health = bench.health()
    assert health.live().ok
    assert not health.ready().ok


def test_a_failure_is_neither_alive_nor_ready() -> None:
    health = Bench(FakeEngine(error=BrokerError("away"))).health()
    assert not health.live().ok
    assert not health.ready().ok
    assert health.live().checks["error"] == "away"


def test_a_blocked_event_loop_is_dead_until_it_turns_again(clock: Clock) -> None:
    health = Bench().health()
    clock.now_s += LONGEST_SILENCE_S - 1
    assert health.live().ok
    clock.now_s += 2
    assert not health.live().ok
    assert not health.ready().ok
    health.beat()
    assert health.live().ok


def test_never_polled_is_valid_json() -> None:
    assert Bench(poller=FakePoller(float("inf"))).health().ready().checks["last_poll_s"] is None


def test_a_broker_that_does_not_answer_makes_it_unready_and_leaves_it_alive(clock: Clock) -> None:
    health = Bench().health()
    clock.now_s += LONGEST_DEAF_S + 1
    health.beat()
    assert not health.ready().ok
    assert health.ready().checks["broker_silent_s"] == LONGEST_DEAF_S + 1
    assert health.live().ok
    health.heard()
    assert health.ready().ok

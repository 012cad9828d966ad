"""What is looked at beside the engine, and what of it ends a service."""

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import pytest

from docmill.errors import BrokerError
from docmill.kafka import service as service_module
from docmill.kafka.health import LONGEST_IDLE_S
from docmill.kafka.service import _observe
from docmill.settings import Settings

TURN_S = 0.002
TIMEOUT_S = 10 * TURN_S


@dataclass
class FakeEngine:
    """In its group; the broker answers."""

    joined: bool = True

    async def step_over_markers(self) -> None: ...
    async def observe_lag(self, consumer: object) -> None: ...


@dataclass
class FakePoller:
    idle: float

    def idle_s(self) -> float:
        return self.idle

    def consumer(self) -> None: ...


class FakeHealth:
    deaf_s = 0.0

    def beat(self) -> None: ...
    def heard(self) -> None: ...


class FakeService:
    def observe(self) -> None: ...


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_module, "OBSERVE_EVERY_S", TURN_S)


def observe(engine: FakeEngine, poller: FakePoller) -> "asyncio.Task[None]":
    observing = partial(cast(Any, _observe), engine, poller, FakeHealth(), FakeService())
    return asyncio.create_task(observing(Settings(broker_timeout_s=TIMEOUT_S)))


@pytest.mark.parametrize("idle_s", [LONGEST_IDLE_S + 1, float("inf")], ids=["no more", "never"])
async def test_a_member_of_the_group_that_polls_nothing_ends_the_service(idle_s: float) -> None:
    """Else it would stay unready for good, with partitions that nobody reads."""
    with pytest.raises(BrokerError, match="nothing polled"):
        await asyncio.wait_for(observe(FakeEngine(), FakePoller(idle_s)), 30)


@pytest.mark.parametrize(
    ("engine", "poller"), [(FakeEngine(joined=False), FakePoller(float("inf"))), (FakeEngine(), FakePoller(0.1))]
)
async def test_who_has_not_joined_or_polls_goes_on(engine: FakeEngine, poller: FakePoller) -> None:
    observing = observe(engine, poller)
    _, still = await asyncio.wait({observing}, timeout=5 * TIMEOUT_S)
    assert still
    observing.cancel()


async def test_a_moment_without_polls_is_forgotten() -> None:
    poller = FakePoller(LONGEST_IDLE_S + 1)
    often = asyncio.Event()

    class Engine(FakeEngine):
        turns = 0

        async def step_over_markers(self) -> None:
            self.turns += 1
            poller.idle = 0.1 if self.turns % 5 == 0 else LONGEST_IDLE_S + 1
            if self.turns == 40:
                often.set()

    observing = observe(Engine(), poller)
    waiting = asyncio.create_task(often.wait())
    await asyncio.wait({observing, waiting}, timeout=30, return_when=asyncio.FIRST_COMPLETED)
    assert often.is_set()
    assert not observing.done()
    observing.cancel()

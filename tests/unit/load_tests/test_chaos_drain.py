"""When a run of the chaos driver is over: not while something waits, and not for ever where nothing moves."""

from collections.abc import Mapping, Sequence

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import NodeNotReadyError

from load_tests.chaos_parts import drain as module
from load_tests.chaos_parts.drain import drain

TOPIC = "documents.fallback"


class Broker:
    """Answers in turn, and with the last for ever: what the group has committed, then where the partitions end."""

    def __init__(self, *answers: tuple[Mapping[int, int] | Exception, Sequence[int]]) -> None:
        self.looks = 0
        self._answers = answers

    async def committed(self, bootstrap: str, topic: str) -> dict[int, int]:
        told, _ = self._now
        if isinstance(told, Exception):
            self.looks += 1
            raise told
        return dict(told)

    async def ends(self, bootstrap: str, wanted: Sequence[TopicPartition], isolation: str) -> Mapping[object, int]:
        _, ends = self._now
        self.looks += 1
        return dict(zip(wanted, ends, strict=True))

    @property
    def _now(self) -> tuple[Mapping[int, int] | Exception, Sequence[int]]:
        return self._answers[min(self.looks, len(self._answers) - 1)]


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_EVERY_S", 0.0)


async def drained(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> Mapping[int, int]:
    monkeypatch.setattr(module, "_committed", broker.committed)
    monkeypatch.setattr(module, "end_offsets", broker.ends)
    return await drain("nowhere:9092", TOPIC, 2)


async def test_what_is_put_back_meanwhile_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read in partition 0, and on partition 1 again."""
    broker = Broker(({0: 4, 1: 3}, (5, 3)), ({0: 5, 1: 3}, (5, 4)), ({0: 5, 1: 4}, (5, 4)))
    assert await drained(broker, monkeypatch) == {0: 5, 1: 4}
    assert broker.looks == 3


async def test_what_the_coordinator_forgets_and_a_broker_that_is_away_undo_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broker = Broker(({0: 5, 1: 1}, (5, 3)), (NodeNotReadyError(), ()), ({0: 2, 1: 3}, (5, 3)))
    assert await drained(broker, monkeypatch) == {0: 5, 1: 3}


async def test_without_progress_it_gives_up_and_says_how_far_it_was(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(module, "DRAIN_S", 0.2)
    assert await drained(Broker(({0: 5, 1: 1}, (5, 3))), monkeypatch) == {0: 5, 1: 1}
    assert "no progress for 0 s: 6 committed" in capsys.readouterr().err

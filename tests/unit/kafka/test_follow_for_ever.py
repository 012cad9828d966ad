"""A copy is followed through failures of broker and index, and its state says how old it is and what is wrong."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from docmill.errors import BrokerError, ConfigurationError, IndexUnavailableError
from docmill.index.sqlite_index import SqliteIndex
from docmill.index.staleness import StaleReason
from docmill.kafka import follow_for_ever as module
from docmill.kafka import follow_index
from docmill.kafka.follow_for_ever import NOTHING_KNOWN, CopyProgress, follow_for_ever
from docmill.kafka.follow_index import IndexFollower
from docmill.settings import Settings
from tests.unit.index.fakes import EMBEDDING, OTHER_EMBEDDING
from tests.unit.kafka.fakes import FakeRecord
from tests.unit.kafka.test_follow_index import TOPIC, Clock, FailsOnce, FakeTopic, follower, found, indexed

PATIENCE_S = 30


@dataclass
class Bench:
    """A topic, a copy, and what was said of it."""

    topic: FakeTopic
    index: SqliteIndex
    clock: Clock = field(default_factory=Clock)
    refusals: list[Exception] = field(default_factory=list)  # of the next connections
    connections: int = 0
    told: list[CopyProgress] = field(default_factory=list)
    rebuilds: list[StaleReason] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def last(self) -> CopyProgress:
        return self.told[-1] if self.told else CopyProgress()

    @property
    def problems(self) -> list[str]:
        return [progress.problem for progress in self.told if progress.problem is not None]

    def hear(self, progress: CopyProgress) -> None:
        self.told.append(progress)
        self.news.set()

    @asynccontextmanager
    async def connect(self, *given: Any) -> AsyncIterator[IndexFollower]:
        self.connections += 1
        if self.refusals:
            raise self.refusals.pop(0)
        yield follower(self.topic, self.index, self.clock, given[-1])

    @asynccontextmanager
    async def followed(self, known: CopyProgress = NOTHING_KNOWN) -> AsyncIterator[None]:
        """In the background, as a service does."""
        following = follow_for_ever(Settings(), self.index, EMBEDDING, self.hear, self.rebuilds.append, known)
        task = asyncio.create_task(following)
        try:
            yield
            assert not task.done()
        finally:
            task.cancel()
            await asyncio.wait([task])

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not holds():
                self.news.clear()
                await self.news.wait()


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    made = Bench(FakeTopic([indexed("a", "zebras", 0), indexed("b", "yaks", 1)]), FailsOnce(tmp_path / "copy.sqlite"))
    made.index.failed = True  # type: ignore[attr-defined]
    monkeypatch.setattr(module, "new_follower", made.connect)
    monkeypatch.setattr(module, "FIRST_BACKOFF_S", 0.001)
    monkeypatch.setattr(module, "LONGEST_BACKOFF_S", 0.002)
    monkeypatch.setattr(follow_index, "LOOK_EVERY_S", 0)
    return made


async def test_it_becomes_ready_and_says_how_old_the_copy_is(bench: Bench) -> None:
    async with bench.followed():
        await bench.until(lambda: bench.last.ready)
        assert (bench.last.rebuilt, bench.last.problem) == (StaleReason.NEW, None)
        bench.clock.now_ms += 7
        await bench.until(lambda: bench.last.complete_at_ms == bench.clock.now_ms)
        bench.topic.records.append(indexed("c", "wombats", 2))
        await bench.until(lambda: found(bench.index, "wombats") == ["c"])
    assert bench.connections == 1


async def test_a_broker_that_goes_and_comes_back_makes_the_copy_older_and_then_young_again(bench: Bench) -> None:
    async with bench.followed():
        await bench.until(lambda: bench.last.ready and bench.last.complete_at_ms is not None)
        before_ms = bench.clock.now_ms
        bench.topic.away = True
        await bench.until(lambda: bench.connections > 3)  # again and again
        bench.clock.now_ms += 1000
        bench.topic.records.append(indexed("c", "wombats", 2))
        assert bench.last == CopyProgress(True, before_ms, rebuilt=StaleReason.NEW, problem="away")
        bench.refusals.append(BrokerError("not yet"))
        await bench.until(lambda: "not yet" in bench.problems)
        bench.topic.away = False
        await bench.until(lambda: bench.last.complete_at_ms == bench.clock.now_ms)
        assert bench.last.problem is None
        assert found(bench.index, "wombats") == ["c"]
        assert bench.last.rebuilt is StaleReason.NEW  # it was not made anew a second time


async def test_a_poll_that_the_index_could_not_take_is_not_lost(bench: Bench) -> None:
    bench.index.failed = False  # type: ignore[attr-defined]
    async with bench.followed():
        await bench.until(lambda: bench.last.ready)
        assert "no room" in bench.problems
        assert found(bench.index, "zebras") == ["a"]
        assert found(bench.index, "yaks") == ["b"]


async def test_a_copy_that_was_emptied_is_not_ready_though_it_was_before(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with bench.followed():
        await bench.until(lambda: bench.last.ready)

        def no_room(*_: Any, **__: Any) -> None:
            raise IndexUnavailableError("no room")

        with monkeypatch.context() as patched:
            patched.setattr(bench.index, "apply", no_room)
            bench.topic.topic_id = "another"
            await bench.until(lambda: "no room" in bench.problems)
            connections = bench.connections
            await bench.until(lambda: bench.connections > connections + 1)
            assert (bench.last.ready, bench.last.complete_at_ms) == (False, None)
            assert bench.last.rebuilt is StaleReason.TOPIC_CHANGED
        await bench.until(lambda: bench.last.ready)
        assert found(bench.index, "zebras") == ["a"]


async def test_a_copy_that_is_known_to_be_ready_stays_so_until_it_is_made_anew(bench: Bench) -> None:
    async with bench.followed():
        await bench.until(lambda: bench.last.ready)
    assert bench.rebuilds == [StaleReason.NEW]
    bench.told.clear()
    bench.refusals.append(BrokerError("not yet"))
    async with bench.followed(CopyProgress(ready=True)):
        await bench.until(lambda: bench.last.complete_at_ms is not None)
        assert all(progress.ready for progress in bench.told)
        bench.topic.topic_id = "another"
        await bench.until(lambda: bench.last.rebuilt is StaleReason.TOPIC_CHANGED and bench.last.ready)
    assert bench.rebuilds == [StaleReason.NEW, StaleReason.TOPIC_CHANGED]


async def test_bad_records_are_counted_once_whatever_fails_between_them(bench: Bench) -> None:
    bench.topic.records.append(FakeRecord(b"no JSON", key=b"a", topic=TOPIC, offset=2))
    async with bench.followed():
        await bench.until(lambda: bench.last.ready)
        bench.topic.away = True
        await bench.until(lambda: bench.connections > 2)
        bench.topic.away = False
        bench.topic.records.append(FakeRecord(b"no JSON", key=b"b", topic=TOPIC, offset=3))
        await bench.until(lambda: bench.last.unreadable == 2)
        assert bench.last.ready


async def test_a_topic_of_another_embedding_is_waited_for(bench: Bench) -> None:
    bench.topic.records = [indexed("a", "zebras", 0, OTHER_EMBEDDING)]
    async with bench.followed():
        await bench.until(lambda: len(bench.problems) > 2)
        assert not bench.last.ready
        assert "is of embedding letters 111111111111" in str(bench.last.problem)
        bench.topic.topic_id, bench.topic.records = "another", [indexed("a", "zebras", 0)]
        await bench.until(lambda: bench.last.ready)
        assert found(bench.index, "zebras") == ["a"]


async def test_what_waiting_does_not_mend_is_raised(bench: Bench) -> None:
    bench.refusals.append(ConfigurationError("a right is missing"))
    with pytest.raises(ConfigurationError):
        await follow_for_ever(Settings(), bench.index, EMBEDDING)


async def test_pauses_grow_while_nothing_works_and_begin_anew_after_a_step(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "LONGEST_BACKOFF_S", 0.003)
    bench.refusals += [BrokerError("one"), BrokerError("two"), BrokerError("three"), BrokerError("four")]
    with caplog.at_level("WARNING", module.__name__):
        async with bench.followed():
            await bench.until(lambda: bench.last.ready)
    backoffs = [record.args[1] for record in caplog.records if isinstance(record.args, tuple)]
    assert backoffs == [0.001, 0.002, 0.003, 0.003]

"""While a copy is made anew nobody searches it: neither empty, nor half full, nor across the change."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest
from aiokafka import TopicPartition

from docmill.errors import AbandonedError, IndexUnavailableError
from docmill.fallback_service.whole_copy import WholeCopy
from docmill.index.sqlite_index import SqliteIndex
from docmill.index.staleness import StaleReason
from docmill.index.types import Embedding, Hit, LocalIndex, Query
from docmill.kafka import follow_for_ever as module
from docmill.kafka import follow_index
from docmill.kafka.follow_for_ever import CopyProgress, follow_for_ever
from docmill.kafka.follow_index import IndexFollower
from docmill.settings import Settings
from tests.unit.index.fakes import EMBEDDING, query
from tests.unit.kafka.fakes import FakeRecord
from tests.unit.kafka.test_follow_index import TOPIC, FakeTopic, indexed

PATIENCE_S = 30
PASSAGES = 40
ANEW = StaleReason.TOPIC_CHANGED


@dataclass
class FakeIndex:
    """Does something while it is searched."""

    meanwhile: Callable[[], None] = lambda: None
    searched: list[Query] = field(default_factory=list)

    def search(self, query: Query) -> list[Hit]:
        self.searched.append(query)
        self.meanwhile()
        return []


def test_a_whole_copy_is_searched() -> None:
    index = FakeIndex()
    copy = WholeCopy(index)
    assert copy.search(query("zebra")) == []
    assert len(index.searched) == 1
    copy.wait(lambda: True)
    assert copy.problem is None


def test_one_that_is_made_anew_is_not_until_it_is_whole() -> None:
    index = FakeIndex()
    copy = WholeCopy(index)
    copy.begun_anew(ANEW)
    assert copy.problem == "it is made anew (topic_changed), and nothing is decided until then"
    with pytest.raises(IndexUnavailableError, match=r"not whole: it is made anew \(topic_changed\)"):
        copy.search(query("zebra"))
    copy.followed(CopyProgress(missing=1200, rebuilt=ANEW, problem="the broker is away"))
    assert copy.problem is not None
    assert copy.problem.endswith("about 1,200 records of the index are still to be read; the broker is away")
    with pytest.raises(IndexUnavailableError):
        copy.search(query("zebra"))
    assert index.searched == []
    copy.followed(CopyProgress(ready=True, rebuilt=ANEW))
    copy.search(query("zebra"))
    assert copy.problem is None


def test_what_was_found_while_it_was_made_anew_is_not_believed() -> None:
    index = FakeIndex()
    copy = WholeCopy(index)
    index.meanwhile = lambda: copy.begun_anew(ANEW)
    with pytest.raises(IndexUnavailableError):
        copy.search(query("zebra"))


def test_nor_where_it_is_whole_again_by_then() -> None:
    index = FakeIndex()
    copy = WholeCopy(index)

    def anew_and_whole() -> None:
        copy.begun_anew(ANEW)
        copy.followed(CopyProgress(ready=True, rebuilt=ANEW))

    index.meanwhile = anew_and_whole
    with pytest.raises(IndexUnavailableError, match="it was made anew"):
        copy.search(query("zebra"))


def test_with_the_broker_away_it_answers_from_what_it_has() -> None:
    copy = WholeCopy(FakeIndex())
    copy.followed(CopyProgress(ready=True, problem="the broker is away"))
    assert copy.search(query("zebra")) == []
    assert copy.problem == "the broker is away"


def test_it_is_waited_for_as_long_as_somebody_waits() -> None:
    copy = WholeCopy(FakeIndex())
    copy.begun_anew(ANEW)
    with pytest.raises(AbandonedError):
        copy.wait(lambda: True)
    looked: list[bool] = []

    def abandoned() -> bool:
        looked.append(True)
        copy.followed(CopyProgress(ready=True, rebuilt=ANEW))
        return False

    copy.wait(abandoned)
    assert looked == [True]


class SlowTopic(FakeTopic):
    """Of which a poll takes a moment: longer than a search."""

    async def getmany(self, timeout_ms: int) -> dict[TopicPartition, list[FakeRecord]]:
        await asyncio.sleep(0.02)
        return await super().getmany(timeout_ms)


async def test_no_search_sees_a_part_of_a_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread searches all the time while the copy is emptied and filled again, two passages at a time."""
    topic = SlowTopic([indexed(f"p{number}", f"zebra {number}", number) for number in range(PASSAGES)])
    index = SqliteIndex(tmp_path / "copy.sqlite")
    copy = WholeCopy(index)

    @asynccontextmanager
    async def connect(
        settings: Settings, index: LocalIndex, embedding: Embedding, on_rebuild: Callable[[StaleReason], None]
    ) -> AsyncIterator[IndexFollower]:
        yield IndexFollower(cast(Any, topic), TOPIC, topic.describe, index, on_rebuild=on_rebuild)

    monkeypatch.setattr(module, "new_follower", connect)
    monkeypatch.setattr(follow_index, "LOOK_EVERY_S", 0)
    found: list[int] = []
    refused: list[str] = []
    done = threading.Event()

    def search_on() -> None:
        while not done.is_set():
            try:
                found.append(len({hit.passage_id for hit in copy.search(query("zebra", k=2 * PASSAGES))}))
            except IndexUnavailableError as error:
                refused.append(str(error))
                time.sleep(0.001)  # as slices wait; a thread that raises all the time leaves no other its turn

    news = asyncio.Event()

    def hear(progress: CopyProgress) -> None:
        copy.followed(progress)
        news.set()

    async def until(holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not holds():
                news.clear()
                with suppress(TimeoutError):  # searches tell no news
                    await asyncio.wait_for(news.wait(), 0.05)

    copy.followed(CopyProgress())  # a copy of nothing yet
    following = asyncio.create_task(follow_for_ever(Settings(), index, EMBEDDING, hear, copy.begun_anew))
    await until(lambda: copy.progress.ready)
    searching = asyncio.create_task(asyncio.to_thread(search_on))
    try:
        for topic_id in ("two", "three"):
            searches, refusals = len(found), len(refused)
            topic.topic_id = topic_id
            await until(lambda refusals=refusals: len(refused) > refusals and copy.progress.ready)  # type: ignore[misc]
            await until(lambda searches=searches: len(found) > searches)  # type: ignore[misc]
    finally:
        done.set()
        await searching
        following.cancel()
        await asyncio.wait([following])
        index.close()
    assert copy.progress.rebuilt is ANEW
    assert set(found) == {PASSAGES}

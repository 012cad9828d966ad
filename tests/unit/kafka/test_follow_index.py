"""A copy follows its topic: from where it is, from the start where it is stale, and never past what it has applied."""

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest
from aiokafka import TopicPartition

from docmill.errors import BrokerError, IndexEmbeddingError, IndexRecordError, IndexUnavailableError
from docmill.index.decode import indexed_event
from docmill.index.sqlite_index import SqliteIndex
from docmill.index.staleness import Log, StaleReason
from docmill.index.types import Applied, Change, Chunk, Embedding, Source
from docmill.index.vectors import to_bytes
from docmill.kafka import follow_index
from docmill.kafka.follow_index import IndexFollower, describe_log, read_to_end
from docmill_schemas.events import KnowledgeUpdated
from tests.unit.index.fakes import EMBEDDING, OTHER_EMBEDDING, query, vector_of
from tests.unit.kafka.fakes import FakeRecord

TOPIC = "claims.knowledge.indexed"
DAY_MS = 24 * 3600 * 1000


def indexed(passage_id: str, text: str | None, offset: int, embedding: Embedding = EMBEDDING) -> FakeRecord:
    """A record of the topic; without a text a tombstone."""
    value = None
    if text is not None:
        updated = KnowledgeUpdated(passage_id=passage_id, kind="policy", text=text)
        event = indexed_event(updated, embedding, (Chunk(0, len(text), to_bytes(vector_of(text))),))
        value = event.model_dump_json().encode()
    return FakeRecord(value, key=passage_id.encode(), topic=TOPIC, partition=0, offset=offset)


@dataclass
class FakeTopic:
    """One partition of the broker's, and a consumer of it. `markers` offsets at its end hold no record."""

    records: list[FakeRecord] = field(default_factory=list)
    markers: int = 0
    topic_id: str = "one"
    start: int = 0
    at: int | None = None
    away: bool = False  # the broker does not answer
    silent: bool = False  # it gives no records
    illegible: bool = False  # those that it gives aiokafka cannot read
    sought: list[int] = field(default_factory=list)

    @property
    def end(self) -> int:
        return (self.records[-1].offset + 1 if self.records else self.start) + self.markers

    async def describe(self) -> Log:
        if self.away:
            raise BrokerError("away")
        return Log(Source(self.topic_id, EMBEDDING), {0: self.start}, {0: self.end}, DAY_MS)

    def assign(self, partitions: Sequence[TopicPartition]) -> None:
        assert partitions == [TopicPartition(TOPIC, 0)]

    def seek(self, partition: TopicPartition, offset: int) -> None:
        self.at = offset
        self.sought.append(offset)

    async def getmany(self, timeout_ms: int) -> dict[TopicPartition, list[FakeRecord]]:
        assert self.at is not None
        if self.silent:
            return {}
        polled = [record for record in self.records if record.offset >= self.at][:2]
        self.at = polled[-1].offset + 1 if polled else self.end
        if self.illegible:
            b"\xff".decode()
        return {TopicPartition(TOPIC, 0): polled} if polled else {}

    async def position(self, partition: TopicPartition) -> int:
        assert self.at is not None
        return self.at


@dataclass
class Clock:
    now_ms: int = 1_000_000

    def __call__(self) -> int:
        return self.now_ms


@pytest.fixture
def index(tmp_path: Path) -> Iterator[SqliteIndex]:
    made = SqliteIndex(tmp_path / "copy.sqlite")
    yield made
    made.close()


def follower(
    topic: FakeTopic,
    index: SqliteIndex,
    clock: Clock | None = None,
    on_rebuild: Callable[[StaleReason], None] = lambda reason: None,
) -> IndexFollower:
    return IndexFollower(cast(Any, topic), TOPIC, topic.describe, index, clock or Clock(), on_rebuild)


def found(index: SqliteIndex, text: str) -> list[str]:
    return [hit.passage_id for hit in index.search(query(text)) if hit.score.text_rank is not None]


async def test_a_new_copy_is_ready_at_the_end_that_it_saw_at_start(index: SqliteIndex) -> None:
    topic = FakeTopic([indexed("a", "zebras", 0), indexed("b", "yaks", 1), indexed("a", "xerus", 2)], markers=1)
    following = follower(topic, index)
    assert not following.ready
    await following.look()
    assert following.rebuilt is StaleReason.NEW
    assert following.missing == 4
    topic.records.append(indexed("c", "wombats", 4))
    assert await following.step()
    assert not following.ready
    while not following.ready:
        await following.step()
    assert found(index, "xerus") == ["a"]
    assert found(index, "zebras") == []
    while await following.step():
        pass
    assert found(index, "wombats") == ["c"]
    assert not await following.step()  # nothing new is no step


async def test_that_a_copy_is_made_anew_is_said_before_it_is_emptied(index: SqliteIndex) -> None:
    topic = FakeTopic([indexed("a", "zebras", 0)])
    told: list[tuple[StaleReason, list[str], bool]] = []
    following = follower(topic, index, None, lambda why: told.append((why, found(index, "zebras"), following.ready)))
    while not following.ready:
        await following.step()
    topic.topic_id = "another"
    await following.look()
    assert told == [(StaleReason.NEW, [], False), (StaleReason.TOPIC_CHANGED, ["a"], False)]
    assert found(index, "zebras") == []
    await following.look()
    assert len(told) == 2


async def test_an_empty_topic_is_ready_at_once(index: SqliteIndex) -> None:
    following = follower(FakeTopic(), index)
    await following.look()
    assert following.ready


async def test_a_copy_goes_on_from_where_it_was(index: SqliteIndex) -> None:
    topic = FakeTopic([indexed("a", "zebras", 0)])
    before = follower(topic, index)
    await before.look()
    await before.step()
    topic.records += [indexed("a", None, 1), indexed("b", "yaks", 2)]
    after = follower(topic, index)
    await after.look()
    assert after.rebuilt is None
    assert topic.sought == [0, 1]
    await after.step()
    assert found(index, "zebras") == []
    assert found(index, "yaks") == ["b"]


async def test_a_copy_that_was_away_for_too_long_begins_anew(index: SqliteIndex) -> None:
    clock = Clock()
    topic = FakeTopic([indexed("a", "zebras", 0), indexed("b", "yaks", 1)])
    before = follower(topic, index, clock)
    await before.look()
    await before.step()
    await before.look()  # read to its end, at this time
    clock.now_ms += DAY_MS - 1
    topic.records = [indexed("b", "yaks", 1)]  # compaction took `a`, its tombstone too
    kept = follower(topic, index, clock)
    await kept.look()
    assert kept.rebuilt is None
    clock.now_ms += DAY_MS
    after = follower(topic, index, clock)
    await after.look()
    assert after.rebuilt is StaleReason.AWAY_TOO_LONG
    assert not after.ready
    await after.step()
    assert after.ready
    assert found(index, "zebras") == []
    assert found(index, "yaks") == ["b"]


async def test_a_topic_made_anew_before_the_last_look_is_read_too(index: SqliteIndex) -> None:
    topic = FakeTopic([indexed("a", "zebras", 0), indexed("b", "yaks", 1)])
    following = follower(topic, index)
    await following.look()

    def made_anew(missing: int) -> None:
        if following.ready and topic.topic_id == "one":
            topic.topic_id, topic.records = "two", [indexed("c", "wombats", 0)]

    await read_to_end(following, made_anew)
    assert following.rebuilt is StaleReason.TOPIC_CHANGED
    assert following.ready
    assert found(index, "wombats") == ["c"]


async def test_a_topic_made_anew_while_it_is_followed_is_seen(
    index: SqliteIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow_index, "LOOK_EVERY_S", 0)
    topic = FakeTopic([indexed("a", "zebras", 0), indexed("b", "yaks", 1)])
    following = follower(topic, index)
    while not following.ready:
        await following.step()
    topic.topic_id, topic.records = "another", [indexed("c", "wombats", 0)]
    await following.step()
    assert following.rebuilt is StaleReason.TOPIC_CHANGED
    assert found(index, "zebras") == []
    assert found(index, "wombats") == ["c"]


async def test_each_look_at_the_end_is_remembered(index: SqliteIndex) -> None:
    clock = Clock()
    topic = FakeTopic([indexed("a", "zebras", 0)])
    following = follower(topic, index, clock)
    await following.look()
    clock.now_ms += 5
    await following.look()  # not at the end: not remembered
    assert following.complete_at_ms is None
    assert cast(Any, index.state()).complete_at_ms == clock.now_ms - 5
    seen_ms = clock.now_ms
    clock.now_ms += 5
    await following.step()  # it comes to the end that was seen then, and cannot know of what was written since
    assert following.complete_at_ms == seen_ms
    assert cast(Any, index.state()).complete_at_ms == seen_ms
    await following.look()
    assert following.complete_at_ms == clock.now_ms
    assert cast(Any, index.state()).complete_at_ms == clock.now_ms


async def test_a_log_that_never_stands_still_is_read_to_the_ends_that_were_seen(index: SqliteIndex) -> None:
    clock = Clock()
    topic = FakeTopic([indexed("a", "zebras", 0)])
    following = follower(topic, index, clock)
    for offset in range(1, 12):
        clock.now_ms += 1
        await following.look()  # the copy is always one record behind here
        await following.step()
        topic.records.append(indexed("a", "zebras", offset))
    assert following.complete_at_ms == clock.now_ms


class FailsOnce(SqliteIndex):
    """Its disk is full when the first changes come."""

    failed = False

    def apply(self, changes: Sequence[Change], **more: Any) -> Applied:
        if changes and not self.failed:
            self.failed = True
            raise IndexUnavailableError("no room")
        return super().apply(changes, **more)


async def test_a_poll_that_could_not_be_applied_comes_again(tmp_path: Path) -> None:
    index = FailsOnce(tmp_path / "full.sqlite")
    topic = FakeTopic([indexed("a", "zebras", 0), indexed("b", "yaks", 1), indexed("c", "wombats", 2)])
    following = follower(topic, index)
    with pytest.raises(IndexUnavailableError):
        await following.step()
    assert not following.ready
    while not following.ready:
        await following.step()
    assert [found(index, word) for word in ("zebras", "yaks", "wombats")] == [["a"], ["b"], ["c"]]
    index.close()


class WaitsOnce(SqliteIndex):
    """Its first changes are not through before `go_on`."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.waits, self.go_on = threading.Event(), threading.Event()

    def apply(self, changes: Sequence[Change], **more: Any) -> Applied:
        if changes and not self.waits.is_set():
            self.waits.set()
            assert self.go_on.wait(30)
            raise IndexUnavailableError("no room")
        return super().apply(changes, **more)


async def test_a_step_that_is_cancelled_loses_nothing(tmp_path: Path) -> None:
    index = WaitsOnce(tmp_path / "slow.sqlite")
    following = follower(FakeTopic([indexed("a", "zebras", 0), indexed("b", "yaks", 1)]), index)
    step = asyncio.create_task(following.step())
    assert await asyncio.to_thread(index.waits.wait, 30)
    step.cancel()
    with pytest.raises(asyncio.CancelledError):
        await step
    index.go_on.set()
    while not following.ready:
        await following.step()
    assert found(index, "zebras") == ["a"]
    index.close()


async def test_a_look_that_failed_is_made_again_at_the_next_step(index: SqliteIndex) -> None:
    topic = FakeTopic([indexed("a", "zebras", 0)])
    following = follower(topic, index)
    while not following.ready:
        await following.step()
    topic.topic_id, topic.away = "another", True
    with pytest.raises(BrokerError):
        await following.look()
    topic.away = False
    await following.step()
    assert following.rebuilt is StaleReason.TOPIC_CHANGED


async def test_a_broker_that_gives_nothing_though_the_copy_is_behind_is_told(
    index: SqliteIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic = FakeTopic([indexed("a", "zebras", 0)])
    following = follower(topic, index)
    while not following.ready:
        await following.step()
    monkeypatch.setattr(follow_index, "STALLED_AFTER_S", 0)
    assert not await following.step()  # nothing is missing
    topic.records.append(indexed("b", "yaks", 1))
    topic.silent = True
    await following.look()
    with pytest.raises(BrokerError, match=r"no more records of claims\.knowledge\.indexed"):
        await following.step()


async def test_a_record_that_is_none_deletes_what_was_under_its_key_and_is_told(
    index: SqliteIndex, caplog: pytest.LogCaptureFixture
) -> None:
    bad = FakeRecord(b"no JSON", key=b"a", topic=TOPIC, offset=1)
    topic = FakeTopic([indexed("a", "zebras", 0), bad, indexed("b", "yaks", 2)])
    following = follower(topic, index)
    await following.step()
    assert following.unreadable == 1
    assert "knowledge.indexed-0 at offset 1 is no KnowledgeIndexed: event: json_invalid (its key: 'a')" in caplog.text
    while not following.ready:
        await following.step()
    assert found(index, "zebras") == []
    assert found(index, "yaks") == ["b"]
    topic.records.append(indexed("a", "zebras", 3))  # sent again
    await following.step()
    assert found(index, "zebras") == ["a"]
    assert following.unreadable == 1


async def test_copies_agree_whatever_compaction_took(tmp_path: Path) -> None:
    """One saw the passage before the bad record, for the other it was compacted away."""
    bad = FakeRecord(b"no JSON", key=b"a", topic=TOPIC, offset=1)
    answers = []
    for name, records in {"saw": [indexed("a", "zebras", 0), bad], "late": [bad]}.items():
        index = SqliteIndex(tmp_path / name)
        following = follower(FakeTopic([*records, indexed("b", "yaks", 2)]), index)
        while not following.ready:
            await following.step()
        answers.append([hit.passage_id for hit in index.search(query("zebras yaks"))])
        index.close()
    assert answers == [["b"], ["b"]]


@pytest.mark.parametrize("key", [None, b"", b"\xff"], ids=["none", "empty", "no UTF-8"])
async def test_a_record_under_no_passage_id_is_passed_over(index: SqliteIndex, key: bytes | None) -> None:
    topic = FakeTopic([FakeRecord(None, key=key, topic=TOPIC, offset=0), indexed("a", "zebras", 1)])
    following = follower(topic, index)
    await following.step()
    assert (following.ready, following.unreadable) == (True, 1)
    assert found(index, "zebras") == ["a"]


async def test_a_passage_of_another_embedding_among_others_is_never_searched(index: SqliteIndex) -> None:
    topic = FakeTopic([indexed("a", "zebras", 0), indexed("b", "yaks", 1, OTHER_EMBEDDING)])
    following = follower(topic, index)
    await following.step()
    topic.records.append(indexed("a", "zebras", 2, OTHER_EMBEDDING))
    topic.records.append(indexed("c", "wombats", 3))
    await following.step()
    assert following.unreadable == 2
    assert [hit.passage_id for hit in index.search(query("zebras yaks wombats"))] == ["c"]


async def test_a_topic_of_another_embedding_is_no_empty_index(index: SqliteIndex) -> None:
    topic = FakeTopic([indexed("a", "zebras", 0, OTHER_EMBEDDING)])
    following = follower(topic, index)
    with pytest.raises(IndexEmbeddingError, match=r"claims\.knowledge\.indexed is of embedding letters 111111111111"):
        await following.step()
    assert not following.ready
    topic.records.append(indexed("b", "yaks", 1))  # so it was one bad record
    await following.step()
    assert following.ready
    assert found(index, "yaks") == ["b"]


async def test_a_header_that_aiokafka_cannot_read_stops_it_with_nothing_lost(index: SqliteIndex) -> None:
    topic = FakeTopic([indexed("a", "zebras", 0)], illegible=True)
    following = follower(topic, index)
    with pytest.raises(IndexRecordError, match="a header whose name is not UTF-8"):
        await following.step()
    topic.illegible = False
    await following.step()
    assert found(index, "zebras") == ["a"]


class FakeAdmin:
    """Knows a topic of so many partitions."""

    def __init__(self, partitions: int) -> None:
        self._partitions = partitions

    async def describe_topics(self, names: Sequence[str]) -> list[dict[str, Any]]:
        return [{"topic": name, "partitions": [{"partition": p} for p in range(self._partitions)]} for name in names]


class FakeOffsets:
    """Logs from 2 to 7."""

    async def beginning_offsets(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(partitions, 2)

    async def end_offsets(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(partitions, 7)


@pytest.fixture
def described_topic(monkeypatch: pytest.MonkeyPatch) -> None:
    async def id_of(*_: object) -> str:
        return "one"

    async def retention_ms(*_: object) -> int:
        return DAY_MS

    monkeypatch.setattr(follow_index, "topic_id", id_of)
    monkeypatch.setattr(follow_index, "delete_retention_ms", retention_ms)


@pytest.mark.usefixtures("described_topic")
async def test_a_log_is_described_by_its_partitions() -> None:
    admin, offsets = cast(Any, FakeAdmin(2)), cast(Any, FakeOffsets())
    described = await describe_log(admin, offsets, TOPIC, EMBEDDING)
    assert described == Log(Source("one", EMBEDDING), {0: 2, 1: 2}, {0: 7, 1: 7}, DAY_MS)


@pytest.mark.usefixtures("described_topic")
async def test_a_topic_whose_partitions_are_not_told_empties_no_copy() -> None:
    with pytest.raises(BrokerError, match="does not say which partitions"):
        await describe_log(cast(Any, FakeAdmin(0)), cast(Any, FakeOffsets()), TOPIC, EMBEDDING)

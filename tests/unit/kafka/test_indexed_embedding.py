"""The first passage tells the embedding of a topic; deletions and markers before it tell nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from aiokafka import TopicPartition

from docmill.errors import BrokerError, IndexRecordError
from docmill.index.types import Embedding
from docmill.kafka import indexed_embedding as module
from docmill.kafka.indexed_embedding import first_embedding
from tests.unit.index.fakes import EMBEDDING, OTHER_EMBEDDING
from tests.unit.kafka.fakes import FakeRecord
from tests.unit.kafka.test_follow_index import TOPIC, indexed

P0 = TopicPartition(TOPIC, 0)


@dataclass
class FakeConsumer:
    """Of one partition, one record a poll, which ends with a marker."""

    records: Sequence[FakeRecord]
    silent: bool = False
    illegible: bool = False  # what it gives aiokafka cannot read
    polled: list[int] = field(default_factory=list)
    at: int = 0

    def assign(self, partitions: list[TopicPartition]) -> None:
        assert partitions == [P0]

    def seek(self, partition: TopicPartition, offset: int) -> None:
        self.at = offset

    async def beginning_offsets(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        return {P0: 0}

    async def end_offsets(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        return {P0: len(self.records) + 1 if self.records else 0}

    async def position(self, partition: TopicPartition) -> int:
        return self.at

    async def getmany(self, timeout_ms: int) -> dict[TopicPartition, list[FakeRecord]]:
        if self.silent:
            return {}
        if self.illegible:
            b"\xff".decode()
        polled = list(self.records[self.at : self.at + 1])
        self.at += 1
        self.polled += [record.offset for record in polled]
        return {P0: polled} if polled else {}


async def first(consumer: FakeConsumer) -> Embedding | None:
    return await first_embedding(cast(Any, consumer), [P0])


async def test_it_is_that_of_the_first_passage_and_no_more_is_read() -> None:
    consumer = FakeConsumer(
        [indexed("a", None, 0), indexed("b", "yaks", 1, OTHER_EMBEDDING), indexed("c", "xerus", 2, EMBEDDING)]
    )
    assert await first(consumer) == OTHER_EMBEDDING
    assert consumer.polled == [0, 1]


async def test_a_topic_without_a_passage_has_none() -> None:
    assert await first(FakeConsumer([])) is None
    assert await first(FakeConsumer([indexed("a", None, 0)])) is None


async def test_a_record_of_a_stranger_is_told_and_tells_nothing(caplog: pytest.LogCaptureFixture) -> None:
    stranger = FakeRecord(b"no JSON", key=b"a", topic=TOPIC, offset=0)
    assert await first(FakeConsumer([stranger, indexed("b", "yaks", 1, OTHER_EMBEDDING)])) == OTHER_EMBEDDING
    assert "knowledge.indexed-0 at offset 0 is no KnowledgeIndexed" in caplog.text
    assert await first(FakeConsumer([stranger])) is None


async def test_a_record_that_cannot_be_read_says_what_to_do() -> None:
    with pytest.raises(IndexRecordError, match="not UTF-8, which cannot be read: make the topic anew") as raised:
        await first(FakeConsumer([indexed("a", "yaks", 0)], illegible=True))
    assert str(raised.value).startswith(TOPIC)


async def test_a_broker_that_gives_no_record_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STALLED_AFTER_S", 0)
    with pytest.raises(BrokerError, match="gives no records"):
        await first(FakeConsumer([indexed("a", "yaks", 0)], silent=True))

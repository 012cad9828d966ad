"""At least once: all acknowledged, then committed; and no offset that the log does not have."""

import asyncio
from collections.abc import Iterable
from typing import Any, cast

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import (
    CommitFailedError,
    IllegalStateError,
    KafkaConnectionError,
    KafkaError,
    KafkaTimeoutError,
    MessageSizeTooLargeError,
)
from aiokafka.structs import OffsetAndMetadata

from docmill.errors import BrokerError, LogTruncatedError, RecordsLostError
from docmill.kafka.at_least_once import AtLeastOnce
from docmill.kafka.crash_marks import CrashMark
from docmill.kafka.delivery import Committed
from docmill.kafka.publish import OutgoingRecord

HELD = CrashMark("this one")
P0 = TopicPartition("documents.received", 0)


class Broker:
    """The little of a consumer and a producer that delivery uses; `log` tells what happened in which order."""

    def __init__(self, committed: int | None = 10, start: int = 0, end: int = 100, metadata: str = "") -> None:
        self.offset = committed
        self.metadata = metadata
        self.start, self.end = start, end
        self.log: list[Any] = []
        self.acks: list[asyncio.Future[None]] = []
        self.send_error: Exception | None = None
        self.commit_error: Exception | None = None
        self.read_error: Exception | None = None

    async def committed_with_metadata(self, *partitions: TopicPartition) -> dict[TopicPartition, OffsetAndMetadata]:
        if isinstance(self.read_error, KafkaConnectionError):
            raise self.read_error
        return {} if self.offset is None else {P0: OffsetAndMetadata(self.offset, self.metadata)}

    async def beginning_offsets(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        if isinstance(self.read_error, KafkaTimeoutError):
            raise self.read_error
        return dict.fromkeys(partitions, self.start)

    async def end_offsets(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        if isinstance(self.read_error, IllegalStateError):
            raise self.read_error
        return dict.fromkeys(partitions, self.end)

    async def send(self, topic: str, value: Any, key: Any, headers: Any) -> "asyncio.Future[None]":
        if self.send_error is not None and len(self.acks) == 1:
            raise self.send_error
        self.log.append((topic, key, value, headers))
        self.acks.append(asyncio.get_running_loop().create_future())
        return self.acks[-1]

    async def commit(self, offsets: dict[TopicPartition, tuple[int, str]]) -> None:
        if self.commit_error is not None:
            raise self.commit_error
        self.log.append(offsets)

    def delivery(self) -> AtLeastOnce:
        return AtLeastOnce(lambda: cast(Any, self), cast(Any, self), "claims.")

    def commits(self) -> list[dict[TopicPartition, tuple[int, str]]]:
        return [entry for entry in self.log if isinstance(entry, dict)]


def at(offset: int, mark: CrashMark = HELD) -> Committed:
    return Committed(offset, mark)


def outgoing(*keys: bytes) -> list[OutgoingRecord]:
    return [OutgoingRecord("documents.processed", key, b"v", [("h", None)]) for key in keys]


async def sent(broker: Broker, count: int) -> None:
    async with asyncio.timeout(5):
        while len(broker.acks) < count:  # noqa: ASYNC110 -- the condition is the code under test
            await asyncio.sleep(0)


async def test_the_commit_waits_for_every_ack() -> None:
    broker = Broker()
    publishing = asyncio.create_task(broker.delivery().publish_and_commit(P0, outgoing(b"a", b"b", b"c"), at(13)))
    await sent(broker, 3)
    assert broker.log == [("claims.documents.processed", key, b"v", [("h", None)]) for key in (b"a", b"b", b"c")]
    for ack in (broker.acks[2], broker.acks[0]):
        ack.set_result(None)
        for _ in range(5):
            await asyncio.sleep(0)
        assert broker.commits() == []
    broker.acks[1].set_result(None)
    await asyncio.wait_for(publishing, 5)
    assert broker.commits() == [{P0: (13, HELD.as_metadata())}]


async def test_a_failed_ack_commits_nothing() -> None:
    broker = Broker()
    publishing = asyncio.create_task(broker.delivery().publish_and_commit(P0, outgoing(b"a", b"b", b"c"), at(13)))
    await sent(broker, 3)
    broker.acks[0].set_result(None)
    broker.acks[1].set_exception(MessageSizeTooLargeError())
    broker.acks[2].set_result(None)
    with pytest.raises(BrokerError, match=r"documents\.received-0 up to 13"):
        await asyncio.wait_for(publishing, 5)
    assert broker.commits() == []


async def test_a_failed_send_commits_nothing() -> None:
    broker = Broker()
    broker.send_error = KafkaTimeoutError()
    with pytest.raises(BrokerError):
        await broker.delivery().publish_and_commit(P0, outgoing(b"a", b"b"), at(12))
    assert broker.commits() == []


async def test_a_cancelled_publish_commits_nothing() -> None:
    broker = Broker()
    publishing = asyncio.create_task(broker.delivery().publish_and_commit(P0, outgoing(b"a"), at(11)))
    await sent(broker, 1)
    publishing.cancel()
    await asyncio.wait({publishing}, timeout=5)
    assert publishing.cancelled()
    assert broker.commits() == []


@pytest.mark.parametrize("error", [CommitFailedError(), IllegalStateError("not assigned")])
async def test_a_refused_commit_is_the_brokers_fault(error: KafkaError) -> None:
    broker = Broker()
    broker.commit_error = error
    publishing = asyncio.create_task(broker.delivery().publish_and_commit(P0, outgoing(b"a"), at(11)))
    await sent(broker, 1)
    broker.acks[0].set_result(None)
    with pytest.raises(BrokerError):
        await asyncio.wait_for(publishing, 5)


async def test_acquiring_reads_on_from_the_committed_offset() -> None:
    assert await Broker(committed=10, start=10, end=10).delivery().acquire(P0) == at(10, CrashMark())
    assert await Broker(committed=0).delivery().acquire(P0) == at(0, CrashMark())


async def test_acquiring_finds_what_the_owner_before_left() -> None:
    left = CrashMark("another", 500, deaths=1)
    assert await Broker(committed=3, metadata=left.as_metadata()).delivery().acquire(P0) == at(3, left)


async def test_a_new_group_reads_from_the_start_of_the_log() -> None:
    assert await Broker(committed=None, start=7).delivery().acquire(P0) == at(7, CrashMark())


async def test_records_deleted_below_the_committed_offset_are_lost() -> None:
    with pytest.raises(RecordsLostError, match="offsets 10 to 24") as lost:
        await Broker(committed=10, start=25).delivery().acquire(P0)
    assert lost.value.records == 15


async def test_an_offset_beyond_the_log_is_of_another_log() -> None:
    """aiokafka would start at the beginning of the new topic, silently."""
    with pytest.raises(LogTruncatedError, match="ends at 9"):
        await Broker(committed=10, end=9).delivery().acquire(P0)


async def test_the_start_of_the_log_is_checked_from_the_offset_on() -> None:
    delivery = Broker(start=25).delivery()
    await delivery.check_log_start(P0, 25)
    with pytest.raises(RecordsLostError):
        await delivery.check_log_start(P0, 24)


@pytest.mark.parametrize("error", [KafkaConnectionError(), KafkaTimeoutError(), IllegalStateError()])
async def test_a_broker_that_does_not_answer_is_a_broker_error(error: KafkaError) -> None:
    broker = Broker()
    broker.read_error = error
    with pytest.raises(BrokerError):
        await broker.delivery().acquire(P0)


async def test_a_mark_moves_no_offset() -> None:
    broker = Broker()
    await broker.delivery().mark(P0, at(7))
    assert broker.commits() == [{P0: (7, HELD.as_metadata())}]


async def test_a_refused_mark_is_the_brokers_fault() -> None:
    broker = Broker()
    broker.commit_error = CommitFailedError()
    with pytest.raises(BrokerError, match=r"documents\.received-0 at 7"):
        await broker.delivery().mark(P0, at(7))


async def test_releasing_takes_the_mark_back_and_keeps_the_offset() -> None:
    broker = Broker(committed=7, metadata=HELD.as_metadata())
    await broker.delivery().release({P0: at(7)})
    assert broker.commits() == [{P0: (7, "")}]


@pytest.mark.parametrize(
    ("committed", "metadata"),
    [(8, HELD.as_metadata()), (7, CrashMark("another").as_metadata()), (7, ""), (None, "")],
    ids=["moved on", "taken over", "released by another", "gone"],
)
async def test_releasing_moves_nothing_back_that_moved_on(committed: int | None, metadata: str) -> None:
    broker = Broker(committed=committed, metadata=metadata)
    await broker.delivery().release({P0: at(7)})
    assert broker.commits() == []


@pytest.mark.parametrize("error", [CommitFailedError(), KafkaConnectionError()])
async def test_a_release_that_fails_is_the_brokers_fault(error: KafkaError) -> None:
    broker = Broker(committed=7, metadata=HELD.as_metadata())
    broker.commit_error = broker.read_error = error
    with pytest.raises(BrokerError, match="1 partitions"):
        await broker.delivery().release({P0: at(7)})


async def test_releasing_nothing_asks_nobody() -> None:
    broker = Broker()
    broker.read_error = KafkaConnectionError()
    await broker.delivery().release({})
    assert broker.commits() == []

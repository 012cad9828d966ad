"""Exactly once: fenced before read, everything in one transaction, and a producer that failed is never used again."""

import asyncio
from types import SimpleNamespace
from typing import Any, ClassVar, cast

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import (
    IllegalOperation,
    KafkaConnectionError,
    KafkaError,
    ProducerFenced,
    TopicAuthorizationFailedError,
    UnknownMemberIdError,
)
from aiokafka.structs import OffsetAndMetadata

from docmill.errors import BrokerError, ConfigurationError, RecordsLostError
from docmill.kafka.crash_marks import CrashMark, signed
from docmill.kafka.delivery import Committed
from docmill.kafka.exactly_once import ExactlyOnce, transactional_id
from docmill.kafka.progress import Progress
from docmill.kafka.publish import OutgoingRecord
from docmill.settings import load_settings

HELD = CrashMark("this one")
P0, P1 = TopicPartition("claims.documents.received", 0), TopicPartition("claims.documents.received", 1)
STEPS = ("begin", "send", "ack", "offsets", "commit")


class Accumulator:
    _batches: ClassVar[dict[TopicPartition, Any]] = {}
    _pending_batches = ()

    def __init__(self, producer: "FakeProducer") -> None:
        self._producer = producer

    def fail_all(self, error: Exception) -> None:
        self._producer.log.append("abandoned")


class FakeProducer:
    """Logs what is asked of it; fails or hangs at the step of that name."""

    def __init__(self, name: str, log: list[Any]) -> None:
        self.name, self.log = name, log
        self.fails_at: dict[str, BaseException] = {}
        self.hangs_at: set[str] = set()
        self._message_accumulator = Accumulator(self)
        self._txn_manager: Any = None

    async def _step(self, step: str, entry: Any = None) -> None:
        if step in self.hangs_at:
            await asyncio.Event().wait()
        if step in self.fails_at:
            raise self.fails_at[step]
        self.log.append(entry or step)

    async def start(self) -> None:
        await self._step("start", ("start", self.name))

    async def begin_transaction(self) -> None:
        await self._step("begin")

    async def partitions_for(self, topic: str) -> set[int]:
        assert topic == "claims.documents.progress"
        return {0, 1}

    async def send(
        self, topic: str, value: Any, key: Any, headers: Any = None, partition: int | None = None
    ) -> "asyncio.Task[None]":
        own = topic == "claims.documents.progress"
        await self._step("send", ("progress", partition, value) if own else (topic, key, value, headers))
        return asyncio.create_task(self._step("ack"))

    async def send_offsets_to_transaction(self, offsets: dict[TopicPartition, OffsetAndMetadata], group: str) -> None:
        await self._step("offsets", (offsets, group))

    async def commit_transaction(self) -> None:
        await self._step("commit")

    async def stop(self) -> None:
        await self._step("stop")


class FakeProgress:
    """The log of offsets, in which nothing was ever written unless `offset` says so."""

    def __init__(self, log: list[Any]) -> None:
        self.log = log
        self.said: Progress | None = None
        self.error: BaseException | None = None
        self.hangs = self.closed = False

    async def last(self, key: bytes, partition: int) -> Progress | None:
        self.log.append(("ours?", key.decode(), partition))
        if self.hangs:
            await asyncio.Event().wait()
        if self.error is not None:
            raise self.error
        return self.said

    async def close(self) -> None:
        self.closed = True


class Broker:
    """The little of a consumer that delivery uses, and the producers that were made."""

    def __init__(self, committed: int | None = 10, start: int = 0, end: int = 100, mark: CrashMark = HELD) -> None:
        self.offset, self.start, self.end, self.mark = committed, start, end, mark
        self.log: list[Any] = []
        self.producers: list[FakeProducer] = []
        self.progress = FakeProgress(self.log)
        self.next_fails_at: dict[str, BaseException] = {}
        self.next_hangs_at: set[str] = set()
        self.membership: KafkaError | None = None

    async def confirm_membership(self) -> None:
        self.log.append("member?")
        if self.membership is not None:
            raise self.membership

    async def committed_with_metadata(self, *partitions: TopicPartition) -> dict[TopicPartition, OffsetAndMetadata]:
        self.log.append("committed?")
        return (
            {}
            if self.offset is None
            else {p: OffsetAndMetadata(self.offset, self.mark.as_metadata()) for p in partitions}
        )

    async def beginning_offsets(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(partitions, self.start)

    async def end_offsets(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(partitions, self.end)

    def producer(self, name: str) -> Any:
        made = FakeProducer(name, self.log)
        made.fails_at, made.hangs_at = self.next_fails_at, self.next_hangs_at
        self.next_fails_at, self.next_hangs_at = {}, set()
        self.producers.append(made)
        return made

    def delivery(self, timeout_s: float = 5.0) -> ExactlyOnce:
        progress = cast(Any, self.progress)
        return ExactlyOnce(lambda: cast(Any, self), self.producer, progress, "mill", "claims.", timeout_s, "id7")


def outgoing(*keys: bytes) -> list[OutgoingRecord]:
    return [OutgoingRecord("documents.processed", key, b"v", [("h", None)]) for key in keys]


def at(offset: int, mark: CrashMark = HELD) -> Committed:
    return Committed(offset, mark)


async def acquired(broker: Broker, timeout_s: float = 5.0) -> ExactlyOnce:
    delivery = broker.delivery(timeout_s)
    await delivery.acquire(P0)
    broker.log.clear()
    return delivery


async def test_the_offset_is_read_after_the_owner_before_was_fenced() -> None:
    broker = Broker()
    assert await broker.delivery().acquire(P0) == at(10)
    key = "mill:claims.documents.received:0"
    assert broker.log == ["member?", ("start", key), ("ours?", f"{key}:id7", 0), "committed?"]


def own_log(offset: int, commit: int, mark: CrashMark = HELD, by_hand: int | None = None) -> Progress:
    return Progress(OffsetAndMetadata(offset, signed(mark, commit)), by_hand)


async def test_what_the_coordinator_has_forgotten_our_own_log_knows(caplog: pytest.LogCaptureFixture) -> None:
    broker = Broker(committed=10)
    broker.progress.said = own_log(90, 30, CrashMark("another", 5))
    delivery = broker.delivery()
    assert await delivery.acquire(P0) == at(90, CrashMark("another", 5))
    assert "has forgotten offset 90, it says 10" in caplog.text
    broker.offset = None
    assert await delivery.acquire(P0) == at(90, CrashMark("another", 5))
    assert "has forgotten offset 90, it says none" in caplog.text
    broker.log.clear()
    await delivery.mark(P0, at(90))
    assert ("progress", 0, own_log(90, 31).as_value()) in broker.log  # it goes on counting


async def test_an_offset_set_by_hand_is_believed_once(caplog: pytest.LogCaptureFixture) -> None:
    broker = Broker(committed=10, mark=CrashMark())
    broker.progress.said = own_log(90, 30)
    delivery = broker.delivery()
    assert await delivery.acquire(P0) == at(10, CrashMark())
    broker.log.clear()
    await delivery.mark(P0, at(10))
    assert ("progress", 0, own_log(10, 31, by_hand=10).as_value()) in broker.log
    broker.progress.said = own_log(70, 50, by_hand=10)
    assert await delivery.acquire(P0) == at(70)  # the coordinator has come back to it
    assert "has forgotten offset 70, it says 10" in caplog.text


@pytest.mark.parametrize("how", ["fails", "hangs", "lost"])
async def test_after_a_failed_acquire_a_release_says_nothing(how: str) -> None:
    """What this replica last knew is of before the failure: the broker may have committed more since."""
    broker = Broker(committed=10)
    delivery = await acquired(broker)
    if how == "fails":
        broker.progress.error = BrokerError("a transaction is open")
    elif how == "hangs":
        broker.progress.hangs = True
    else:
        broker.start = 25
    again = asyncio.create_task(delivery.acquire(P0))
    await asyncio.wait({again}, timeout=0.05)
    again.cancel()
    await asyncio.wait({again})
    broker.log.clear()
    await delivery.release({P0: at(10)})
    await delivery.close()
    assert "begin" not in broker.log


async def test_who_is_no_member_fences_nobody() -> None:
    broker = Broker()
    broker.membership = UnknownMemberIdError()
    with pytest.raises(BrokerError, match="not acquired"):
        await broker.delivery().acquire(P0)
    assert broker.producers == []


@pytest.mark.parametrize("error", [KafkaConnectionError(), ProducerFenced()])
async def test_a_producer_that_cannot_start_is_closed(error: KafkaError) -> None:
    broker = Broker()
    broker.next_fails_at = {"start": error}
    delivery = broker.delivery()
    with pytest.raises(BrokerError, match="cannot start"):
        await delivery.acquire(P0)
    await delivery.close()
    assert broker.log == ["member?", "abandoned", "stop"]


async def test_a_producer_that_hangs_at_its_start_is_closed_in_time() -> None:
    broker = Broker()
    broker.next_hangs_at = {"start"}
    delivery = broker.delivery(timeout_s=0.01)
    with pytest.raises(BrokerError, match="cannot start"):
        await delivery.acquire(P0)
    await delivery.close()
    assert broker.log[-1] == "stop"


async def test_lost_records_are_found_when_acquiring() -> None:
    with pytest.raises(RecordsLostError):
        await Broker(committed=10, start=25).delivery().acquire(P0)


async def test_all_is_acknowledged_before_the_offset_is_added() -> None:
    broker = Broker()
    delivery = await acquired(broker)
    await delivery.publish_and_commit(P0, outgoing(b"a", b"b"), at(12))
    assert broker.log == [
        "begin",
        ("claims.documents.processed", b"a", b"v", [("h", None)]),
        ("claims.documents.processed", b"b", b"v", [("h", None)]),
        ("progress", 0, own_log(12, 1).as_value()),
        "ack",
        "ack",
        "ack",
        ({P0: OffsetAndMetadata(12, signed(HELD, 1))}, "mill"),
        "commit",
    ]


async def test_a_mark_is_a_transaction_of_its_own() -> None:
    broker = Broker()
    delivery = await acquired(broker)
    await delivery.mark(P0, at(10))
    progress = ("progress", 0, own_log(10, 1).as_value())
    assert broker.log == ["begin", progress, "ack", ({P0: OffsetAndMetadata(10, signed(HELD, 1))}, "mill"), "commit"]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize(
    "error", [ProducerFenced(), KafkaConnectionError(), AssertionError("Invalid state transition")]
)
async def test_after_a_failure_the_producer_is_thrown_away(step: str, error: Exception) -> None:
    broker = Broker()
    delivery = await acquired(broker)
    broker.producers[0].fails_at = {step: error}
    with pytest.raises(BrokerError, match=r"claims\.documents\.received-0 up to 12"):
        await delivery.publish_and_commit(P0, outgoing(b"a", b"b"), at(12))
    with pytest.raises(BrokerError, match="has no producer"):
        await delivery.publish_and_commit(P0, outgoing(b"a", b"b"), at(12))
    await delivery.acquire(P0)  # a new one
    assert len(broker.producers) == 2
    await delivery.publish_and_commit(P0, outgoing(b"a"), at(11))
    await delivery.close()
    assert broker.log.count("commit") == 1
    assert broker.log.count("abandoned") == 2


@pytest.mark.parametrize("step", STEPS)
async def test_a_transaction_has_a_deadline(step: str) -> None:
    broker = Broker()
    delivery = await acquired(broker, timeout_s=0.01)
    broker.producers[0].hangs_at = {step}
    with pytest.raises(BrokerError, match="TimeoutError"):
        await delivery.publish_and_commit(P0, outgoing(b"a"), at(11))
    with pytest.raises(BrokerError, match="has no producer"):
        await delivery.mark(P0, at(10))


async def test_a_cancelled_transaction_is_never_ended() -> None:
    broker = Broker()
    delivery = await acquired(broker)
    broker.producers[0].hangs_at = {"offsets"}
    publishing = asyncio.create_task(delivery.publish_and_commit(P0, outgoing(b"a"), at(11)))
    async with asyncio.timeout(5):
        while "ack" not in broker.log:  # noqa: ASYNC110 -- the condition is the code under test
            await asyncio.sleep(0)
    publishing.cancel()
    await asyncio.wait({publishing}, timeout=5)
    assert publishing.cancelled()
    await delivery.close()
    assert "commit" not in broker.log
    assert broker.log[-2:] == ["abandoned", "stop"]


async def test_a_bug_is_not_taken_for_the_brokers_fault() -> None:
    broker = Broker()
    delivery = await acquired(broker)
    broker.producers[0].fails_at = {"send": ZeroDivisionError()}
    with pytest.raises(ZeroDivisionError):
        await delivery.publish_and_commit(P0, outgoing(b"a"), at(11))


async def test_acquiring_again_throws_the_producer_away() -> None:
    broker = Broker()
    delivery = await acquired(broker)
    await delivery.acquire(P0)
    await delivery.close()
    assert broker.log.count("abandoned") == 2
    assert [producer.name for producer in broker.producers] == ["mill:claims.documents.received:0"] * 2


async def test_releasing_takes_the_mark_back_and_closes_the_producer() -> None:
    broker = Broker()
    delivery = await acquired(broker)
    await delivery.release({P0: at(12)})
    await delivery.close()
    offset = OffsetAndMetadata(12, signed(CrashMark(), 1))
    progress = ("progress", 0, Progress(offset).as_value())
    assert broker.log == ["begin", progress, "ack", ({P0: offset}, "mill"), "commit", "stop"]
    assert broker.progress.closed


async def test_a_partition_whose_slice_failed_is_released_without_a_word() -> None:
    """Its outcome is not known: the offset that this replica remembers may be behind."""
    broker = Broker()
    delivery = await acquired(broker)
    broker.producers[0].fails_at = {"commit": KafkaConnectionError()}
    with pytest.raises(BrokerError):
        await delivery.publish_and_commit(P0, outgoing(b"a"), at(11))
    broker.log.clear()
    await delivery.release({P0: at(10)})
    assert not any(isinstance(entry, tuple) for entry in broker.log)


async def test_one_that_cannot_be_released_does_not_hinder_the_others() -> None:
    broker = Broker()
    delivery = broker.delivery()
    await delivery.acquire(P0)
    await delivery.acquire(P1)
    broker.producers[0].fails_at = {"offsets": ProducerFenced()}
    broker.log.clear()
    with pytest.raises(BrokerError, match="1 partitions"):
        await delivery.release({P0: at(10), P1: at(20)})
    await delivery.close()
    assert ({P1: OffsetAndMetadata(20, signed(CrashMark(), 1))}, "mill") in broker.log
    assert broker.log.count("stop") == 2


async def test_producers_of_partitions_that_were_never_worked_on_are_closed_too() -> None:
    broker = Broker()
    delivery = await acquired(broker)
    await delivery.release({})
    await delivery.close()
    assert broker.log == ["stop"]


def test_the_id_is_that_of_the_partition_whoever_holds_it() -> None:
    assert transactional_id("mill", P1) == "mill:claims.documents.received:1"


def test_two_deployments_never_share_an_id() -> None:
    """A full stop may be part of a group and of a prefix, a colon of neither."""
    received = TopicPartition("documents.received", 1)
    assert transactional_id("mill", P1) != transactional_id("mill.claims", received)
    with pytest.raises(ConfigurationError, match="group: "):
        load_settings(group="mill:claims")


async def test_a_transaction_that_failed_unseen_says_of_what() -> None:
    """A partition that may not be written fails the transaction alone; the next record meets its state only."""
    broker = Broker()
    delivery = broker.delivery()
    await delivery.acquire(P0)
    failed = asyncio.get_running_loop().create_future()
    failed.set_exception(TopicAuthorizationFailedError({"claims.documents.processed"}))
    producer = broker.producers[-1]
    producer.fails_at["send"] = IllegalOperation("Can't send messages while not in transaction")
    producer._txn_manager = SimpleNamespace(_transaction_waiter=failed)
    with pytest.raises(ConfigurationError, match=r"a right is missing, on topic claims\.documents\.processed"):
        await delivery.publish_and_commit(P0, outgoing(b"k"), at(11))
    await delivery.close()

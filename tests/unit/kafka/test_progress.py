"""Our own log of offsets: its last record of a key is found behind whatever else lies there, and believed when due."""

import asyncio
from dataclasses import dataclass
from typing import Any, cast

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaConnectionError, TopicAuthorizationFailedError
from aiokafka.structs import OffsetAndMetadata

from docmill.errors import BrokerError, ConfigurationError
from docmill.kafka.crash_marks import CrashMark, signed
from docmill.kafka.progress import FIRST_LOOK, Progress, ProgressLog, settled

KEY, OTHER = b"mill:claims:0", b"yard:claims:0"
AT = TopicPartition("documents.progress", 3)
HELD = signed(CrashMark("this one"), 5)


@dataclass(frozen=True)
class Written:
    offset: int
    key: bytes
    value: bytes
    topic: str = AT.topic
    partition: int = AT.partition


class FakeConsumer:
    """A log with holes: what is not in it is a marker, or was aborted. It gives two records at a time."""

    def __init__(self, *records: Written, end: int, start: int = 0, high: int | None = None) -> None:
        self.records, self.start_at, self.end = records, start, end
        self.high = end if high is None else high
        self.at: int | None = None
        self.polled = False
        self.seeks: list[int] = []
        self.error: Exception | None = None
        self.starts = self.stops = 0

    async def start(self) -> None:
        self.starts += 1
        if self.error is not None:
            raise self.error

    async def stop(self) -> None:
        self.stops += 1

    def pause(self, partition: TopicPartition) -> None:
        assert partition == AT

    def assign(self, partitions: list[TopicPartition]) -> None:
        assert partitions == [AT]
        self.at, self.polled = None, False

    async def beginning_offsets(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        return {AT: self.start_at}

    async def end_offsets(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        return {AT: self.end}

    def seek(self, partition: TopicPartition, offset: int) -> None:
        self.seeks.append(offset)
        self.at = offset

    async def position(self, partition: TopicPartition) -> int | None:
        return self.at

    async def getmany(self, *partitions: TopicPartition, timeout_ms: int) -> dict[TopicPartition, list[Written]]:
        assert self.at is not None
        await asyncio.sleep(0)
        self.polled = True
        given = [record for record in self.records if self.at <= record.offset < self.end][:2]
        self.at = given[-1].offset + 1 if given else self.end
        return {AT: given} if given else {}

    def highwater(self, partition: TopicPartition) -> int | None:
        return self.high if self.polled else None


def said(committed: int, by_hand: int | None = None) -> Progress:
    return Progress(OffsetAndMetadata(committed, HELD), by_hand)


def wrote(offset: int, committed: int, key: bytes = KEY) -> Written:
    return Written(offset, key, said(committed).as_value())


def log_of(consumer: FakeConsumer, timeout_s: float = 5.0) -> ProgressLog:
    return ProgressLog(lambda: cast(Any, consumer), AT.topic, timeout_s)


async def last(consumer: FakeConsumer) -> Progress | None:
    return await log_of(consumer).last(KEY, AT.partition)


async def test_the_last_of_the_key_is_found() -> None:
    consumer = FakeConsumer(wrote(0, 4), wrote(2, 9), wrote(4, 12), wrote(6, 99, OTHER), end=8)
    assert await last(consumer) == said(12)


async def test_it_looks_further_back_until_it_is_found() -> None:
    consumer = FakeConsumer(wrote(10, 4), wrote(700, 9, OTHER), end=10_000)
    assert await last(consumer) == said(4)
    assert consumer.seeks == [10_000 - FIRST_LOOK, 10_000 - FIRST_LOOK * 16, 10_000 - FIRST_LOOK * 256, 0]


async def test_never_before_the_start_of_the_log() -> None:
    consumer = FakeConsumer(wrote(9_995, 1, OTHER), end=10_000, start=9_990)
    assert await last(consumer) is None
    assert consumer.seeks == [9_990]


async def test_an_empty_log_has_none() -> None:
    assert await last(FakeConsumer(end=0)) is None


@pytest.mark.parametrize("records", [(), (wrote(0, 4),)])
async def test_an_open_transaction_is_waited_for(records: tuple[Written, ...]) -> None:
    """Its own commit may lie behind another's that has not ended."""
    consumer = FakeConsumer(*records, end=2 * len(records), high=6)
    log = log_of(consumer)
    asking = asyncio.create_task(log.last(KEY, 3))
    await asyncio.wait({asking}, timeout=0.05)
    assert not asking.done()
    consumer.records, consumer.end = (*records, wrote(4, 12)), 6
    async with asyncio.timeout(5):
        assert await asking == said(12)


async def test_one_that_does_not_end_in_time_is_an_error() -> None:
    consumer = FakeConsumer(wrote(0, 4), end=2, high=6)
    log = log_of(consumer, timeout_s=0.05)
    with pytest.raises(BrokerError, match=r"cannot read documents\.progress-3"):
        await log.last(KEY, 3)
    await log.close()
    assert consumer.stops == 1  # its connection may be dead: the next question makes a new one


async def test_a_question_that_is_given_up_lets_the_consumer_go() -> None:
    consumer = FakeConsumer(wrote(0, 4), end=2, high=6)
    log = log_of(consumer)
    asking = asyncio.create_task(log.last(KEY, 3))
    await asyncio.wait({asking}, timeout=0.05)
    asking.cancel()
    await asyncio.wait({asking})
    consumer.end = 6
    assert await log.last(KEY, 3) == said(4)
    assert (consumer.starts, consumer.stops) == (2, 1)


async def test_questions_take_turns() -> None:
    consumer = FakeConsumer(wrote(0, 4), end=2)
    log = log_of(consumer)
    assert await asyncio.gather(*(log.last(KEY, 3) for _ in range(5))) == [said(4)] * 5


@pytest.mark.parametrize(
    "value", [b"", b"12", b"{}", b'{"offset": "far"}', b'{"offset": 1}', b'{"offset": 1, "metadata": ""}', b"\xff"]
)
async def test_what_docmill_did_not_write_is_not_believed(value: bytes) -> None:
    with pytest.raises(BrokerError, match=r"documents\.progress-3 offset 0 is nothing that docmill wrote"):
        await last(FakeConsumer(Written(0, KEY, value), end=2))


async def test_one_consumer_answers_all_questions() -> None:
    consumer = FakeConsumer(wrote(0, 4), end=2)
    log = log_of(consumer)
    for _ in range(3):
        assert await log.last(KEY, 3) == said(4)
    await log.close()
    await log.close()
    assert (consumer.starts, consumer.stops) == (1, 1)


async def test_a_consumer_that_cannot_start_is_let_go_and_made_anew() -> None:
    consumer = FakeConsumer(wrote(0, 4), end=2)
    consumer.error = KafkaConnectionError()
    log = log_of(consumer)
    with pytest.raises(BrokerError, match=r"cannot read documents\.progress-3"):
        await log.last(KEY, 3)
    consumer.error = None
    assert await log.last(KEY, 3) == said(4)
    assert (consumer.starts, consumer.stops) == (2, 1)


async def test_a_missing_right_is_named() -> None:
    consumer = FakeConsumer(end=0)
    consumer.error = TopicAuthorizationFailedError()
    with pytest.raises(ConfigurationError, match=r"documents\.progress"):
        await last(consumer)


def numbered(offset: int, commit: int) -> OffsetAndMetadata:
    return OffsetAndMetadata(offset, signed(CrashMark("this one"), commit))


def unnumbered(offset: int) -> OffsetAndMetadata:
    return OffsetAndMetadata(offset, CrashMark("this one").as_metadata())


def by_hand(offset: int) -> OffsetAndMetadata:
    return OffsetAndMetadata(offset, "")


@pytest.mark.parametrize(
    ("ours", "groups", "believed"),
    [
        (None, None, None),
        (None, numbered(7, 3), numbered(7, 3)),
        (None, unnumbered(7), unnumbered(7)),  # the first start after an upgrade
        (numbered(7, 3), None, numbered(7, 3)),
        (numbered(90, 30), numbered(7, 3), numbered(90, 30)),  # it has forgotten
        (numbered(40, 35), numbered(90, 30), numbered(40, 35)),  # it has forgotten what was done again since a reset
        (numbered(90, 30), numbered(90, 30), numbered(90, 30)),
        (numbered(90, 30), numbered(95, 31), numbered(95, 31)),  # our own log was deleted and made anew, say
        (numbered(90, 30), unnumbered(95), unnumbered(95)),  # at_least_once worked in between
        (numbered(90, 30), unnumbered(7), numbered(90, 30)),
        (numbered(90, 30), by_hand(7), by_hand(7)),
        (numbered(90, 30), by_hand(200), by_hand(200)),
        (numbered(90, 30), by_hand(50), numbered(90, 30)),  # taken over before: it has come back to it
    ],
)
def test_whose_word_counts(
    ours: OffsetAndMetadata | None, groups: OffsetAndMetadata | None, believed: OffsetAndMetadata | None
) -> None:
    assert settled(None if ours is None else Progress(ours, by_hand=50), groups) == believed

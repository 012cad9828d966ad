"""Our own log of offsets: its last record of a key is found behind whatever else lies there, and believed when due."""

from dataclasses import dataclass
from typing import Any, cast

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaConnectionError, TopicAuthorizationFailedError
from aiokafka.structs import OffsetAndMetadata

from docmill.errors import BrokerError, ConfigurationError
from docmill.kafka.crash_marks import UNREMARKABLE, CrashMark
from docmill.kafka.progress import FIRST_LOOK, ProgressLog, progress_value, settled

KEY, OTHER = b"mill:claims:0", b"yard:claims:0"
AT = TopicPartition("documents.progress", 3)
HELD = CrashMark("this one").as_metadata()


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
        self.polled = True
        given = [record for record in self.records if record.offset >= self.at][:2]
        self.at = given[-1].offset + 1 if given else self.end
        return {AT: given} if given else {}

    def highwater(self, partition: TopicPartition) -> int | None:
        return self.high if self.polled else None

    def last_stable_offset(self, partition: TopicPartition) -> int | None:
        return self.end if self.polled else None


def wrote(offset: int, committed: int, key: bytes = KEY) -> Written:
    return Written(offset, key, progress_value(OffsetAndMetadata(committed, HELD)))


async def last(consumer: FakeConsumer) -> OffsetAndMetadata | None:
    return await ProgressLog(lambda: cast(Any, consumer), AT.topic).last(KEY, AT.partition)


async def test_the_last_of_the_key_is_found() -> None:
    consumer = FakeConsumer(wrote(0, 4), wrote(2, 9), wrote(4, 12), wrote(6, 99, OTHER), end=8)
    assert await last(consumer) == OffsetAndMetadata(12, HELD)


async def test_it_looks_further_back_until_it_is_found() -> None:
    consumer = FakeConsumer(wrote(10, 4), wrote(700, 9, OTHER), end=10_000)
    assert await last(consumer) == OffsetAndMetadata(4, HELD)
    assert consumer.seeks == [10_000 - FIRST_LOOK, 10_000 - FIRST_LOOK * 16, 10_000 - FIRST_LOOK * 256, 0]


async def test_never_before_the_start_of_the_log() -> None:
    consumer = FakeConsumer(wrote(9_995, 1, OTHER), end=10_000, start=9_990)
    assert await last(consumer) is None
    assert consumer.seeks == [9_990]


async def test_an_empty_log_has_none() -> None:
    assert await last(FakeConsumer(end=0)) is None


@pytest.mark.parametrize("records", [(), (wrote(0, 4),)])
async def test_behind_an_open_transaction_nobody_knows(records: tuple[Written, ...]) -> None:
    """Its own commit may lie behind another's that has not ended."""
    with pytest.raises(BrokerError, match=r"a transaction is open on documents\.progress-3"):
        await last(FakeConsumer(*records, end=2 * len(records), high=6))


@pytest.mark.parametrize("value", [b"", b"12", b"{}", b'{"offset": "far"}', b'{"offset": 1}', b"\xff"])
async def test_what_docmill_did_not_write_is_not_believed(value: bytes) -> None:
    with pytest.raises(BrokerError, match=r"documents\.progress-3 offset 0 is nothing that docmill wrote"):
        await last(FakeConsumer(Written(0, KEY, value), end=2))


async def test_one_consumer_answers_all_questions() -> None:
    consumer = FakeConsumer(wrote(0, 4), end=2)
    log = ProgressLog(lambda: cast(Any, consumer), AT.topic)
    for _ in range(3):
        assert await log.last(KEY, 3) == OffsetAndMetadata(4, HELD)
    await log.close()
    await log.close()
    assert (consumer.starts, consumer.stops) == (1, 1)


async def test_a_consumer_that_cannot_start_is_let_go_and_made_anew() -> None:
    consumer = FakeConsumer(wrote(0, 4), end=2)
    consumer.error = KafkaConnectionError()
    log = ProgressLog(lambda: cast(Any, consumer), AT.topic)
    with pytest.raises(BrokerError, match=r"cannot read documents\.progress-3"):
        await log.last(KEY, 3)
    consumer.error = None
    assert await log.last(KEY, 3) == OffsetAndMetadata(4, HELD)
    assert (consumer.starts, consumer.stops) == (2, 1)


async def test_a_missing_right_is_named() -> None:
    consumer = FakeConsumer(end=0)
    consumer.error = TopicAuthorizationFailedError()
    with pytest.raises(ConfigurationError, match=r"documents\.progress"):
        await last(consumer)


@pytest.mark.parametrize(
    ("ours", "groups", "believed"),
    [
        (None, None, None),
        (None, (7, HELD), (7, HELD)),  # the first start after an upgrade
        ((7, HELD), None, (7, HELD)),
        ((90, HELD), (7, HELD), (90, HELD)),  # it has forgotten
        ((90, HELD), (7, UNREMARKABLE), (90, HELD)),
        ((90, HELD), (7, ""), (7, "")),  # set by hand
        ((90, HELD), (200, ""), (200, "")),
        ((90, HELD), (95, HELD), (95, HELD)),  # at_least_once worked in between
        ((90, HELD), (90, HELD), (90, HELD)),
    ],
)
def test_whose_word_counts(
    ours: tuple[int, str] | None, groups: tuple[int, str] | None, believed: tuple[int, str] | None
) -> None:
    def as_offset(said: tuple[int, str] | None) -> OffsetAndMetadata | None:
        return None if said is None else OffsetAndMetadata(*said)

    assert settled(as_offset(ours), as_offset(groups)) == as_offset(believed)

"""Which reviews are open: a view of documents.review, assign and seek, no group, no trace on the broker.

In memory are the ids of open reviews and where they lie; a text is read when it is asked for. One question, in order:
    1. how far the log goes now, open transactions included (its high watermark)
    2. what is committed is read up to there, so transactions that were open in 1 are waited for; from the start of the
       log where the topic was made anew or is shorter than it was, or where the last time is so long ago that the end
       of a review may have been compacted away, tombstone and all
    3. a review is open if the last record of its id has a value; whether what it asks is decided all the same, since
       it was opened a moment too late, the latest decided revision tells, which is asked for with it, in one step
A reader of what is committed comes no further than the first open transaction, and behind that one a decision may lie
that was final long ago. So the last stable offset, as `end_offsets` gives it to such a reader, is not enough in 1: see
docs/decisions/0022-reviews.md.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError, NoOffsetForPartitionError, OffsetOutOfRangeError

from docmill.errors import BrokerError, whereabouts
from docmill.kafka.connection import client_options
from docmill.kafka.decode_record import Record
from docmill.kafka.refusals import refused
from docmill.kafka.review_end import Ended
from docmill.kafka.stop_consumer import stop_consumer
from docmill.kafka.topics import LiveTopic
from docmill.settings import Settings

POLL_MS = 100
STALLED_AFTER_S = 30.0  # a transaction may take 15 s, and the broker looks for those that take longer every 10 s
LONG_AGO_S = 600.0  # less than any sensible delete.retention.ms
REMEMBERED = 100_000  # decided requests, the latest ones
GONE = (OffsetOutOfRangeError, NoOffsetForPartitionError)


def new_reviews_consumer(settings: Settings, isolation_level: str) -> AIOKafkaConsumer:
    """A consumer of no group that never starts over by itself."""
    return AIOKafkaConsumer(
        **client_options(settings),
        client_id="docmill-reviews",
        isolation_level=isolation_level,
        enable_auto_commit=False,
        auto_offset_reset="none",
        fetch_max_wait_ms=POLL_MS,
    )


@dataclass(frozen=True, slots=True)
class Found:
    """What is known of a request.

    Attributes:
        review: the record of its open review; None: there is none.
        decided: the latest decided revision; where a review is open, of the day before it was opened: see review_end.
            None: none is remembered: of the requests that the log still shows, the REMEMBERED that were decided last
            are.
    """

    review: Record | None
    decided: int | None


class OpenReviews:
    """The view. Owns two consumers, made anew after any failure; what was read stays. Questions take turns.

    Args:
        new_consumer: of an isolation level.
        describe: the topic, now.
        topic: with the prefix.
        stalled_after_s: without a step forward, while it is read.
    """

    def __init__(
        self,
        new_consumer: Callable[[str], AIOKafkaConsumer],
        describe: Callable[[], Awaitable[LiveTopic]],
        topic: str,
        stalled_after_s: float = STALLED_AFTER_S,
        now_s: Callable[[], float] = time.time,
    ) -> None:
        self._new_consumer = new_consumer
        self._describe = describe
        self._topic = topic
        self._stalled_after_s = stalled_after_s
        self._now_s = now_s
        self._complete_s: float | None = None  # when all was read last; None: what was read is forgotten
        self._reader: AIOKafkaConsumer | None = None  # of what is committed, assigned to all partitions
        self._asker: AIOKafkaConsumer | None = None  # of how far the log goes
        self._topic_id: str | None = None
        self._next: dict[TopicPartition, int] = {}  # read and taken up to here
        self._open: dict[str, tuple[TopicPartition, int]] = {}
        self._ended: dict[str, Ended] = {}  # in the order of their decisions
        self._turn = asyncio.Lock()
        self._closing: set[asyncio.Task[None]] = set()

    @property
    def count(self) -> int:
        """How many reviews are open, as far as the topic was read."""
        return len(self._open)

    async def catch_up(self) -> None:
        """Read everything that is in the topic when this is called.

        Raises:
            BrokerError: the broker does not answer in time, or a transaction does not end in time.
            ConfigurationError: a right is missing.
        """
        async with self._turn, self._told() as patience:
            now_s = self._now_s()
            if self._complete_s is not None and not 0 <= now_s - self._complete_s < LONG_AGO_S:
                self._forget()
                self._drop()
            reader, asker = await self._started()
            ends = await asker.end_offsets(list(self._next))
            self._check_not_shorter(ends)
            while left := self._left(ends):
                polled = await reader.getmany(timeout_ms=POLL_MS)
                # Also past what is no record: markers, and what was aborted.
                positions = {partition: await reader.position(partition) for partition in self._next}
                self._take(record for records in polled.values() for record in records)
                self._next = positions
                if self._left(ends) < left:
                    patience.reschedule(asyncio.get_running_loop().time() + self._stalled_after_s)
            self._complete_s = now_s

    async def find(self, request_id: str) -> Found:
        """What is known of a request, as far as the topic was read.

        Raises:
            BrokerError: the broker does not answer in time; or the review is no longer there, another took its place.
            ConfigurationError: a right is missing.
        """
        async with self._turn, self._told():
            reader, _ = await self._started()
            if self._complete_s is None:
                raise BrokerError(f"{self._topic} is to be read from its start again")
            ended = self._ended.get(request_id)
            if request_id not in self._open:
                return Found(None, None if ended is None else ended.revision)
            partition, offset = self._open[request_id]
            reader.seek(partition, offset)
            found: list[ConsumerRecord] = []
            while not found:
                polled = await reader.getmany(partition, timeout_ms=POLL_MS, max_records=1)
                found = polled.get(partition, [])
            reader.seek(partition, self._next[partition])
            record: Record = found[0]
            if record.offset != offset:
                raise BrokerError(f"the review at offset {offset} of {self._topic}-{partition.partition} was replaced")
            return Found(record, None if ended is None else ended.revision_at(record))

    async def close(self) -> None:
        """Let go of the broker."""
        self._drop()
        while self._closing:
            await asyncio.wait(self._closing)

    def _left(self, ends: Mapping[TopicPartition, int]) -> int:
        """Offsets to read before these ends."""
        return sum(max(0, end - self._next[partition]) for partition, end in ends.items())

    def _take(self, records: Iterable[ConsumerRecord]) -> None:
        for record in records:
            try:
                request_id = (record.key or b"").decode()
            except UnicodeDecodeError:  # no request of docmill's; nobody can decide it either
                continue
            self._open.pop(request_id, None)
            if record.value is not None:
                self._open[request_id] = TopicPartition(record.topic, record.partition), record.offset
                continue
            self._ended[request_id] = self._ended.pop(request_id, Ended()).then(record)
            if len(self._ended) > REMEMBERED:
                del self._ended[next(iter(self._ended))]

    async def _started(self) -> tuple[AIOKafkaConsumer, AIOKafkaConsumer]:
        """Reader and asker, the reader at what comes next; made anew where the topic has more partitions by now."""
        if self._reader is not None and self._asker is not None:
            known = self._reader.partitions_for_topic(self._topic)
            if known is None or known == {partition.partition for partition in self._next}:
                return self._reader, self._asker
            self._drop()
        described = await self._describe()
        if described.id != self._topic_id:
            self._forget()
            self._topic_id = described.id
        self._reader = reader = self._new_consumer("read_committed")
        self._asker = asker = self._new_consumer("read_uncommitted")
        await reader.start()
        await asker.start()
        partitions = [TopicPartition(self._topic, number) for number in described.partitions]
        starts = await reader.beginning_offsets(partitions)
        self._next = {partition: self._next.get(partition, starts[partition]) for partition in partitions}
        reader.assign(partitions)  # and sought before anything can be fetched
        for partition, offset in self._next.items():
            reader.seek(partition, offset)
        return reader, asker

    def _check_not_shorter(self, ends: Mapping[TopicPartition, int]) -> None:
        for partition, end in ends.items():
            if end < self._next[partition]:
                self._forget()
                raise BrokerError(
                    f"{self._topic}-{partition.partition} ends at offset {end}, before what was read of it: it is read "
                    f"from its start again"
                )

    @asynccontextmanager
    async def _told(self) -> AsyncIterator[asyncio.Timeout]:
        """Whatever fails, a poll may be lost with it: the consumers are made anew, at what was taken."""
        try:
            async with asyncio.timeout(self._stalled_after_s) as patience:
                yield patience
        except (KafkaError, TimeoutError) as error:
            self._drop()
            if isinstance(error, GONE):
                self._forget()
            raise refused(f"cannot read {self._topic}", error, topic=self._topic) from error
        except UnicodeDecodeError as error:  # aiokafka reads headers' names as UTF-8, whatever their sender wrote
            self._drop()
            raise BrokerError(
                f"{self._topic} holds a record whose header name is not UTF-8 ({whereabouts(error)}): nobody but "
                f"docmill may write there; delete the records up to it"
            ) from error
        except BaseException:
            self._drop()
            raise

    def _forget(self) -> None:
        self._topic_id = self._complete_s = None
        self._next, self._open, self._ended = {}, {}, {}

    def _drop(self) -> None:
        consumers, self._reader, self._asker = (self._reader, self._asker), None, None
        for consumer in consumers:
            if consumer is not None:
                task = asyncio.create_task(stop_consumer(consumer))
                self._closing.add(task)
                task.add_done_callback(self._closing.discard)

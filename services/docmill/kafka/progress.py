"""The offset after each slice once more, in a log of our own (documents.progress), within the same transaction.

A group's coordinator can forget commits and take no harm by its own measure: it then answers with an offset of long ago
(docs/decisions/0018-stale-offsets.md). What a log holds below its last stable offset cannot be forgotten in part. So
the offset of the group is for everybody who asks how far it is, and this one for who takes a partition over.

The key is of the group's partition and of the topic's id: a topic made anew begins anew. Who is fenced writes nothing.
"""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError
from aiokafka.structs import OffsetAndMetadata

from docmill.errors import BrokerError
from docmill.kafka.connection import client_options
from docmill.kafka.crash_marks import commit_of
from docmill.kafka.refusals import refused
from docmill.kafka.stop_consumer import stop_consumer
from docmill.settings import Settings

FIRST_LOOK = 16  # offsets from the end: a transaction's record and its marker, and some that were aborted
FURTHER = 16  # times as far, each time nothing is found
POLL_MS = 10


def new_progress_consumer(settings: Settings) -> AIOKafkaConsumer:
    """A consumer of no group that sees what is committed."""
    return AIOKafkaConsumer(
        **client_options(settings),
        client_id="docmill-progress",
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="none",
        fetch_max_wait_ms=POLL_MS,
    )


@dataclass(frozen=True, slots=True)
class Progress:
    """One record: the offset that was committed, and the last one set by hand that was taken over before it."""

    committed: OffsetAndMetadata
    by_hand: int | None = None

    def as_value(self) -> bytes:
        """As it is written."""
        facts = {"offset": self.committed.offset, "metadata": self.committed.metadata, "by_hand": self.by_hand}
        return json.dumps(facts, separators=(",", ":")).encode()


class ProgressLog:
    """Reads the last record of a key. Owns a consumer, made anew after any failure; questions take turns.

    Args:
        timeout_s: of one question, once it is its turn.
    """

    def __init__(self, new_consumer: Callable[[], AIOKafkaConsumer], topic: str, timeout_s: float) -> None:
        self._new_consumer = new_consumer
        self._consumer: AIOKafkaConsumer | None = None
        self._topic = topic
        self._timeout_s = timeout_s
        self._turn = asyncio.Lock()
        self._closing: set[asyncio.Task[None]] = set()

    async def last(self, key: bytes, partition: int) -> Progress | None:
        """What was written last under the key; None: nothing ever was. Somebody's open transaction is waited for.

        Raises:
            BrokerError: the broker does not answer in time, or that transaction does not end in time.
            ConfigurationError: a right is missing.
        """
        async with self._turn:
            try:
                async with asyncio.timeout(self._timeout_s):
                    return await self._last(key, TopicPartition(self._topic, partition))
            except (KafkaError, TimeoutError) as error:
                self._drop()  # a connection that is dead is not noticed in time otherwise
                raise refused(f"cannot read {self._topic}-{partition}", error, topic=self._topic) from error
            except BaseException:
                self._drop()
                raise

    async def close(self) -> None:
        """Let go of the broker."""
        self._drop()
        while self._closing:
            await asyncio.wait(self._closing)

    async def _last(self, key: bytes, where: TopicPartition) -> Progress | None:
        consumer = await self._started()
        consumer.assign([where])
        try:
            start = (await consumer.beginning_offsets([where]))[where]
            end = (await consumer.end_offsets([where]))[where]
            look, until = FIRST_LOOK, None
            while True:
                first = max(start, end - look)
                record = await _last_of(consumer, where, first, until, key)
                if record is not None or first == start:
                    return None if record is None else _read(record)
                look, until = look * FURTHER, first
        finally:
            consumer.pause(where)  # else it would be fetched for ever

    async def _started(self) -> AIOKafkaConsumer:
        if self._consumer is None:
            self._consumer = self._new_consumer()
            await self._consumer.start()
        return self._consumer

    def _drop(self) -> None:
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            task = asyncio.create_task(stop_consumer(consumer))
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)


async def _last_of(
    consumer: AIOKafkaConsumer, where: TopicPartition, first: int, until: int | None, key: bytes
) -> ConsumerRecord | None:
    """The last record of the key at [first, until); until None, up to the high watermark as it is at the first answer.

    A reader of what is committed comes no further than the first open transaction, and so waits for its end.
    """
    consumer.seek(where, first)
    found: ConsumerRecord | None = None
    while until is None or await consumer.position(where) < until:
        for record in (await consumer.getmany(where, timeout_ms=POLL_MS)).get(where, ()):
            if record.key == key and (until is None or record.offset < until):
                found = record
        if until is None:
            until = consumer.highwater(where)
    return found


def _read(record: ConsumerRecord) -> Progress:
    try:
        said = json.loads(record.value)
        by_hand = said["by_hand"]
        committed = OffsetAndMetadata(int(said["offset"]), str(said["metadata"]))
        return Progress(committed, None if by_hand is None else int(by_hand))
    except (ValueError, KeyError, TypeError) as error:
        place = f"{record.topic}-{record.partition} offset {record.offset}"
        raise BrokerError(f"{place} is nothing that docmill wrote: nobody else may write to {record.topic}") from error


def settled(ours: Progress | None, groups: OffsetAndMetadata | None) -> OffsetAndMetadata | None:
    """Where to go on: what our own log says and what the group's coordinator says, held against each other.

    The two are written together, so the later commit counts. An offset that docmill did not commit was set by hand
    (kafka-consumer-groups.sh --reset-offsets), and is believed wherever it lies; but only once, since a coordinator may
    come back to it. One of docmill's without a number is of at_least_once or of before: then the further one counts.
    """
    if ours is None or groups is None:
        return groups if ours is None else ours.committed
    commit = commit_of(groups.metadata)
    if commit is None:
        return ours.committed if groups.offset == ours.by_hand else groups
    if commit == 0:
        return max(ours.committed, groups, key=lambda offset: offset.offset)
    return groups if commit > (commit_of(ours.committed.metadata) or 0) else ours.committed

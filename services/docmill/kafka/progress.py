"""The offset after each slice once more, in a log of our own (documents.progress), within the same transaction.

A group's coordinator can forget commits and take no harm by its own measure: it then answers with an offset of long ago
(docs/decisions/0018-stale-offsets.md). What a log holds below its last stable offset cannot be forgotten in part. So
the offset of the group is for everybody who asks how far it is, and this one for who takes a partition over.

The key is the transactional id of the group's partition: whoever is fenced there can write nothing here.
"""

import asyncio
import json
from collections.abc import Callable

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError
from aiokafka.structs import OffsetAndMetadata

from docmill.errors import BrokerError
from docmill.kafka.connection import client_options
from docmill.kafka.crash_marks import is_mark
from docmill.kafka.refusals import refused
from docmill.kafka.stop_consumer import stop_consumer
from docmill.settings import Settings

FIRST_LOOK = 16  # offsets from the end: a transaction's record and its marker, and some that were aborted
FURTHER = 16  # times as far, each time nothing is found
POLL_MS = 100
FETCH_WAIT_MS = 10  # of a log that has nothing more: then only its ends are asked for


def new_progress_consumer(settings: Settings) -> AIOKafkaConsumer:
    """A consumer of no group that sees what is committed."""
    return AIOKafkaConsumer(
        **client_options(settings),
        client_id="docmill-progress",
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="none",
        fetch_max_wait_ms=FETCH_WAIT_MS,
    )


class ProgressLog:
    """Reads the last record of a key. Owns a consumer, made at the first question; questions take turns."""

    def __init__(self, new_consumer: Callable[[], AIOKafkaConsumer], topic: str) -> None:
        self._new_consumer = new_consumer
        self._consumer: AIOKafkaConsumer | None = None
        self._topic = topic
        self._turn = asyncio.Lock()

    async def last(self, key: bytes, partition: int) -> OffsetAndMetadata | None:
        """What was written last under the key; None: nothing ever was.

        Raises:
            BrokerError: the broker does not answer, or somebody's open transaction hides the end of the log.
            ConfigurationError: a right is missing.
        """
        where = TopicPartition(self._topic, partition)
        async with self._turn:
            try:
                consumer = await self._started()
                consumer.assign([where])
                start = (await consumer.beginning_offsets([where]))[where]
                end = (await consumer.end_offsets([where]))[where]
                look = FIRST_LOOK
                while True:
                    first = max(start, end - look)
                    record = await _last_of(consumer, where, first, end, key)
                    if record is not None or first == start:
                        return None if record is None else _read(record)
                    look *= FURTHER
            except KafkaError as error:
                raise refused(f"cannot read {self._topic}-{partition}", error, topic=self._topic) from error

    async def close(self) -> None:
        """Let go of the broker."""
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            await stop_consumer(consumer)

    async def _started(self) -> AIOKafkaConsumer:
        if self._consumer is None:
            consumer = self._new_consumer()
            try:
                await consumer.start()
            except BaseException:
                await stop_consumer(consumer)
                raise
            self._consumer = consumer
        return self._consumer


async def _last_of(
    consumer: AIOKafkaConsumer, where: TopicPartition, first: int, end: int, key: bytes
) -> ConsumerRecord | None:
    """The last record of the key at [first, end).

    Raises:
        BrokerError: something lies beyond `end` of which nobody knows yet whether it counts.
    """
    consumer.seek(where, first)
    found: ConsumerRecord | None = None
    polled = False
    while not polled or await consumer.position(where) < end:
        for record in (await consumer.getmany(where, timeout_ms=POLL_MS)).get(where, ()):
            if record.key == key:
                found = record
        polled = consumer.highwater(where) is not None
    if (consumer.last_stable_offset(where) or 0) < consumer.highwater(where):
        raise BrokerError(f"a transaction is open on {where.topic}-{where.partition}: it ends within 15 s")
    return found


def progress_value(offset: OffsetAndMetadata) -> bytes:
    """As it is written."""
    return json.dumps({"offset": offset.offset, "metadata": offset.metadata}, separators=(",", ":")).encode()


def _read(record: ConsumerRecord) -> OffsetAndMetadata:
    try:
        said = json.loads(record.value)
        return OffsetAndMetadata(int(said["offset"]), str(said["metadata"]))
    except (ValueError, KeyError, TypeError) as error:
        place = f"{record.topic}-{record.partition} offset {record.offset}"
        raise BrokerError(f"{place} is nothing that docmill wrote: nobody else may write to {record.topic}") from error


def settled(ours: OffsetAndMetadata | None, groups: OffsetAndMetadata | None) -> OffsetAndMetadata | None:
    """Where to go on: what our own log says and what the group's coordinator says, held against each other.

    The further one, since the two were written together. But an offset without our mark was set by hand
    (kafka-consumer-groups.sh --reset-offsets), and is believed wherever it lies.
    """
    if ours is None or groups is None:
        return groups if ours is None else ours
    if not is_mark(groups.metadata):
        return groups
    return max(ours, groups, key=lambda offset: offset.offset)

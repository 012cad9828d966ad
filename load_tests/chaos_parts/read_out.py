"""All records of topics, as a read_committed reader sees them. Plain aiokafka; imports nothing of docmill."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

PATIENCE_S = 60.0  # for open transactions to end: the broker aborts them after 15 s
POLL_MS = 500


class ReadOutError(Exception):
    """The topics cannot be read to their ends."""


@dataclass(frozen=True, slots=True)
class ReadRecord:
    """A record and its place. Of headers with the same name the last one counts."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Mapping[str, str]


async def read_topics(bootstrap: str, topics: Sequence[str], partitions: int) -> list[ReadRecord]:
    """Everything from the beginning to the end, in the order of offsets within a partition.

    Raises:
        ReadOutError: a transaction is still open, or the end is not reached in time.
    """
    wanted = [TopicPartition(topic, partition) for topic in topics for partition in range(partitions)]
    await _await_ended_transactions(bootstrap, wanted)
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, isolation_level="read_committed", auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        consumer.assign(wanted)
        ends = await consumer.end_offsets(wanted)
        await consumer.seek_to_beginning(*wanted)
        records: list[ReadRecord] = []
        deadline_s = time.monotonic() + PATIENCE_S
        while any([await _position(consumer, partition) < ends[partition] for partition in wanted]):
            polled = await consumer.getmany(timeout_ms=POLL_MS)
            records += [_read(record) for part in polled.values() for record in part]
            if polled:
                deadline_s = time.monotonic() + PATIENCE_S
            elif time.monotonic() > deadline_s:
                raise ReadOutError(f"{len(records)} records read, and no more come; the ends are {ends}")
        return records
    finally:
        await consumer.stop()


async def _position(consumer: AIOKafkaConsumer, partition: TopicPartition) -> int:
    try:
        async with asyncio.timeout(PATIENCE_S):
            return int(await consumer.position(partition))
    except TimeoutError:
        raise ReadOutError(f"no position on {partition}") from None


async def _await_ended_transactions(bootstrap: str, wanted: Sequence[TopicPartition]) -> None:
    """Wait until what is committed reaches to the end of what is written."""
    deadline_s = time.monotonic() + PATIENCE_S
    while True:
        committed = await end_offsets(bootstrap, wanted, "read_committed")
        written = await end_offsets(bootstrap, wanted, "read_uncommitted")
        if committed == written:
            return
        if time.monotonic() > deadline_s:
            held = [partition for partition in wanted if committed[partition] != written[partition]]
            raise ReadOutError(f"transactions are open on {held}")
        await asyncio.sleep(1)


async def end_offsets(bootstrap: str, wanted: Sequence[TopicPartition], isolation: str) -> dict[TopicPartition, int]:
    """The offset after the last record that a reader of this isolation level sees."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, isolation_level=isolation)
    await consumer.start()
    try:
        found: dict[TopicPartition, int] = await consumer.end_offsets(list(wanted))
        return found
    finally:
        await consumer.stop()


def _read(record: Any) -> ReadRecord:
    headers = {name: value.decode(errors="replace") for name, value in record.headers if value is not None}
    return ReadRecord(record.topic, record.partition, record.offset, record.key, record.value, headers)

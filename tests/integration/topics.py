"""Sending to and reading out a test's topics with plain aiokafka, so that nothing of docmill is its own witness."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import GroupCoordinatorNotAvailableError

from tests.tiny_bundle import text_of

PATIENCE_S = 60.0
RECEIVED, PROCESSED, FALLBACK, REJECTED = (
    "documents.received",
    "documents.processed",
    "documents.fallback",
    "documents.rejected",
)
PROGRESS, REVIEW, FEEDBACK = "documents.progress", "documents.review", "documents.feedback"
OUTCOMES = (PROCESSED, FALLBACK, REJECTED)
MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Sent:
    """A record to send; `partition` None leaves the choice to the key."""

    value: bytes | None
    key: bytes | None = None
    headers: Sequence[tuple[str, Any]] = ()
    partition: int | None = None


class Topics:
    """The topics of one test."""

    def __init__(self, bootstrap: str, prefix: str) -> None:
        self.bootstrap = bootstrap
        self.prefix = prefix

    async def create(self, partitions: int = 3) -> None:
        """All that a processor and `docmill trace` need, sized as docmill wants them."""
        sizes = {RECEIVED: MIB, PROCESSED: MIB, FALLBACK: 4 * MIB, REJECTED: MIB + MIB // 4}
        retention = {RECEIVED: 7, PROCESSED: 30, FALLBACK: 14, REJECTED: 30}
        topics = [
            NewTopic(
                self.prefix + name,
                partitions,
                1,
                topic_configs={
                    "max.message.bytes": str(size),
                    "cleanup.policy": "delete",
                    "retention.ms": str(retention[name] * 24 * 3600 * 1000),
                },
            )
            for name, size in sizes.items()
        ]
        for name, size in ((PROGRESS, MIB), (REVIEW, 5 * MIB), (FEEDBACK, MIB)):
            compacted = {"max.message.bytes": str(size), "cleanup.policy": "compact"}
            topics.append(NewTopic(self.prefix + name, partitions, 1, topic_configs=compacted))
        async with self._admin() as admin:
            await admin.create_topics(topics)

    async def send(self, records: Sequence[Sent], **producer_options: Any) -> None:
        """Send to documents.received, in order, all acknowledged."""
        await self.send_to(RECEIVED, records, **producer_options)

    async def send_to(self, topic: str, records: Sequence[Sent], **producer_options: Any) -> None:
        """Send to a topic, likewise."""
        producer = AIOKafkaProducer(
            bootstrap_servers=self.bootstrap, acks="all", max_request_size=16 * MIB, **producer_options
        )
        await producer.start()
        try:
            acks = [
                await producer.send(
                    self.prefix + topic, r.value, key=r.key, headers=list(r.headers), partition=r.partition
                )
                for r in records
            ]
            await asyncio.gather(*acks)
        finally:
            await producer.stop()

    async def read(self, topic: str) -> list[Any]:
        """Everything that a read_committed reader sees in a topic now."""
        return (await self._read_out((topic,), 0))[topic]

    async def outcomes(self, count: int) -> dict[str, list[Any]]:
        """The three outcome topics, once they hold at least `count` records together."""
        return await self._read_out(OUTCOMES, count)

    async def read_at_least(self, count: int, *topics: str) -> dict[str, list[Any]]:
        """Some topics, once they hold at least `count` records together."""
        return await self._read_out(topics, count)

    async def _read_out(self, topics: Sequence[str], count: int) -> dict[str, list[Any]]:
        """Topics to their ends, once they hold so many records, or at the end of all patience.

        With one reader all along: one for each look would take the processor's time.
        """
        found: dict[str, list[Any]] = {topic: [] for topic in topics}
        deadline = time.monotonic() + PATIENCE_S
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.bootstrap, isolation_level="read_committed", auto_offset_reset="earliest"
        )
        await consumer.start()
        try:
            partitions = [
                TopicPartition(self.prefix + topic, number)
                for topic in topics
                for number in range(await self._partitions(consumer, topic))
            ]
            consumer.assign(partitions)
            while True:
                ends = await consumer.end_offsets(partitions)
                while any([await consumer.position(p) < ends[p] for p in partitions]):
                    for partition, records in (await consumer.getmany(timeout_ms=200)).items():
                        found[partition.topic.removeprefix(self.prefix)] += records
                if sum(map(len, found.values())) >= count or time.monotonic() > deadline:
                    return found
                await asyncio.sleep(0.1)
        finally:
            await consumer.stop()

    async def committed(self, group: str) -> dict[int, int]:
        """Committed offset by partition of documents.received."""
        async with self._admin() as admin:
            return await self._committed(admin, group)

    async def all_committed(self, group: str, count: int) -> None:
        """Wait until the group has committed `count` records over all partitions."""
        deadline = time.monotonic() + PATIENCE_S
        async with self._admin() as admin:
            while (total := sum((await self._committed(admin, group)).values())) != count:
                assert time.monotonic() < deadline, f"{total} of {count} committed"
                await asyncio.sleep(0.1)

    async def _committed(self, admin: AIOKafkaAdminClient, group: str) -> dict[int, int]:
        try:
            offsets = await admin.list_consumer_group_offsets(group)
        except GroupCoordinatorNotAvailableError:  # the first group of a broker's life
            return {}
        return {tp.partition: entry.offset for tp, entry in offsets.items() if tp.topic == self.prefix + RECEIVED}

    @asynccontextmanager
    async def _admin(self) -> AsyncIterator[AIOKafkaAdminClient]:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
        await admin.start()
        try:
            yield admin
        finally:
            await admin.close()

    async def _partitions(self, consumer: AIOKafkaConsumer, topic: str) -> int:
        await consumer._client.force_metadata_update()
        consumer._client.add_topic(self.prefix + topic)
        while not (found := consumer.partitions_for_topic(self.prefix + topic)):
            await consumer._client.force_metadata_update()
        return len(found)


def header(record: Any, name: str) -> str | None:
    """The last header of a name, as text."""
    values = [value for key, value in record.headers if key == name]
    return values[-1].decode() if values else None


def receipt(number: int, **kwargs: Any) -> Sent:
    """A receipt that goes straight through; its id is its key."""
    return Sent(text_of("receipt", number).encode(), key=f"receipt-{number}".encode(), **kwargs)


def keys(records: Sequence[Any]) -> list[str]:
    """Their keys, sorted."""
    return sorted(record.key.decode() for record in records)

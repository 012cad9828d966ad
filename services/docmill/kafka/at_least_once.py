"""At least once: publish all, await every ack, commit the explicit offset.

A crash in between publishes the slice again: consumers dedupe on (request_id, decided_by, revision). For brokers below
4.0, and for who prefers duplicates to waiting out a transaction.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError

from docmill.kafka.crash_marks import read_mark
from docmill.kafka.delivery import Committed
from docmill.kafka.failpoints import failpoint
from docmill.kafka.positions import Positions, name_of
from docmill.kafka.producers import close_producer
from docmill.kafka.publish import OutgoingRecord
from docmill.kafka.refusals import refused
from docmill.kafka.watched_consumer import WatchedConsumer


class AtLeastOnce:
    """One idempotent producer for all partitions; explicit offsets after all acks."""

    def __init__(self, consumer: Callable[[], WatchedConsumer], producer: AIOKafkaProducer, topic_prefix: str) -> None:
        self._consumer = consumer
        self._positions = Positions(consumer)
        self._producer = producer
        self._prefix = topic_prefix

    async def acquire(self, partition: TopicPartition) -> Committed:
        """See Delivery."""
        return await self._positions.locate(partition, await self._positions.fetch(partition))

    async def check_log_start(self, partition: TopicPartition, offset: int) -> None:
        """See Delivery."""
        await self._positions.check_log_start(partition, offset)

    async def mark(self, partition: TopicPartition, at: Committed) -> None:
        """See Delivery."""
        try:
            await self._commit({partition: at})
        except (KafkaError, IllegalStateError) as error:
            raise refused(f"cannot mark {name_of(partition)} at {at.offset}", error) from error

    async def publish_and_commit(
        self, partition: TopicPartition, records: Sequence[OutgoingRecord], then: Committed
    ) -> None:
        """See Delivery."""
        try:
            acks = [
                await self._producer.send(
                    self._prefix + record.topic, record.value, key=record.key, headers=record.headers
                )
                for record in records
            ]
            await asyncio.gather(*acks)
            failpoint("published")
            await self._commit({partition: then})
        except (KafkaError, IllegalStateError) as error:
            raise refused(f"cannot make {name_of(partition)} up to {then.offset} final", error) from error

    async def release(self, held: Mapping[TopicPartition, Committed]) -> None:
        """See Delivery. Takes the marks back where they are still ours: an offset that moved on is never moved back.

        The group coordinator fences commits of an old generation, and WatchedConsumer those of none.
        """
        if not held:
            return
        try:
            found = await self._consumer().committed_with_metadata(*held)
            ours = {
                partition: Committed(at.offset, at.mark.released())
                for partition, at in held.items()
                if partition in found
                and found[partition].offset == at.offset
                and read_mark(found[partition].metadata).owner == at.mark.owner
            }
            if ours:
                await self._commit(ours)
        except (KafkaError, IllegalStateError) as error:
            raise refused(f"cannot give {len(held)} partitions up in good order", error) from error

    async def close(self) -> None:
        """See Delivery."""
        await close_producer(self._producer)

    async def _commit(self, offsets: Mapping[TopicPartition, Committed]) -> None:
        await self._consumer().commit({p: (at.offset, at.mark.as_metadata()) for p, at in offsets.items()})

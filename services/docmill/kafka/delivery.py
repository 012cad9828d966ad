"""How results and offsets become final: the seam that a delivery guarantee fills.

`acquire` takes a partition over, `publish_and_commit` makes one slice final, `release` gives the partition back.
At least once, as here: publish all, await every ack, commit the explicit offset. A crash in between publishes the
slice again: consumers dedupe on (request_id, decided_by). Exactly once is the other implementation, and comes with
its own release.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError

from docmill.errors import BrokerError, LogTruncatedError, RecordsLostError
from docmill.kafka.failpoints import failpoint
from docmill.kafka.publish import OutgoingRecord


class Delivery(Protocol):
    """A delivery guarantee. Every method raises BrokerError where the broker fails or refuses."""

    async def acquire(self, partition: TopicPartition) -> int:
        """Become the partition's owner; the offset to read from.

        Raises:
            RecordsLostError: the committed offset lies below the start of the log.
            LogTruncatedError: it lies above the end of the log.
        """
        ...

    async def check_log_start(self, partition: TopicPartition, offset: int) -> None:
        """Make sure that retention did not delete from `offset` on.

        Raises:
            RecordsLostError: it did.
        """
        ...

    async def publish_and_commit(
        self, partition: TopicPartition, records: Sequence[OutgoingRecord], next_offset: int
    ) -> None:
        """Make one slice final: its records published, `next_offset` committed."""
        ...

    async def release(self, partition: TopicPartition) -> None:
        """Give up what `acquire` took; nothing of the partition is in flight any more."""
        ...


class AtLeastOnce:
    """One idempotent producer for all partitions; explicit offsets after all acks."""

    def __init__(self, consumer: Callable[[], AIOKafkaConsumer], producer: AIOKafkaProducer, topic_prefix: str) -> None:
        self._consumer = consumer
        self._producer = producer
        self._prefix = topic_prefix

    async def acquire(self, partition: TopicPartition) -> int:
        """See Delivery. A group that starts for the first time reads from the start of the log."""
        try:
            committed: int | None = await self._consumer().committed(partition)
        except KafkaError as error:
            raise BrokerError(f"cannot read the committed offset of {_name(partition)}: {error!r}") from error
        if committed is None:
            return await self._log_start(partition)
        await self.check_log_start(partition, committed)
        end = await self._log_end(partition)
        if committed > end:
            raise LogTruncatedError(_name(partition), committed, f"the log ends at {end}")
        return committed

    async def check_log_start(self, partition: TopicPartition, offset: int) -> None:
        """See Delivery."""
        start = await self._log_start(partition)
        if offset < start:
            raise RecordsLostError(_name(partition), offset, start)

    async def publish_and_commit(
        self, partition: TopicPartition, records: Sequence[OutgoingRecord], next_offset: int
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
            await self._consumer().commit({partition: next_offset})
        except (KafkaError, IllegalStateError) as error:
            raise BrokerError(f"cannot make {_name(partition)} up to {next_offset} final: {error!r}") from error

    async def release(self, partition: TopicPartition) -> None:
        """Nothing to give up: the group coordinator fences commits by generation."""

    async def _log_start(self, partition: TopicPartition) -> int:
        try:
            start: int = (await self._consumer().beginning_offsets([partition]))[partition]
        except KafkaError as error:
            raise BrokerError(f"cannot read the log start of {_name(partition)}: {error!r}") from error
        return start

    async def _log_end(self, partition: TopicPartition) -> int:
        try:
            end: int = (await self._consumer().end_offsets([partition]))[partition]
        except KafkaError as error:
            raise BrokerError(f"cannot read the log end of {_name(partition)}: {error!r}") from error
        return end


def _name(partition: TopicPartition) -> str:
    return f"{partition.topic}-{partition.partition}"

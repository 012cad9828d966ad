"""How results and offsets become final: the seam that a delivery guarantee fills.

`acquire` takes a partition over, `publish_and_commit` makes one slice final, `release` gives the partition back.
At least once, as here: publish all, await every ack, commit the explicit offset. A crash in between publishes the
slice again: consumers dedupe on (request_id, decided_by). Exactly once is the other implementation, and comes with
its own release. Each commit carries a crash mark; what it means is the worker's business.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError

from docmill.errors import BrokerError, LogTruncatedError, RecordsLostError
from docmill.kafka.crash_marks import CrashMark, read_mark
from docmill.kafka.failpoints import failpoint
from docmill.kafka.publish import OutgoingRecord
from docmill.kafka.watched_consumer import WatchedConsumer


@dataclass(frozen=True, slots=True)
class Committed:
    """Where a partition is to be read from, and what the owner before left there."""

    offset: int
    mark: CrashMark


class Delivery(Protocol):
    """A delivery guarantee. Every method raises BrokerError where the broker fails or refuses."""

    async def acquire(self, partition: TopicPartition) -> Committed:
        """Become the partition's owner.

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

    async def mark(self, partition: TopicPartition, at: Committed) -> None:
        """Leave a mark at the committed offset."""
        ...

    async def publish_and_commit(
        self, partition: TopicPartition, records: Sequence[OutgoingRecord], then: Committed
    ) -> None:
        """Make one slice final: its records published, the offset after it committed."""
        ...

    async def release(self, held: Mapping[TopicPartition, Committed]) -> None:
        """Give up partitions, each where it was when it was last known; nothing of theirs is in flight any more."""
        ...


class AtLeastOnce:
    """One idempotent producer for all partitions; explicit offsets after all acks."""

    def __init__(self, consumer: Callable[[], WatchedConsumer], producer: AIOKafkaProducer, topic_prefix: str) -> None:
        self._consumer = consumer
        self._producer = producer
        self._prefix = topic_prefix

    async def acquire(self, partition: TopicPartition) -> Committed:
        """See Delivery. A group that starts for the first time reads from the start of the log."""
        try:
            found = (await self._consumer().committed_with_metadata(partition)).get(partition)
        except KafkaError as error:
            raise BrokerError(f"cannot read the committed offset of {_name(partition)}: {error!r}") from error
        if found is None:
            return Committed(await self._log_start(partition), CrashMark())
        await self.check_log_start(partition, found.offset)
        end = await self._log_end(partition)
        if found.offset > end:
            raise LogTruncatedError(_name(partition), found.offset, f"the log ends at {end}")
        return Committed(found.offset, read_mark(found.metadata))

    async def check_log_start(self, partition: TopicPartition, offset: int) -> None:
        """See Delivery."""
        start = await self._log_start(partition)
        if offset < start:
            raise RecordsLostError(_name(partition), offset, start)

    async def mark(self, partition: TopicPartition, at: Committed) -> None:
        """See Delivery."""
        try:
            await self._commit({partition: at})
        except (KafkaError, IllegalStateError) as error:
            raise BrokerError(f"cannot mark {_name(partition)} at {at.offset}: {error!r}") from error

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
            raise BrokerError(f"cannot make {_name(partition)} up to {then.offset} final: {error!r}") from error

    async def release(self, held: Mapping[TopicPartition, Committed]) -> None:
        """See Delivery. Takes the marks back where they are still ours: an offset that moved on is never moved back.

        The group coordinator fences commits of an old generation, and WatchedConsumer those of none.
        """
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
            raise BrokerError(f"cannot give {len(held)} partitions up in good order: {error!r}") from error

    async def _commit(self, offsets: Mapping[TopicPartition, Committed]) -> None:
        await self._consumer().commit({p: (at.offset, at.mark.as_metadata()) for p, at in offsets.items()})

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

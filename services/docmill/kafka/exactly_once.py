"""Exactly once: what a slice publishes and the offset after it become final in one transaction, fenced by partition.

A transactional producer for each partition, its id made of group, topic and partition. Who takes a partition over
starts its producer first, which ends whatever the owner before had begun and fences it for good (KIP-98,
InitProducerId); only then is the committed offset read, from a coordinator that has just shown that it knows it. So a
transaction always starts from an offset that was read after its own fencing: docs/decisions/0014-exactly-once.md has
the argument, step by step, and docs/decisions/0018-stale-offsets.md why a coordinator must show that.

The steps, each a failpoint:
    assigned        the coordinator has confirmed that this replica is a member
    fenced          the producer has started; nobody else can commit for this partition with an older one
    probed          the coordinator has taken an offset that is never to be committed
    begun           a transaction is open
    sent            all records of the slice are acknowledged, none of them to be seen yet
    offsets_added   the offset after them is part of it
    ended           the broker has decided: everything or nothing
    released        the mark is taken back, the producer closed

After any failure the outcome may be unknown, so the producer is thrown away and the partition acquired again: what the
broker has committed by then is what counts.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError
from aiokafka.structs import OffsetAndMetadata

from docmill.errors import BrokerError
from docmill.kafka.delivery import Committed
from docmill.kafka.failpoints import failpoint
from docmill.kafka.positions import Positions, name_of
from docmill.kafka.producers import (
    FAILURES,
    abandon_producer,
    close_producer,
    first_failure,
    start_producer,
)
from docmill.kafka.publish import OutgoingRecord
from docmill.kafka.refusals import refused
from docmill.kafka.watched_consumer import WatchedConsumer

log = logging.getLogger(__name__)

PROBE_HOLDS_S = 2.0  # a coordinator cannot be lost and loaded anew within it

NewProducer = Callable[[str], AIOKafkaProducer]  # of a transactional id


class ExactlyOnce:
    """A transactional producer for each partition that is held.

    Args:
        timeout_s: for one transaction, and to start a producer.
    """

    def __init__(
        self,
        consumer: Callable[[], WatchedConsumer],
        new_producer: NewProducer,
        group: str,
        topic_prefix: str,
        timeout_s: float,
    ) -> None:
        self._consumer = consumer
        self._positions = Positions(consumer)
        self._new_producer = new_producer
        self._group = group
        self._prefix = topic_prefix
        self._timeout_s = timeout_s
        self._producers: dict[TopicPartition, AIOKafkaProducer] = {}
        self._closing: set[asyncio.Task[None]] = set()

    async def acquire(self, partition: TopicPartition) -> Committed:
        """See Delivery.

        A replica that is no longer a member does not get so far: it would fence the owner, which is harmless for the
        documents, but brings both to a halt for a moment.
        """
        self._discard(partition)
        try:
            await self._consumer().confirm_membership()
        except KafkaError as error:
            raise refused(f"{name_of(partition)} is not acquired", error) from error
        failpoint("assigned")
        producer = self._new_producer(transactional_id(self._group, partition))
        try:
            await start_producer(producer, self._timeout_s)
        except BaseException:
            self._later(abandon_producer(producer))
            raise
        self._producers[partition] = producer
        failpoint("fenced")
        return await self._positions.locate(partition, await self._probed_offset(partition))

    async def check_log_start(self, partition: TopicPartition, offset: int) -> None:
        """See Delivery."""
        await self._positions.check_log_start(partition, offset)

    async def mark(self, partition: TopicPartition, at: Committed) -> None:
        """See Delivery: a transaction of nothing but the offset."""
        await self._make_final(partition, (), at)

    async def publish_and_commit(
        self, partition: TopicPartition, records: Sequence[OutgoingRecord], then: Committed
    ) -> None:
        """See Delivery."""
        await self._make_final(partition, records, then)

    async def release(self, held: Mapping[TopicPartition, Committed]) -> None:
        """See Delivery. Where a producer was thrown away, the mark stays: how its last slice ended is not known."""
        ours = {partition: at for partition, at in held.items() if partition in self._producers}
        try:
            results = await asyncio.gather(
                *(self._make_final(p, (), Committed(at.offset, at.mark.released())) for p, at in ours.items()),
                return_exceptions=True,
            )
        finally:
            for producer in self._producers.values():
                self._later(close_producer(producer))
            self._producers.clear()
        if ours:
            failpoint("released")
        if failed := [result for result in results if isinstance(result, BaseException)]:
            raise BrokerError(f"cannot give {len(failed)} partitions up in good order: {failed[0]!r}") from failed[0]

    async def close(self) -> None:
        """See Delivery."""
        for partition in list(self._producers):
            self._discard(partition)
        while self._closing:
            await asyncio.wait(self._closing)

    async def _probed_offset(self, partition: TopicPartition) -> OffsetAndMetadata | None:
        """The committed offset, read within a transaction that is aborted.

        A coordinator that is still loading its log after a restart may answer with an offset of long ago, or with none
        (seen of Kafka 4.4). It takes no write meanwhile: one that has just taken ours has loaded everything.
        """
        async with self._transaction(partition, f"cannot probe the coordinator for {name_of(partition)}") as producer:
            await producer.send_offsets_to_transaction({partition: OffsetAndMetadata(0, "")}, self._group)
            failpoint("probed")
            probed_s = time.monotonic()
            found = await self._positions.fetch(partition)
            took_s = time.monotonic() - probed_s
            await producer.abort_transaction()
        if took_s > PROBE_HOLDS_S:
            self._discard(partition)
            raise BrokerError(
                f"the committed offset of {name_of(partition)} took {took_s:.1f} s: it may be out of date"
            )
        return found

    async def _make_final(self, partition: TopicPartition, records: Sequence[OutgoingRecord], at: Committed) -> None:
        """One transaction.

        aiokafka fails a single record's future and would still commit the others: every ack is awaited before the
        offset is added.
        """
        acks: list[asyncio.Future[object]] = []
        what = f"cannot make {name_of(partition)} up to {at.offset} final"
        async with self._transaction(partition, what, acks) as producer:
            failpoint("begun")
            for r in records:
                acks.append(await producer.send(self._prefix + r.topic, r.value, key=r.key, headers=r.headers))
            await asyncio.gather(*acks)
            failpoint("sent")
            offset = OffsetAndMetadata(at.offset, at.mark.as_metadata())
            await producer.send_offsets_to_transaction({partition: offset}, self._group)
            failpoint("offsets_added")
            await producer.commit_transaction()
            failpoint("ended")

    @asynccontextmanager
    async def _transaction(
        self, partition: TopicPartition, what: str, acks: Sequence["asyncio.Future[object]"] = ()
    ) -> AsyncIterator[AIOKafkaProducer]:
        """Begun, and for the block to end in time. After any failure the producer is gone; `what` failed then."""
        producer = self._producers.get(partition)
        if producer is None:
            raise BrokerError(f"{name_of(partition)} has no producer: it is to be acquired again")
        try:
            async with asyncio.timeout(self._timeout_s):
                await producer.begin_transaction()
                yield producer
        except BaseException as error:
            self._discard(partition)
            if isinstance(error, FAILURES):
                raise refused(what, first_failure(producer, acks, error), topic=partition.topic) from error
            raise

    def _discard(self, partition: TopicPartition) -> None:
        """Throw a producer away, whatever it is doing."""
        producer = self._producers.pop(partition, None)
        if producer is not None:
            self._later(abandon_producer(producer))

    def _later(self, closing: Coroutine[None, None, None]) -> None:
        """Let it close beside everything else."""
        task = asyncio.create_task(closing)
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


def transactional_id(group: str, partition: TopicPartition) -> str:
    """One for each partition of a group; the right to write it is granted by the prefix `group:`.

    Neither a group nor a topic holds a colon, so no two deployments share one, whatever their prefixes.
    """
    return f"{group}:{partition.topic}:{partition.partition}"

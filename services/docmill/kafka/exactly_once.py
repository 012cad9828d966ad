"""Exactly once: what a slice publishes and the offset after it become final in one transaction, fenced by partition.

A transactional producer for each partition, its id made of group, topic and partition. Who takes a partition over
starts its producer first, which ends whatever the owner before had begun and fences it for good (KIP-98,
InitProducerId); only then is the committed offset read. So a transaction always starts from an offset that was read
after its own fencing: docs/decisions/0014-exactly-once.md has the argument, step by step. The offset is committed twice
in the same transaction, to the group and to a log of our own (progress.py), since a group's coordinator may forget.

The steps, each a failpoint:
    assigned        the coordinator has confirmed that this replica is a member
    fenced          the producer has started; nobody else can commit for this partition with an older one
    located         it is known where to go on
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
from collections.abc import Callable, Coroutine, Mapping, Sequence

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError
from aiokafka.structs import OffsetAndMetadata

from docmill.errors import BrokerError
from docmill.kafka.crash_marks import commit_of, signed
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
from docmill.kafka.progress import Progress, ProgressLog, settled
from docmill.kafka.publish import OutgoingRecord
from docmill.kafka.refusals import refused
from docmill.kafka.watched_consumer import WatchedConsumer
from docmill_schemas.topics import PROGRESS

log = logging.getLogger(__name__)

NewProducer = Callable[[str], AIOKafkaProducer]  # of a transactional id


class ExactlyOnce:
    """A transactional producer for each partition that is held.

    Args:
        timeout_s: for one transaction, and to start a producer.
        input_id: the broker's id of the topic that is read; one made anew has another.
    """

    def __init__(
        self,
        consumer: Callable[[], WatchedConsumer],
        new_producer: NewProducer,
        progress: ProgressLog,
        group: str,
        topic_prefix: str,
        timeout_s: float,
        input_id: str,
    ) -> None:
        self._consumer = consumer
        self._positions = Positions(consumer)
        self._new_producer = new_producer
        self._progress = progress
        self._group = group
        self._prefix = topic_prefix
        self._timeout_s = timeout_s
        self._input_id = input_id
        self._producers: dict[TopicPartition, AIOKafkaProducer] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._commits: dict[TopicPartition, int] = {}  # of what is held: the number of its last one
        self._by_hand: dict[TopicPartition, int | None] = {}  # likewise: the last offset set by hand

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
        try:
            committed = await self._positions.locate(partition, await self._last_offset(partition, producer))
        except BaseException:
            self._discard(partition)  # else a release would commit what this replica last knew, long ago perhaps
            raise
        failpoint("located")
        return committed

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
        await self._progress.close()
        while self._closing:
            await asyncio.wait(self._closing)

    async def _last_offset(self, partition: TopicPartition, producer: AIOKafkaProducer) -> OffsetAndMetadata | None:
        """The offset that was committed last, by whichever of the two places has not forgotten it."""
        name = name_of(partition)
        try:
            async with asyncio.timeout(self._timeout_s):
                where = await self._progress_partition(partition, producer)
        except (KafkaError, TimeoutError) as error:
            raise refused(f"cannot read how far {name} is", error, topic=self._prefix + PROGRESS.name) from error
        ours = await self._progress.last(self._key(partition), where)
        groups = await self._positions.fetch(partition)
        last = settled(ours, groups)
        if ours is None:
            self._commits[partition], self._by_hand[partition] = 0, None
        else:
            self._commits[partition], self._by_hand[partition] = commit_of(ours.committed.metadata) or 0, ours.by_hand
            if last != groups:
                said = "none" if groups is None else groups.offset
                forgot = "the group's coordinator has forgotten"
                log.warning("%s: %s offset %d, it says %s", name, forgot, ours.committed.offset, said)
        if last is not None and commit_of(last.metadata) is None:
            self._by_hand[partition] = last.offset
        return last

    async def _progress_partition(self, partition: TopicPartition, producer: AIOKafkaProducer) -> int:
        """In step with the input's, so that few open transactions of others have to be waited for."""
        partitions: set[int] = await producer.partitions_for(self._prefix + PROGRESS.name)
        return int(partition.partition % len(partitions))

    def _key(self, partition: TopicPartition) -> bytes:
        return f"{transactional_id(self._group, partition)}:{self._input_id}".encode()

    async def _make_final(self, partition: TopicPartition, records: Sequence[OutgoingRecord], at: Committed) -> None:
        """One transaction.

        aiokafka fails a single record's future and would still commit the others: every ack is awaited before the
        offset is added.
        """
        producer = self._producers.get(partition)
        acks: list[asyncio.Future[object]] = []
        if producer is None:
            raise BrokerError(f"{name_of(partition)} has no producer: it is to be acquired again")
        try:
            async with asyncio.timeout(self._timeout_s):
                await producer.begin_transaction()
                failpoint("begun")
                for r in records:
                    acks.append(await producer.send(self._prefix + r.topic, r.value, key=r.key, headers=r.headers))
                commit = self._commits[partition] + 1
                offset = OffsetAndMetadata(at.offset, signed(at.mark, commit))
                acks.append(
                    await producer.send(
                        self._prefix + PROGRESS.name,
                        Progress(offset, self._by_hand[partition]).as_value(),
                        key=self._key(partition),
                        partition=await self._progress_partition(partition, producer),
                    )
                )
                await asyncio.gather(*acks)
                failpoint("sent")
                await producer.send_offsets_to_transaction({partition: offset}, self._group)
                failpoint("offsets_added")
                await producer.commit_transaction()
                failpoint("ended")
                self._commits[partition] = commit
        except BaseException as error:
            self._discard(partition)
            if isinstance(error, FAILURES):
                what = f"cannot make {name_of(partition)} up to {at.offset} final"
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

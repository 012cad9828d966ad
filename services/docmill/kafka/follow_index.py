"""A local copy of the index kept in step with knowledge.indexed: assign and seek, no group, no trace on the broker.

The order, and why it holds:
    1. the log is described: topic id, starts, ends, how long deletions are kept
    2. a copy that may not go on from its offsets (index/staleness.py) is emptied, in one transaction
    3. each partition is sought to the copy's own offset
    4. records and the offsets after them are applied in one transaction, so that a crash loses or doubles nothing
    5. ready: all partitions have come to the ends seen in the first 1
    6. every few seconds 1 again: a topic that was made anew meanwhile is seen, and so is having read to its end
One process writes to a copy at a time (index/place.py); this module does not see to it.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from docmill.errors import BrokerError
from docmill.index.decode import read_change
from docmill.index.staleness import Log, StaleReason, is_complete, staleness
from docmill.index.types import Change, Embedding, LocalIndex, Source
from docmill.kafka.scan import scan_clients
from docmill.kafka.topic_id import topic_id
from docmill.kafka.topics import delete_retention_ms, require_topics
from docmill.settings import Settings
from docmill_schemas.topics import KNOWLEDGE_INDEXED

POLL_MS = 200
LOOK_EVERY_S = 5.0
STALLED_AFTER_S = 60.0  # while it catches up, without a step forward
CLIENT_ID = "docmill-index"


class IndexFollower:
    """Applies what the topic says, step by step. For one task."""

    def __init__(
        self,
        consumer: AIOKafkaConsumer,
        topic: str,
        describe: Callable[[], Awaitable[Log]],
        index: LocalIndex,
        now_ms: Callable[[], int] = lambda: int(time.time() * 1000),
    ) -> None:
        """`topic`: with the prefix. `describe`: the log as the broker has it now."""
        self._consumer = consumer
        self._topic = topic
        self._describe = describe
        self._index = index
        self._now_ms = now_ms
        self._offsets: dict[int, int] = {}  # as the copy has them
        self._first_ends: Mapping[int, int] | None = None
        self._looked_s = 0.0
        self.rebuilt: StaleReason | None = None  # why the copy was last made anew by this follower

    @property
    def ready(self) -> bool:
        """Whether the copy has come to the ends that the log had at start."""
        return self._first_ends is not None and is_complete(self._offsets, self._first_ends)

    @property
    def missing(self) -> int:
        """How many offsets lie before those ends, roughly."""
        return sum(max(0, end - self._offsets.get(p, 0)) for p, end in (self._first_ends or {}).items())

    async def look(self) -> None:
        """Describe the log, make the copy anew where it is stale, and read on from its offsets.

        Raises:
            KafkaError, BrokerError: the broker does not answer, or the topic is missing.
            IndexUnavailableError: the store does not answer.
        """
        now_ms = self._now_ms()
        log = await self._describe()
        state = await asyncio.to_thread(self._index.state)
        reason = staleness(state, log, now_ms)
        if reason is not None:
            await asyncio.to_thread(self._index.rebuild, log.source, now_ms)
            self.rebuilt, self._first_ends = reason, None
        if reason is not None or self._first_ends is None or self._offsets.keys() != log.starts.keys():
            held = {} if state is None or reason is not None else state.offsets
            self._seek({partition: held.get(partition, start) for partition, start in log.starts.items()})
        if self._first_ends is None:
            self._first_ends = log.ends
        if is_complete(self._offsets, log.ends):
            await asyncio.to_thread(self._index.apply, (), positions=self._offsets, complete_at_ms=now_ms)
        self._looked_s = time.monotonic()

    async def step(self) -> bool:
        """One poll, applied; whether the copy came a step forward. Every few seconds it looks first.

        Raises:
            IndexRecordError: the topic holds a record that is none of the index's.
            IndexEmbeddingError: a passage is of another embedding.
            Whatever `look` raises.
        """
        if time.monotonic() - self._looked_s >= LOOK_EVERY_S:
            await self.look()
        polled = await self._consumer.getmany(timeout_ms=POLL_MS)
        positions = {p: await self._consumer.position(TopicPartition(self._topic, p)) for p in self._offsets}
        if positions == self._offsets:
            return False
        changes = await asyncio.to_thread(_read, polled)
        await asyncio.to_thread(self._index.apply, changes, positions=positions)
        self._offsets = positions
        return True

    def _seek(self, offsets: dict[int, int]) -> None:
        partitions = {partition: TopicPartition(self._topic, partition) for partition in offsets}
        self._consumer.assign(list(partitions.values()))
        for partition, offset in offsets.items():
            self._consumer.seek(partitions[partition], offset)
        self._offsets = offsets


async def describe_log(admin: AIOKafkaAdminClient, consumer: AIOKafkaConsumer, topic: str, embedding: Embedding) -> Log:
    """The topic as its broker describes it now.

    Args:
        topic: with the prefix.
        embedding: that of the queries; of any other a copy takes nothing.

    Raises:
        KafkaError: the broker does not answer, or the topic is gone.
        ConfigurationError: the broker is older than 3.1.
    """
    id = await topic_id(admin, topic)  # first: of a topic that is gone it raises
    [described] = await admin.describe_topics([topic])
    partitions = [TopicPartition(topic, one["partition"]) for one in described["partitions"]]
    starts = await consumer.beginning_offsets(partitions)
    ends = await consumer.end_offsets(partitions)
    return Log(
        source=Source(id, embedding),
        starts={p.partition: offset for p, offset in starts.items()},
        ends={p.partition: offset for p, offset in ends.items()},
        delete_retention_ms=await delete_retention_ms(admin, topic),
    )


@asynccontextmanager
async def index_follower(settings: Settings, index: LocalIndex, embedding: Embedding) -> AsyncIterator[IndexFollower]:
    """A follower with clients of its own, which has looked once.

    Raises:
        BrokerError: the broker does not answer, or the topic is missing; also of what fails in the block.
        ConfigurationError: a right is missing, or the broker is older than 3.1.
    """
    await require_topics(settings, [KNOWLEDGE_INDEXED])
    async with scan_clients(settings, CLIENT_ID) as (admin, consumer):
        topic = settings.topic_prefix + KNOWLEDGE_INDEXED.name
        describe = partial(describe_log, admin, consumer, topic, embedding)
        follower = IndexFollower(consumer, topic, describe, index)
        await follower.look()
        yield follower


async def catch_up(
    settings: Settings,
    index: LocalIndex,
    embedding: Embedding,
    on_missing: Callable[[int], None] = lambda missing: None,
) -> StaleReason | None:
    """Bring a copy to the end that the topic has now; why it was made anew, where it was.

    Args:
        on_missing: told how many offsets are left, after each step.

    Raises:
        BrokerError: no record came for a minute; and whatever `index_follower` and `step` raise.
    """
    async with index_follower(settings, index, embedding) as follower:
        moved_s = time.monotonic()
        while not follower.ready:
            if await follower.step():
                moved_s = time.monotonic()
            on_missing(follower.missing)
            if time.monotonic() - moved_s > STALLED_AFTER_S:
                raise BrokerError(
                    f"the broker at {settings.kafka_bootstrap_servers} gives no more records of the index"
                )
        await follower.look()  # the end may still be the one of the start: then the copy is known to be complete
        return follower.rebuilt


def _read(polled: Mapping[TopicPartition, list[object]]) -> list[Change]:
    return [
        read_change(partition.partition, record.offset, record.key, record.value)  # type: ignore[attr-defined]
        for partition, records in polled.items()
        for record in records
    ]

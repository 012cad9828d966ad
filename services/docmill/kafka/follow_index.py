"""A local copy of the index kept in step with knowledge.indexed: assign and seek, no group, no trace on the broker.

The order, and why it holds:
    1. the log is described: topic id, starts, ends, how long deletions are kept
    2. a copy that may not go on from its offsets (index/staleness.py) is emptied, in one transaction
    3. each partition is sought to the copy's own offset
    4. records and the offsets after them are applied in one transaction, so that a crash loses or doubles nothing;
       where that fails, or is cancelled, the partitions are sought back to what was applied
    5. ready: all partitions have come to the ends seen in the first 1
    6. every few seconds 1 again, so that a topic made anew meanwhile is seen; once the ends seen there are reached, the
       copy is known to be complete as of that time
One process writes to a copy at a time (index/place.py); this module does not see to it. What to do after a failure is
the caller's (follow_for_ever.py).
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from docmill.errors import BrokerError, IndexEmbeddingError
from docmill.index.staleness import Log, StaleReason, is_complete, staleness
from docmill.index.types import Change, Embedding, LocalIndex, Source
from docmill.index.writer import described
from docmill.kafka.decode_record import Record
from docmill.kafka.read_indexed import ReadPoll, read_poll, unreadable_header
from docmill.kafka.scan import scan_clients
from docmill.kafka.topic_id import topic_id
from docmill.kafka.topics import delete_retention_ms, require_topics
from docmill.settings import Settings
from docmill_schemas.topics import KNOWLEDGE_INDEXED

log = logging.getLogger(__name__)

POLL_MS = 200
LOOK_EVERY_S = 5.0
STALLED_AFTER_S = 60.0  # behind the log, without a step forward
CLIENT_ID = "docmill-index"
NOT_KNOWN = Embedding("", "", 0)


@dataclass(frozen=True, slots=True)
class _Seen:
    """The ends that the log had at a time: a copy that reaches them has all that was written before it."""

    at_ms: int
    ends: Mapping[int, int]


class IndexFollower:
    """Applies what the topic says, step by step. For one task. After a failure it may go on: nothing polled is lost."""

    def __init__(
        self,
        consumer: AIOKafkaConsumer,
        topic: str,
        describe: Callable[[], Awaitable[Log]],
        index: LocalIndex,
        now_ms: Callable[[], int] = lambda: int(time.time() * 1000),
        on_rebuild: Callable[[StaleReason], None] = lambda reason: None,
    ) -> None:
        """`topic`: with the prefix. `describe`: the log as the broker has it now. `on_rebuild`: see `new_follower`."""
        self._consumer = consumer
        self._topic = topic
        self._describe = describe
        self._index = index
        self._now_ms = now_ms
        self._on_rebuild = on_rebuild
        self._offsets: dict[int, int] = {}  # as the copy has them
        self._first_ends: Mapping[int, int] | None = None
        self._seen: _Seen | None = None  # None: the ends seen last are reached, and that is written down
        self._embedding = NOT_KNOWN
        self._looked_s: float | None = None  # None: the next step looks
        self._moved_s = 0.0  # the last step forward, or when it was last not behind
        self.complete_at_ms: int | None = None  # of all that was written before it the copy lacks nothing
        self.unreadable = 0  # records that the copy could not take, see read_indexed.py
        self.rebuilt: StaleReason | None = None  # why the copy was last made anew by this follower

    @property
    def looked(self) -> bool:
        """Whether it knows the log, and the copy is one of it."""
        return self._first_ends is not None

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
        self._looked_s = None  # until it is through
        log = await self._describe()
        state = await asyncio.to_thread(self._index.state)
        reason = staleness(state, log, now_ms)
        if reason is not None:
            # Said first: where this is cancelled, the thread may empty the copy all the same.
            self.rebuilt, self._first_ends, self.complete_at_ms = reason, None, None
            self._on_rebuild(reason)
            await asyncio.to_thread(self._index.rebuild, log.source, now_ms)
        if self._first_ends is None or self._offsets.keys() != log.starts.keys():
            held = {} if state is None or reason is not None else state.offsets
            self._assign({partition: held.get(partition, start) for partition, start in log.starts.items()})
        if self._first_ends is None:
            self._first_ends = log.ends
        if self._seen is None:
            self._moved_s = time.monotonic()
        self._seen, self._embedding = _Seen(now_ms, log.ends), log.source.embedding
        if is_complete(self._offsets, log.ends):
            await self._apply((), self._offsets)
        self._looked_s = time.monotonic()

    async def step(self) -> bool:
        """One poll, applied; whether the copy came a step forward. Every few seconds it looks first.

        Raises:
            IndexRecordError: aiokafka cannot read a record, so nobody knows what it would do to the copy.
            IndexEmbeddingError: the topic is of another embedding: all of its passages, as far as it was read.
            BrokerError: it gives no record for a minute, though the copy is behind the log.
            Whatever `look` raises.
        """
        if self._looked_s is None or time.monotonic() - self._looked_s >= LOOK_EVERY_S:
            await self.look()
        try:
            polled = await self._poll()
            positions = {p: await self._consumer.position(TopicPartition(self._topic, p)) for p in self._offsets}
            if positions == self._offsets:
                self._check_stalled()
                return False
            read = await asyncio.to_thread(read_poll, polled, self._embedding)
            await self._check_embedding(read)
            await self._apply(read.changes, positions)
        except BaseException:  # a cancelled step too: the consumer stands behind what was polled
            self._seek()
            raise
        self._moved_s = time.monotonic()
        self.unreadable += read.unreadable
        for problem in read.problems:
            log.error("%s: the copy of the index has nothing under its key; send that source text again", problem)
        return True

    async def _poll(self) -> dict[TopicPartition, list[Record]]:
        try:
            polled: dict[TopicPartition, list[Record]] = await self._consumer.getmany(timeout_ms=POLL_MS)
        except UnicodeDecodeError as error:  # aiokafka reads headers' names as UTF-8, whatever their sender wrote
            raise unreadable_header(self._topic) from error
        return polled

    async def _check_embedding(self, read: ReadPoll) -> None:
        """One passage of another embedding is a bad record; where there is no other, it is the wrong topic."""
        if read.foreign is not None and (await asyncio.to_thread(self._index.stats)).passages == 0:
            raise IndexEmbeddingError(self._topic, described(self._embedding), described(read.foreign))

    async def _apply(self, changes: Sequence[Change], positions: dict[int, int]) -> None:
        """With the offsets, and where these reach the ends seen last, with the time of that look."""
        reached = self._seen is not None and is_complete(positions, self._seen.ends)
        complete_at_ms = self._seen.at_ms if self._seen is not None and reached else None
        await asyncio.to_thread(self._index.apply, changes, positions=positions, complete_at_ms=complete_at_ms)
        self._offsets = positions
        if complete_at_ms is not None:
            self.complete_at_ms, self._seen = complete_at_ms, None

    def _check_stalled(self) -> None:
        """Raises: BrokerError: aiokafka's fetching may have died, of which `getmany` tells nothing."""
        if self._seen is not None and time.monotonic() - self._moved_s > STALLED_AFTER_S:
            raise BrokerError(f"the broker gives no more records of {self._topic}")

    def _assign(self, offsets: dict[int, int]) -> None:
        self._consumer.assign([TopicPartition(self._topic, partition) for partition in offsets])
        self._offsets = offsets
        self._seek()

    def _seek(self) -> None:
        for partition, offset in self._offsets.items():
            self._consumer.seek(TopicPartition(self._topic, partition), offset)


async def describe_log(admin: AIOKafkaAdminClient, consumer: AIOKafkaConsumer, topic: str, embedding: Embedding) -> Log:
    """The topic as its broker describes it now.

    Args:
        topic: with the prefix.
        embedding: that of the queries; of any other a copy takes nothing.

    Raises:
        KafkaError, BrokerError: the broker does not answer, or the topic is gone or not there yet.
        ConfigurationError: the broker is older than 3.1.
    """
    id = await topic_id(admin, topic)  # first: of a topic that is gone it raises
    [described] = await admin.describe_topics([topic])
    partitions = [TopicPartition(topic, one["partition"]) for one in described["partitions"]]
    if not partitions:  # a copy that believed it would be emptied
        raise BrokerError(f"the broker does not say which partitions {topic} has")
    starts = await consumer.beginning_offsets(partitions)
    ends = await consumer.end_offsets(partitions)
    return Log(
        source=Source(id, embedding),
        starts={p.partition: offset for p, offset in starts.items()},
        ends={p.partition: offset for p, offset in ends.items()},
        delete_retention_ms=await delete_retention_ms(admin, topic),
    )


@asynccontextmanager
async def new_follower(
    settings: Settings,
    index: LocalIndex,
    embedding: Embedding,
    on_rebuild: Callable[[StaleReason], None] = lambda reason: None,
) -> AsyncIterator[IndexFollower]:
    """A follower with clients of its own, which has not looked yet: its first step does.

    Args:
        on_rebuild: told why, before the copy is emptied: from then on it lacks something, until `ready`.

    Raises:
        BrokerError: the broker does not answer, or the topic is missing; also of what fails in the block.
        ConfigurationError: a right is missing, or the broker is older than 3.1.
    """
    await require_topics(settings, [KNOWLEDGE_INDEXED])
    async with scan_clients(settings, CLIENT_ID) as (admin, consumer):
        topic = settings.topic_prefix + KNOWLEDGE_INDEXED.name
        describe = partial(describe_log, admin, consumer, topic, embedding)
        yield IndexFollower(consumer, topic, describe, index, on_rebuild=on_rebuild)


@asynccontextmanager
async def index_follower(settings: Settings, index: LocalIndex, embedding: Embedding) -> AsyncIterator[IndexFollower]:
    """The same, which has looked once. Raises: see `new_follower` and `IndexFollower.look`."""
    async with new_follower(settings, index, embedding) as follower:
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
        Whatever `index_follower` and `step` raise.
    """
    async with index_follower(settings, index, embedding) as follower:
        await read_to_end(follower, on_missing)
        return follower.rebuilt


async def read_to_end(follower: IndexFollower, on_missing: Callable[[int], None]) -> None:
    """Step until the copy is ready, and still is when the log is described again: the topic may be another one by then.

    That look also finds whether the end is still the one of the start: then the copy is known to be complete.
    """
    while True:
        while not follower.ready:
            await follower.step()
            on_missing(follower.missing)
        await follower.look()
        if follower.ready:
            return

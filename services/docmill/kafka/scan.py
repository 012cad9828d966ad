"""Topics read from their start, or from where they once ended, to the ends that they have when asked: no group, no
trace on the broker.

Does not know what the records mean.
"""

import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from docmill.errors import BrokerError
from docmill.kafka.connection import client_options
from docmill.kafka.decode_record import Record, timestamp_utc
from docmill.kafka.refusals import explained
from docmill.kafka.stop_consumer import stop_consumer
from docmill.settings import Settings
from docmill_schemas.topics import MIB, TopicSpec

POLL_MS = 500
STALLED_AFTER_S = 60.0  # without a record, and without stepping over one
PARTITION_FETCH_BYTES = 4 * MIB
FETCH_BYTES = 16 * MIB

Offsets = Mapping[TopicPartition, int]
OnProgress = Callable[[str, int, int], None]  # what is read, records done, about how many there are


@dataclass(slots=True)
class Scanned:
    """How much of one topic was looked through."""

    topic: str  # with the deployment's prefix
    records: int = 0
    first: datetime | None = None
    last: datetime | None = None


class Scan:
    """Reads topics from their start, or from a time or offsets on, to the ends that they have when asked to."""

    def __init__(
        self,
        settings: Settings,
        admin: AIOKafkaAdminClient,
        consumer: AIOKafkaConsumer,
        start_ms: int | None,
        on_progress: OnProgress,
        way_out: str = "try --since",
    ) -> None:
        """`way_out`: what to do where a record cannot be read, for whom it stops."""
        self._prefix = settings.topic_prefix
        self._servers = settings.kafka_bootstrap_servers
        self._admin = admin
        self._consumer = consumer
        self._start_ms = start_ms
        self._on_progress = on_progress
        self._way_out = way_out

    async def read(
        self,
        what: str,
        topics: Sequence[TopicSpec],
        on_record: Callable[[str, Record], None],
        since: Offsets | None = None,
    ) -> tuple[Scanned, ...]:
        """Hand each committed record, with its topic's name without the prefix, to `on_record`.

        `since`: offsets to begin at; a partition that is not among them came later, and is read from its start.
        """
        scanned = {self._prefix + spec.name: Scanned(self._prefix + spec.name) for spec in topics}
        ends, total = await self._assign(list(scanned), since)
        moved = time.monotonic()
        while ends:
            for partition, records in (await self._poll(ends)).items():
                moved = time.monotonic()
                self._take(scanned[partition.topic], records, ends.get(partition, 0), on_record)
                self._on_progress(what, sum(one.records for one in scanned.values()), total)
            for partition, end in list(ends.items()):
                if await self._consumer.position(partition) >= end:  # markers of transactions are stepped over
                    self._consumer.pause(partition)
                    del ends[partition]
                    moved = time.monotonic()
            if time.monotonic() - moved > STALLED_AFTER_S:
                names = ", ".join(f"{p.topic}-{p.partition}" for p in ends)
                raise BrokerError(f"the broker at {self._servers} gives no more records of {names}")
        return tuple(scanned.values())

    async def _poll(self, wanted: Iterable[TopicPartition]) -> dict[TopicPartition, list[Record]]:
        try:
            polled: dict[TopicPartition, list[Record]] = await self._consumer.getmany(timeout_ms=POLL_MS)
        except UnicodeDecodeError as error:  # aiokafka reads headers' names as UTF-8, whatever their sender wrote
            names = ", ".join(f"{p.topic}-{p.partition}" for p in wanted)
            problem = f"one of {names} holds a record whose header name is not UTF-8; {self._way_out}"
            raise BrokerError(problem) from error
        return polled

    def _take(
        self, scanned: Scanned, records: Sequence[Record], end: int, on_record: Callable[[str, Record], None]
    ) -> None:
        """Count a poll's records of one partition and hand them on; those past the end are newer than the question."""
        name = scanned.topic.removeprefix(self._prefix)
        for record in records:
            if record.offset < end:
                on_record(name, record)
                scanned.records += 1
        times = [timestamp_utc(record.timestamp) for record in (records[0], records[-1])]
        scanned.first = min(times if scanned.first is None else [scanned.first, *times])
        scanned.last = max(times if scanned.last is None else [scanned.last, *times])

    async def _assign(self, topics: Sequence[str], since: Offsets | None) -> tuple[dict[TopicPartition, int], int]:
        """Assign all partitions of the topics, each at its start; the ends of those that hold anything, and how many
        offsets that are.
        """
        partitions = await partitions_of(self._admin, topics)
        self._consumer.assign(partitions)
        ends = await self._consumer.end_offsets(partitions)
        starts = await self._starts(partitions, ends, since)
        for partition in partitions:
            self._consumer.seek(partition, starts[partition])
        held = {partition: ends[partition] for partition in partitions if starts[partition] < ends[partition]}
        self._consumer.pause(*(partition for partition in partitions if partition not in held))
        return held, sum(end - starts[partition] for partition, end in held.items())

    async def _starts(
        self, partitions: Sequence[TopicPartition], ends: dict[TopicPartition, int], since: Offsets | None
    ) -> dict[TopicPartition, int]:
        if since is not None:
            return {partition: since.get(partition, 0) for partition in partitions}
        if self._start_ms is None:
            starts: dict[TopicPartition, int] = await self._consumer.beginning_offsets(partitions)
            return starts
        found = await self._consumer.offsets_for_times(dict.fromkeys(partitions, self._start_ms))
        return {p: ends[p] if found.get(p) is None else found[p].offset for p in partitions}


async def partitions_of(admin: AIOKafkaAdminClient, topics: Iterable[str]) -> list[TopicPartition]:
    """All partitions of topics, whose names are given with the prefix."""
    described = await admin.describe_topics(list(topics))
    return [TopicPartition(t["topic"], p["partition"]) for t in described for p in t["partitions"]]


@asynccontextmanager
async def scan_clients(
    settings: Settings, client_id: str
) -> AsyncIterator[tuple[AIOKafkaAdminClient, AIOKafkaConsumer]]:
    """Started clients; what goes wrong with them becomes a BrokerError."""
    admin = AIOKafkaAdminClient(**client_options(settings), client_id=client_id)
    consumer = AIOKafkaConsumer(
        **client_options(settings),
        client_id=client_id,
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",  # where retention overtakes the reading
        isolation_level="read_committed",
        fetch_max_bytes=FETCH_BYTES,
        max_partition_fetch_bytes=PARTITION_FETCH_BYTES,
    )
    try:
        await admin.start()
        await consumer.start()
        yield admin, consumer
    except (KafkaError, TimeoutError) as error:
        raise await explained(settings, error) from error
    finally:
        await stop_consumer(consumer)
        await admin.close()

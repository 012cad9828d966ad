"""What one commit takes by itself: the deliveries' own code in this process, without documents or a model.

Both on one broker and one consumer that is a member of its group, each with a partition of its own, in turns.
"""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

from aiokafka import TopicPartition

from docmill.kafka.at_least_once import AtLeastOnce
from docmill.kafka.delivery import Delivery
from docmill.kafka.exactly_once import ExactlyOnce
from docmill.kafka.producers import new_producer, start_producer
from docmill.kafka.progress import ProgressLog, new_progress_consumer
from docmill.kafka.publish import OutgoingRecord
from docmill.kafka.watched_consumer import PollWatch, WatchedConsumer
from docmill.local_kafka import EmbeddedBroker
from docmill.settings import Settings
from docmill_schemas.topics import FALLBACK, PROGRESS
from load_tests.delivery_parts.pairs import AT_LEAST_ONCE, DELIVERIES, EXACTLY_ONCE, DeliveryName, turns
from load_tests.delivery_parts.proc import cpu_seconds
from load_tests.delivery_parts.processors import make_side

TIMEOUT_S = 15.0
# Between two commits, as computing lies between them in earnest. Without it the broker, still busy with the end of the
# transaction before, refuses the next one, and aiokafka tries again only after 20 ms.
PAUSE_S = 0.03
NAME = "commits"


@dataclass(frozen=True, slots=True)
class CommitCost:
    """Medians over turns of one slice's publishing and committing."""

    delivery: DeliveryName
    records: int
    cpu_ms: float  # of the client's process
    broker_cpu_ms: float
    latency_ms: float


async def measure_commits(
    broker: EmbeddedBroker, values: Sequence[bytes], *, blocks: int, commits: int
) -> tuple[CommitCost, ...]:
    """One slice of these values, committed over and over, of both deliveries."""
    side = make_side(broker, EXACTLY_ONCE, 2, 1, NAME)
    settings = Settings(kafka_bootstrap_servers=broker.bootstrap_servers, topic_prefix=side.prefix, group=side.group)
    records = [
        OutgoingRecord(FALLBACK.name, str(n).encode(), value, [("ce_type", b"bench")]) for n, value in enumerate(values)
    ]
    costs: dict[DeliveryName, list[CommitCost]] = {delivery: [] for delivery in DELIVERIES}
    async with _member(settings, side.topic) as consumer, _deliveries(settings, lambda: consumer) as deliveries:
        partitions = {d: TopicPartition(side.topic, number) for number, d in enumerate(deliveries)}
        for delivery, partition in partitions.items():
            await _commit(deliveries[delivery], partition, records, commits // 4)  # to warm up
        for block in range(blocks):
            for delivery in turns(block):
                cpu_s, broker_cpu_s = time.process_time(), cpu_seconds(broker.pid)
                latencies = await _commit(deliveries[delivery], partitions[delivery], records, commits)
                cpu_s, broker_cpu_s = time.process_time() - cpu_s, cpu_seconds(broker.pid) - broker_cpu_s
                figures = (cpu_s / commits, broker_cpu_s / commits, statistics.median(latencies))
                costs[delivery].append(CommitCost(delivery, len(records), *(1000 * figure for figure in figures)))
    return tuple(_median(of_one) for of_one in costs.values())


def _median(costs: Sequence[CommitCost]) -> CommitCost:
    figures = ([c.cpu_ms for c in costs], [c.broker_cpu_ms for c in costs], [c.latency_ms for c in costs])
    return CommitCost(costs[0].delivery, costs[0].records, *map(statistics.median, figures))


async def _commit(
    delivery: Delivery, partition: TopicPartition, records: Sequence[OutgoingRecord], commits: int
) -> list[float]:
    """Seconds of each."""
    at = await delivery.acquire(partition)
    latencies = []
    for _ in range(commits):
        started_s = time.perf_counter()
        await delivery.publish_and_commit(partition, records, at)
        latencies.append(time.perf_counter() - started_s)
        await asyncio.sleep(PAUSE_S)
    return latencies


@asynccontextmanager
async def _member(settings: Settings, topic: str) -> AsyncIterator[WatchedConsumer]:
    consumer = WatchedConsumer(
        topic,
        watch=PollWatch(_raise),
        bootstrap_servers=settings.kafka_bootstrap_servers,
        group_id=settings.group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    await consumer.start()
    try:
        yield consumer
    finally:
        await consumer.stop()


@asynccontextmanager
async def _deliveries(
    settings: Settings, consumer: Callable[[], WatchedConsumer]
) -> AsyncIterator[dict[DeliveryName, Delivery]]:
    producer = new_producer(settings)
    at_least = AtLeastOnce(consumer, producer, settings.topic_prefix)
    progress = ProgressLog(partial(new_progress_consumer, settings), settings.topic_prefix + PROGRESS.name, TIMEOUT_S)
    producers = partial(new_producer, settings)
    exactly = ExactlyOnce(consumer, producers, progress, settings.group, settings.topic_prefix, TIMEOUT_S, "bench")
    await start_producer(producer, TIMEOUT_S)
    try:
        yield {EXACTLY_ONCE: exactly, AT_LEAST_ONCE: at_least}
    finally:
        await asyncio.gather(exactly.close(), at_least.close())


def _raise(error: BaseException) -> None:
    raise error

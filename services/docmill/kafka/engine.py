"""The workers of a service: made and released with the assignment, fed by the one poller, watched for bugs.

Knows which partitions this replica holds. Does not know what is done with a slice (worker.py) or how results become
final (delivery.py).
"""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition

from docmill.errors import DocmillError, RecordsLostError
from docmill.kafka.decode_record import Record
from docmill.kafka.worker import PartitionWorker, Reading, Shared
from docmill.telemetry.metrics import Metrics

log = logging.getLogger(__name__)


class Engine:
    """One worker a partition of the current assignment.

    Args:
        stop: called once, when the service cannot go on; `error` says why.
    """

    def __init__(self, shared: Shared, metrics: Metrics, stop: Callable[[], None]) -> None:
        self.error: BaseException | None = None
        self.joined = False  # the group has assigned partitions, perhaps none, and has not revoked them
        self._shared = shared
        self._metrics = metrics
        self._stop = stop
        self._workers: dict[TopicPartition, PartitionWorker] = {}
        self._tasks: dict[TopicPartition, asyncio.Task[None]] = {}
        self._stopping = False

    @property
    def workers(self) -> Sequence[PartitionWorker]:
        """The workers of the current assignment."""
        return tuple(self._workers.values())

    def assigned(self, partitions: Iterable[TopicPartition], consumer: AIOKafkaConsumer) -> None:
        """Pause the partitions and start a worker for each. Never blocks: heartbeats start only after it returns."""
        self._metrics.rebalances.inc()
        self.joined = True
        if self._stopping:
            return
        partitions = list(partitions)
        consumer.pause(*partitions)
        reading = Reading(seek=consumer.seek, pause=consumer.pause, resume=consumer.resume)
        for partition in partitions:
            worker = PartitionWorker(partition, reading, self._shared)
            self._workers[partition] = worker
            task = asyncio.create_task(worker.run(), name=f"worker {partition.topic}-{partition.partition}")
            task.add_done_callback(self._ended)
            self._tasks[partition] = task
        self._metrics.assigned_partitions.set(len(self._workers))

    async def revoked(self) -> None:
        """Release all workers: each finishes the slice in hand within the deadline, or it is discarded."""
        self.joined = False
        workers, tasks = dict(self._workers), list(self._tasks.values())
        self._workers.clear()
        self._tasks.clear()
        self._metrics.assigned_partitions.set(0)
        for worker in workers.values():
            worker.release()
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=self._shared.settings.release_timeout_s)
            for task in late:
                log.warning("%s did not finish its slice in time; it is discarded", task.get_name())
                task.cancel()
            if late:
                await asyncio.wait(late)
        for partition in workers:
            await self._shared.delivery.release(partition)

    async def drain(self) -> None:
        """Stop for good: finish the slices in hand, take no new ones."""
        self._stopping = True
        await self.revoked()

    def accept(self, records: Iterable[Record]) -> None:
        """Hand polled records to the workers of their partitions. Never blocks, never awaits."""
        by_partition: dict[TopicPartition, list[Record]] = defaultdict(list)
        for record in records:
            by_partition[TopicPartition(record.topic, record.partition)].append(record)
        for partition, own in by_partition.items():
            worker = self._workers.get(partition)
            if worker is not None:
                worker.accept(own)

    def fail(self, error: BaseException) -> None:
        """Stop the service without committing anything further; the first error is the one reported."""
        if self.error is None:
            self.error = error
            self._stop()

    async def observe_lag(self, consumer: AIOKafkaConsumer) -> None:
        """Set the lag gauges of the held partitions from the broker's end offsets."""
        partitions = list(self._workers)
        ends = await consumer.end_offsets(partitions) if partitions else {}
        now_s = time.time()
        self._metrics.lag_records.clear()
        self._metrics.lag_seconds.clear()
        for partition, worker in self._workers.items():
            if worker.committed is None or partition not in ends:
                continue
            label = str(partition.partition)
            oldest_ms = worker.oldest_timestamp_ms()
            self._metrics.lag_records.labels(label).set(max(0, ends[partition] - worker.committed))
            self._metrics.lag_seconds.labels(label).set(max(0.0, now_s - oldest_ms / 1000) if oldest_ms else 0.0)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        if task.cancelled():
            return
        error = task.exception()
        if error is None:
            return
        if isinstance(error, RecordsLostError):
            self._metrics.lost_to_retention.inc(error.records)
        if not isinstance(error, DocmillError):
            log.error("%s died of a bug", task.get_name(), exc_info=error)
        self.fail(error)


class AssignmentListener(ConsumerRebalanceListener):  # type: ignore[misc]
    """Tells the engine of assignments. aiokafka swallows what a listener raises, so nothing here may pass silently."""

    def __init__(self, engine: Engine, consumer: Callable[[], AIOKafkaConsumer]) -> None:
        self._engine = engine
        self._consumer = consumer

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Eager protocol: all partitions go at every rebalance."""
        try:
            await self._engine.revoked()
        except Exception as error:
            self._engine.fail(error)

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """The assignment is live already; pausing comes first, before anything can be polled."""
        try:
            self._engine.assigned(assigned, self._consumer())
        except Exception as error:
            self._engine.fail(error)

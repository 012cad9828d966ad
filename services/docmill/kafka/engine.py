"""The workers of a service: made and released with the assignment, fed by the one poller, watched for bugs.

Knows which partitions this replica holds. Does not know what is done with a slice (worker.py) or how results become
final (delivery.py).
"""

import asyncio
import functools
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition

from docmill.errors import BrokerError, DocmillError, RecordsLostError
from docmill.kafka.decode_record import Record
from docmill.kafka.delivery import Committed
from docmill.kafka.watched_consumer import WatchedConsumer
from docmill.kafka.worker import PartitionWorker, Reading, Shared
from docmill.telemetry.metrics import Metrics

log = logging.getLogger(__name__)

GIVE_UP_S = 3.0  # for the last word on a partition, when the slice in hand is final or given up


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
        self.workers: Sequence[PartitionWorker] = ()  # of the current assignment; replaced whole: the probes read it
        self.drained = asyncio.Event()  # stopped for good; what follows is only to close connections
        self._workers: dict[TopicPartition, PartitionWorker] = {}
        self._tasks: dict[TopicPartition, asyncio.Task[None]] = {}
        self._releasing = asyncio.Lock()
        self._lag_partitions: set[TopicPartition] = set()
        self._stopping = False

    def assigned(self, partitions: Iterable[TopicPartition], consumer: WatchedConsumer) -> None:
        """Pause the partitions and start a worker for each. Never blocks: heartbeats start only after it returns."""
        self._metrics.rebalances.inc()
        self.joined = True
        if self._stopping:
            return
        partitions = list(partitions)
        consumer.pause(*partitions)
        reading = Reading(
            seek=consumer.seek, pause=consumer.pause, resume=consumer.resume, position=consumer.position_now
        )
        for partition in partitions:
            worker = PartitionWorker(partition, reading, self._shared)
            self._workers[partition] = worker
            task = asyncio.create_task(worker.run(), name=f"worker {partition.topic}-{partition.partition}")
            task.add_done_callback(functools.partial(self._ended, partition))
            self._tasks[partition] = task
        self.workers = tuple(self._workers.values())
        self._metrics.assigned_partitions.set(len(self._workers))

    async def revoked(self) -> None:
        """Release all workers: each finishes the slice in hand within the deadline, or it is discarded.

        Returns once all have ended, those of a release that is under way already included.
        """
        self.joined = False
        async with self._releasing:
            await self._release()

    async def _release(self) -> None:
        workers, tasks = dict(self._workers), dict(self._tasks)
        self._workers.clear()
        self._tasks.clear()
        self.workers = ()
        self._metrics.assigned_partitions.set(0)
        self._forget_lag(self._lag_partitions)
        for partition, worker in workers.items():
            worker.release()
            if not worker.busy:  # acquiring, backing off or without records: there is nothing to wait for
                tasks[partition].cancel()
        if tasks:
            _, late = await asyncio.wait(tasks.values(), timeout=self._shared.settings.release_timeout_s)
            for task in late:
                log.warning("%s did not finish its slice in time; it is discarded", task.get_name())
                task.cancel()
            if late:
                await asyncio.wait(late, timeout=self._shared.settings.release_timeout_s)
        await self._give_up({partition: worker.at for partition, worker in workers.items() if worker.at is not None})

    async def _give_up(self, held: Mapping[TopicPartition, Committed]) -> None:
        """The last word to the broker. Where it does not answer, the next owners take us for dead, and are careful."""
        try:
            async with asyncio.timeout(GIVE_UP_S):
                await self._shared.delivery.release(held)
        except (BrokerError, TimeoutError) as error:
            log.warning("%d partitions were released without a word to the broker: %r", len(held), error)

    async def drain(self) -> None:
        """Stop for good: finish the slices in hand, take no new ones."""
        self._stopping = True
        try:
            await self.revoked()
        except Exception as error:
            self.fail(error)
        finally:
            self.drained.set()

    def accept(self, records: Iterable[Record]) -> None:
        """Hand polled records to the workers of their partitions. Never blocks, never awaits.

        None after a failure: it may be that a poll was lost, and what follows it must not be committed.
        """
        if self.error is not None:
            return
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
        elif error is not self.error:
            log.error("while stopping: %r", error)

    async def observe_lag(self, consumer: AIOKafkaConsumer) -> None:
        """Set the lag gauges of the held partitions from the broker's end offsets."""
        partitions = list(self._workers)
        ends = await consumer.end_offsets(partitions) if partitions else {}
        now_s = time.time()
        known = {p: w for p, w in self._workers.items() if w.committed is not None and p in ends}
        self._forget_lag(self._lag_partitions - known.keys())
        self._lag_partitions = set(known)
        for partition, worker in known.items():
            assert worker.committed is not None
            label = str(partition.partition)
            oldest_ms = worker.oldest_timestamp_ms()
            self._metrics.lag_records.labels(label).set(max(0, ends[partition] - worker.committed))
            age_s = 0.0 if oldest_ms is None else max(0.0, now_s - oldest_ms / 1000)
            self._metrics.lag_seconds.labels(label).set(age_s)

    async def step_over_markers(self) -> None:
        """Let idle workers commit past what holds no record; one that cannot does so later, or acquires again."""
        for worker in self.workers:
            try:
                await worker.step_over()
            except BrokerError as error:
                log.warning("%s; its lag stays as it is for now", error)

    def _forget_lag(self, partitions: Iterable[TopicPartition]) -> None:
        for partition in list(partitions):
            self._lag_partitions.discard(partition)
            self._metrics.lag_records.remove(str(partition.partition))
            self._metrics.lag_seconds.remove(str(partition.partition))

    def _ended(self, partition: TopicPartition, task: "asyncio.Task[None]") -> None:
        error = None if task.cancelled() else task.exception()
        if error is None:
            if self._tasks.get(partition) is task:  # nobody released it: its partition would stand still
                self.fail(RuntimeError(f"{task.get_name()} ended by itself"))
            return
        if isinstance(error, RecordsLostError):
            self._metrics.lost_to_retention.inc(error.records)
        if not isinstance(error, DocmillError):
            log.error("%s died of a bug", task.get_name(), exc_info=error)
        self.fail(error)


class AssignmentListener(ConsumerRebalanceListener):  # type: ignore[misc]
    """Tells the engine of assignments. aiokafka swallows what a listener raises, so nothing here may pass silently."""

    def __init__(self, engine: Engine, consumer: Callable[[], WatchedConsumer]) -> None:
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

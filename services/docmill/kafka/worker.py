"""One assigned partition in one assignment: acquire, then slice after slice, until it is released.

The order of one slice, and why it holds:
    1. take records from the queue; the queue holds only records from the acquired offset on
    2. what each record comes to, and the records that say so, made in a thread (slice_work.py); after the death of an
       owner (crash_marks.py) the service is told that the records are suspected
    3. too many unexpected exceptions: stop here, nothing is published
    4. publish all, then commit the offset after the last one (delivery.py)
    5. only then metrics advance
Any failure of a dependency in 1-5 discards the slice; the worker backs off, and acquires again at what is committed.
"""

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import Executor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiokafka import TopicPartition

from docmill.errors import AbandonedError, BrokerError, DependencyError, InternalErrorRateError, LogTruncatedError
from docmill.kafka.crash_marks import CrashMark
from docmill.kafka.deaths import tell_deaths
from docmill.kafka.decode_record import Record
from docmill.kafka.delivery import Committed, Delivery
from docmill.kafka.failpoints import failpoint
from docmill.kafka.patience import Patience
from docmill.kafka.records_queue import RecordsQueue, estimated_tokens
from docmill.kafka.slice_work import Finished, SliceWork
from docmill.settings import Settings
from docmill.telemetry.metrics import Metrics

log = logging.getLogger(__name__)

ERROR_WINDOW = 1000  # records over which unexpected exceptions are counted


@dataclass(frozen=True, slots=True)
class Reading:
    """What a worker may do with the consumer: only ever to its own partition."""

    seek: Callable[[TopicPartition, int], None]
    pause: Callable[[TopicPartition], None]
    resume: Callable[[TopicPartition], None]
    position: Callable[[TopicPartition], int | None]  # that the next poll reads from; waits for nothing


@dataclass(frozen=True, slots=True)
class Shared:
    """What all workers of a service share. `owner` names this process in crash marks."""

    settings: Settings
    owner: str
    work: SliceWork[Any]
    delivery: Delivery
    metrics: Metrics
    executor: Executor
    internal_errors: "deque[bool]"
    in_hand: set[TopicPartition] = field(default_factory=set)  # partitions of which a slice is in work

    @property
    def at_work(self) -> int:
        """Slices that share what a slice needs: the processor, a generator. One that only pauses needs nothing."""
        return max(0, len(self.in_hand) - self.work.pausing)  # a thread may pause a moment longer than it is waited for


class PartitionWorker:
    """Owns a partition from its assignment to its release."""

    def __init__(self, partition: TopicPartition, reading: Reading, shared: Shared) -> None:
        self.partition = partition
        self.at: Committed | None = None  # None: never acquired
        self._reading = reading
        self._shared = shared
        of = shared.settings
        limits = of.max_queue_records, of.max_queue_bytes, of.max_slice_tokens
        self._queue = RecordsQueue(*limits, shared.work.most_records, shared.work.passes)
        self._patience = Patience(of.broker_timeout_s)
        self._next: int | None = None  # offset of the next record to accept; None: not acquired
        self._oldest_ms: int | None = None  # timestamp of the first record in hand, kept while its slice is retried
        self._counted_to = 0  # records below it were counted for unexpected exceptions, whatever became of their slice
        self._paused = True
        self._released = False
        self._committing = asyncio.Lock()

    @property
    def committed(self) -> int | None:
        """The committed offset, as far as this worker knows."""
        return None if self.at is None else self.at.offset

    @property
    def acquired(self) -> bool:
        """Whether records are accepted: taken over, and not backing off."""
        return self._next is not None

    @property
    def busy(self) -> bool:
        """Whether a slice is in hand. Where none is, cancelling `run` loses nothing."""
        return self.partition in self._shared.in_hand

    def accept(self, records: Sequence[Record]) -> None:
        """Queue polled records; those of before the acquire are dropped. Called by the poller, never blocks.

        Raises:
            LogTruncatedError: the poll went back behind what was read.
        """
        if self._next is None or self._released or not records:
            return
        if records[0].offset < self._next:
            # Never after a seek. aiokafka starts at the log's start again where the position is beyond its end.
            name = f"{self.partition.topic}-{self.partition.partition}"
            raise LogTruncatedError(name, self._next, f"the next record came from offset {records[0].offset}")
        self._next = records[-1].offset + 1
        self._queue.add(records)
        if self._queue.full and not self._paused:
            self._reading.pause(self.partition)
            self._paused = True

    def oldest_timestamp_ms(self) -> int | None:
        """Timestamp of the oldest record that is not committed, as far as it was polled."""
        return self._oldest_ms if self._oldest_ms is not None else self._queue.oldest_timestamp_ms()

    async def step_over(self) -> None:
        """Commit past offsets that hold no record, where nothing else is to be done.

        Transaction markers, and what an aborted transaction left, take offsets: a partition that ends with them would
        show a lag for ever. All that was polled has been accepted, since between `getmany` and the handler nothing
        suspends; so where the queue is empty and no slice is in hand, no record lies before the consumer's position.

        Raises:
            BrokerError: it could not be committed.
        """
        async with self._committing:
            position = self._reading.position(self.partition)
            idle = self.acquired and not self._released and not self.busy and not len(self._queue)
            if self.at is None or position is None or not idle or position <= self.at.offset:
                return
            then = Committed(position, self._mark)
            async with self._deadline(f"up to {position}"):
                await self._shared.delivery.mark(self.partition, then)
            self.at = then

    async def run(self) -> None:
        """Acquire and work until released.

        Raises:
            DocmillError: what ends the service: records lost to retention, a broker away for too long, too many
                unexpected exceptions.
        """
        while not self._released:
            before = self.committed
            try:
                await self._acquire()
                await self._work()
            except AbandonedError:
                return  # released, and the service gives up then
            except DependencyError as error:
                if self.committed != before:
                    self._patience.renew()
                self._stop_reading()
                backoff_s = self._patience.after_failure_s()
                if backoff_s is None:
                    raise
                log.warning("%s; acquiring again in %.1f s", error, backoff_s)
                await asyncio.sleep(backoff_s)

    def release(self) -> None:
        """Take no further slice; `run` returns once the one in hand is final, or given up by its service."""
        self._released = True
        self._queue.close()

    async def _acquire(self) -> None:
        started = time.monotonic()
        try:
            async with asyncio.timeout(self._shared.settings.acquire_timeout_s):
                found = await self._shared.delivery.acquire(self.partition)
                mark = found.mark.taken_over(self._shared.owner, self._shared.settings.max_slice_tokens)
                if found.offset != self.committed:  # the last commit went through after all
                    self._oldest_ms = None
                self.at = at = Committed(found.offset, mark)  # known before it is left: a release must take it back
                await self._shared.delivery.mark(self.partition, at)
        except TimeoutError:
            raise BrokerError(f"partition {self.partition.partition} could not be acquired in time") from None
        if self._released:
            return
        self._queue.clear()  # from here on nothing awaits: no poll brings records of the old position
        self._reading.seek(self.partition, at.offset)
        self._next = at.offset
        self._reading.resume(self.partition)
        self._paused = False
        self._shared.metrics.acquire_duration.observe(time.monotonic() - started)
        tell_deaths(self.partition, at, self._shared.work.tries_suspects)

    def _stop_reading(self) -> None:
        self._next = None
        self._queue.clear()
        if not self._released:
            self._reading.pause(self.partition)
            self._paused = True

    async def _work(self) -> None:
        while records := await self._next_slice():
            self._shared.in_hand.add(self.partition)
            try:
                await self._slice(records)
            finally:
                self._shared.in_hand.discard(self.partition)

    async def _next_slice(self) -> Sequence[Record]:
        with self._patience.suspended():
            return await self._queue.next_slice(shared_by=lambda: self._shared.at_work + 1)

    async def _slice(self, records: Sequence[Record]) -> None:
        self._oldest_ms = records[0].timestamp
        if self._paused and self._queue.drained:
            self._reading.resume(self.partition)
            self._paused = False
        await self._check_gap(records)
        loop = asyncio.get_running_loop()
        abandoned = threading.Event()
        try:
            with self._patience.suspended():  # it may wait for an index, or for a generator, for as long as it takes
                done = await loop.run_in_executor(self._shared.executor, self._process, records, abandoned)
        finally:
            abandoned.set()  # where this was cancelled, the thread need not go on
        self._count_internal_errors(done)
        failpoint("computed")
        await self._finish(done)
        self._oldest_ms = None

    @property
    def _mark(self) -> CrashMark:
        return CrashMark() if self.at is None else self.at.mark

    def _process(self, records: Sequence[Record], abandoned: threading.Event) -> Sequence[Finished]:
        work = self._shared.work  # in a thread
        given_up = (lambda: self._released or abandoned.is_set()) if work.gives_up_on_release else abandoned.is_set
        return work.process(records, self._mark.suspicious, given_up)

    def _count_internal_errors(self, done: Sequence[Finished]) -> None:
        window = self._shared.internal_errors
        for d in done:
            if d.record.offset < self._counted_to:  # of a slice that is retried
                continue
            self._counted_to = d.record.offset + 1
            window.append(d.unexpected is not None)
            if d.unexpected is not None:
                log.error("unexpected %s in offset %d of %s", d.unexpected, d.record.offset, self.partition)
                self._check_internal_errors()

    def _check_internal_errors(self) -> None:
        window = self._shared.internal_errors
        if sum(window) >= self._shared.settings.max_internal_errors:
            raise InternalErrorRateError(
                f"{sum(window)} unexpected exceptions in the last {len(window)} records: this is not the documents' "
                f"fault; the slice in hand is not committed. See the log, or roll back the bundle or the release"
            )

    async def _finish(self, done: Sequence[Finished]) -> None:
        async with self._committing:
            passed = self._mark.passed(sum(estimated_tokens(d.record) for d in done))
            then = Committed(done[-1].record.offset + 1, passed)
            async with self._deadline(f"up to {then.offset}"):
                outgoing = [record for d in done for record in d.publishes]
                await self._shared.delivery.publish_and_commit(self.partition, outgoing, then)
            failpoint("committed")
            self.at = then
        self._shared.work.final(done)

    @asynccontextmanager
    async def _deadline(self, what: str) -> AsyncIterator[None]:
        """Raises: BrokerError: `what` was not final in time."""
        try:
            async with asyncio.timeout(self._shared.settings.publish_timeout_s):
                yield
        except TimeoutError:
            raise BrokerError(f"partition {self.partition.partition} {what}: not final in time") from None

    async def _check_gap(self, records: Sequence[Record]) -> None:
        """Offsets jump over transaction markers, but also where retention ate what was not read yet.

        Retention eats from the start, so the first gap is the one to ask about.
        """
        expected = self.committed
        for record in records:
            if expected is not None and record.offset > expected:
                await self._shared.delivery.check_log_start(self.partition, expected)
                return
            expected = record.offset + 1

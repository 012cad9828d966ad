"""One assigned partition in one assignment: acquire, then slice after slice, until it is released.

The order of one slice, and why it holds:
    1. take records from the queue; the queue holds only records from the acquired offset on
    2. after the death of an owner: one record only, and a mark that it is being attempted (crash_marks.py)
    3. one outcome a record and its outgoing record, made in a thread
    4. too many unexpected exceptions: stop here, nothing is published
    5. publish all, then commit the offset after the last one (delivery.py)
    6. only then metrics advance
Any broker failure in 1-6 discards the slice: the worker backs off and acquires again, from the committed offset.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import Executor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from aiokafka import TopicPartition

from docmill.errors import BrokerError, InternalErrorRateError, LogTruncatedError, whereabouts
from docmill.kafka.accounting import Accounting, Final
from docmill.kafka.crash_marks import DEATHS_TO_CONDEMN, CrashMark
from docmill.kafka.decode_record import DecodedRecord, Record, decode_record, undecoded
from docmill.kafka.delivery import Committed, Delivery
from docmill.kafka.failpoints import failpoint
from docmill.kafka.publish import OutgoingRecord, Publisher
from docmill.kafka.records_queue import RecordsQueue, estimated_tokens
from docmill.processing import Mill, Outcome, ReceivedDocument, Rejected
from docmill.settings import Settings
from docmill_schemas.reasons import RejectionReason

log = logging.getLogger(__name__)

FIRST_BACKOFF_S = 0.2
LONGEST_BACKOFF_S = 10.0
ERROR_WINDOW = 1000  # records over which unexpected exceptions are counted
CONDEMNED = Rejected(
    RejectionReason.PROCESS_KILLED, f"the process died {DEATHS_TO_CONDEMN} times while it processed this record alone"
)


@dataclass(frozen=True, slots=True)
class Done:
    """A record, what became of it, and the record that says so."""

    record: Record
    outgoing: OutgoingRecord
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Reading:
    """What a worker may do with the consumer: only ever to its own partition."""

    seek: Callable[[TopicPartition, int], None]
    pause: Callable[[TopicPartition], None]
    resume: Callable[[TopicPartition], None]


@dataclass(frozen=True, slots=True)
class Shared:
    """What all workers of a service share. `owner` names this process in crash marks."""

    settings: Settings
    owner: str
    cluster_id: str
    mill: Mill
    publisher: Publisher
    delivery: Delivery
    accounting: Accounting
    executor: Executor
    internal_errors: "deque[bool]"
    in_hand: set[TopicPartition] = field(default_factory=set)  # partitions of which a slice is in work


class PartitionWorker:
    """Owns a partition from its assignment to its release."""

    def __init__(self, partition: TopicPartition, reading: Reading, shared: Shared) -> None:
        self.partition = partition
        self.at: Committed | None = None  # None: never acquired
        self._reading = reading
        self._shared = shared
        settings = shared.settings
        self._queue = RecordsQueue(settings.max_queue_records, settings.max_queue_bytes, settings.max_slice_tokens)
        self._next: int | None = None  # offset of the next record to accept; None: not acquired
        self._oldest_ms: int | None = None  # timestamp of the first record in hand, kept while its slice is retried
        self._counted_to = 0  # records below it were counted for unexpected exceptions, whatever became of their slice
        self._paused = True
        self._released = False

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

    async def run(self) -> None:
        """Acquire and work until released.

        Raises:
            DocmillError: what ends the service: records lost to retention, a broker away for too long, too many
                unexpected exceptions.
        """
        backoff_s = FIRST_BACKOFF_S
        failing_since: float | None = None
        while not self._released:
            before = self.committed
            try:
                await self._acquire()
                await self._work()
            except BrokerError as error:
                now = time.monotonic()
                if self.committed != before:
                    failing_since, backoff_s = None, FIRST_BACKOFF_S
                failing_since = now if failing_since is None else failing_since
                self._stop_reading()
                if now - failing_since > self._shared.settings.broker_timeout_s:
                    raise
                log.warning("%s; acquiring again in %.1f s", error, backoff_s)
                await asyncio.sleep(backoff_s)
                backoff_s = min(backoff_s * 2, LONGEST_BACKOFF_S)

    def release(self) -> None:
        """Take no further slice; `run` returns once the one in hand is final."""
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
        # From here to `resume` nothing awaits: no poll can come in between with records of the old position.
        self._queue.clear()
        self._reading.seek(self.partition, at.offset)
        self._next = at.offset
        self._reading.resume(self.partition)
        self._paused = False
        self._shared.accounting.acquired(time.monotonic() - started)
        if mark.singly:
            log.warning("%s: its owner died; one slice of records runs one by one", self.partition)

    def _stop_reading(self) -> None:
        self._next = None
        self._queue.clear()
        if not self._released:
            self._reading.pause(self.partition)
            self._paused = True

    async def _work(self) -> None:
        in_hand = self._shared.in_hand
        while records := await self._queue.next_slice(single=self._mark.singly, shared_by=lambda: len(in_hand) + 1):
            in_hand.add(self.partition)
            try:
                await self._slice(records)
            finally:
                in_hand.discard(self.partition)

    async def _slice(self, records: Sequence[Record]) -> None:
        self._oldest_ms = records[0].timestamp
        if self._paused and self._queue.drained:
            self._reading.resume(self.partition)
            self._paused = False
        await self._check_gap(records)
        if self._mark.condemned:
            log.error("offset %d of %s: %s", records[0].offset, self.partition, CONDEMNED.detail)
            done = [self._done(undecoded(records[0], self._shared.cluster_id, CONDEMNED), CONDEMNED, datetime.now(UTC))]
        else:
            await self._attempt()
            loop = asyncio.get_running_loop()
            done = await loop.run_in_executor(self._shared.executor, self._process, records)
        self._count_internal_errors(done)
        failpoint("computed")
        await self._finish(done)
        self._oldest_ms = None

    @property
    def _mark(self) -> CrashMark:
        return CrashMark() if self.at is None else self.at.mark

    async def _attempt(self) -> None:
        """Leave word of a record that runs alone, before it can kill the process."""
        if self._mark.singly and self.at is not None:
            attempted = Committed(self.at.offset, self._mark.attempted())
            async with self._deadline(f"mark {attempted.offset}"):
                await self._shared.delivery.mark(self.partition, attempted)
            self.at = attempted

    def _process(self, records: Sequence[Record]) -> list[Done]:
        """What becomes of each record. Runs in a thread."""
        shared = self._shared
        try:
            decoded = [decode_record(r, shared.cluster_id, shared.settings.max_document_bytes) for r in records]
            documents = [d.document for d in decoded if isinstance(d.document, ReceivedDocument)]
            processed = iter(shared.mill.process(documents))
            outcomes = [d.document if isinstance(d.document, Rejected) else next(processed) for d in decoded]
        except StopIteration as error:  # no future takes one: the worker would wait for ever
            raise RuntimeError("fewer outcomes than documents") from error
        now = datetime.now(UTC)
        return [self._done(d, outcome, now) for d, outcome in zip(decoded, outcomes, strict=True)]

    def _done(self, decoded: DecodedRecord, outcome: Outcome, now: datetime) -> Done:
        publisher = self._shared.publisher
        try:
            outgoing, outcome = publisher.outgoing(decoded, outcome, now)
        except Exception as error:  # tied to one document: the policy of errors.py
            rejected = Rejected(RejectionReason.INTERNAL_ERROR, "unexpected exception", whereabouts(error))
            outgoing, outcome = publisher.outgoing(decoded, rejected, now)
        return Done(decoded.record, outgoing, outcome)

    def _count_internal_errors(self, done: Sequence[Done]) -> None:
        window = self._shared.internal_errors
        for record, outcome in ((d.record, d.outcome) for d in done):
            if record.offset < self._counted_to:  # of a slice that is retried
                continue
            self._counted_to = record.offset + 1
            failed = isinstance(outcome, Rejected) and outcome.reason is RejectionReason.INTERNAL_ERROR
            window.append(failed)
            if failed and isinstance(outcome, Rejected):
                log.error("unexpected %s in offset %d of %s", outcome.exception, record.offset, self.partition)
                self._check_internal_errors()

    def _check_internal_errors(self) -> None:
        window = self._shared.internal_errors
        if sum(window) >= self._shared.settings.max_internal_errors:
            raise InternalErrorRateError(
                f"{sum(window)} unexpected exceptions in the last {len(window)} records: this is not the documents' "
                f"fault; the slice in hand is not committed. See the log, or roll back the bundle or the release"
            )

    async def _finish(self, done: Sequence[Done]) -> None:
        passed = self._mark.passed(sum(estimated_tokens(d.record) for d in done))
        then = Committed(done[-1].record.offset + 1, passed)
        async with self._deadline(f"up to {then.offset}"):
            await self._shared.delivery.publish_and_commit(self.partition, [d.outgoing for d in done], then)
        failpoint("committed")
        self.at = then
        self._shared.accounting.final([Final(d.record.timestamp, d.outcome) for d in done])

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

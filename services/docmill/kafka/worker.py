"""One assigned partition in one assignment: acquire, then slice after slice, until it is released.

The order of one slice, and why it holds:
    1. take records from the queue; the queue holds only records from the acquired offset on
    2. one outcome a record, computed in a thread
    3. too many unexpected exceptions: stop here, nothing is published
    4. publish all, then commit the offset after the last one (delivery.py)
    5. only then metrics advance
Any broker failure in 1-5 discards the slice: the worker backs off and acquires again, from the committed offset.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import UTC, datetime

from aiokafka import TopicPartition

from docmill.errors import BrokerError, DocmillError
from docmill.kafka.accounting import Accounting, Final
from docmill.kafka.decode_record import DecodedRecord, Record, decode_record
from docmill.kafka.delivery import Delivery
from docmill.kafka.failpoints import failpoint
from docmill.kafka.publish import Publisher
from docmill.kafka.records_queue import RecordsQueue
from docmill.processing import Mill, Outcome, ReceivedDocument, Rejected
from docmill.settings import Settings
from docmill_schemas.reasons import RejectionReason

log = logging.getLogger(__name__)

FIRST_BACKOFF_S = 0.2
LONGEST_BACKOFF_S = 10.0
ERROR_WINDOW = 1000  # records over which unexpected exceptions are counted


class TooManyInternalErrors(DocmillError):
    """Unexpected exceptions on so many documents that the fault is not theirs."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a worker may do with the consumer: only ever to its own partition."""

    seek: Callable[[TopicPartition, int], None]
    pause: Callable[[TopicPartition], None]
    resume: Callable[[TopicPartition], None]


@dataclass(frozen=True, slots=True)
class Shared:
    """What all workers of a service share."""

    settings: Settings
    cluster_id: str
    mill: Mill
    publisher: Publisher
    delivery: Delivery
    accounting: Accounting
    executor: Executor
    internal_errors: "deque[bool]"


class PartitionWorker:
    """Owns a partition from its assignment to its release."""

    def __init__(self, partition: TopicPartition, reading: Reading, shared: Shared) -> None:
        self.partition = partition
        self.committed: int | None = None
        self._reading = reading
        self._shared = shared
        settings = shared.settings
        self._queue = RecordsQueue(settings.max_queue_records, settings.max_queue_bytes, settings.max_slice_tokens)
        self._next: int | None = None  # offset of the next record to accept; None: not acquired
        self._in_hand_since_ms: int | None = None
        self._paused = True
        self._released = False

    def accept(self, records: Sequence[Record]) -> None:
        """Queue polled records; those of before the acquire are dropped. Called by the poller, never blocks."""
        if self._next is None or self._released:
            return
        new = [record for record in records if record.offset >= self._next]
        if new:
            self._next = new[-1].offset + 1
            self._queue.add(new)
            if self._queue.full and not self._paused:
                self._reading.pause(self.partition)
                self._paused = True

    def oldest_timestamp_ms(self) -> int | None:
        """Timestamp of the oldest record that is not committed, as far as it was polled."""
        return self._in_hand_since_ms or self._queue.oldest_timestamp_ms()

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
                failing_since = failing_since or now
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
                offset = await self._shared.delivery.acquire(self.partition)
        except TimeoutError:
            raise BrokerError(f"partition {self.partition.partition} could not be acquired in time") from None
        if self._released:
            return
        # From here to `resume` nothing awaits: no poll can come in between with records of the old position.
        self._queue.clear()
        self._reading.seek(self.partition, offset)
        self._next = self.committed = offset
        self._reading.resume(self.partition)
        self._paused = False
        self._shared.accounting.acquired(time.monotonic() - started)

    def _stop_reading(self) -> None:
        self._next = None
        self._queue.clear()
        self._in_hand_since_ms = None
        if not self._released:
            self._reading.pause(self.partition)
            self._paused = True

    async def _work(self) -> None:
        while records := await self._queue.next_slice():
            self._in_hand_since_ms = records[0].timestamp
            if self._paused and self._queue.drained:
                self._reading.resume(self.partition)
                self._paused = False
            await self._check_gap(records)
            loop = asyncio.get_running_loop()
            decoded, outcomes = await loop.run_in_executor(self._shared.executor, self._outcomes, records)
            self._count_internal_errors(outcomes)
            failpoint("computed")
            await self._finish(decoded, outcomes)
            self._in_hand_since_ms = None

    def _outcomes(self, records: Sequence[Record]) -> tuple[list[DecodedRecord], list[Outcome]]:
        """One outcome a record. Runs in a thread."""
        shared = self._shared
        decoded = [decode_record(record, shared.cluster_id, shared.settings.max_document_bytes) for record in records]
        documents = [d.document for d in decoded if isinstance(d.document, ReceivedDocument)]
        processed = iter(shared.mill.process(documents))
        return decoded, [d.document if isinstance(d.document, Rejected) else next(processed) for d in decoded]

    def _count_internal_errors(self, outcomes: Sequence[Outcome]) -> None:
        window = self._shared.internal_errors
        for outcome in outcomes:
            failed = isinstance(outcome, Rejected) and outcome.reason is RejectionReason.INTERNAL_ERROR
            window.append(failed)
            if failed and isinstance(outcome, Rejected):
                log.error("unexpected %s in a document of %s", outcome.exception, self.partition)
        if sum(window) >= self._shared.settings.max_internal_errors:
            raise TooManyInternalErrors(
                f"{sum(window)} unexpected exceptions in the last {len(window)} records: this is not the documents' "
                f"fault; the slice in hand is not committed. See the log, or roll back the bundle or the release"
            )

    async def _finish(self, decoded: Sequence[DecodedRecord], outcomes: Sequence[Outcome]) -> None:
        now = datetime.now(UTC)
        pairs = [self._shared.publisher.outgoing(d, o, now) for d, o in zip(decoded, outcomes, strict=True)]
        next_offset = decoded[-1].record.offset + 1
        try:
            async with asyncio.timeout(self._shared.settings.publish_timeout_s):
                await self._shared.delivery.publish_and_commit(
                    self.partition, [record for record, _ in pairs], next_offset
                )
        except TimeoutError:
            raise BrokerError(f"partition {self.partition.partition} up to {next_offset} not final in time") from None
        failpoint("committed")
        self.committed = next_offset
        self._shared.accounting.final(
            [Final(d.record.timestamp, outcome) for d, (_, outcome) in zip(decoded, pairs, strict=True)]
        )

    async def _check_gap(self, records: Sequence[Record]) -> None:
        """Offsets jump over transaction markers, but also where retention ate what was not read yet."""
        expected = self.committed
        gap: int | None = None
        for record in records:
            if expected is not None and record.offset > expected:
                gap = expected
            expected = record.offset + 1
        if gap is not None:
            await self._shared.delivery.check_log_start(self.partition, gap)

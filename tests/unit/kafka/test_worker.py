"""One partition from acquire to release: what is published and committed, what is not, and what ends the service."""

import asyncio
import json
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from aiokafka import TopicPartition
from prometheus_client import CollectorRegistry

from docmill.bundle.files import BundleFiles
from docmill.errors import (
    AbandonedError,
    BrokerError,
    DependencyError,
    InternalErrorRateError,
    LogTruncatedError,
    RecordsLostError,
)
from docmill.kafka import patience
from docmill.kafka.accounting import Accounting
from docmill.kafka.crash_marks import CrashMark
from docmill.kafka.decode_record import DecodedRecord, Record, undecoded
from docmill.kafka.delivery import Committed
from docmill.kafka.process_slices import ProcessSlices
from docmill.kafka.publish import OutgoingRecord
from docmill.kafka.serving import Serving
from docmill.kafka.trial import Trials
from docmill.kafka.worker import ERROR_WINDOW, PartitionWorker, Reading, Shared
from docmill.pipeline.types import Prediction, StraightThrough
from docmill.processing import Decided, Outcome, ReceivedDocument, Rejected
from docmill.settings import Settings
from docmill.telemetry.metrics import Metrics
from docmill_schemas.reasons import RejectionReason
from tests.unit.kafka.fakes import FakeInference, FakeRecord, in_use, serving

P0 = TopicPartition("documents.received", 0)
BROKEN = b"broken"


@pytest.fixture(autouse=True)
def _no_backoff(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "FIRST_BACKOFF_S", 0.001)


def polled(first: int, count: int = 1, value: bytes = b"a letter", partition: int = 0) -> list[FakeRecord]:
    return [
        FakeRecord(value, partition=partition, offset=first + n, timestamp=1000 * (first + n + 1)) for n in range(count)
    ]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 -- the condition is in the code under test
            await asyncio.sleep(0.001)


class Clock:
    """Stands for the time module."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def monotonic(self) -> float:
        return self.now_s


class FakeMill:
    """Says `receipt` of everything but BROKEN, which is an unexpected exception."""

    def process(self, documents: Sequence[ReceivedDocument], *_: object) -> list[Outcome]:
        return [self._outcome(document) for document in documents]

    def _outcome(self, document: ReceivedDocument) -> Outcome:
        if document.content == BROKEN:
            return Rejected(RejectionReason.INTERNAL_ERROR, "unexpected exception", "ZeroDivisionError")
        prediction = Prediction("receipt", 0.99, (), (), 0.0)
        return Decided(document, document.content.decode(), "c" * 64, "d" * 64, prediction, StraightThrough())


class ForgetfulMill(FakeMill):
    """Loses the last document of each slice."""

    def process(self, documents: Sequence[ReceivedDocument], *_: object) -> list[Outcome]:
        return super().process(documents)[:-1]


class AtOnce(Executor):
    """Runs a job where it is submitted."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except BaseException as error:
            future.set_exception(error)
        return future


class Held(Executor):
    """Runs no job before `finish`."""

    def __init__(self) -> None:
        self.jobs: list[tuple[Future[Any], Callable[[], Any]]] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self.jobs.append((future, lambda: fn(*args, **kwargs)))
        return future

    def finish(self) -> None:
        for future, job in self.jobs:
            future.set_result(job())
        self.jobs.clear()


@dataclass
class FakeDelivery:
    """A partition in memory. `failures` are raised by the next publishes, `acquire_failures` by the next acquires."""

    committed: int = 0
    left: CrashMark = field(default_factory=CrashMark)  # by the owner before, and by this one
    log_start: int = 0
    failures: list[Exception] = field(default_factory=list)
    acquire_failures: list[Exception] = field(default_factory=list)
    mark_failures: list[Exception] = field(default_factory=list)
    release_failures: list[Exception] = field(default_factory=list)
    marks: list[CrashMark] = field(default_factory=list)
    commit_although_failed: bool = False
    hang: bool = False
    calls: list[str] = field(default_factory=list)
    slices: list[tuple[list[OutgoingRecord], int]] = field(default_factory=list)
    asked: list[int] = field(default_factory=list)

    async def acquire(self, partition: TopicPartition) -> Committed:
        self.calls.append("acquire")
        if self.acquire_failures:
            raise self.acquire_failures.pop(0)
        return Committed(self.committed, self.left)

    async def mark(self, partition: TopicPartition, at: Committed) -> None:
        assert at.offset >= self.committed, "a mark moves no offset back"
        if self.mark_failures:
            raise self.mark_failures.pop(0)
        self.committed, self.left = at.offset, at.mark
        self.marks.append(at.mark)

    async def check_log_start(self, partition: TopicPartition, offset: int) -> None:
        self.asked.append(offset)
        if offset < self.log_start:
            raise RecordsLostError(str(partition), offset, self.log_start)

    async def publish_and_commit(
        self, partition: TopicPartition, records: Sequence[OutgoingRecord], then: Committed
    ) -> None:
        self.calls.append("publish")
        if self.hang:
            await asyncio.Event().wait()
        if self.failures:
            if self.commit_although_failed:
                self.committed, self.left = then.offset, then.mark
            raise self.failures.pop(0)
        self.slices.append((list(records), then.offset))
        self.committed, self.left = then.offset, then.mark

    async def release(self, held: Mapping[TopicPartition, Committed]) -> None:
        self.calls.append("release")
        if self.release_failures:
            raise self.release_failures.pop(0)
        for at in held.values():
            self.left = at.mark.released()

    async def close(self) -> None:
        self.calls.append("close")


class FakeReading:
    """A consumer's position and pauses; a partition is paused when it is assigned."""

    def __init__(self) -> None:
        self.position: int | None = None
        self.calls: list[tuple[Any, ...]] = []
        self.read: set[TopicPartition] = set()

    @property
    def paused(self) -> bool:
        return P0 not in self.read

    def seek(self, partition: TopicPartition, offset: int) -> None:
        assert partition not in self.read, "a poll might bring records of the old position"
        self.calls.append(("seek", offset))

    def pause(self, *partitions: TopicPartition) -> None:
        self.read -= set(partitions)
        self.calls.append(("pause",))

    def resume(self, *partitions: TopicPartition) -> None:
        self.read |= set(partitions)
        self.calls.append(("resume",))

    def position_now(self, partition: TopicPartition) -> int | None:
        return self.position


@dataclass
class Bench:
    """A worker and everything around it."""

    worker: PartitionWorker
    reading: FakeReading
    delivery: FakeDelivery
    shared: Shared
    metrics: Metrics
    task: asyncio.Task[None]

    @property
    def processing(self) -> ProcessSlices:
        assert isinstance(self.shared.work, ProcessSlices)
        return self.shared.work

    @property
    def trials(self) -> "FakeTrials":
        trials = self.processing.trials
        assert isinstance(trials, FakeTrials)
        return trials

    async def ready(self) -> None:
        await until(lambda: self.worker.acquired)

    async def end(self) -> None:
        self.worker.release()
        await asyncio.wait_for(self.task, 5)

    async def error(self) -> BaseException | None:
        await asyncio.wait({self.task}, timeout=5)
        return self.task.exception()

    def consumed(self) -> float:
        return self.metrics.registry.get_sample_value("docmill_records_consumed_total") or 0.0


def make_shared(
    delivery: FakeDelivery, metrics: Metrics, executor: Executor, mill: FakeMill | None = None, **settings: Any
) -> Shared:
    return Shared(
        settings=Settings(**settings),
        owner="this one",
        work=ProcessSlices(in_use(mill or FakeMill()), cast(Trials, FakeTrials()), Accounting(metrics, lambda: 0.0)),
        delivery=delivery,
        metrics=metrics,
        executor=executor,
        internal_errors=deque(maxlen=ERROR_WINDOW),
    )


Make = Callable[..., Awaitable[Bench]]


@pytest.fixture
def make() -> Make:
    async def one(
        delivery: FakeDelivery | None = None,
        executor: Executor | None = None,
        mill: FakeMill | None = None,
        **settings: Any,
    ) -> Bench:
        delivery = delivery or FakeDelivery()
        metrics = Metrics(CollectorRegistry())
        shared = make_shared(delivery, metrics, executor or AtOnce(), mill, **settings)
        reading = FakeReading()
        worker = PartitionWorker(P0, Reading(reading.seek, reading.pause, reading.resume, reading.position_now), shared)
        return Bench(worker, reading, delivery, shared, metrics, asyncio.create_task(worker.run()))

    return one


async def test_a_slice_is_published_committed_and_then_counted(make: Make) -> None:
    bench = await make(FakeDelivery(committed=5))
    await bench.ready()
    assert bench.reading.calls == [("seek", 5), ("resume",)]
    bench.worker.accept(polled(5, 3))
    await until(lambda: bench.consumed() == 3)
    ((records, next_offset),) = bench.delivery.slices
    assert [record.topic for record in records] == ["documents.processed"] * 3
    assert next_offset == bench.worker.committed == 8
    assert bench.metrics.registry.get_sample_value("docmill_acquire_duration_seconds_count") == 1
    await bench.end()
    assert bench.worker.oldest_timestamp_ms() is None


async def test_records_before_the_acquire_are_dropped(make: Make) -> None:
    bench = await make()
    bench.worker.accept(polled(0, 3))  # `run` has not begun
    await bench.ready()
    bench.worker.accept(polled(0, 1))
    await until(lambda: bench.worker.committed == 1)
    assert [next_offset for _, next_offset in bench.delivery.slices] == [1]
    await bench.end()


async def test_a_failed_publish_counts_and_commits_nothing_and_is_done_again(make: Make) -> None:
    bench = await make(FakeDelivery(failures=[BrokerError("away")]))
    await bench.ready()
    bench.worker.accept(polled(0, 2))
    await until(lambda: bench.delivery.calls == ["acquire", "publish", "acquire"])
    await bench.ready()
    assert bench.consumed() == 0
    assert bench.worker.committed == 0
    assert bench.reading.calls[2:] == [("pause",), ("seek", 0), ("resume",)]
    assert bench.worker.oldest_timestamp_ms() == 1000  # waits still, though not polled again yet
    bench.worker.accept(polled(0, 2))
    await until(lambda: bench.worker.committed == 2)
    assert bench.consumed() == 2
    await bench.end()


async def test_records_polled_while_failing_are_dropped(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "FIRST_BACKOFF_S", 60)
    bench = await make(FakeDelivery(failures=[BrokerError("away")]))
    await bench.ready()
    bench.worker.accept(polled(0))
    await until(lambda: bench.reading.paused)
    assert not bench.worker.acquired
    bench.worker.accept(polled(1, 3))
    assert bench.worker.oldest_timestamp_ms() == 1000  # the failed one: its lag is not forgotten
    assert not bench.worker.busy
    bench.task.cancel()


async def test_what_was_committed_after_all_is_no_lag(make: Make) -> None:
    bench = await make(FakeDelivery(failures=[BrokerError("no answer")], commit_although_failed=True))
    await bench.ready()
    bench.worker.accept(polled(0, 2))
    await until(lambda: bench.worker.committed == 2)
    assert bench.worker.oldest_timestamp_ms() is None
    assert bench.reading.calls[-2:] == [("seek", 2), ("resume",)]
    await bench.end()


async def test_a_broker_away_for_too_long_ends_the_worker(make: Make) -> None:
    away = [BrokerError(f"away {n}") for n in range(1000)]
    bench = await make(FakeDelivery(acquire_failures=list(away)), broker_timeout_s=0.01)
    error = await bench.error()
    assert isinstance(error, BrokerError)
    assert len(bench.delivery.calls) > 1


async def test_a_success_in_between_starts_the_patience_anew(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(patience, "time", clock)
    bench = await make(broker_timeout_s=100)
    await bench.ready()
    for round_ in range(5):
        bench.delivery.failures = [BrokerError("away")]
        clock.now_s += 60
        bench.worker.accept(polled(round_))
        await until(lambda n=round_: bench.delivery.calls.count("acquire") == n + 2)  # type: ignore[misc]
        await bench.ready()
        bench.worker.accept(polled(round_))
        await until(lambda n=round_: bench.worker.committed == n + 1)  # type: ignore[misc]
    assert not bench.task.done()
    await bench.end()


async def test_failing_without_a_success_in_between_is_one_failure(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(patience, "time", clock)
    bench = await make(FakeDelivery(failures=[BrokerError("away")] * 3), broker_timeout_s=100)
    for round_ in range(3):  # at 0, 60 and 120 seconds; acquiring works each time
        await until(lambda n=round_: bench.delivery.calls.count("acquire") == n + 1)  # type: ignore[misc]
        await bench.ready()
        bench.worker.accept(polled(0))
        await until(lambda: not bench.worker.acquired)
        clock.now_s += 60
    assert isinstance(await bench.error(), BrokerError)


@pytest.mark.parametrize("waits_for", ["records", "the work"])
async def test_what_the_broker_is_not_to_blame_for_does_not_count(
    make: Make, monkeypatch: pytest.MonkeyPatch, waits_for: str
) -> None:
    """It fails once, is well, and fails again after a long time in which nothing was asked of it."""
    clock = Clock()
    monkeypatch.setattr(patience, "time", clock)
    real = ProcessSlices.process

    def slow(self: ProcessSlices, records: Sequence[Record], *more: Any) -> Any:
        clock.now_s += 1000  # for an index that is made anew
        return real(self, records, *more)

    bench = await make(FakeDelivery(failures=[BrokerError("away")] * 3), broker_timeout_s=100)
    for round_ in range(3):
        await until(lambda n=round_: bench.delivery.calls.count("acquire") == n + 1)  # type: ignore[misc]
        await bench.ready()
        if waits_for == "records":
            clock.now_s += 1000
        else:
            monkeypatch.setattr(ProcessSlices, "process", slow)
        bench.worker.accept(polled(0))
        await until(lambda n=round_: bench.delivery.calls.count("publish") == n + 1)  # type: ignore[misc]
    await bench.ready()
    bench.worker.accept(polled(0))
    await until(lambda: bench.worker.committed == 1)
    assert clock.now_s >= 3000
    await bench.end()


async def test_an_acquire_that_hangs_is_a_broker_away(make: Make) -> None:
    class Hanging(FakeDelivery):
        async def acquire(self, partition: TopicPartition) -> Committed:
            self.calls.append("acquire")
            await asyncio.Event().wait()
            raise AssertionError

    bench = await make(Hanging(), acquire_timeout_s=0.005, broker_timeout_s=0.01)
    error = await bench.error()
    assert isinstance(error, BrokerError)
    assert "could not be acquired in time" in str(error)


async def test_a_publish_that_hangs_is_a_broker_away(make: Make) -> None:
    bench = await make(FakeDelivery(hang=True), publish_timeout_s=0.005, broker_timeout_s=0.000001)
    await bench.ready()
    bench.worker.accept(polled(0))
    await until(lambda: bench.delivery.calls.count("acquire") == 2)
    await bench.ready()
    bench.worker.accept(polled(0))
    error = await bench.error()
    assert isinstance(error, BrokerError)
    assert "not final in time" in str(error)
    assert bench.worker.committed == 0


async def test_a_full_queue_pauses_and_a_drained_one_resumes(make: Make) -> None:
    held = Held()
    bench = await make(executor=held, max_queue_records=4, max_slice_tokens=256)
    await bench.ready()
    bench.worker.accept(polled(0, value=b"x" * 1000))
    await until(lambda: len(held.jobs) == 1)
    for n in range(1, 5):
        assert not bench.reading.paused
        bench.worker.accept(polled(n, value=b"x" * 1000))
    assert bench.reading.paused
    for _ in range(3):
        held.finish()
        await until(lambda: len(held.jobs) == 1)
    assert not bench.reading.paused
    held.finish()
    await until(lambda: len(held.jobs) == 1)
    held.finish()
    await until(lambda: bench.worker.committed == 5)
    await bench.end()


@pytest.mark.parametrize(("passing", "cut"), [(0, [2, 2, 2]), (3, [5, 1])])
async def test_a_slice_has_no_more_records_than_the_work_wants_and_those_before_them_that_are_none(
    make: Make, monkeypatch: pytest.MonkeyPatch, passing: int, cut: list[int]
) -> None:
    sizes: list[int] = []
    real = ProcessSlices.process

    def process(self: ProcessSlices, records: Sequence[Record], *more: Any) -> Any:
        sizes.append(len(records))
        return real(self, records, *more)

    monkeypatch.setattr(ProcessSlices, "process", process)
    monkeypatch.setattr(ProcessSlices, "most_records", 2)
    monkeypatch.setattr(ProcessSlices, "passes", lambda self, record: record.offset < passing)
    bench = await make()
    await bench.ready()
    bench.worker.accept(polled(0, 6))
    await until(lambda: bench.worker.committed == 6)
    await bench.end()
    assert sizes == cut


async def test_the_slice_in_hand_is_finished_and_no_other_begun(make: Make) -> None:
    held = Held()
    bench = await make(executor=held, max_slice_tokens=256)
    await bench.ready()
    bench.worker.accept(polled(0, 3, value=b"x" * 1000))
    await until(lambda: bench.worker.busy)
    bench.worker.release()
    bench.worker.accept(polled(3))
    held.finish()
    await asyncio.wait_for(bench.task, 5)
    assert bench.delivery.committed == 1
    assert not bench.worker.busy


@pytest.mark.parametrize("gives_up", [True, False])
async def test_who_waits_for_others_is_given_up_when_released(
    make: Make, monkeypatch: pytest.MonkeyPatch, gives_up: bool
) -> None:
    """The fallback waits for a generator: half a minute would hold up a stop, and every rebalance of the group."""

    class WaitingMill(FakeMill):
        def process(self, documents: Sequence[ReceivedDocument], *asked: Any) -> list[Outcome]:
            for _ in range(500 if gives_up else 1):
                if asked[0]():
                    raise AbandonedError("nobody waits")
                time.sleep(0.01)
            return super().process(documents)

    monkeypatch.setattr(ProcessSlices, "gives_up_on_release", gives_up)
    with ThreadPoolExecutor(1) as executor:
        bench = await make(executor=executor, mill=WaitingMill())
        await bench.ready()
        bench.worker.accept(polled(0))
        await until(lambda: bench.worker.busy)
        bench.worker.release()
        await asyncio.wait_for(bench.task, 5)
    assert bench.delivery.committed == (0 if gives_up else 1)


async def test_released_while_acquiring_it_never_reads(make: Make) -> None:
    bench = await make()
    bench.worker.release()
    await asyncio.wait_for(bench.task, 5)
    assert bench.reading.calls == []


async def test_a_failure_after_the_release_touches_the_partition_no_more(make: Make) -> None:
    held = Held()
    bench = await make(FakeDelivery(failures=[BrokerError("away")]), executor=held)
    await bench.ready()
    bench.worker.accept(polled(0))
    await until(lambda: bench.worker.busy)
    before = list(bench.reading.calls)
    bench.worker.release()
    held.finish()
    await asyncio.wait_for(bench.task, 5)
    assert bench.reading.calls == before


async def test_a_gap_is_asked_about_once_and_at_its_start(make: Make) -> None:
    bench = await make(FakeDelivery(committed=100, log_start=100))
    await bench.ready()
    bench.worker.accept([*polled(102, 2), *polled(105)])  # markers at 100, 101 and 104
    await until(lambda: bench.worker.committed == 106)
    assert bench.delivery.asked == [100]
    bench.worker.accept(polled(106))
    await until(lambda: bench.worker.committed == 107)
    assert bench.delivery.asked == [100]
    await bench.end()


async def test_what_retention_ate_is_not_committed_past(make: Make) -> None:
    """The second gap lies beyond the log's start; the first is where records are missing."""
    bench = await make(FakeDelivery(committed=100, log_start=150))
    await bench.ready()
    bench.worker.accept([*polled(150, 3), *polled(154)])
    error = await bench.error()
    assert isinstance(error, RecordsLostError)
    assert error.records == 50
    assert bench.delivery.slices == []


async def test_a_poll_that_goes_back_is_no_longer_the_same_log(make: Make) -> None:
    bench = await make(FakeDelivery(committed=100))
    await bench.ready()
    with pytest.raises(LogTruncatedError):
        bench.worker.accept(polled(0, 3))
    await bench.end()


async def test_an_unexpected_exception_is_a_dead_letter(make: Make) -> None:
    bench = await make()
    await bench.ready()
    bench.worker.accept([*polled(0), *polled(1, value=BROKEN), *polled(2)])
    await until(lambda: bench.worker.committed == 3)
    ((records, _),) = bench.delivery.slices
    assert [record.topic for record in records] == ["documents.processed", "documents.rejected", "documents.processed"]
    await bench.end()


async def test_an_outcome_that_cannot_be_written_is_a_dead_letter(make: Make) -> None:
    class Surrogates(FakeMill):
        def _outcome(self, document: ReceivedDocument) -> Outcome:
            outcome = super()._outcome(document)
            assert isinstance(outcome, Decided)
            prediction = Prediction("\ud800", 0.99, (), (), 0.0)
            return Decided(document, outcome.text, "c" * 64, "d" * 64, prediction, StraightThrough())

    bench = await make(mill=Surrogates())
    await bench.ready()
    bench.worker.accept(polled(0))
    await until(lambda: bench.worker.committed == 1)
    ((records, _),) = bench.delivery.slices
    assert dict(records[0].headers)["docmill_reason"] == b"internal_error"
    assert list(bench.shared.internal_errors) == [True]
    await bench.end()


async def test_too_many_unexpected_exceptions_publish_nothing(make: Make) -> None:
    bench = await make(max_internal_errors=3)
    await bench.ready()
    bench.worker.accept(polled(0, 2, value=BROKEN))
    await until(lambda: bench.worker.committed == 2)
    bench.worker.accept([*polled(2, value=BROKEN), *polled(3, 3000)])  # more than the window after it
    assert isinstance(await bench.error(), InternalErrorRateError)
    assert bench.delivery.committed == 2
    assert len(bench.delivery.slices) == 1


async def test_a_retried_slice_counts_its_exceptions_once(make: Make) -> None:
    bench = await make(FakeDelivery(failures=[BrokerError("away")] * 4), max_internal_errors=3)
    for attempt in range(5):
        await until(lambda n=attempt: bench.delivery.calls.count("acquire") == n + 1)  # type: ignore[misc]
        await bench.ready()
        bench.worker.accept([*polled(0), *polled(1, value=BROKEN)])
        await until(lambda n=attempt: bench.delivery.calls.count("publish") == n + 1)  # type: ignore[misc]
    await until(lambda: bench.worker.committed == 2)
    assert list(bench.shared.internal_errors) == [False, True]
    await bench.end()


async def test_a_bug_that_loses_an_outcome_ends_the_worker_instead_of_hanging_it(make: Make) -> None:
    bench = await make(mill=ForgetfulMill())
    await bench.ready()
    bench.worker.accept(polled(0, 2))
    error = await bench.error()
    assert isinstance(error, RuntimeError)
    assert bench.delivery.slices == []


async def test_a_bug_ends_the_worker(make: Make) -> None:
    bench = await make(FakeDelivery(failures=[ZeroDivisionError()]))
    await bench.ready()
    bench.worker.accept(polled(0))
    assert isinstance(await bench.error(), ZeroDivisionError)
    assert bench.worker.committed == 0


async def test_a_cancelled_publish_counts_nothing(make: Make) -> None:
    bench = await make(FakeDelivery(hang=True))
    await bench.ready()
    bench.worker.accept(polled(0))
    await until(lambda: "publish" in bench.delivery.calls)
    bench.task.cancel()
    await asyncio.wait({bench.task}, timeout=5)
    assert bench.task.cancelled()
    assert (bench.worker.committed, bench.consumed()) == (0, 0)


DEAD = CrashMark("another")
KILLER = b"killer"


class FakeTrials:
    """Condemns records of KILLER; `errors` are raised by the next trials."""

    def __init__(self) -> None:
        self.tried: list[list[int]] = []
        self.by: list[str] = []  # digests of bundles
        self.errors: list[Exception] = []

    def condemned(self, records: Sequence[Record], files: BundleFiles) -> dict[int, DecodedRecord]:
        self.by.append(files.sha256)
        self.tried.append([record.offset for record in records])
        if self.errors:
            raise self.errors.pop(0)
        why = Rejected(RejectionReason.PROCESS_KILLED, "it killed")
        return {r.offset: undecoded(r, "cluster", why) for r in records if r.value == KILLER}


async def test_holding_a_partition_is_marked_and_carried_along(make: Make) -> None:
    bench = await make()
    await bench.ready()
    assert bench.delivery.marks == [CrashMark("this one")]
    bench.worker.accept(polled(0, 3))
    await until(lambda: bench.worker.committed == 3)
    assert len(bench.delivery.slices) == 1
    assert bench.delivery.left == CrashMark("this one")
    assert bench.trials.tried == []
    await bench.end()


async def test_after_a_death_one_slice_is_tried_first(make: Make) -> None:
    bench = await make(FakeDelivery(left=DEAD), max_slice_tokens=256)
    await bench.ready()
    bench.worker.accept(polled(0, 6, value=b"x" * 400))  # 101 estimated tokens each, two a slice
    await until(lambda: bench.worker.committed == 6)
    assert bench.trials.tried == [[0, 1], [2, 3]]
    assert bench.delivery.left == CrashMark("this one")
    await bench.end()


async def test_a_record_that_is_seen_to_kill_is_a_dead_letter_untouched(make: Make) -> None:
    class Untouched(FakeMill):
        def process(self, documents: Sequence[ReceivedDocument], *_: object) -> list[Outcome]:
            assert not any(document.content == KILLER for document in documents)
            return super().process(documents)

    bench = await make(FakeDelivery(left=DEAD), mill=Untouched())
    await bench.ready()
    bench.worker.accept([*polled(0), *polled(1, value=KILLER), *polled(2)])
    await until(lambda: bench.worker.committed == 3)
    ((records, _),) = bench.delivery.slices
    assert [record.topic for record in records] == ["documents.processed", "documents.rejected", "documents.processed"]
    assert ("docmill_reason", b"process_killed") in records[1].headers
    assert records[1].value == KILLER
    await bench.end()


async def test_without_a_trial_nothing_suspected_is_touched(make: Make) -> None:
    bench = await make(FakeDelivery(left=DEAD))
    await bench.ready()
    bench.trials.errors = [DependencyError("no child")]
    bench.worker.accept(polled(0))
    await until(lambda: bench.delivery.calls == ["acquire", "acquire"])
    assert bench.delivery.slices == []
    await bench.ready()
    bench.worker.accept(polled(0))
    await until(lambda: bench.worker.committed == 1)
    await bench.end()


async def test_killers_without_end_are_no_fault_of_the_documents(make: Make) -> None:
    bench = await make(FakeDelivery(left=DEAD), max_internal_errors=3)
    await bench.ready()
    bench.worker.accept(polled(0, 3, value=KILLER))
    assert isinstance(await bench.error(), InternalErrorRateError)
    assert bench.delivery.slices == []


async def test_deaths_that_no_record_explains_are_told(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    bench = await make(FakeDelivery(left=CrashMark("another", 500, deaths=2)))
    await bench.ready()
    assert "3 owners" in caplog.text
    await bench.end()


@pytest.mark.parametrize(
    ("deaths", "said"), [(0, "died; its records are read again"), (2, "and no record is tried alone here")]
)
async def test_a_service_that_tries_no_suspects_does_not_say_so(
    make: Make, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, deaths: int, said: str
) -> None:
    monkeypatch.setattr(ProcessSlices, "tries_suspects", False)
    bench = await make(FakeDelivery(left=CrashMark("another", 500 * deaths, deaths)))
    await bench.ready()
    assert said in caplog.text
    await bench.end()


async def test_a_slice_in_hand_elsewhere_makes_the_next_smaller(make: Make) -> None:
    bench = await make(max_slice_tokens=4096)
    await bench.ready()
    bench.shared.in_hand.add(TopicPartition("documents.received", 1))
    bench.worker.accept(polled(0, 4, value=b"x" * 4000))
    await until(lambda: bench.worker.committed == 4)
    assert [offset for _, offset in bench.delivery.slices] == [2, 4]
    assert not bench.worker.busy
    await bench.end()


async def test_a_slice_that_only_pauses_elsewhere_makes_none_smaller(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ProcessSlices, "pausing", 1)
    bench = await make(max_slice_tokens=4096)
    await bench.ready()
    assert bench.shared.at_work == 0  # its worker was cancelled, and its thread has not yet seen that
    bench.shared.in_hand.add(TopicPartition("documents.received", 1))
    assert bench.shared.at_work == 0
    bench.worker.accept(polled(0, 4, value=b"x" * 4000))
    await until(lambda: bench.worker.committed == 4)
    assert [offset for _, offset in bench.delivery.slices] == [4]
    bench.shared.in_hand.add(TopicPartition("documents.received", 2))
    assert bench.shared.at_work == 1
    await bench.end()


async def test_an_idle_worker_steps_over_offsets_without_a_record(make: Make) -> None:
    bench = await make()
    await bench.ready()
    bench.worker.accept(polled(0, 2))
    await until(lambda: bench.worker.committed == 2)
    bench.reading.position = 5  # three markers
    await bench.worker.step_over()
    assert bench.worker.committed == bench.delivery.committed == 5
    assert bench.delivery.marks[-1].owner == "this one"
    bench.worker.accept(polled(5, 1))
    await until(lambda: bench.worker.committed == 6)
    await bench.end()


@pytest.mark.parametrize("position", [None, 0, 2])
async def test_nothing_is_stepped_over_without_a_later_position(make: Make, position: int | None) -> None:
    bench = await make()
    await bench.ready()
    bench.worker.accept(polled(0, 2))
    await until(lambda: bench.worker.committed == 2)
    marks = len(bench.delivery.marks)
    bench.reading.position = position
    await bench.worker.step_over()
    assert bench.worker.committed == 2
    assert len(bench.delivery.marks) == marks
    await bench.end()


async def test_a_worker_with_records_steps_over_nothing(make: Make) -> None:
    """The position is behind what is queued or in hand: committing it would lose that."""
    held = Held()
    bench = await make(executor=held)
    await bench.ready()
    bench.worker.accept(polled(0, 2))
    bench.reading.position = 9
    await bench.worker.step_over()  # still queued
    assert bench.delivery.committed == 0
    await until(lambda: bool(held.jobs))
    await bench.worker.step_over()  # in hand
    assert bench.delivery.committed == 0
    held.finish()
    await until(lambda: bench.worker.committed == 2)
    await bench.end()


async def test_a_worker_that_has_not_acquired_steps_over_nothing(make: Make) -> None:
    bench = await make(FakeDelivery(acquire_failures=[BrokerError("away")]))
    bench.reading.position = 9
    await bench.worker.step_over()
    assert bench.delivery.committed == 0
    await bench.ready()
    bench.reading.position = 0
    await bench.end()
    bench.reading.position = 9
    await bench.worker.step_over()  # released
    assert bench.delivery.committed == 0


async def test_a_step_that_fails_moves_nothing(make: Make) -> None:
    bench = await make()
    await bench.ready()
    bench.reading.position = 4
    bench.delivery.mark_failures.append(BrokerError("away"))
    with pytest.raises(BrokerError):
        await bench.worker.step_over()
    assert bench.worker.committed == 0
    await bench.worker.step_over()
    assert bench.worker.committed == 4
    await bench.end()


def shas(records: Sequence[OutgoingRecord]) -> set[str]:
    """Of the bundles that the events of a slice name."""
    return {json.loads(record.value or b"")["bundle"]["sha256"] for record in records}


async def test_a_bundle_is_replaced_between_slices(make: Make) -> None:
    bench = await make(FakeDelivery(left=DEAD))
    await bench.ready()
    bench.worker.accept(polled(0, 3))
    await until(lambda: bench.worker.committed == 3)
    bench.processing.bundles.replace(serving("c" * 64, FakeMill()))
    bench.worker.accept(polled(3, 2))
    await until(lambda: bench.worker.committed == 5)
    assert [shas(records) for records, _ in bench.delivery.slices] == [{"b" * 64}, {"c" * 64}]
    await bench.end()


async def test_a_slice_in_hand_is_finished_by_the_bundle_that_it_began_with(make: Make) -> None:
    """The bundle is replaced while the slice is in the mill, and its suspects were tried by the one before."""

    class Replacing(FakeMill):
        def process(self, documents: Sequence[ReceivedDocument], *_: object) -> list[Outcome]:
            bundles = bench.processing.bundles
            first = bundles.current
            bundles.replace(serving("c" * 64, FakeMill()))
            assert not cast(FakeInference, first.inference).closed
            closed.append(first)
            return super().process(documents)

    closed: list[Serving] = []
    bench = await make(FakeDelivery(left=DEAD), mill=Replacing())
    await bench.ready()
    bench.worker.accept(polled(0, 3))
    await until(lambda: bench.worker.committed == 3)
    assert bench.trials.by == ["b" * 64]
    ((records, _),) = bench.delivery.slices
    assert shas(records) == {"b" * 64}
    assert cast(FakeInference, closed[0].inference).closed
    await bench.end()


async def test_a_slice_that_is_done_again_is_wholly_of_the_bundle_in_use_then(make: Make) -> None:
    bench = await make(FakeDelivery(failures=[BrokerError("away")]))
    await bench.ready()
    bench.worker.accept(polled(0, 2))
    await until(lambda: bench.delivery.calls == ["acquire", "publish", "acquire"])
    bench.processing.bundles.replace(serving("c" * 64, FakeMill()))
    await bench.ready()
    bench.worker.accept(polled(0, 2))
    await until(lambda: bench.worker.committed == 2)
    ((records, _),) = bench.delivery.slices
    assert shas(records) == {"c" * 64}
    assert len({json.loads(record.value or b"")["result_id"] for record in records}) == 2
    await bench.end()

"""Workers come and go with the assignment, and nothing that goes wrong passes silently."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any, cast

import pytest
from aiokafka import TopicPartition
from faststream import FastStream
from prometheus_client import CollectorRegistry

from docmill.errors import BrokerError, LogTruncatedError, RecordsLostError
from docmill.kafka.crash_marks import CrashMark
from docmill.kafka.delivery import Committed
from docmill.kafka.engine import AssignmentListener, Engine
from docmill.kafka.service import run_until_stopped
from docmill.telemetry.metrics import Metrics
from tests.unit.kafka.test_worker import P0, AtOnce, FakeDelivery, FakeReading, Held, make_shared, polled, until

P1 = TopicPartition("documents.received", 1)


class FakeConsumer(FakeReading):
    """Of both partitions; aiokafka reads a partition as soon as it is assigned."""

    def __init__(self) -> None:
        super().__init__()
        self.ends = {P0: 10, P1: 20}

    async def end_offsets(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        return {partition: self.ends[partition] for partition in partitions}


class Bench:
    """An engine on fakes."""

    def __init__(self, delivery: FakeDelivery | None = None, **settings: Any) -> None:
        self.delivery = delivery or FakeDelivery()
        self.metrics = Metrics(CollectorRegistry())
        self.held = Held()
        self.stops = 0
        executor = self.held if settings.pop("hold", False) else AtOnce()
        self.engine = Engine(make_shared(self.delivery, self.metrics, executor, **settings), self.metrics, self._stop)
        self.consumer = FakeConsumer()

    def _stop(self) -> None:
        self.stops += 1

    async def assign(self, *partitions: TopicPartition) -> None:
        self.consumer.read = set(partitions)
        self.engine.assigned(partitions, cast(Any, self.consumer))
        assert not self.consumer.read
        await until(lambda: all(worker.acquired for worker in self.engine.workers))

    def metric(self, name: str, **labels: str) -> float | None:
        return self.metrics.registry.get_sample_value(f"docmill_{name}", labels)


async def test_each_partition_gets_its_own_records() -> None:
    bench = Bench()
    await bench.assign(P0, P1)
    bench.engine.accept([*polled(0, 2), *polled(0, 3, partition=1), *polled(0, partition=7)])
    await until(lambda: [worker.committed for worker in bench.engine.workers] == [2, 3])
    assert bench.metric("assigned_partitions") == 2
    await bench.engine.drain()
    assert bench.metric("assigned_partitions") == 0


async def test_revoked_workers_finish_their_slice_and_are_released() -> None:
    bench = Bench(hold=True)
    await bench.assign(P0)
    (worker,) = bench.engine.workers
    bench.engine.accept(polled(0, 2))
    await until(lambda: worker.busy)
    revoking = asyncio.create_task(bench.engine.revoked())
    await asyncio.sleep(0)
    assert not bench.engine.joined
    assert bench.engine.workers == ()
    bench.held.finish()
    await asyncio.wait_for(revoking, 5)
    assert worker.committed == 2
    assert bench.delivery.calls == ["acquire", "publish", "release"]
    assert bench.engine.error is None


async def test_a_slice_that_takes_too_long_is_discarded() -> None:
    bench = Bench(FakeDelivery(hang=True), release_timeout_s=0.01)
    await bench.assign(P0)
    bench.engine.accept(polled(0))
    await until(lambda: "publish" in bench.delivery.calls)
    await asyncio.wait_for(bench.engine.revoked(), 5)
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("worker")]
    assert bench.delivery.calls[-1] == "release"
    assert bench.delivery.committed == 0
    assert bench.engine.error is None


async def test_a_released_partition_suspects_nobody() -> None:
    bench = Bench()
    await bench.assign(P0)
    assert bench.delivery.left.owner == "this one"
    await bench.engine.revoked()
    assert bench.delivery.left == CrashMark()


async def test_a_broker_that_hears_no_goodbye_hinders_no_release() -> None:
    bench = Bench(FakeDelivery(release_failures=[BrokerError("away")]))
    await bench.assign(P0)
    await asyncio.wait_for(bench.engine.drain(), 5)
    assert bench.engine.error is None
    assert bench.engine.drained.is_set()


async def test_a_release_does_not_wait_for_workers_without_a_slice() -> None:
    class Hanging(FakeDelivery):
        async def acquire(self, partition: TopicPartition) -> Committed:
            if partition != P0:
                await asyncio.Event().wait()
            return Committed(0, CrashMark())

    bench = Bench(Hanging(), release_timeout_s=3600)
    bench.engine.assigned([P0, P1], cast(Any, bench.consumer))
    await until(lambda: bench.engine.workers[0].acquired)
    await asyncio.wait_for(bench.engine.drain(), 5)
    assert bench.engine.error is None


async def test_an_assignment_after_a_revocation_starts_anew() -> None:
    bench = Bench()
    await bench.assign(P0)
    bench.engine.accept(polled(0, 2))
    await until(lambda: bench.delivery.committed == 2)
    await bench.engine.revoked()
    bench.engine.accept(polled(2, 2))  # late, of the assignment before
    await bench.assign(P0)
    assert bench.consumer.calls[-2:] == [("seek", 2), ("resume",)]
    bench.engine.accept(polled(2))
    await until(lambda: bench.delivery.committed == 3)
    assert bench.metric("rebalances_total") == 2
    await bench.engine.drain()


async def test_draining_waits_for_a_revocation_under_way() -> None:
    bench = Bench(hold=True)
    await bench.assign(P0)
    bench.engine.accept(polled(0))
    await until(lambda: bench.engine.workers[0].busy)
    revoking = asyncio.create_task(bench.engine.revoked())
    await asyncio.sleep(0)
    draining = asyncio.create_task(bench.engine.drain())
    await asyncio.sleep(0)
    assert not bench.engine.drained.is_set()
    bench.held.finish()
    await asyncio.wait_for(asyncio.gather(revoking, draining), 5)
    assert bench.delivery.committed == 1


async def test_nothing_is_assigned_once_stopping() -> None:
    bench = Bench()
    await bench.engine.drain()
    bench.engine.assigned([P0], cast(Any, bench.consumer))
    assert bench.engine.workers == ()


async def test_lost_records_stop_the_service_and_are_counted() -> None:
    bench = Bench(FakeDelivery(acquire_failures=[RecordsLostError("documents.received-0", 10, 30)]))
    bench.engine.assigned([P0], cast(Any, bench.consumer))
    await until(lambda: bench.stops == 1)
    assert isinstance(bench.engine.error, RecordsLostError)
    assert bench.metric("records_lost_to_retention_total") == 20


async def test_a_bug_stops_the_service(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench(FakeDelivery(failures=[ZeroDivisionError()]))
    await bench.assign(P0)
    bench.engine.accept(polled(0))
    await until(lambda: bench.stops == 1)
    assert isinstance(bench.engine.error, ZeroDivisionError)
    assert "died of a bug" in caplog.text


async def test_a_worker_that_was_not_released_does_not_end_unseen() -> None:
    class Cancelling(FakeDelivery):
        async def acquire(self, partition: TopicPartition) -> Committed:
            raise asyncio.CancelledError  # as of a future that somebody else cancelled

    bench = Bench(Cancelling())
    bench.engine.assigned([P0], cast(Any, bench.consumer))
    await until(lambda: bench.stops == 1)
    assert "ended by itself" in str(bench.engine.error)


async def test_nothing_is_accepted_after_a_failure() -> None:
    bench = Bench()
    await bench.assign(P0)
    bench.engine.fail(ZeroDivisionError())
    bench.engine.accept(polled(5))  # those before it may be lost
    assert bench.engine.workers[0].oldest_timestamp_ms() is None
    await bench.engine.drain()
    assert bench.delivery.slices == []


async def test_the_first_error_is_reported_the_others_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench()
    first = ZeroDivisionError()
    bench.engine.fail(first)
    bench.engine.fail(KeyError("the second"))
    assert bench.engine.error is first
    assert bench.stops == 1
    assert "the second" in caplog.text


async def test_a_poll_that_goes_back_reaches_the_caller() -> None:
    bench = Bench(FakeDelivery(committed=10))
    await bench.assign(P0)
    with pytest.raises(LogTruncatedError):
        bench.engine.accept(polled(0))
    await bench.engine.drain()


async def test_lag_is_that_of_the_partitions_held() -> None:
    bench = Bench(FakeDelivery(committed=4), hold=True)
    await bench.assign(P0, P1)
    bench.engine.accept(polled(4, partition=1))
    await until(lambda: bench.engine.workers[1].busy)
    await bench.engine.observe_lag(cast(Any, bench.consumer))
    assert bench.metric("consumer_lag_records", partition="0") == 6
    assert bench.metric("consumer_lag_records", partition="1") == 16
    assert bench.metric("consumer_lag_seconds", partition="0") == 0
    assert (bench.metric("consumer_lag_seconds", partition="1") or 0) > 10**9  # sent in 1970
    bench.held.finish()
    await bench.engine.revoked()
    assert bench.metric("consumer_lag_records", partition="0") is None
    await bench.assign(P1)
    await bench.engine.observe_lag(cast(Any, bench.consumer))
    assert bench.metric("consumer_lag_records", partition="0") is None
    assert bench.metric("consumer_lag_records", partition="1") is not None
    await bench.engine.drain()


async def test_a_partition_that_is_not_acquired_has_no_lag_yet() -> None:
    bench = Bench()
    bench.engine.assigned([P0], cast(Any, bench.consumer))
    await bench.engine.observe_lag(cast(Any, bench.consumer))
    assert bench.metric("consumer_lag_records", partition="0") is None
    await bench.engine.drain()


async def test_a_listener_hands_on_what_fails() -> None:
    """aiokafka logs what a listener raises, and goes on."""
    bench = Bench()

    def no_consumer() -> Any:
        raise RuntimeError("the poller has not started")

    await AssignmentListener(bench.engine, no_consumer).on_partitions_assigned({P0})
    assert "has not started" in str(bench.engine.error)

    class Failing(FakeDelivery):
        async def release(self, held: Mapping[TopicPartition, Committed]) -> None:
            raise ZeroDivisionError

    bench = Bench(Failing())
    await bench.assign(P0)
    await AssignmentListener(bench.engine, no_consumer).on_partitions_revoked({P0})
    assert isinstance(bench.engine.error, ZeroDivisionError)
    bench = Bench(Failing())
    await bench.assign(P0)
    await bench.engine.drain()
    assert bench.engine.drained.is_set()
    assert isinstance(bench.engine.error, ZeroDivisionError)


class FakeApp:
    """FastStream's application: runs, then drains the engine and closes."""

    def __init__(self, engine: Engine, *, closes: bool = True, fails: Exception | None = None) -> None:
        self.exit = asyncio.Event()
        self.cancelled = False
        self._engine, self._closes, self._fails = engine, closes, fails

    async def run(self) -> None:
        await self.exit.wait()
        await self._engine.drain()
        try:
            if self._fails is not None:
                raise self._fails
            if not self._closes:
                await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled = True
            raise


async def test_the_app_runs_until_it_is_stopped() -> None:
    app = FakeApp(Bench().engine)
    running = asyncio.create_task(run_until_stopped(cast(FastStream, app), app._engine, 60))
    await asyncio.sleep(0.02)
    assert not running.done()
    app.exit.set()
    await asyncio.wait_for(running, 5)


async def test_a_broker_that_is_away_does_not_keep_the_process() -> None:
    app = FakeApp(Bench().engine, closes=False)
    app.exit.set()
    await asyncio.wait_for(run_until_stopped(cast(FastStream, app), app._engine, 0.01), 5)
    assert app.cancelled


async def test_what_fails_after_the_drain_is_only_logged(caplog: pytest.LogCaptureFixture) -> None:
    app = FakeApp(Bench().engine, fails=ExceptionGroup("Failed to stop subscribers", [OSError("gone")]))
    app.exit.set()
    await asyncio.wait_for(run_until_stopped(cast(FastStream, app), app._engine, 5), 5)
    assert "closing failed" in caplog.text


async def test_what_fails_before_the_drain_is_raised() -> None:
    class Failing(FakeApp):
        async def run(self) -> None:
            raise ConnectionError("no broker")

    app = Failing(Bench().engine)
    with pytest.raises(ConnectionError):
        await asyncio.wait_for(run_until_stopped(cast(FastStream, app), app._engine, 5), 5)

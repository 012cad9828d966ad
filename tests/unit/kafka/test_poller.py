"""FastStream between a poll and the engine: nothing suspends, nothing is decoded, nothing is lost unheard.

These tests drive FastStream's and aiokafka's own code, so that a new version of either cannot break it silently.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from typing import Any, cast

import pytest
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import ConsumerStoppedError, CorruptRecordException, GroupAuthorizationFailedError

from docmill.errors import BrokerError, ConfigurationError, PollError
from docmill.kafka.engine import Engine
from docmill.kafka.poller import Poller, decode_untouched, parse_untouched
from docmill.kafka.watched_consumer import PollWatch, WatchedConsumer
from docmill.settings import Settings

P0, P1 = TopicPartition("documents.received", 0), TopicPartition("documents.received", 1)


class Untouchable:
    """A record that nobody may look into."""

    topic = "documents.received"

    @property
    def headers(self) -> Any:
        raise AssertionError("headers were read")

    @property
    def value(self) -> Any:
        raise AssertionError("a body was read")


class FakeEngine:
    """Takes what is handed over, or raises."""

    def __init__(self, error: Exception | None = None) -> None:
        self.polls: list[Sequence[Any]] = []
        self.error: BaseException | None = None
        self._raised = error

    def accept(self, records: Sequence[Any]) -> None:
        if self._raised is not None:
            raise self._raised
        self.polls.append(records)

    def fail(self, error: BaseException) -> None:
        self.error = self.error or error


def at_once(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run to the end without an event loop; fails where the coroutine suspends."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return stop.value
    coroutine.close()
    raise AssertionError("suspended: a seek could come between a poll and its handler")


class Running:
    """A poller with FastStream's subscriber as it is once started, without a broker."""

    def __init__(self, engine: FakeEngine) -> None:
        self.engine = engine
        self.poller = Poller(Settings())
        self.poller.feed(cast(Engine, engine), "documents.received")
        self.poller.broker._setup_logger()
        assert self.poller._subscriber is not None
        self.subscriber = self.poller._subscriber
        self.subscriber._build_fastdepends_model()
        self.subscriber.running = True


async def test_a_poll_reaches_the_engine_untouched_and_without_suspending() -> None:
    running = Running(FakeEngine())
    records = (Untouchable(), Untouchable())
    running.poller._watch.polled(len(records))
    at_once(running.subscriber.consume(cast(Any, records)))
    assert running.engine.polls == [records]
    assert running.engine.error is None
    running.poller._watch.check_handed_over()


async def test_a_handlers_exception_reaches_the_engine() -> None:
    error = ZeroDivisionError()
    running = Running(FakeEngine(error))
    at_once(running.subscriber.consume(cast(Any, (Untouchable(),))))
    assert running.engine.error is error


def test_parser_and_decoder_await_nothing() -> None:
    records = (Untouchable(),)
    message = at_once(parse_untouched(cast(Any, records)))
    assert message.raw_message == records
    assert message.reply_to == ""
    assert at_once(decode_untouched(message)) is message.raw_message


async def test_the_subscriber_reads_as_the_engine_needs_it() -> None:
    running = Running(FakeEngine())
    options = running.subscriber._connection_args
    assert options["isolation_level"] == "read_committed"
    assert options["enable_auto_commit"] is False
    assert options["rebalance_timeout_ms"] >= Settings().release_timeout_s * 1000 + options["heartbeat_interval_ms"]
    assert running.subscriber._no_reply
    assert not running.poller.broker.middlewares


@pytest.mark.parametrize("release_timeout_s", [1.0, 60.0])
async def test_an_answer_to_a_join_is_awaited_for_a_little_longer_than_a_rebalance_takes(
    release_timeout_s: float,
) -> None:
    poller = Poller(Settings(release_timeout_s=release_timeout_s))
    poller.feed(cast(Engine, FakeEngine()), "documents.received")
    assert poller._subscriber is not None
    rebalance_ms = poller._subscriber._connection_args["rebalance_timeout_ms"]
    builder = await poller.broker._connect()
    assert rebalance_ms < builder.keywords["request_timeout_ms"] <= rebalance_ms + 5_000  # type: ignore[attr-defined]


class Results:
    """What lies fetched in an aiokafka fetcher for one partition: records, or an exception on the way to them."""

    def __init__(self, records: list[int], error: Exception | None = None) -> None:
        self.records, self.error = records, error

    def getall(self, max_records: int | None = None) -> list[int]:
        if self.error is not None:
            raise self.error
        taken, self.records = self.records, []
        return taken

    def has_more(self) -> bool:
        return bool(self.records)


@pytest.fixture
async def fetched(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Callable[..., WatchedConsumer]]:
    """Makes a consumer, never connected, in whose real fetcher the given results lie."""
    from aiokafka.consumer import fetcher as fetcher_module

    monkeypatch.setattr(fetcher_module, "FetchResult", Results)
    made: list[WatchedConsumer] = []

    def make(
        watch: PollWatch, results: dict[TopicPartition, Results], coordination: BaseException | None = None
    ) -> Any:
        consumer = WatchedConsumer(watch=watch, bootstrap_servers="nowhere:1", group_id=None)
        consumer._subscription.assign_from_user([P0, P1])
        consumer._coordinator = Coordinator(coordination)
        consumer._fetcher = fetcher_module.Fetcher(consumer._client, consumer._subscription)
        consumer._fetcher._records.update(results)
        made.append(consumer)
        return consumer

    yield make
    for consumer in made:
        await consumer._fetcher.close()
        consumer._closed = True


class Coordinator:
    """Of a group that is well, or is not."""

    def __init__(self, error: BaseException | None) -> None:
        self._error = error

    def check_errors(self) -> None:
        if self._error is not None:
            raise self._error


Fetched = Callable[..., WatchedConsumer]


async def test_a_poll_is_watched_until_it_is_handed_over(fetched: Fetched) -> None:
    engine = FakeEngine()
    watch = PollWatch(engine.fail)
    consumer = fetched(watch, {P0: Results([1, 2]), P1: Results([3])})
    assert watch.last_s is None
    assert await consumer.getmany() == {P0: [1, 2], P1: [3]}
    assert watch.last_s is not None
    watch.handed_over()
    assert await consumer.getmany() == {}
    assert engine.error is None


async def test_a_poll_that_never_reached_the_engine_stops_the_service(fetched: Fetched) -> None:
    engine = FakeEngine()
    consumer = fetched(PollWatch(engine.fail), {P0: Results([1, 2])})
    await consumer.getmany()
    consumer._fetcher._records[P1] = Results([3])
    assert await consumer.getmany() == {}
    assert isinstance(engine.error, PollError)
    assert "2 polled records" in str(engine.error)
    assert P1 in consumer._fetcher._records  # nothing more was taken


@pytest.mark.parametrize(
    "error", [UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"), CorruptRecordException("CRC")]
)
async def test_an_unreadable_partition_stops_the_service(fetched: Fetched, error: Exception) -> None:
    """aiokafka has moved past the first partition's records, and gives them to nobody."""
    engine = FakeEngine()
    consumer = fetched(PollWatch(engine.fail), {P0: Results([1, 2]), P1: Results([3], error)})
    assert await consumer.getmany() == {}
    assert isinstance(engine.error, PollError)
    assert "documents.received-1 holds records that cannot be read" in str(engine.error)
    consumer._fetcher._records.clear()
    consumer._fetcher._records[P0] = Results([4])
    assert await consumer.getmany() == {}  # what follows the lost ones is not polled any more
    assert P0 in consumer._fetcher._records


async def test_a_group_that_fails_stops_the_service(fetched: Fetched) -> None:
    engine = FakeEngine()
    consumer = fetched(PollWatch(engine.fail), {}, GroupAuthorizationFailedError("docmill"))
    assert await consumer.getmany() == {}
    assert isinstance(engine.error, ConfigurationError)


async def test_a_coordination_that_was_cancelled_stops_the_service(fetched: Fetched) -> None:
    """aiokafka's own; FastStream would leave off polling without a word, and the member would stay in its group."""
    engine = FakeEngine()
    consumer = fetched(PollWatch(engine.fail), {}, asyncio.CancelledError())
    assert await consumer.getmany() == {}
    assert isinstance(engine.error, BrokerError)


async def test_a_poll_that_is_cancelled_itself_is_no_failure(fetched: Fetched) -> None:
    engine = FakeEngine()
    consumer = fetched(PollWatch(engine.fail), {})
    polling = asyncio.create_task(consumer.getmany(timeout_ms=60_000))
    await asyncio.sleep(0.01)
    polling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await polling
    assert engine.error is None


async def test_a_dead_fetcher_stops_the_service(fetched: Fetched) -> None:
    """aiokafka logs its death, stays in the group and returns empty polls for ever."""
    engine = FakeEngine()
    consumer = fetched(PollWatch(engine.fail), {})
    consumer._fetcher._fetch_task.cancel()
    await asyncio.wait({consumer._fetcher.error_future}, timeout=5)
    assert await consumer.getmany() == {}
    assert isinstance(engine.error, BrokerError)


async def test_a_stopped_consumer_is_no_failure(fetched: Fetched) -> None:
    engine = FakeEngine()
    consumer = fetched(PollWatch(engine.fail), {})
    consumer._closed = True
    with pytest.raises(ConsumerStoppedError):
        await consumer.getmany()
    assert engine.error is None


async def test_faststream_builds_the_watched_consumer() -> None:
    running = Running(FakeEngine())
    await running.poller.broker.connect()
    consumer = running.subscriber.builder(group_id=None)
    assert isinstance(consumer, WatchedConsumer)
    running.poller._watch.polled(3)
    running.poller._watch.fail(PollError("lost"))
    assert isinstance(running.engine.error, PollError)
    consumer._closed = True


async def test_idle_time_counts_from_the_last_poll() -> None:
    poller = Poller(Settings())
    assert poller.idle_s() == float("inf")
    poller._watch.polled(0)
    assert poller.idle_s() < 5
    poller._watch.last_s = time.monotonic() - 60
    assert poller.idle_s() >= 60


async def test_there_is_no_consumer_before_the_start() -> None:
    poller = Poller(Settings())
    with pytest.raises(RuntimeError, match="not started"):
        poller.consumer()


def test_the_records_are_aiokafkas_own() -> None:
    assert issubclass(WatchedConsumer, AIOKafkaConsumer)
    assert ConsumerRecord.__dataclass_fields__.keys() >= {"topic", "partition", "offset", "timestamp", "key", "headers"}

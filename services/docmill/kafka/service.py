"""What every service is: a checked cluster, a delivery, a poller and an engine, probes and lag, and an orderly end.

Does not know what a service does with its records: that is a `Service` (app.py has the processor, docmill.indexer the
indexer).
"""

import asyncio
import logging
import platform
import secrets
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from functools import partial
from importlib.metadata import version
from typing import Any, Protocol

from aiokafka.errors import KafkaError
from faststream import FastStream
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector

from docmill.errors import BrokerError, ConfigurationError
from docmill.kafka.at_least_once import AtLeastOnce
from docmill.kafka.broker_version import require_exactly_once
from docmill.kafka.delivery import Delivery
from docmill.kafka.engine import Engine
from docmill.kafka.exactly_once import ExactlyOnce
from docmill.kafka.health import LONGEST_IDLE_S, Health
from docmill.kafka.poller import Poller
from docmill.kafka.producers import new_producer, start_producer
from docmill.kafka.progress import ProgressLog, new_progress_consumer
from docmill.kafka.refusals import explained, refused, told
from docmill.kafka.slice_work import SliceWork
from docmill.kafka.topics import cluster_id, id_of_topic, verify_topics
from docmill.kafka.worker import ERROR_WINDOW, Shared
from docmill.settings import Settings
from docmill.telemetry.http import ProbeServer
from docmill.telemetry.metrics import Metrics
from docmill_schemas.topics import PROGRESS, TopicSpec

log = logging.getLogger(__name__)

OBSERVE_EVERY_S = 2.0
MAX_SLICES = 256  # at once, one a partition: none waits for another's; inference is shared out fairly (runtime)
GOODBYE_S = 5.0  # to leave the group, then to close the producer: with the broker away either may hang


class Service(Protocol):
    """What a service adds to the engine."""

    @property
    def reads(self) -> TopicSpec:
        """The topic whose records are its work."""
        ...

    @property
    def work(self) -> SliceWork[Any]:
        """What is done with a slice."""
        ...

    def begin(self, stop: Callable[[], None]) -> Sequence[Coroutine[Any, Any, None]]:
        """What runs beside the engine until the service stops; what one of them raises stops it.

        Args:
            stop: ends the service in good order.
        """
        ...

    def observe(self) -> None:
        """Set gauges and tidy up; called every few seconds."""
        ...

    def checks(self) -> Mapping[str, object]:
        """What /readyz says beside what holds for every service. Called on a thread of its own."""
        ...

    def close(self) -> None:
        """Let go of everything; a slice under way fails. Called once, after the engine has drained."""
        ...


def new_metrics() -> Metrics:
    """The metrics of this process, with those of Python and of the process itself."""
    registry = CollectorRegistry()
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=registry)
    metrics = Metrics(registry)
    metrics.build_info.info({"version": version("docmill"), "python": platform.python_version()})
    return metrics


async def checked_cluster(settings: Settings, topics: Sequence[TopicSpec]) -> str:
    """The cluster's id, once the broker answers and the topics are as they should be.

    Raises:
        BrokerError: it does not answer.
        ConfigurationError: a topic is not as it should be, or the broker too old for the delivery.
    """
    if settings.security_protocol == "SASL_PLAINTEXT":
        log.warning("SASL_PLAINTEXT: whoever listens on the network can read the documents; SASL_SSL encrypts them")
    needed = (*topics, PROGRESS) if settings.delivery == "exactly_once" else topics
    checks = await verify_topics(settings, needed)
    for check in checks:
        if check.note is not None:
            log.warning("%s: %s", check.topic, check.note)
    off = [check for check in checks if not check.ok]
    if off:
        problems = "; ".join(f"{check.topic}: {check.problem}" for check in off)
        raise ConfigurationError(f"{problems}. Run `docmill topics create`, or `docmill topics verify` to see more")
    if settings.delivery == "exactly_once":
        await require_exactly_once(settings)
    return await cluster_id(settings)


async def run_service(settings: Settings, service: Service, metrics: Metrics) -> None:
    """Run a service on a checked cluster until SIGTERM or SIGINT; the slices in hand are finished first.

    Raises:
        DocmillError: it cannot start, or cannot go on.
    """
    poller = Poller(settings)
    async with _delivery(settings, poller, service.reads) as delivery:
        shared = Shared(
            settings=settings,
            owner=secrets.token_hex(8),
            work=service.work,
            delivery=delivery,
            metrics=metrics,
            executor=ThreadPoolExecutor(MAX_SLICES, thread_name_prefix="slice"),
            internal_errors=deque(maxlen=ERROR_WINDOW),
        )
        app = FastStream(poller.broker, logger=None)
        engine = Engine(shared, metrics, app.exit)
        poller.feed(engine, settings.topic_prefix + service.reads.name)
        app.on_shutdown(engine.drain)  # before the broker stops: closing a consumer does not call its listener
        health = Health(engine, poller, settings.group, service.checks)
        server = _probe_server(settings, metrics.registry, health)
        log.info("probes and metrics on http://%s:%s", settings.http_host, server.port)
        beside = (_observe(engine, poller, health, service, settings), *service.begin(app.exit))
        tasks = [asyncio.create_task(one) for one in beside]
        for task in tasks:
            task.add_done_callback(lambda task: _observed(task, engine))
        try:
            await run_until_stopped(app, engine, GOODBYE_S)
        except KafkaError as error:
            engine.fail(refused(f"the broker at {settings.kafka_bootstrap_servers} failed", error))
        except Exception as error:
            engine.fail(error)
        finally:
            for task in tasks:
                task.cancel()
            server.close()
            shared.executor.shutdown(wait=False, cancel_futures=True)
            service.close()
    if engine.error is not None:
        raise engine.error
    log.info("stopped")


def _probe_server(settings: Settings, registry: CollectorRegistry, health: Health) -> ProbeServer:
    """Raises: ConfigurationError: the port is taken, by another service on this machine perhaps."""
    host, port = settings.http_host, settings.http_port
    try:
        return ProbeServer(host, port, registry, live=health.live, ready=health.ready)
    except OSError as error:
        raise ConfigurationError(
            f"cannot listen on {host}:{port} ({error.strerror}): name another with --http-port; 0 takes any free one"
        ) from error


async def run_until_stopped(app: FastStream, engine: Engine, goodbye_s: float) -> None:
    """Run until SIGTERM, SIGINT or a failure of the engine; at most `goodbye_s` longer than the engine drains.

    Raises:
        Exception: the app could not start. Once the engine has drained, nothing that fails matters any more.
    """
    running = asyncio.create_task(app.run())
    drained = asyncio.create_task(engine.drained.wait())
    try:
        await asyncio.wait((running, drained), return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait((running,), timeout=goodbye_s)
        if not running.done():
            log.warning("the broker did not answer in time; it will miss this member after the session timeout")
            running.cancel()
            await asyncio.wait((running,), timeout=goodbye_s)
    finally:
        drained.cancel()
    if running.done() and not running.cancelled() and (error := running.exception()) is not None:
        if not engine.drained.is_set():
            raise error
        log.warning("closing failed, after all slices were final or given up: %r", error)


def _observed(task: "asyncio.Task[None]", engine: Engine) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        engine.fail(error)


@asynccontextmanager
async def _delivery(settings: Settings, poller: Poller, reads: TopicSpec) -> AsyncIterator[Delivery]:
    """The delivery that the settings ask for."""
    delivery: Delivery
    if settings.delivery == "exactly_once":
        prefix, timeout_s = settings.topic_prefix, settings.transaction_timeout_ms / 1000
        input_id = await id_of_topic(settings, reads)
        producers = partial(new_producer, settings)
        progress = ProgressLog(partial(new_progress_consumer, settings), prefix + PROGRESS.name, timeout_s)
        delivery = ExactlyOnce(poller.consumer, producers, progress, settings.group, prefix, timeout_s, input_id)
    else:
        producer = new_producer(settings)
        delivery = AtLeastOnce(poller.consumer, producer, settings.topic_prefix)
        try:
            await start_producer(producer, settings.broker_timeout_s)
        except BaseException:
            await delivery.close()
            raise
    try:
        yield delivery
    finally:
        with suppress(TimeoutError):
            async with asyncio.timeout(GOODBYE_S):
                await delivery.close()


async def _observe(engine: Engine, poller: Poller, health: Health, service: Service, settings: Settings) -> None:
    """Every few seconds: the loop's pulse, what the service observes, and lag.

    Raises:
        BrokerError: the broker has been silent for longer than it may, or this member of the group has been without a
            poll, and so not ready, for as long.
    """
    still_s = 0.0  # counted in turns of this loop: a process that was stopped is given time to poll again
    while True:
        health.beat()
        await asyncio.sleep(OBSERVE_EVERY_S)
        service.observe()
        if engine.joined:
            try:
                async with asyncio.timeout(OBSERVE_EVERY_S * 5):
                    await engine.step_over_markers()
                    await engine.observe_lag(poller.consumer())
                health.heard()
            except (KafkaError, TimeoutError) as error:
                log.warning("lag unknown: %s", told(error))
        # An idle replica, or one that never joined, meets it nowhere else.
        if health.deaf_s > settings.broker_timeout_s:
            raise await _unanswered(settings, health.deaf_s)
        still_s = still_s + OBSERVE_EVERY_S if engine.joined and poller.idle_s() > LONGEST_IDLE_S else 0.0
        if still_s > settings.broker_timeout_s:
            idle_s = LONGEST_IDLE_S + still_s
            raise BrokerError(f"in the group, and nothing polled for {idle_s:.0f} s at least: see the errors above")


async def _unanswered(settings: Settings, deaf_s: float) -> BrokerError:
    """The error of a broker that was silent for too long: with the cause, such as a certificate that has expired."""
    cause = await explained(settings, TimeoutError("no answer in time"))
    return BrokerError(f"the broker has not answered for {deaf_s:.0f} s: {cause}")

"""The processor's composition root: everything is made, wired, run and closed here."""

import asyncio
import logging
import os
import platform
import secrets
import signal
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from functools import partial
from importlib.metadata import version

from aiokafka.errors import KafkaError
from faststream import FastStream
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector

from docmill.bundle.files import BundleFiles, read_files
from docmill.bundle.load import default_bundle
from docmill.bundle.watch import BundleWatch
from docmill.errors import BrokerError, ConfigurationError
from docmill.golden import check_own_golden
from docmill.ingest.limits import limits_of
from docmill.ingest.processes import ParserProcesses
from docmill.kafka.accounting import Accounting
from docmill.kafka.at_least_once import AtLeastOnce
from docmill.kafka.broker_version import require_exactly_once
from docmill.kafka.delivery import Delivery
from docmill.kafka.engine import Engine
from docmill.kafka.exactly_once import ExactlyOnce
from docmill.kafka.health import Health
from docmill.kafka.parser_metrics import ParserMetrics
from docmill.kafka.poller import Poller
from docmill.kafka.producers import new_producer, start_producer
from docmill.kafka.refusals import explained, refused, told
from docmill.kafka.reload import Reloader
from docmill.kafka.serving import InUse, Serving, Surroundings
from docmill.kafka.topics import cluster_id, verify_topics
from docmill.kafka.trial import Trials
from docmill.kafka.worker import ERROR_WINDOW, Shared
from docmill.processing import Mill
from docmill.runtime.threads import default_parsers, default_threads
from docmill.settings import Settings
from docmill.telemetry.http import ProbeServer
from docmill.telemetry.metrics import Metrics
from docmill_schemas.topics import RECEIVED

log = logging.getLogger(__name__)

OBSERVE_EVERY_S = 2.0
MAX_SLICES = 256  # at once, one a partition: none waits for another's; inference is shared out fairly (runtime)
GOODBYE_S = 5.0  # to leave the group, then to close the producer: with the broker away either may hang


async def run_processor(settings: Settings) -> None:
    """Run the processor until SIGTERM or SIGINT; the slices in hand are finished first.

    Raises:
        DocmillError: it cannot start, or cannot go on.
    """
    hangups = Hangups()  # before anything takes time: by default one ends the process
    folder = settings.bundle or default_bundle()
    files = read_files(folder)
    cluster = await _checked_cluster(settings)
    registry = CollectorRegistry()
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=registry)
    metrics = Metrics(registry)
    metrics.build_info.info({"version": version("docmill"), "python": platform.python_version()})
    parsers = ParserProcesses(limits_of(settings), settings.parsers or default_parsers())
    trials = Trials(settings, cluster)
    accounting = Accounting(metrics, time.time)
    threads = settings.threads or default_threads()
    surroundings = Surroundings(settings, cluster, threads, accounting, parsers)
    bundles = InUse(_first(files, surroundings, metrics))
    reloader = Reloader(BundleWatch(folder, files.sha256), bundles, surroundings, metrics)
    poller = Poller(settings)
    async with _delivery(settings, poller) as delivery:
        shared = Shared(
            settings=settings,
            owner=secrets.token_hex(8),
            bundles=bundles,
            trials=trials,
            delivery=delivery,
            accounting=accounting,
            executor=ThreadPoolExecutor(MAX_SLICES, thread_name_prefix="slice"),
            internal_errors=deque(maxlen=ERROR_WINDOW),
        )
        app = FastStream(poller.broker, logger=None)
        engine = Engine(shared, metrics, app.exit)
        poller.feed(engine, settings.topic_prefix + RECEIVED.name)
        app.on_shutdown(engine.drain)  # before the broker stops: closing a consumer does not call its listener
        health = Health(engine, poller, bundles, reloader, settings)
        server = _probe_server(settings, registry, health)
        log.info("probes and metrics on http://%s:%s", settings.http_host, server.port)
        parser_metrics = ParserMetrics(metrics, parsers)
        tasks = (
            asyncio.create_task(_observe(engine, poller, health, bundles, trials, metrics, parser_metrics, settings)),
            asyncio.create_task(reloader.run(settings.bundle_poll_s)),
        )
        for task in tasks:
            task.add_done_callback(lambda task: _observed(task, engine))
        hangups.mean(reloader.ask, app.exit)
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
            reloader.close()
            trials.close()
            parsers.close()
            bundles.close()
    if engine.error is not None:
        raise engine.error
    log.info("stopped")


def _probe_server(settings: Settings, registry: CollectorRegistry, health: Health) -> ProbeServer:
    """Raises: ConfigurationError: the port is taken, by another processor on this machine perhaps."""
    host, port = settings.http_host, settings.http_port
    try:
        return ProbeServer(host, port, registry, live=health.live, ready=health.ready)
    except OSError as error:
        raise ConfigurationError(
            f"cannot listen on {host}:{port} ({error.strerror}): name another with --http-port or DOCMILL_HTTP_PORT; "
            f"0 takes any free one"
        ) from error


def _first(files: BundleFiles, surroundings: Surroundings, metrics: Metrics) -> Serving:
    """The bundle to begin with.

    Raises:
        BundleError: it cannot be served, or says on this machine something else than where it was made.
    """
    serving = surroundings.serving(files)
    check_own_golden(Mill(serving.bundle, serving.inference), files)
    bundle = serving.bundle
    metrics.expect(bundle.manifest.labels)
    metrics.serve(bundle.name, bundle.version, bundle.sha256)
    return serving


class Hangups:
    """SIGHUP: look at the bundle's folder. When it comes because the terminal is gone, it stays a reason to stop.

    Heard from the making of this object on, in the event loop; what comes before `mean` is remembered.
    """

    def __init__(self) -> None:
        self._had_terminal = _has_terminal() and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN  # nohup
        self._asked = False
        self._stopped = False
        self._ask: Callable[[], None] | None = None
        self._stop: Callable[[], None] | None = None
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._hear)

    def mean(self, ask: Callable[[], None], stop: Callable[[], None]) -> None:
        """From now on, and for what was heard so far: `ask` for a look, or `stop`."""
        self._ask, self._stop = ask, stop
        if self._stopped:
            stop()
        elif self._asked:
            ask()

    def _hear(self) -> None:
        if self._had_terminal and not _has_terminal():
            self._stopped = True
            if self._stop is not None:
                self._stop()
        else:
            self._asked = True
            if self._ask is not None:
                self._ask()


def _has_terminal() -> bool:
    """Whether this process belongs to a terminal."""
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY))
    except OSError:
        return False
    return True


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


async def _checked_cluster(settings: Settings) -> str:
    """The cluster's id, once the broker answers and the topics are as they should be."""
    if settings.security_protocol == "SASL_PLAINTEXT":
        log.warning("SASL_PLAINTEXT: whoever listens on the network can read the documents; SASL_SSL encrypts them")
    checks = await verify_topics(settings)
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


@asynccontextmanager
async def _delivery(settings: Settings, poller: Poller) -> AsyncIterator[Delivery]:
    """The delivery that the settings ask for."""
    delivery: Delivery
    if settings.delivery == "exactly_once":
        producers = partial(new_producer, settings)
        timeout_s = settings.transaction_timeout_ms / 1000
        delivery = ExactlyOnce(poller.consumer, producers, settings.group, settings.topic_prefix, timeout_s)
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


async def _observe(
    engine: Engine,
    poller: Poller,
    health: Health,
    bundles: InUse,
    trials: Trials,
    metrics: Metrics,
    parser_metrics: ParserMetrics,
    settings: Settings,
) -> None:
    """Every few seconds: the loop's pulse, lag, how busy inference is and what the parsers take."""
    threads = settings.threads or default_threads()
    busy_before, before = bundles.busy_seconds, time.monotonic()
    while True:
        health.beat()
        await asyncio.sleep(OBSERVE_EVERY_S)
        busy, now = bundles.busy_seconds, time.monotonic()
        metrics.inference_busy.set(min(1.0, (busy - busy_before) / ((now - before) * threads)))
        busy_before, before = busy, now
        trials.tidy()
        parser_metrics.observe()
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


async def _unanswered(settings: Settings, deaf_s: float) -> BrokerError:
    """The error of a broker that was silent for too long: with the cause, such as a certificate that has expired."""
    cause = await explained(settings, TimeoutError("no answer in time"))
    return BrokerError(f"the broker has not answered for {deaf_s:.0f} s: {cause}")

"""The processor's composition root: bundles, parsers, trials and reload are made, wired and closed here; what every
service is, service.py runs.
"""

import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

from docmill.bundle.files import BundleFiles, read_files
from docmill.bundle.load import default_bundle
from docmill.bundle.watch import BundleWatch
from docmill.golden import check_own_golden
from docmill.ingest.limits import limits_of
from docmill.ingest.processes import ParserProcesses
from docmill.kafka.accounting import Accounting
from docmill.kafka.hangups import Hangups
from docmill.kafka.parser_metrics import ParserMetrics
from docmill.kafka.process_slices import ProcessSlices
from docmill.kafka.reload import Reloader
from docmill.kafka.service import checked_cluster, new_metrics, run_service
from docmill.kafka.serving import InUse, Serving, Surroundings
from docmill.kafka.trial import Trials
from docmill.processing import Mill
from docmill.runtime.threads import default_parsers, default_threads
from docmill.settings import Settings
from docmill.telemetry.metrics import Metrics
from docmill_schemas.topics import PROCESSOR_TOPICS, RECEIVED, TopicSpec


async def run_processor(settings: Settings) -> None:
    """Run the processor until SIGTERM or SIGINT; the slices in hand are finished first.

    Raises:
        DocmillError: it cannot start, or cannot go on.
    """
    hangups = Hangups()  # before anything takes time: by default one ends the process
    files = read_files(settings.bundle or default_bundle())
    cluster = await checked_cluster(settings, PROCESSOR_TOPICS)
    metrics = new_metrics()
    await run_service(settings, Processor(settings, files, cluster, metrics, hangups), metrics)


class Processor:
    """See Service: reads documents with the bundle that is in use."""

    def __init__(
        self, settings: Settings, files: BundleFiles, cluster: str, metrics: Metrics, hangups: Hangups
    ) -> None:
        """Raises: BundleError: the bundle cannot be served."""
        self._settings = settings
        self._metrics = metrics
        self._hangups = hangups
        self._threads = settings.threads or default_threads()
        self._parsers = ParserProcesses(limits_of(settings), settings.parsers or default_parsers())
        self._parser_metrics = ParserMetrics(metrics, self._parsers)
        self._trials = Trials(settings, cluster)
        accounting = Accounting(metrics, time.time)
        surroundings = Surroundings(settings, cluster, self._threads, accounting, self._parsers)
        self._bundles = InUse(_first(files, surroundings, metrics))
        self._reloader = Reloader(BundleWatch(files.folder, files.sha256), self._bundles, surroundings, metrics)
        self._work = ProcessSlices(self._bundles, self._trials, accounting)
        self._busy_s, self._observed_s = self._bundles.busy_seconds, time.monotonic()

    @property
    def reads(self) -> TopicSpec:
        """Documents as they come in."""
        return RECEIVED

    @property
    def work(self) -> ProcessSlices:
        """See Service."""
        return self._work

    def begin(self, stop: Callable[[], None]) -> Sequence[Coroutine[Any, Any, None]]:
        """Look for other bundles, and let a SIGHUP do so from now on."""
        self._hangups.mean(self._reloader.ask, stop)
        self._busy_s, self._observed_s = self._bundles.busy_seconds, time.monotonic()
        return (self._reloader.run(self._settings.bundle_poll_s),)

    def observe(self) -> None:
        """How busy inference is and what the parsers take; a child of the trials with nothing to do is ended."""
        busy_s, now_s = self._bundles.busy_seconds, time.monotonic()
        share = (busy_s - self._busy_s) / ((now_s - self._observed_s) * self._threads)
        self._metrics.inference_busy.set(min(1.0, share))
        self._busy_s, self._observed_s = busy_s, now_s
        self._trials.tidy()
        self._parser_metrics.observe()

    def checks(self) -> Mapping[str, object]:
        """The bundle in use. A refused one makes nothing unready: the one before goes on, and a replica that works must
        not be taken out.
        """
        bundle = self._bundles.current.bundle
        return {
            "bundle": f"{bundle.name} {bundle.version}",
            "bundle_sha256": bundle.sha256,
            "bundle_refused": self._reloader.refused,
        }

    def close(self) -> None:
        """See Service."""
        self._reloader.close()
        self._trials.close()
        self._parsers.close()
        self._bundles.close()


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

"""Another bundle in the bundle's folder: found, checked in a child process, and taken between two slices.

    1. the folder's manifest is another one, and the folder is still (bundle/watch.py), or a SIGHUP says so
    2. all files are read once, and compared with their digests
    3. a child process of low priority loads these bytes and reads the golden documents: what a broken bundle kills is
       the child, and the partitions go on undisturbed
    4. the same bytes are loaded here and warmed up
    5. the next slice of every partition gets the new bundle; the old one is closed with its last slice (serving.py)

Whatever fails in 2-4 refuses the bundle: the one in use goes on, and a refusal is told once, until the folder changes.
"""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from docmill.bundle.files import BundleFiles, read_files
from docmill.bundle.watch import BundleWatch, Finding
from docmill.errors import BundleError, DependencyError, whereabouts
from docmill.kafka import bundle_child
from docmill.kafka.bundle_child import BundleChild
from docmill.kafka.serving import InUse, Surroundings
from docmill.telemetry.metrics import Metrics, ReloadOutcome

log = logging.getLogger(__name__)

NICENESS = 5  # of the child, as of the parsers: the documents come first
CHECK_TIMEOUT_S = 600.0  # on a machine that is busy with documents; one that takes longer is refused


class Reloader:
    """Watches one folder for `InUse`.

    Args:
        check: a bundle before it is loaded; default: in a child process. Raises what `_checked_in_child` raises.
    """

    def __init__(
        self,
        watch: BundleWatch,
        bundles: InUse,
        surroundings: Surroundings,
        metrics: Metrics,
        check: Callable[[BundleFiles], None] | None = None,
    ) -> None:
        self._refused: str | None = None
        self._watch = watch
        self._bundles = bundles
        self._surroundings = surroundings
        self._metrics = metrics
        self._check = check or self._check_in_child
        self._asked = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="reload")
        self._child: BundleChild | None = None
        self._closed = False

    @property
    def refused(self) -> str | None:
        """Why the bundle in the folder is not the one in use; for any thread."""
        return self._refused

    def ask(self) -> None:
        """Look at once, and take what is there for complete. Called in the event loop."""
        self._asked.set()

    async def run(self, poll_s: float) -> None:
        """Look every `poll_s` seconds, and when asked; 0: only then."""
        loop = asyncio.get_running_loop()
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._asked.wait(), poll_s or None)
            at_once = self._asked.is_set()
            self._asked.clear()
            await loop.run_in_executor(self._thread, self.look, at_once)

    def look(self, at_once: bool = False) -> None:
        """One look, and what follows from it. Blocks; never raises for what it finds.

        Args:
            at_once: see BundleWatch.
        """
        try:
            finding = self._watch.look(at_once=at_once)
            if finding is Finding.IN_USE:
                self._as_it_was(at_once)
            elif finding is Finding.TRY:
                self._try(at_once)
        except Exception as error:  # one look less; it must not end the service
            log.error("looking at %s failed, later again: %s", self._watch.folder, whereabouts(error))

    def close(self) -> None:
        """End a check under way; nothing is taken any more."""
        self._closed = True
        child = self._child
        if child is not None:
            child.kill()
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _try(self, at_once: bool) -> None:
        try:
            files = read_files(self._watch.folder)
            if files.sha256 != self._watch.in_use:  # it may have come back since the look
                self._check(files)
                self._take(files)
        except DependencyError as error:
            log.warning("%s cannot be checked now, later again: %s", self._watch.folder, error)
        except BundleError as error:
            self._refuse(str(error), at_once)
        except Exception as error:  # of the bundle, since all else works: it must not end the service
            self._refuse(f"unexpected exception while it was loaded: {whereabouts(error)}", at_once)

    def _take(self, files: BundleFiles) -> None:
        before = self._bundles.current.bundle
        new = self._surroundings.serving(files)
        try:
            if self._closed:
                raise DependencyError("the service stops")
            self._metrics.expect(new.bundle.manifest.labels)
            self._bundles.replace(new)
        except BaseException:
            if self._bundles.current is not new:
                new.inference.close()
            raise
        self._metrics.serve(new.bundle.name, new.bundle.version, new.bundle.sha256)
        self._metrics.bundle_reloads.labels(ReloadOutcome.LOADED.value).inc()
        self._watch.took(files.sha256)
        self._say(None)
        log.info(
            "bundle %s %s (%s) decides from the next slices on, after %s %s (%s)",
            *(new.bundle.name, new.bundle.version, new.bundle.sha256[:12]),
            *(before.name, before.version, before.sha256[:12]),
        )

    def _refuse(self, why: str, at_once: bool) -> None:
        if self._closed or not (at_once or self._watch.is_as_seen()):  # it may have been a mix: the next look will tell
            return
        self._watch.tried()
        self._say(why)
        self._metrics.bundle_reloads.labels(ReloadOutcome.REFUSED.value).inc()
        current = self._bundles.current.bundle
        log.error(
            "the bundle in %s is refused, %s %s goes on: %s. A restart would refuse it too, and not start: put a sound "
            "bundle there",
            *(self._watch.folder, current.name, current.version, why),
        )

    def _as_it_was(self, at_once: bool) -> None:
        current = self._bundles.current.bundle
        if self.refused is not None:
            self._say(None)
            log.info("%s holds %s %s again, which is in use", self._watch.folder, current.name, current.version)
        elif at_once:
            log.info("%s holds %s %s, which is in use", self._watch.folder, current.name, current.version)

    def _say(self, refused: str | None) -> None:
        """To the probes, and to the alert that holds for as long as a restart would fail."""
        self._refused = refused
        self._metrics.bundle_refused.set(refused is not None)

    def _check_in_child(self, files: BundleFiles) -> None:
        """Raises: BundleError: it cannot be served, or kills who loads it. DependencyError: there is no child."""
        surroundings = self._surroundings
        settings = surroundings.settings.model_copy(update={"threads": 1})
        child = BundleChild(files, settings, surroundings.cluster_id, bundle_child.CHILD, NICENESS, CHECK_TIMEOUT_S)
        child.spawn()
        self._child = child
        try:
            if self._closed:
                raise DependencyError("the service stops")
            end = child.load()
        finally:
            child.end()
            self._child = None
        if end is not None:
            raise BundleError(f"{files.folder}: loading it ended a process of its own by {end}; see its error above")

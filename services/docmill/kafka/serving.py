"""The bundle in use, lent to each slice for as long as it takes, and replaced between slices.

A slice is computed wholly by the bundle that it was lent, from trying its suspects to the events that name the bundle.
One that is replaced is closed when the last slice gives it back. Does not know where bundles come from.
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from docmill.bundle.bundle import Bundle
from docmill.bundle.files import BundleFiles
from docmill.bundle.load import make_bundle
from docmill.errors import DependencyError
from docmill.kafka.publish import Publisher
from docmill.kafka.work import Work
from docmill.processing import Mill, Observer, Parser
from docmill.runtime.session import OnnxInference
from docmill.settings import Settings

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Serving:
    """A bundle that is ready to work, and all that is made of it: nothing of one bundle is kept anywhere else."""

    files: BundleFiles
    bundle: Bundle
    inference: OnnxInference
    work: Work


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every bundle works with. `threads`: of inference."""

    settings: Settings
    cluster_id: str
    threads: int
    observer: Observer
    parsers: Parser

    def serving(self, files: BundleFiles) -> Serving:
        """Load a bundle and warm it up.

        Raises:
            BundleError: its files do not agree, or the graph does not run.
        """
        bundle = make_bundle(files)
        inference = OnnxInference(files.model, self.threads)
        try:
            inference.warm_up()
        except BaseException:
            inference.close()
            raise
        settings = self.settings
        work = Work(
            cluster_id=self.cluster_id,
            max_document_bytes=settings.max_document_bytes,
            mill=Mill(bundle, inference, self.observer, self.parsers),
            publisher=Publisher(
                bundle,
                f"docmill/{settings.group}",
                include_text=settings.include_text,
                audit_share=settings.audit_share,
            ),
        )
        return Serving(files, bundle, inference, work)


class InUse:
    """Lends the current bundle. For any number of threads."""

    def __init__(self, first: Serving) -> None:
        self._current = first
        self._lent: dict[Serving, int] = {first: 0}  # those that are not closed
        self._ended_busy_s = 0.0  # of inference that is closed
        self._closed = False
        self._changing = threading.Lock()

    @property
    def current(self) -> Serving:
        """The bundle that the next slice gets."""
        return self._current

    @contextmanager
    def lent(self) -> Iterator[Serving]:
        """The current bundle, which stays open until the block ends."""
        with self._changing:
            serving = self._current
            self._lent[serving] += 1
        try:
            yield serving
        finally:
            with self._changing:
                self._lent[serving] -= 1
            self._close_unused()

    def replace(self, new: Serving) -> None:
        """From now on the next slice gets this one; those in hand finish with what they have.

        Raises:
            DependencyError: this was closed; the new one is the caller's to close.
        """
        with self._changing:
            if self._closed:
                raise DependencyError("the service stops")
            self._lent[new] = 0
            self._current = new
        self._close_unused()

    @property
    def busy_seconds(self) -> float:
        """Thread seconds spent in windows so far, whichever bundle's."""
        with self._changing:
            return self._ended_busy_s + sum(serving.inference.busy_seconds for serving in self._lent)

    def close(self) -> None:
        """End the inference of all; slices still under way fail."""
        with self._changing:
            self._closed = True
            left = list(self._lent)
        for serving in left:
            serving.inference.close()

    def _close_unused(self) -> None:
        with self._changing:
            unused = [serving for serving, slices in self._lent.items() if not slices and serving is not self._current]
            for serving in unused:
                del self._lent[serving]
                self._ended_busy_s += serving.inference.busy_seconds
        for serving in unused:
            serving.inference.close()
            log.info("bundle %s %s is closed: no slice needs it", serving.bundle.name, serving.bundle.version)

"""Parsers in processes of their own: one that hangs, grows or crashes is killed, and costs its own document alone.

Plain text is read in the calling thread; everything with a grammar that libraries parse goes to a process.
"""

import contextlib
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from queue import Empty, LifoQueue

from docmill.errors import DependencyError, DocumentError
from docmill.ingest import extract
from docmill.ingest.extracted import Extracted
from docmill.ingest.limits import Limits
from docmill.ingest.media_types import PLAIN
from docmill.ingest.messages import Request
from docmill.ingest.parser_process import CHILD, ParserProcess
from docmill_schemas.reasons import RejectionReason

MAX_DOCUMENTS = 1000  # of one process, against what leaks
KILLED = frozenset({RejectionReason.PARSE_TIMEOUT, RejectionReason.PARSE_MEMORY, RejectionReason.PARSER_CRASHED})


@dataclass(slots=True)
class _Place:
    """Where a process runs; its holder alone touches it, but for `close`."""

    process: ParserProcess | None = None
    documents: int = 0  # that the process has parsed


class ParserProcesses:
    """At most `count` processes, started when they are first needed. For any number of threads.

    Args:
        child: the command of a process; tests have their own.
    """

    def __init__(self, limits: Limits, count: int, child: Sequence[str] = CHILD) -> None:
        self.limits = limits
        self._child = child
        self._places = [_Place() for _ in range(count)]
        self._free: LifoQueue[_Place] = LifoQueue()  # the last one used is warm
        for place in self._places:
            self._free.put(place)
        # A process dies with the thread that starts it, so none of the callers' may.
        self._starter = ThreadPoolExecutor(1, thread_name_prefix="parsers")
        self._changing = threading.Lock()  # held to start a process, and to close
        self._closed = False

    def extract(self, content: bytes, media_type: str, charset: str | None) -> Extracted:
        """The text of a document; waits for a free process.

        Raises:
            DocumentError: those of docmill.ingest.extract; `parse_timeout`, `parse_memory`, `parser_crashed`.
            UnforeseenError: the parser failed on it in a way that nobody foresaw.
            DependencyError: no process can be started, or this was closed meanwhile: no fault of the document.
        """
        if media_type == PLAIN:
            return extract(content, media_type, charset, self.limits)
        place = self._free.get()
        try:
            return self._extract_at(place, Request(content, media_type, charset))
        finally:
            self._give_back(place)

    def close(self) -> None:
        """Kill all processes; who waits for one, or for its answer, gets a DependencyError."""
        with self._changing:
            self._closed = True
            with contextlib.suppress(Empty):
                while True:
                    _clear(self._free.get_nowait())
            for place in self._places:
                if place.process is not None:
                    place.process.kill()  # its holder closes it
            self._free.put(_Place())  # for those who wait, one after the other
        self._starter.shutdown()

    def _extract_at(self, place: _Place, request: Request) -> Extracted:
        """Parse; what a process of some age dies of may be an earlier document's fault, so a fresh one has a try."""
        while True:
            process = self._process_at(place)
            fresh = place.documents == 0
            place.documents += 1
            try:
                return process.extract(request)
            except DocumentError as error:
                if error.reason not in KILLED:
                    raise
                self._check_open()
                _clear(place)
                if fresh or error.reason is RejectionReason.PARSE_TIMEOUT:
                    raise
            except DependencyError:
                _clear(place)
                raise

    def _process_at(self, place: _Place) -> ParserProcess:
        if place.documents >= MAX_DOCUMENTS:
            _clear(place)
        with self._changing:
            self._check_open()
            if place.process is None:
                place.process = self._starter.submit(ParserProcess, self._child, self.limits).result()
                place.documents = 0
            return place.process

    def _give_back(self, place: _Place) -> None:
        with self._changing:
            if self._closed:
                _clear(place)
            self._free.put(place)

    def _check_open(self) -> None:
        if self._closed:
            raise DependencyError("the parsers were closed meanwhile")


def _clear(place: _Place) -> None:
    if place.process is not None:
        place.process.close()
        place.process = None

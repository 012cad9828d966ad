"""Parsers in processes of their own: one that hangs, grows or crashes is killed, and costs its own document alone.

Plain text is read in the calling thread; everything with a grammar that libraries parse goes to a process.
"""

import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum

from docmill.errors import DependencyError, DocumentError
from docmill.ingest import extract
from docmill.ingest.extracted import Extracted
from docmill.ingest.lending import Lending
from docmill.ingest.limits import Limits
from docmill.ingest.media_types import PLAIN
from docmill.ingest.messages import Request
from docmill.ingest.parser_process import CHILD, ParserProcess, UnforeseenError
from docmill.ingest.process_usage import ProcessUsage, is_told
from docmill_schemas.reasons import RejectionReason

MAX_DOCUMENTS = 1000  # of one process, against what leaks
KILLED = frozenset({RejectionReason.PARSE_TIMEOUT, RejectionReason.PARSE_MEMORY, RejectionReason.PARSER_CRASHED})


class Restart(StrEnum):
    """Why a process was given up, and the next document in its place gets another."""

    PARSE_TIMEOUT = "parse_timeout"
    PARSE_MEMORY = "parse_memory"
    PARSER_CRASHED = "parser_crashed"
    OLD = "old"  # after MAX_DOCUMENTS
    FAILED = "failed"  # it did not come up, or its parent failed with it


@dataclass(slots=True)
class _Place:
    """Where a process runs; its holder alone changes it, but for `close`."""

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
        self._lending = Lending(self._places)  # the last one used is warm
        # A process dies with the thread that starts it, so none of the callers' may.
        self._starter = ThreadPoolExecutor(1, thread_name_prefix="parsers")
        self._changing = threading.Lock()  # held to start a process, and to close
        self._closed = False
        self._counting = threading.Lock()  # for the two that follow, and for a process to leave its place
        self._ended_cpu_s = 0.0  # of processes that are gone
        self._restarts: Counter[Restart] = Counter()

    def extract(self, content: bytes, media_type: str, charset: str | None) -> Extracted:
        """The text of a document; waits for a free process, in the order of asking.

        Raises:
            DocumentError: those of docmill.ingest.extract; `parse_timeout`, `parse_memory`, `parser_crashed`.
            UnforeseenError: the parser failed on it in a way that nobody foresaw.
            DependencyError: no process can be started, or this was closed meanwhile: no fault of the document.
        """
        if media_type == PLAIN:
            return extract(content, media_type, charset, self.limits)
        place = self._lending.take()
        if place is None:
            raise _closed()
        try:
            return self._extract_at(place, Request(content, media_type, charset))
        finally:
            self._give_back(place)

    def close(self) -> None:
        """Kill all processes; who waits for one, or for its answer, gets a DependencyError."""
        with self._changing:
            self._closed = True
            for place in self._lending.close():
                self._clear(place)
            for process in [place.process for place in self._places]:
                if process is not None:
                    process.kill()  # its holder closes it
        self._starter.shutdown()

    def usage(self) -> ProcessUsage | None:
        """Processor time of all processes so far, and resident memory of those that run. None: only Linux tells."""
        if not is_told():
            return None
        with self._counting:
            live = [process.usage() for process in [place.process for place in self._places] if process is not None]
            cpu_s = self._ended_cpu_s + sum(one.cpu_s for one in live)
        return ProcessUsage(cpu_s, sum(one.resident_bytes for one in live))

    def restarts(self) -> Mapping[Restart, int]:
        """How many processes were given up so far, by reason."""
        with self._counting:
            return {reason: self._restarts[reason] for reason in Restart}

    def _extract_at(self, place: _Place, request: Request) -> Extracted:
        """Parse; what a process of some age dies of may be an earlier document's fault, so a fresh one has a try."""
        while True:
            process = self._process_at(place)
            fresh = place.documents == 0
            place.documents += 1
            try:
                return process.extract(request)
            except UnforeseenError:
                raise
            except DocumentError as error:
                if error.reason not in KILLED:
                    raise
                self._check_open()
                self._clear(place, Restart(error.reason.value))
                if fresh or error.reason is RejectionReason.PARSE_TIMEOUT:
                    raise
            except BaseException:  # it may still work on this document, and answer the next one's question with it
                self._clear(place, Restart.FAILED)
                raise

    def _process_at(self, place: _Place) -> ParserProcess:
        if place.documents >= MAX_DOCUMENTS:
            self._clear(place, Restart.OLD)
        with self._changing:
            self._check_open()
            if place.process is None:
                place.process = self._starter.submit(ParserProcess, self._child, self.limits).result()
                place.documents = 0
            return place.process

    def _give_back(self, place: _Place) -> None:
        with self._changing:
            if self._closed:
                self._clear(place)
            self._lending.give(place)

    def _check_open(self) -> None:
        if self._closed:
            raise _closed()

    def _clear(self, place: _Place, why: Restart | None = None) -> None:
        if place.process is None:
            return
        place.process.close()
        with self._counting:
            self._ended_cpu_s += place.process.usage().cpu_s
            place.process = None
            if why is not None:
                self._restarts[why] += 1


def _closed() -> DependencyError:
    return DependencyError("the parsers were closed meanwhile")

"""Suspected records, each tried in a child process before this one touches it: a killer kills the child, and is seen.

The child has the settings of this process and the bundle that computes the slice, and has read the golden documents
before it says that it is ready: what it then dies of is the record. All suspects of a slice are tried at once; if the
child dies, one by one, each in a child that is fresh whenever one has died. Whoever kills two fresh children is
condemned.
"""

import base64
import json
import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from docmill.bundle.files import BundleFiles
from docmill.errors import BundleError, DependencyError
from docmill.ingest.messages import Frame, NonsenseError, receive, send
from docmill.ingest.process_usage import usage_of
from docmill.kafka import bundle_child
from docmill.kafka.bundle_child import CANNOT_TRY, BundleChild
from docmill.kafka.decode_record import DecodedRecord, Record, undecoded
from docmill.processing import Rejected
from docmill.settings import Settings
from docmill_schemas.reasons import RejectionReason

log = logging.getLogger(__name__)

DEATHS_TO_CONDEMN = 2
TRIAL_TIMEOUT_S = 300.0  # of all suspects of a slice, and of one alone
TRIAL_CPU_S = 200.0  # who has computed for so long by then never ends; who has not was not let
IDLE_S = 60.0
MAX_ANSWER_BYTES = 4 * 1024 * 1024
PYTHONS_OWN = (None, 0, 1)  # ways of a child to go: it has not gone, its main ended, an exception ended it


@dataclass(frozen=True, slots=True)
class _Attempt:
    """What became of a child: `end` says how it ended, None: it lives. `ids` as far as it had read the records."""

    end: str | None
    ids: tuple[tuple[str, str], ...]


class Trials:
    """At most one child, started when it is first needed and kept while there are suspects.

    Args:
        child: its command; tests have their own.
    """

    def __init__(self, settings: Settings, cluster_id: str, child: Sequence[str] | None = None) -> None:
        self._settings = settings
        self._cluster_id = cluster_id
        self._command = child or bundle_child.CHILD
        self._one_at_a_time = threading.Lock()
        self._changing = threading.Lock()
        self._child: BundleChild | None = None
        self._closed = False
        self._used_s = time.monotonic()
        self._trying = False  # records are with the child

    def condemned(self, records: Sequence[Record], files: BundleFiles) -> dict[int, DecodedRecord]:
        """Those of the records (of one partition) that kill, by offset. Blocks; call it in a thread.

        Args:
            files: of the bundle that the records are to be computed by.

        Raises:
            DependencyError: no child can be started or try them, or this was closed: nobody is condemned for that.
        """
        with self._one_at_a_time:
            try:
                if self._attempt(records, files).end is None:
                    return {}
                verdicts = {record.offset: self._verdict(record, files) for record in records}
            finally:
                self._used_s = time.monotonic()
        return {offset: verdict for offset, verdict in verdicts.items() if verdict is not None}

    def tidy(self) -> None:
        """End a child that has had nothing to do for a while: it holds a model. Never waits."""
        if time.monotonic() - self._used_s > IDLE_S and self._one_at_a_time.acquire(blocking=False):
            try:
                self._end_child()
            finally:
                self._one_at_a_time.release()

    def close(self) -> None:
        """End the child; a trial under way fails."""
        with self._changing:
            self._closed = True
            if self._child is not None:
                self._child.kill()

    def _verdict(self, record: Record, files: BundleFiles) -> DecodedRecord | None:
        """None: innocent."""
        for death in range(1, DEATHS_TO_CONDEMN + 1):
            attempt = self._attempt([record], files)
            if attempt.end is None:
                return None
            log.error("offset %d of %s-%d ended a child by %s (%d)", *_place(record), attempt.end, death)
        why = f"processing it ended {DEATHS_TO_CONDEMN} processes of its own, the last by {attempt.end}"
        known = undecoded(record, self._cluster_id, Rejected(RejectionReason.PROCESS_KILLED, why))
        if not attempt.ids:
            return known
        request_id, document_id = attempt.ids[0]
        return replace(known, request_id=request_id, document_id=document_id)

    def _attempt(self, records: Sequence[Record], files: BundleFiles) -> _Attempt:
        """Raises: DependencyError: nothing is known of the records."""
        child = self._ready_child(files)
        attempt: _Attempt | None = None
        self._trying = True
        try:
            attempt = _ask(child, records)
        finally:
            self._trying = False
            if attempt is None or attempt.end is not None:
                self._end_child()
                self._check_open()
        return attempt

    def _ready_child(self, files: BundleFiles) -> BundleChild:
        """The child, or one of this bundle where there is none or it has another."""
        if self._child is not None and self._child.files.sha256 != files.sha256:
            self._end_child()
        if self._child is not None:
            return self._child
        child = BundleChild(files, self._settings, self._cluster_id, self._command)
        with self._changing:
            self._check_open()
            child.spawn()
            self._child = child
        try:
            end = child.load()
        except BundleError as error:  # it was served when it was taken
            end = f"saying {error}"
        if end is not None:
            self._end_child()
            self._check_open()
            raise DependencyError(f"a child to try suspected records in did not start ({end}); see its error above")
        return child

    def _end_child(self) -> None:
        if self._child is not None:
            self._child.end()
            self._child = None

    def _check_open(self) -> None:
        if self._closed:
            raise DependencyError("the trials were closed meanwhile")


def _ask(child: BundleChild, records: Sequence[Record]) -> _Attempt:
    """Have the child try the records.

    Raises:
        DependencyError: it cannot, it went of its own accord, or it had too little processor time to be judged.
    """
    connection = child.connection
    ids: tuple[tuple[str, str], ...] = ()
    before_s = _cpu_s(child)
    deadline_s = time.monotonic() + TRIAL_TIMEOUT_S
    try:
        connection.settimeout(TRIAL_TIMEOUT_S)
        send(connection, Frame(b"", json.dumps([_as_json(record) for record in records]).encode()))
        decoded = _answer(child, deadline_s)
        if decoded is not None:
            ids = tuple((str(request), str(document)) for request, document in json.loads(decoded.body))
            if _answer(child, deadline_s) is not None:
                return _Attempt(None, ids)
    except TimeoutError:
        used_s = _cpu_s(child) - before_s
        if used_s < TRIAL_CPU_S:  # the machine is slow, or what the records wait for
            raise DependencyError(
                f"suspected records were not tried in {TRIAL_TIMEOUT_S:.0f} s; the child had {used_s:.0f} s of "
                f"processor time for them"
            ) from None
        return _Attempt(f"taking more than {TRIAL_CPU_S:g} s of processor time", ids)
    except OSError:
        pass
    except (NonsenseError, ValueError, TypeError):
        return _Attempt("answering nonsense", ids)
    return _Attempt(_death(child), ids)


def _answer(child: BundleChild, deadline_s: float) -> Frame | None:
    """None: the child is gone.

    Raises:
        DependencyError: it says that it cannot try the records.
    """
    frame = receive(child.connection, MAX_ANSWER_BYTES, deadline_s)
    if frame is not None and frame.head == CANNOT_TRY:
        raise DependencyError(f"suspected records cannot be tried: {frame.body.decode(errors='replace')}")
    return frame


def _death(child: BundleChild) -> str:
    """What the child died of, where somebody else chose that."""
    end = child.how_it_ended()
    if child.process.returncode in PYTHONS_OWN:
        raise DependencyError(f"a child that tried suspected records ended by {end}; see its error above")
    return end


def _cpu_s(child: BundleChild) -> float:
    """Processor time so far; 0 where the system does not tell."""
    usage = usage_of(child.process.pid)
    return 0.0 if usage is None else usage.cpu_s


def _place(record: Record) -> tuple[int, str, int]:
    return record.offset, record.topic, record.partition


def _as_json(record: Record) -> list[object]:
    """A record as it travels; trial_child.py reads it."""
    headers = [[name, _text(value)] for name, value in record.headers]
    place = [record.topic, record.partition, record.offset, record.timestamp]
    return [*place, _text(record.key), _text(record.value), headers]


def _text(data: bytes | None) -> str | None:
    return None if data is None else base64.b64encode(data).decode()

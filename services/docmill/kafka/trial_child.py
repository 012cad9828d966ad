"""A child in which bundles and suspected records are tried: `python -m docmill.kafka.trial_child FD PARENT`.

Started by bundle_child.py. Gets its bundle from its parent, reads the golden documents, and then does with each record
all that the processor does, up to the record that would be published, and publishes nothing.
"""

import base64
import ctypes
import json
import os
import signal
import socket
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from docmill.bundle.files import BundleFiles, files_of
from docmill.errors import BundleError, DependencyError, whereabouts
from docmill.golden import check_own_golden
from docmill.ingest.limits import limits_of
from docmill.ingest.messages import Frame, receive, send
from docmill.ingest.processes import ParserProcesses
from docmill.kafka.bundle_child import CANNOT_TRY, REFUSED
from docmill.kafka.serving import Serving, Surroundings
from docmill.kafka.work import Work
from docmill.processing import Silent
from docmill.runtime.threads import default_parsers, default_threads
from docmill.settings import Settings

PR_SET_PDEATHSIG = 1  # linux/prctl.h
OOM_SCORE_ADJ = Path("/proc/self/oom_score_adj")
MOST_KILLABLE = "1000"  # proc(5)
DONE = Frame(b"", b"")
MAX_REASON_BYTES = 32 * 1024


@dataclass(frozen=True, slots=True)
class TriedRecord:
    """A record as the parent described it."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]


def main() -> None:
    """Serve until the parent is gone."""
    connection = socket.socket(fileno=int(sys.argv[1]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of the terminal, to all
    _die_with(int(sys.argv[2]))
    _die_first()
    first = receive(connection)
    if first is None:
        return
    facts = json.loads(first.head)
    os.nice(facts["niceness"])
    settings = Settings.model_validate_json(first.body)
    files = _receive_files(connection, Path(facts["folder"]), len(facts["names"]))
    parsers = ParserProcesses(limits_of(settings), settings.parsers or default_parsers())
    threads = settings.threads or default_threads()
    surroundings = Surroundings(settings, facts["cluster_id"], threads, Silent(), parsers)
    try:
        serving = _checked(files, surroundings)
    except BundleError as error:
        send(connection, Frame(REFUSED, str(error).encode()[:MAX_REASON_BYTES]))
        return
    send(connection, DONE)
    _serve(connection, serving.work)
    parsers.close()
    serving.inference.close()


def _receive_files(connection: socket.socket, folder: Path, count: int) -> BundleFiles:
    contents = {}
    for _ in range(count):
        frame = receive(connection)
        if frame is None:
            sys.exit()
        contents[frame.head.decode()] = frame.body
    return files_of(folder, contents)


def _checked(files: BundleFiles, surroundings: Surroundings) -> Serving:
    """Raises: BundleError: the bundle cannot be served."""
    serving = surroundings.serving(files)
    check_own_golden(serving.work.mill, files)
    return serving


def _serve(connection: socket.socket, work: Work) -> None:
    while (frame := receive(connection)) is not None:
        try:
            records = [_record(*fields) for fields in json.loads(frame.body)]
            decoded = [work.decode(record) for record in records]
            send(connection, Frame(b"", json.dumps([(d.request_id, d.document_id) for d in decoded]).encode()))
            work.process(records)
        except Exception as error:  # no record's: what is tied to one has become its dead letter
            send(connection, Frame(CANNOT_TRY, _why(error).encode()[:MAX_REASON_BYTES]))
        else:
            send(connection, DONE)


def _why(error: Exception) -> str:
    """Without text of a document, which the message of an exception that is not ours may hold."""
    return f"{type(error).__name__}: {error}" if isinstance(error, DependencyError) else whereabouts(error)


def _record(
    topic: str,
    partition: int,
    offset: int,
    timestamp: int,
    key: str | None,
    value: str | None,
    headers: list[tuple[str, str | None]],
) -> TriedRecord:
    decoded = tuple((name, _bytes(content)) for name, content in headers)
    return TriedRecord(topic, partition, offset, timestamp, _bytes(key), _bytes(value), decoded)


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else base64.b64decode(text)


def _die_with(parent: int) -> None:
    """Linux: be killed when the thread that started this process ends. Elsewhere the closed socket must do."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it was gone before
        sys.exit()


def _die_first() -> None:
    """Linux: where memory runs out, be killed before the parent, which is larger and does the work."""
    with suppress(OSError):  # no /proc, or not ours to write
        OOM_SCORE_ADJ.write_text(MOST_KILLABLE, encoding="ascii")


if __name__ == "__main__":
    main()

"""A child in which suspected records are tried: `python -m docmill.kafka.trial_child FD PARENT`, started by trial.py.

Does with each record all that the processor does, up to the record that would be published, and publishes nothing.
"""

import base64
import ctypes
import json
import os
import signal
import socket
import sys
from dataclasses import dataclass

from docmill.bundle.load import default_bundle, load_bundle
from docmill.golden import check_golden, read_golden
from docmill.ingest.limits import limits_of
from docmill.ingest.messages import Frame, receive, send
from docmill.ingest.processes import ParserProcesses
from docmill.kafka.publish import Publisher
from docmill.kafka.work import Work
from docmill.processing import Mill
from docmill.runtime.session import OnnxInference
from docmill.runtime.threads import default_parsers, default_threads
from docmill.settings import Settings

PR_SET_PDEATHSIG = 1  # linux/prctl.h
DONE = Frame(b"", b"")


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
    first = receive(connection)
    if first is None:
        return
    settings = Settings.model_validate_json(first.body)
    bundle = load_bundle(settings.bundle or default_bundle())
    inference = OnnxInference(bundle.model_path, settings.threads or default_threads())
    parsers = ParserProcesses(limits_of(settings), settings.parsers or default_parsers())
    mill = Mill(bundle, inference, parser=parsers)
    golden = bundle.manifest.golden
    if golden is not None:
        check_golden(mill, read_golden(bundle.folder / golden.file), golden.tolerance)
    work = Work(
        cluster_id=first.head.decode(),
        max_document_bytes=settings.max_document_bytes,
        mill=mill,
        publisher=Publisher(bundle, "docmill/trial", include_text=settings.include_text),
    )
    send(connection, DONE)
    _serve(connection, work)
    parsers.close()
    inference.close()


def _serve(connection: socket.socket, work: Work) -> None:
    while (frame := receive(connection)) is not None:
        records = [_record(*fields) for fields in json.loads(frame.body)]
        decoded = [work.decode(record) for record in records]
        send(connection, Frame(b"", json.dumps([(d.request_id, d.document_id) for d in decoded]).encode()))
        work.process(records)
        send(connection, DONE)


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


if __name__ == "__main__":
    main()

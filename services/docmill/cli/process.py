"""`docmill process`: the processor's pipeline on files, without Kafka."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING

import typer
from rich.console import Console

from docmill.cli.options import BundleFolder, Paths, Threads
from docmill.cli.printable import json_line, one_line
from docmill.settings import Settings, load_settings

if TYPE_CHECKING:
    from docmill.kafka.publish import OutgoingRecord
    from docmill.kafka.read_paths import SourceDocument, Unreadable
    from docmill.kafka.work import Work

EXIT_UNREADABLE = 1
SLICE_DOCUMENTS = 32
CLUSTER = "process"  # stands for the cluster where there is none
SOURCE = "docmill/process"


@dataclass(frozen=True, slots=True)
class LocalRecord:
    """A record that was on no broker."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]


def process(paths: Paths, bundle: BundleFolder = None, threads: Threads = None) -> None:
    """Says what docmill makes of documents, one JSON outcome a line: the same events as on Kafka, without Kafka.

    `outcome` is processed, fallback or rejected. The documents are found as `docmill publish` finds them.

    Example: `docmill process samples/claims | jq .document_type.label`

    Exit codes: 0 every document has an outcome (a rejection is one), 1 a file or line is unreadable or the bundle is
    not usable (the message says why), 2 wrong usage.
    """
    from docmill.kafka.read_paths import Unreadable, list_files, read_documents

    listing = list_files(paths)
    errors = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    for path in listing.passed_over:
        errors.print(f"passed over {path}: name a .jsonl file itself to process its lines", style="yellow")
    if not listing.files:
        raise typer.BadParameter("no documents there", param_hint="PATH...")
    unreadable: list[Unreadable] = []
    for outcome in _outcomes(load_settings(bundle=bundle, threads=threads), read_documents(listing.files), unreadable):
        typer.echo(json_line(outcome))
    for document in unreadable:
        errors.print(f"unreadable: {one_line(document.document_id)}: {document.problem}", style="red")
    if unreadable:
        raise typer.Exit(EXIT_UNREADABLE)


def _outcomes(
    settings: Settings, documents: "Iterable[SourceDocument | Unreadable]", unreadable: "list[Unreadable]"
) -> Iterator[str]:
    """Load the bundle and process slice by slice; what cannot be read is collected aside."""
    from docmill.bundle.load import default_bundle, load_bundle
    from docmill.ingest.limits import limits_of
    from docmill.ingest.processes import ParserProcesses
    from docmill.kafka.publish import Publisher
    from docmill.kafka.read_paths import SourceDocument
    from docmill.kafka.work import Work
    from docmill.processing import Mill
    from docmill.runtime.session import OnnxInference
    from docmill.runtime.threads import default_parsers, default_threads

    loaded = load_bundle(settings.bundle or default_bundle())
    inference = OnnxInference(loaded.model_path, settings.threads or default_threads())
    parsers = ParserProcesses(limits_of(settings), settings.parsers or default_parsers())
    work = Work(
        cluster_id=CLUSTER,
        max_document_bytes=settings.max_document_bytes,
        mill=Mill(loaded, inference, parser=parsers),
        publisher=Publisher(loaded, SOURCE, include_text=settings.include_text),
    )
    offsets = count()
    records: list[LocalRecord] = []
    try:
        for document in documents:
            if not isinstance(document, SourceDocument):
                unreadable.append(document)
                continue
            records.append(local_record(document, next(offsets), datetime.now(UTC)))
            if len(records) == SLICE_DOCUMENTS:
                yield from process_slice(records, work)
                records.clear()
        yield from process_slice(records, work)
    finally:
        parsers.close()
        inference.close()


def local_record(document: "SourceDocument", offset: int, now: datetime) -> LocalRecord:
    """The record that `docmill publish` would have sent."""
    from docmill.kafka.received_record import new_event_id, received_record

    record = received_record(document, SOURCE, document.event_id or new_event_id(), now)
    return LocalRecord(
        record.topic, 0, offset, int(now.timestamp() * 1000), record.key, record.value, tuple(record.headers)
    )


def process_slice(records: list[LocalRecord], work: "Work") -> Iterator[str]:
    """One line a record, in its order."""
    from docmill.kafka.outcomes import KIND_OF_TOPIC, observe

    for done in work.process(records):
        yield observe(KIND_OF_TOPIC[done.outgoing.topic], _as_read(done.outgoing)).as_json()


def _as_read(record: "OutgoingRecord") -> LocalRecord:
    return LocalRecord(record.topic, 0, 0, int(time.time() * 1000), record.key, record.value, tuple(record.headers))

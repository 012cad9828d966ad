"""`docmill assess`: what docmill would make of one's own documents, in figures."""

import csv
import json
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from docmill.cli.options import BundleFolder, Paths, Threads
from docmill.cli.printable import one_line
from docmill.errors import ConfigurationError
from docmill.settings import Settings, load_settings

if TYPE_CHECKING:
    from docmill.assessment.documents import OwnDocuments
    from docmill.assessment.report import Report
    from docmill.assessment.run import Pipeline, TokenCount
    from docmill.assessment.tally import Row
    from docmill.kafka.read_paths import Unreadable

    OnRow = Callable[[Row], object]

EXIT_NOTHING_READ = 1
SHOWN_UNREADABLE = 20
DECIMALS = 6
CSV_COLUMNS = (
    "document_id",
    "outcome",
    "type",
    "probability",
    "label",
    "correct",
    "reasons",
    "missing_fields",
    "detail",
    "fields",
    "media_type",
    "bytes",
)


def assess(
    paths: Paths,
    bundle: BundleFolder = None,
    threads: Threads = None,
    labels: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Rows of `file` (from its own folder) or `id`, and `label`."),
    ] = None,
    labels_from_folders: Annotated[
        bool, typer.Option("--labels-from-folders", help="A file's label is the name of the folder it lies in.")
    ] = False,
    json_file: Annotated[Path | None, typer.Option("--json", dir_okay=False, help="Write all figures here.")] = None,
    csv_file: Annotated[
        Path | None, typer.Option("--csv", dir_okay=False, help="Write a row a document here, without its text.")
    ] = None,
) -> None:
    """Says how many of your documents would go straight through, why the others would not, and how fast it goes.

    Nothing is sent anywhere: no Kafka is needed, and no text leaves the process. Documents are found as
    `docmill publish` finds them: files, folders, lines of .jsonl (here also .jsonl.gz) files.

    With labels it also counts the wrong types among what would have been published. A line's own `label` counts,
    else --labels, else --labels-from-folders; documents without a label are welcome among the others.

    Example: `docmill assess inbox/ --labels labels.jsonl --csv documents.csv`

    Exit codes: 0 assessed, 1 nothing could be read or the bundle is not usable (the message says why), 2 wrong usage.
    """
    from docmill.assessment.documents import LabelsFile, OwnDocuments

    errors = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    settings = load_settings(bundle=bundle, threads=threads)
    own = OwnDocuments(paths, None if labels is None else LabelsFile(labels), labels_from_folders=labels_from_folders)
    for path in own.passed_over:
        errors.print(f"passed over {path}: name it itself to assess its lines", style="yellow")
    if not own.files:
        raise typer.BadParameter("no documents there", param_hint="PATH...")
    with ExitStack() as stack:
        on_row = stack.enter_context(_csv_rows(csv_file))
        report = _assess(settings, own, on_row, errors)
    if json_file is not None:
        _write(json_file, report)
    if not report.counts.documents:
        errors.print("nothing could be read", style="red")
        raise typer.Exit(EXIT_NOTHING_READ)
    from docmill.cli.assess_view import print_report

    print_report(report)


def _assess(settings: Settings, own: "OwnDocuments", on_row: "OnRow", errors: Console) -> "Report":
    """Load the bundle, put the documents through, gather the figures."""
    from docmill.assessment.report import BundleUsed, MachineUsed, Report
    from docmill.assessment.run import Speed
    from docmill.assessment.run import assess as run
    from docmill.assessment.tally import Tally
    from docmill.load.machine import this_machine

    load_before = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    census = own.census()
    tally = Tally()
    unreadable = _Unreadable(errors)
    with _pipeline(settings) as (pipeline, tokens, threads), _progress(census.documents) as moved:

        def told(row: "Row") -> None:
            on_row(row)
            moved()

        def skipped(document: "Unreadable") -> None:
            unreadable.tell(document)
            moved()

        seconds = run(own, census, pipeline, tally, told, skipped)
        bundle = pipeline.mill.bundle
    machine = this_machine()
    return Report(
        bundle=BundleUsed(bundle.name, bundle.version, bundle.sha256, bundle.manifest.policy.target_precision),
        counts=tally.counts(),
        speed=Speed.measured(tally.documents, tokens.tokens, seconds),
        machine=MachineUsed(str(machine), machine.cores, threads, load_before),
    )


@contextmanager
def _pipeline(settings: Settings) -> "Iterator[tuple[Pipeline, TokenCount, int]]":
    """The processor's pipeline, warm, with what counts its tokens and the number of its inference threads."""
    from docmill.assessment.run import SOURCE, Pipeline, TokenCount
    from docmill.bundle.load import default_bundle, load_bundle
    from docmill.ingest.limits import limits_of
    from docmill.ingest.processes import ParserProcesses
    from docmill.kafka.publish import Publisher
    from docmill.processing import Mill
    from docmill.runtime.session import OnnxInference
    from docmill.runtime.threads import default_parsers, default_threads

    bundle = load_bundle(settings.bundle or default_bundle())
    tokens = TokenCount()
    inference = OnnxInference(bundle.model_path, settings.threads or default_threads())
    parsers = ParserProcesses(limits_of(settings), settings.parsers or default_parsers())
    try:
        inference.warm_up()
        mill = Mill(bundle, inference, tokens, parsers)
        publisher = Publisher(bundle, SOURCE, include_text=settings.include_text)
        pipeline = Pipeline(mill, publisher, settings.max_slice_tokens, settings.max_document_bytes)
        yield pipeline, tokens, inference.threads
    finally:
        parsers.close()
        inference.close()


class _Unreadable:
    """Tells the first few things that could not be read."""

    def __init__(self, errors: Console) -> None:
        self._errors = errors
        self._told = 0

    def tell(self, document: "Unreadable") -> None:
        """Tell one of them."""
        self._told += 1
        if self._told <= SHOWN_UNREADABLE:
            line = f"unreadable: {one_line(document.document_id)}: {one_line(document.problem)}"
            self._errors.print(line, style="red")
        elif self._told == SHOWN_UNREADABLE + 1:
            self._errors.print("... and more like these", style="red")


@contextmanager
def _csv_rows(path: Path | None) -> "Iterator[OnRow]":
    """What writes a row of the CSV file; nothing where none is asked for."""
    if path is None:
        yield lambda row: None
        return
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            yield _csv_writer(file)
    except OSError as error:
        raise ConfigurationError(f"--csv {path} cannot be written: {error.strerror}") from error


def _csv_writer(file: TextIO) -> "OnRow":
    writer = csv.writer(file)
    writer.writerow(CSV_COLUMNS)
    return lambda row: writer.writerow(csv_cells(row))


def csv_cells(row: "Row") -> tuple[object, ...]:
    """A document as a line of the CSV file; None becomes an empty cell."""
    return (
        row.document_id,
        row.went.value,
        row.label,
        None if row.probability is None else round(row.probability, 4),
        None if row.gold is None else row.gold.label,
        None if row.correct is None else str(row.correct).lower(),
        " ".join(row.reasons),
        " ".join(row.missing_fields),
        row.detail,
        row.fields,
        row.media_type,
        row.bytes,
    )


def _write(path: Path, report: "Report") -> None:
    try:
        path.write_text(json.dumps(_rounded(asdict(report)), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"--json {path} cannot be written: {error.strerror}") from error


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, DECIMALS)
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    return [_rounded(item) for item in value] if isinstance(value, list | tuple) else value


@contextmanager
def _progress(total: int) -> "Iterator[Callable[[], None]]":
    """A bar on stderr, on a terminal."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("documents", total=total)
        yield lambda: bar.advance(task)

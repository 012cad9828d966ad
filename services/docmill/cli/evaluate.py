"""`docmill evaluate`: how good a bundle is on labelled documents of one's own."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from docmill.cli.options import BundleFolder, Threads
from docmill.errors import ConfigurationError
from docmill.settings import load_settings

if TYPE_CHECKING:
    from docmill.bundle.manifest import Manifest


def evaluate(
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="FILE...", exists=True, dir_okay=False, help="Labelled documents, .jsonl or .jsonl.gz."),
    ] = None,
    data: Annotated[
        list[Path] | None,
        typer.Option("--data", exists=True, dir_okay=False, help="The same, one file each time; repeatable."),
    ] = None,
    bundle: BundleFolder = None,
    threads: Threads = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", dir_okay=False, help="Write all scores and intervals here.")
    ] = None,
) -> None:
    """Scores a bundle on labelled documents: types, fields, calibration, and what would go straight through.

    A source goes by its folder, or by its file where that is not named train, validation or test. Labels that the
    bundle does not know are counted, and score nothing; a document of a type that its recipe unlabels is wrong where it
    goes straight through.

    Example: `docmill evaluate data/*/validation.jsonl --json scores.json`

    Exit codes: 0 done, 1 the bundle or a file is not usable (the message says why), 2 wrong usage.
    """
    from docmill.bundle.load import default_bundle, load_bundle
    from docmill.evaluation import run
    from docmill.processing import Mill
    from docmill.runtime.session import OnnxInference
    from docmill.runtime.threads import default_threads

    all_files = [*(files or []), *(data or [])]
    if not all_files:
        raise typer.BadParameter("name at least one file of labelled documents", param_hint="FILE")
    settings = load_settings(bundle=bundle, threads=threads)
    loaded = load_bundle(settings.bundle or default_bundle())
    inference = OnnxInference(loaded.model_path, settings.threads or default_threads())
    try:
        with _progress() as bar:
            task = bar.add_task("documents", total=None)
            scores = run.evaluate(
                Mill(loaded, inference),
                all_files,
                progress=lambda done, total: bar.update(task, completed=done, total=total),
            )
    finally:
        inference.close()
    if json_file is not None:
        _write(json_file, scores)
    _print_scores(Console(), scores, loaded.manifest)


def _write(path: Path, scores: dict[str, Any]) -> None:
    try:
        path.write_text(json.dumps(scores, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"--json {path} cannot be written: {error.strerror}") from error


def _print_scores(out: Console, scores: dict[str, Any], manifest: "Manifest") -> None:
    from docmill.training.report.words import source_name

    bundle = scores["bundle"]
    out.print(
        f"{bundle['name']} {bundle['version']} ({bundle['sha256'][:12]}): {scores['documents']} documents, "
        f"{scores['documents_per_s']:.1f}/s, {scores['rejected']} rejected",
        highlight=False,
    )
    for name, source in scores["sources"].items():
        out.print()
        out.print(_summary(source_name(name, manifest), source))
        if source["fields"]:
            out.print(_fields(source))
        if source["fields_not_in_bundle"]:
            names = ", ".join(source["fields_not_in_bundle"])
            out.print(f"annotated, but no field of the bundle: {names}", style="dim", markup=False, highlight=False)


def _summary(name: str, source: dict[str, Any]) -> Table:
    table = Table(title=f"{name}: {source['documents']} documents", title_justify="left", title_style="bold")
    table.add_column("score")
    table.add_column("value", justify="right")
    table.add_column("95 %", justify="right")
    intervals = {**source["intervals"], "ece": source["ece_interval"]}
    for key, title in (
        ("type_accuracy", "type accuracy"),
        ("type_macro_f1", "type macro F1"),
        ("ece", "type calibration error"),
        ("field_f1_value", "fields, F1 of values"),
        ("field_f1_span", "fields, F1 of spans"),
        ("straight_through", "straight through"),
        ("straight_through_type_accuracy", "  type right"),
        ("straight_through_correct", "  type and required fields right"),
    ):
        bounds = intervals.get(key)
        table.add_row(title, _number(source[key]), f"{bounds[0]:.3f}-{bounds[1]:.3f}" if bounds else "")
    for key, title in (("rejected", "rejected"), ("unknown_label_documents", "label not in the bundle")):
        if source[key]:
            table.add_row(title, str(source[key]), "")
    return table


def _fields(source: dict[str, Any]) -> Table:
    table = Table()
    table.add_column("field")
    for title in ("gold", "precision", "recall", "F1 value", "F1 span"):
        table.add_column(title, justify="right")
    for name, field in source["fields"].items():
        shares = (_number(field[key]) for key in ("precision", "recall", "f1_value", "f1_span"))
        table.add_row(name, str(field["support"]), *shares)
    return table


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True)

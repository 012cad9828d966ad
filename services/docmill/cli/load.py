"""`docmill load`: how many documents a second a deployment holds."""

import asyncio
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Self

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from docmill.cli.options import TopicPrefix, broker_settings, quiet_client
from docmill.errors import ConfigurationError
from docmill.load.mix import DEFAULT_MIX
from docmill.load.schedule import Arrivals

if TYPE_CHECKING:
    from docmill.load.documents import Shelf
    from docmill.load.judge import StepResult
    from docmill.load.mix import Mix
    from docmill.load.report import LoadReport
    from docmill.load.run import Moment, Task

EXIT_NOT_HELD = 1
FILE_COLUMNS = 160  # of tables that go to no terminal
REDRAWN_PER_S = 2  # the generator shares the machine with what it measures


def load(
    rate: Annotated[
        float | None, typer.Option(help="Documents a second: this rate alone. Default: search for the highest.")
    ] = None,
    duration: Annotated[float, typer.Option(min=1, help="With --rate: seconds that are counted.")] = 60.0,
    target: Annotated[
        float, typer.Option("--target-p95", "--target", help="Seconds that the quantile may take.")
    ] = 2.0,
    quantile: Annotated[float, typer.Option(help="Which quantile of latency must hold the target.")] = 0.95,
    start_rate: Annotated[float, typer.Option(help="The first rate of a search.")] = 8.0,
    max_rate: Annotated[float | None, typer.Option(help="The highest rate that a search offers.")] = None,
    precision: Annotated[float, typer.Option(help="Of a search, relative to the rate.")] = 0.1,
    step: Annotated[float, typer.Option(min=1, help="Seconds of a search's steps that are counted.")] = 20.0,
    confirm: Annotated[
        float, typer.Option(min=0, help="Seconds that the rate found must hold once more; 0: no confirmation.")
    ] = 120.0,
    min_documents: Annotated[
        int, typer.Option(min=1, help="Of each step of a search; at a low rate it lasts longer for them.")
    ] = 200,
    warm_up: Annotated[float, typer.Option("--warm-up", min=0, help="Seconds before each that are not.")] = 5.0,
    grace: Annotated[
        float, typer.Option(min=0, help="Seconds without any outcome after which the outstanding ones are missing.")
    ] = 30.0,
    mix: Annotated[
        str | None, typer.Option(help=f"Kinds of the default documents and their weights. Default: {DEFAULT_MIX}.")
    ] = None,
    documents: Annotated[
        list[Path] | None,
        typer.Option(exists=True, readable=True, help="Own documents, as `docmill publish` takes them; repeatable."),
    ] = None,
    arrivals: Annotated[Arrivals, typer.Option(help="How documents are spaced.")] = Arrivals.POISSON,
    seed: Annotated[int, typer.Option(help="Of order, spacing and lengths.")] = 0,
    metrics: Annotated[
        list[str] | None,
        typer.Option(metavar="URL", help="A processor's /metrics, for documents per CPU second; repeatable: name all."),
    ] = None,
    note: Annotated[str, typer.Option(help="Goes into the report: where broker and processors run, threads.")] = "",
    json_file: Annotated[Path | None, typer.Option("--json", dir_okay=False, help="Write the report here.")] = None,
    plot_file: Annotated[Path | None, typer.Option("--plot", dir_okay=False, help="Draw the report: a PNG.")] = None,
    topic_prefix: TopicPrefix = None,
) -> None:
    """Sends documents in an open loop and times what comes out: how many a second hold a latency target.

    Send times are fixed beforehand and wait for nothing, and latency counts from them, so neither a slow system nor a
    slow sender can flatter the figures. Without --rate, a search doubles the rate until it does not hold, bisects, and
    confirms what it found in a longer step. **The documents go to the topics of the deployment**, and their results
    to whoever reads those; what is audited (DOCMILL_AUDIT_SHARE), or what a fallback that runs there does not decide,
    waits for people on documents.review until they decide it. Give a test deployment, or a --topic-prefix of its own.

    The default documents are docmill's samples, stretched and cut to the lengths of real ones; the default mix is an
    assumption, yours will differ.

    Example: `docmill load --metrics http://127.0.0.1:9108/metrics --plot load.png`

    Exit codes: 0 a rate held, 1 none did, or the broker or a file failed (the message says why), 2 wrong usage,
    130 interrupted.
    """
    _require(rate is None or 0 < rate < math.inf, "must be more than 0", "--rate")
    _require(0 < target < math.inf, "must be more than 0", "--target-p95")
    _require(0 < quantile < 1, "must lie between 0 and 1, like 0.95", "--quantile")
    _require(0 < start_rate < math.inf, "must be more than 0", "--start-rate")
    _require(max_rate is None or start_rate <= max_rate < math.inf, "must be at least --start-rate", "--max-rate")
    _require(0.01 <= precision <= 1, "must lie between 0.01 and 1", "--precision")
    _require(mix is None or not documents, "is of the default documents; own ones come as they are", "--mix")
    for option, file in (("--json", json_file), ("--plot", plot_file)):
        _require(file is None or file.absolute().parent.is_dir(), "its folder does not exist", option)
    try:
        shelf, dealt, source = _shelf(documents or [], mix or DEFAULT_MIX, seed)
    except ConfigurationError as error:
        raise typer.BadParameter(str(error), param_hint="--documents" if documents else "--mix") from error
    from docmill.load.judge import Target
    from docmill.load.run import Task
    from docmill.load.search import Search

    search = Search(start_rate, precision, confirm=confirm > 0, max_rate=max_rate)
    task = Task(
        search=None if rate is not None else search,
        rate=rate or 0.0,
        target=Target(quantile, target),
        warm_up_s=warm_up,
        step_s=step if rate is None else duration,
        confirm_s=confirm,
        min_documents=min_documents,
        grace_s=grace,
        arrivals=arrivals,
        shelf=shelf,
        documents=source,
        mix=dealt,
        seed=seed,
        metrics_urls=tuple(metrics or ()),
        note=note,
    )
    if not _run(task, topic_prefix, json_file, plot_file):
        raise typer.Exit(EXIT_NOT_HELD)


def _run(task: "Task", topic_prefix: str | None, json_file: Path | None, plot_file: Path | None) -> bool:
    """Make the test, print it, write the files; whether a rate held."""
    from docmill.load.plot import INSTALL, can_plot
    from docmill.load.run import run_load
    from docmill.load.show import print_report

    errors = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    if plot_file is not None and not can_plot():
        errors.print(f"--plot: no {plot_file}, since matplotlib is not installed: {INSTALL}", style="yellow")
        plot_file = None
    quiet_client()
    settings = broker_settings(topic_prefix=topic_prefix)
    with _Progress(errors) as progress:
        report = asyncio.run(run_load(settings, task, progress.on_moment, progress.on_step))
    out = Console(highlight=False)
    print_report(out if out.is_terminal else Console(highlight=False, width=FILE_COLUMNS), report)
    _write(report, json_file, plot_file)
    return report.answer is not None


def _write(report: "LoadReport", json_file: Path | None, plot_file: Path | None) -> None:
    """Raises: ConfigurationError: a file cannot be written; the report is on the terminal all the same."""
    from docmill.load.plot import write_plot

    try:
        if json_file is not None:
            json_file.write_text(report.model_dump_json(indent=1) + "\n", encoding="utf-8")
        if plot_file is not None:
            write_plot(report, plot_file)
    except OSError as error:
        raise ConfigurationError(f"{error.filename} cannot be written: {error.strerror}") from error


def _shelf(documents: list[Path], mix: str, seed: int) -> "tuple[Shelf, Mix, str]":
    """Own documents in the proportions in which they are there, or the samples in those of the mix; and which."""
    from docmill.load.documents import own_shelf, sample_shelf
    from docmill.load.mix import Mix, parse_mix
    from docmill.resources import resource

    if documents:
        shelf = own_shelf(documents)
        return shelf, Mix({kind: len(of_kind) for kind, of_kind in shelf.items()}), "own"
    dealt = parse_mix(mix)
    return sample_shelf(resource("samples"), list(dealt.weights), seed), dealt, "samples"


def _require(holds: bool, what: str, option: str) -> None:
    if not holds:
        raise typer.BadParameter(what, param_hint=option)


class _Progress:
    """A bar for the running step on a terminal, and a line for each that is done; else the lines alone."""

    def __init__(self, console: Console) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[state]}"))
        self._bars = Progress(
            *columns, console=console, transient=True, disable=not console.is_terminal, refresh_per_second=REDRAWN_PER_S
        )
        self._bar = self._bars.add_task("connecting", state="", total=None)

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._bars.stop()

    def on_moment(self, moment: "Moment") -> None:
        """Move the bar."""
        doing = "draining" if moment.draining else "sending"
        self._bars.update(
            self._bar,
            description=f"step {moment.number}, {moment.probe.purpose} {moment.probe.rate:.2f}/s, {doing}",
            total=moment.duration_s,
            completed=min(max(0.0, moment.elapsed_s), moment.duration_s),
            state=f"{moment.sent} sent, {moment.outstanding} outstanding",
        )

    def on_step(self, number: int, result: "StepResult") -> None:
        """Tell a step's result."""
        from docmill.load.show import line_of

        self._bars.console.print(f"step {number}: {line_of(result)}")

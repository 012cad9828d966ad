"""What the quality gate and the importers say, for people. Shows ids and names, never text of a document."""

from collections.abc import Sequence
from pathlib import Path

from rich import box
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from docmill.cli.printable import one_line, print_trimmed
from docmill.training.importers.imported import Imported
from docmill.training.quality.finding import Finding, Severity
from docmill.training.quality_gate import QualityReport, SuspectLabel
from docmill.training.row import LabelledRow

FILE_COLUMNS = 100  # of tables that go to no terminal
SHOWN_EXAMPLES = 3
SHOWN_SUSPECTS = 10
SHOWN_SKIPPED = 20
HEADINGS = {
    Severity.REFUSE: ("Refused", "red", "settle these first: training would be pointless or teach what is wrong"),
    Severity.WARN: ("Warnings", "yellow", "training works, but know these"),
    Severity.NOTE: ("Notes", "cyan", "for reading the figures later; --json has examples and what can be done"),
}


def print_report(report: QualityReport) -> None:
    """All of it, on stdout."""
    console = _console()
    training = sum(source.training for source in report.sources)
    validation = sum(source.validation for source in report.sources)
    title = f"{one_line(report.recipe)} {one_line(report.version)}: "
    title += f"{training:,} training and {validation:,} validation documents"
    _print(console, Text(title, style="bold"), "", _sources(report), "")
    for severity, (heading, style, meaning) in HEADINGS.items():
        findings = report.of(severity)
        if findings:
            _print(console, Text.assemble((heading, f"bold {style}"), (f"  {meaning}", "dim")), "")
            _print(console, _findings(findings, style), "")
    if report.suspects:
        _print(console, Text("Labels to look at again, worst first", style="bold"), "", _suspects(report.suspects), "")
    _print(console, _verdict(report))


def print_imported(imported: Imported, written: Sequence[tuple[Path, Sequence[LabelledRow]]]) -> None:
    """What was written to stdout, what was mended and skipped to stderr."""
    errors = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    for skipped in imported.skipped[:SHOWN_SKIPPED]:
        errors.print(f"skipped {one_line(skipped.where)}: {one_line(skipped.why)}", style="yellow")
    if (more := len(imported.skipped) - SHOWN_SKIPPED) > 0:
        errors.print(f"... and {more:,} more", style="yellow")
    for note, times in imported.notes.items():
        errors.print(f"{times:,} {one_line(note)}", style="cyan")
    out = Console(highlight=False, markup=False, soft_wrap=True)
    for path, rows in written:
        labels = len({row.label for row in rows} - {None})
        spans = sum(len(row.entities) for row in rows)
        counts = (_counted(len(rows), "document"), _counted(labels, "label"), _counted(spans, "span"))
        out.print(f"wrote {path}: {', '.join(counts)}")
    if not written:
        errors.print("nothing could be used, so nothing was written", style="red")


def _console() -> Console:
    console = Console(highlight=False, markup=False)
    return console if console.is_terminal else Console(highlight=False, markup=False, width=FILE_COLUMNS)


def _print(console: Console, *parts: RenderableType) -> None:
    for part in parts:
        print_trimmed(console, part)


def _sources(report: QualityReport) -> RenderableType:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold")
    table.add_column("source", overflow="fold")
    table.add_column("group", overflow="fold")
    for title in ("training", "validation", "labels", "spans"):
        table.add_column(title, justify="right")
    for source in report.sources:
        numbers = (source.training, source.validation, source.labels, source.spans)
        table.add_row(one_line(source.source), one_line(source.group), *(f"{number:,}" for number in numbers))
    return Padding(table, (0, 0, 0, 2), expand=False)


def _findings(findings: Sequence[Finding], style: str) -> Table:
    """A finding a row: how many, and in words what and where; unless it is a note, examples and what to do, too."""
    lines_between = 0 if findings[0].severity is Severity.NOTE else 1
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, lines_between, 0))
    table.add_column(justify="right", no_wrap=True, style=style)
    table.add_column(overflow="fold")
    for finding in findings:
        table.add_row(_amount(finding), _words(finding))
    return table


def _amount(finding: Finding) -> str:
    of = "" if finding.total is None else f" of {finding.total:,}"
    return f"  {finding.count:,}{of}"


def _words(finding: Finding) -> Text:
    where = f"{one_line(finding.where)}: " if finding.where else ""
    text = Text.assemble(where, (finding.what, "bold"), (f"  [{finding.code}]", "dim"))
    if finding.severity is Severity.NOTE:
        return text
    if finding.examples:
        text.append(f"\n{_examples(finding)}")
    return text.append(f"\n→ {finding.do}", style="italic")


def _examples(finding: Finding) -> str:
    shown = [
        f"{one_line(e.name)} ({one_line(e.detail)})" if e.detail else one_line(e.name)
        for e in finding.examples[:SHOWN_EXAMPLES]
    ]
    more = len(finding.examples) - len(shown)
    return ", ".join(shown) + (f" and {more:,} more" if more > 0 else "")


def _suspects(suspects: Sequence[SuspectLabel]) -> RenderableType:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold")
    table.add_column("document", overflow="fold")
    table.add_column("is labelled", overflow="fold")
    table.add_column("looks like", overflow="fold")
    table.add_column("margin", justify="right")
    for one in suspects[:SHOWN_SUSPECTS]:
        table.add_row(one_line(one.document_id), one_line(one.given), _short(one), f"{one.margin:.2f}")
    if (more := len(suspects) - SHOWN_SUSPECTS) > 0:
        table.add_row(f"and {more:,} more: see --json")
    return Padding(table, (0, 0, 0, 2), expand=False)


def _short(one: SuspectLabel) -> str:
    """The suggested label, without the group that both share."""
    group, dot, _ = one.given.partition(".")
    return one_line(one.suggested.removeprefix(group + dot) or one.suggested)


def _verdict(report: QualityReport) -> Text:
    refusals, warnings = len(report.of(Severity.REFUSE)), len(report.of(Severity.WARN))
    if refusals:
        return Text(f"refused: {_counted(refusals, 'finding')} to settle first", style="bold red")
    if warnings:
        return Text(f"may be trained on, with {_counted(warnings, 'warning')}", style="bold yellow")
    return Text("may be trained on: nothing to say against it", style="bold green")


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}" + ("s" if number != 1 else "")

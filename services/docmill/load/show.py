"""A load report as tables and a paragraph on a terminal."""

from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from docmill.load.judge import StepResult, WhyNot
from docmill.load.report import LoadReport, summary

OUTCOMES = ("processed", "fallback", "rejected")
HEADINGS = (
    "rate/s", "s", "sent", "p50", "p95", "p99", "max", "late p99", *OUTCOMES, "missing", "twice", "gen. CPU", "held?"
)  # fmt: skip


def print_report(out: Console, report: LoadReport) -> None:
    """The steps, the kinds of the step that the answer rests on, and the summary."""
    out.print(steps_table(report))
    if report.answer is not None:
        out.print(kinds_table(report.answer))
    out.print(Group(Text(), Text(summary(report))))


def steps_table(report: LoadReport) -> Table:
    """A row a step, in the order they were made; latencies in seconds, from when a document was due."""
    table = Table(title="Open-loop steps; seconds from when a document was due to its outcome", title_justify="left")
    for heading in HEADINGS:
        table.add_column(heading, justify="left" if heading == "held?" else "right")
    for number, step in enumerate(report.steps):
        table.add_row(*step_cells(step), style="bold green" if number == report.sustained else None)
    return table


def step_cells(step: StepResult) -> tuple[str, ...]:
    """One step as text, a cell a heading."""
    latency = step.latency
    outcomes = (step.by_outcome.get(name) for name in OUTCOMES)
    return (
        f"{step.rate:.2f}",
        f"{step.counted_s:.0f}",
        str(latency.documents),
        *(_seconds(value) for value in (latency.p50_s, latency.p95_s, latency.p99_s, latency.max_s)),
        f"{step.lateness_p99_s:.3f}",
        *(str(outcome.documents if outcome else 0) for outcome in outcomes),
        str(step.missing),
        str(step.duplicates),
        f"{step.generator_cpu_share:.0%}",
        verdict(step),
    )


def line_of(step: StepResult) -> str:
    """One step in one line, for those who wait."""
    latency = step.latency
    times = f"p50 {_seconds(latency.p50_s)}, p95 {_seconds(latency.p95_s)}, max {_seconds(latency.max_s)} (seconds)"
    offered = f"{step.rate:.2f}/s for {step.counted_s:.0f} s, {latency.documents} documents"
    return f"{offered}: {times}; held: {verdict(step)}"


def kinds_table(step: StepResult) -> Table:
    """The documents of a step by kind and by outcome."""
    table = Table(title=f"At {step.rate:.2f}/s, by kind of document and by outcome", title_justify="left")
    for heading in ("", "documents", "p50", "p95", "p99", "max"):
        table.add_column(heading, justify="right" if heading else "left")
    for groups in (step.by_kind, step.by_outcome):
        for name, latency in groups.items():
            times = (latency.p50_s, latency.p95_s, latency.p99_s, latency.max_s)
            table.add_row(name, str(latency.documents), *(_seconds(value) for value in times))
        table.add_section()
    return table


def verdict(step: StepResult) -> str:
    """`yes (confirmed)`, or `no: ` and why."""
    if step.held:
        return "yes, confirmed" if step.purpose == "confirm" else "yes"
    early = ", ended early" if step.ended_early else ""
    return f"no: {', '.join(_why(step, reason) for reason in step.why_not)}{early}"


def _why(step: StepResult, reason: WhyNot) -> str:
    match reason:
        case WhyNot.TOO_SLOW:
            return "too slow"
        case WhyNot.MISSING:
            return f"{step.missing} missing"
        case WhyNot.REFUSED:
            return f"{step.refused} refused ({step.refusal})"
        case WhyNot.GENERATOR_LATE:
            return "generator late"


def _seconds(value: float | None) -> str:
    return "never" if value is None else f"{value:.2f}"

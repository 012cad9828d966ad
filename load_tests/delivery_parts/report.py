"""What the bench found: what its JSON file holds, tables, and one sentence. Measures nothing."""

from collections.abc import Callable, Sequence

from pydantic import BaseModel, ConfigDict
from rich.console import Console
from rich.table import Table

from load_tests.delivery_parts.commits import CommitCost
from load_tests.delivery_parts.membership import Holding
from load_tests.delivery_parts.pairs import (
    DELIVERIES,
    Round,
    Spread,
    medians,
    ratios,
    transaction_cost,
)
from load_tests.report import Report

AIM = 0.98  # documents/s of exactly_once over at_least_once


class LoadResult(BaseModel):
    """All rounds of one load, in the order they were made."""

    model_config = ConfigDict(frozen=True)

    name: str
    mix: str
    documents: int  # of a round
    partitions: int
    mean_characters: float
    rounds: tuple[Round, ...]

    @property
    def speed(self) -> Spread:
        """Documents/s of exactly_once over at_least_once."""
        return ratios(self.rounds, lambda r: r.documents_per_s)


class DeliveryReport(Report):
    """What `--json` holds, below the head of every report; seconds, unless a name says otherwise."""

    bundle: str
    threads: int
    loads: tuple[LoadResult, ...]
    commits: tuple[CommitCost, ...]
    holdings: tuple[Holding, ...]


def print_report(out: Console, report: DeliveryReport) -> None:
    """The tables, and what they say."""
    out.print(f"{report.machine}; {report.threads} threads; bundle {report.bundle}; {report.load_told}", soft_wrap=True)
    for load in report.loads:
        out.print(load_table(load))
    if report.commits:
        out.print(commits_table(report.commits))
    if report.holdings:
        out.print(holdings_table(report.holdings))
    for load in report.loads:
        out.print(sentence(load), soft_wrap=True)


def sentence(load: LoadResult) -> str:
    """What a load says of the claim."""
    speed, cost = load.speed, transaction_cost(load.rounds)
    return (
        f"{load.name}: exactly_once does {speed.median:.3f} of the documents/s of at_least_once, median of "
        f"{len(load.rounds) // 2} pairs ({speed.lowest:.3f}-{speed.highest:.3f}); aimed at: {AIM}. A transaction takes "
        f"{cost.worker_ms:.1f} ms of the worker's event loop and {cost.broker_ms:.1f} ms of the broker more than a "
        f"commit of offsets: {cost.worker_share:.1%} of the worker's processor time, {cost.both_share:.1%} of both."
    )


def load_table(load: LoadResult) -> Table:
    """Medians of rounds, and of ratios of pairs; in brackets from the lowest to the highest."""
    title = (
        f"{load.name}: {load.documents} documents a round ({load.mix}), {load.mean_characters:,.0f} characters on "
        f"average, {load.partitions} partitions"
    )
    table = Table(title=title, title_justify="left")
    for heading in ("", *DELIVERIES, "ratio of pairs"):
        table.add_column(heading, justify="right" if heading else "left")
    rows: dict[str, tuple[Callable[[Round], float], str]] = {
        "documents/s": (lambda r: r.documents_per_s, ".2f"),
        "worker CPU, ms a document": (lambda r: r.cpu_ms_per_document, ".2f"),
        "its event loop's CPU, ms a slice": (lambda r: r.loop_cpu_ms_per_slice, ".1f"),
        "broker CPU, ms a document": (lambda r: 1000 * r.broker_cpu_s / r.documents, ".2f"),
        "slices committed": (lambda r: r.slices, ".0f"),
    }
    for name, (figure, form) in rows.items():
        cells = [_spread(medians(load.rounds, delivery, figure), form) for delivery in DELIVERIES]
        table.add_row(name, *cells, _spread(ratios(load.rounds, figure), ".3f"))
    return table


def commits_table(commits: Sequence[CommitCost]) -> Table:
    """One slice's publishing and committing, without documents."""
    table = Table(title="One commit by itself, nothing else in the process", title_justify="left")
    for heading in ("", "records", "client CPU ms", "broker CPU ms", "latency ms"):
        table.add_column(heading, justify="right" if heading else "left")
    for cost in commits:
        table.add_row(
            cost.delivery,
            str(cost.records),
            *(f"{ms:.2f}" for ms in (cost.cpu_ms, cost.broker_cpu_ms, cost.latency_ms)),
        )
    return table


def holdings_table(holdings: Sequence[Holding]) -> Table:
    """A row a number of partitions and a delivery."""
    title = "One worker holds all partitions; a second one joins and leaves (seconds)"
    table = Table(title=title, title_justify="left")
    table.add_column("partitions", justify="right")
    table.add_column("")
    for heading in (
        "connections", "MiB before", "MiB", "join: all acquired", "longest wait", "a partition's acquire",
        "leave: all acquired", "longest wait", "a partition's acquire", "missing",
    ):  # fmt: skip
        table.add_column(heading, justify="right")
    for held in holdings:
        seconds = (
            f"{value:.2f}"
            for change in (held.join, held.leave)
            for value in (change.acquired_s, change.longest_wait_s, change.acquire_mean_s)
        )
        memory = (f"{held.mib_before:.0f}", f"{held.mib_holding:.0f}")
        table.add_row(str(held.partitions), held.delivery, str(held.connections), *memory, *seconds, str(held.missing))
    return table


def _spread(found: Spread, form: str) -> str:
    return f"{found.median:{form}} ({found.lowest:{form}}-{found.highest:{form}})"

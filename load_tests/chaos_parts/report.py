"""What a run showed: a table, a JSON file, and whether it holds. The numbers are the oracle's and the state's."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel
from rich.console import Console
from rich.table import Table

from load_tests.chaos_parts.fleet import Cause
from load_tests.chaos_parts.oracle import Verdict
from load_tests.chaos_parts.plan import Profile, plan, required
from load_tests.chaos_parts.recovery import SHARE, quantile, recovery_s
from load_tests.chaos_parts.state import Happened, State
from load_tests.chaos_parts.throughput import BIN_S

EXAMPLES = 20
KILLS = (Cause.KILLED, Cause.FAILPOINT)


class FaultRow(BaseModel):
    """A kind of fault. Seconds from when it began until throughput was back at 95 %; None: never within the record."""

    name: str
    planned: int
    struck: int
    least: int
    recovered: int
    p50_s: float | None
    p95_s: float | None


class ChaosReport(BaseModel):
    """A run in numbers. `faults` are the oracle's counts, all 0 where the run holds."""

    profile: str
    seed: int
    control: str | None
    machine: str
    seconds: float
    accepted: int
    unacknowledged: int
    results: int
    put_back: int | None = None  # records, of a service that puts some back
    results_by_topic: dict[str, int] = {}
    dead_letters: dict[str, int]
    sent_twice: int
    bundles: dict[str, int] = {}  # results by the bundle's sha256
    faults: dict[str, int]
    examples: dict[str, list[str]]
    rows: list[FaultRow]
    worker_ends: dict[str, int]
    worker_kills: int
    worker_kills_least: int
    strange_ends: list[str]
    send_failures: list[str]
    bin_s: float
    bins: list[int]  # outcomes in each
    happened: list[Happened]

    @property
    def holds(self) -> bool:
        """Whether nothing is wrong with any document."""
        return self.accepted > 0 and not any(self.faults.values())

    @property
    def convicts(self) -> bool:
        """Whether the oracle saw outcomes missing or double, as in a control it must, of workers that worked under
        faults that struck.
        """
        wrong = self.faults.get("lost", 0) + self.faults.get("duplicated", 0)
        return self.results > self.accepted / 2 > 0 and not self.short_of and wrong > 0

    @property
    def short_of(self) -> list[str]:
        """What did not happen often enough for the run to mean anything."""
        few = [f"{row.name}: {row.struck} of {row.least}" for row in self.rows if row.struck < row.least]
        if self.worker_kills < self.worker_kills_least:
            few.append(f"worker kills: {self.worker_kills} of {self.worker_kills_least}")
        if self.put_back is not None:
            came = {"put back": self.put_back, **self.results_by_topic}
            few += [f"{name}: 0 of 1" for name, count in came.items() if not count]
        return few


def make_report(verdict: Verdict, state: State, profile: Profile, machine: str) -> ChaosReport:
    """From what the oracle found and the driver did."""
    causes = Counter(end.cause for end in state.ends)
    lists: dict[str, Sequence[object]] = {
        "lost": verdict.lost,
        "duplicated": verdict.duplicated,
        "corrupt": verdict.corrupt,
        "out of order": verdict.out_of_order,
        "innocent": verdict.innocent,
        "poison let through": verdict.poison_let_through,
        "left waiting": verdict.left_waiting,
    }
    return ChaosReport(
        profile=profile.name,
        seed=state.seed,
        control=state.control,
        machine=machine,
        seconds=round(len(state.bins) * BIN_S),
        accepted=verdict.accepted,
        unacknowledged=verdict.unacknowledged,
        results=verdict.results,
        put_back=verdict.put_back,
        results_by_topic=dict(verdict.results_by_topic),
        dead_letters=dict(verdict.dead_letters),
        sent_twice=len(verdict.sent_twice),
        bundles=dict(verdict.bundles),
        faults=verdict.faults,
        examples={name: [str(one) for one in found[:EXAMPLES]] for name, found in lists.items() if found},
        rows=_rows(state, profile),
        worker_ends={cause.value: causes[cause] for cause in Cause},
        worker_kills=sum(causes[cause] for cause in KILLS),
        worker_kills_least=profile.worker_kills,
        strange_ends=[
            f"worker {end.slot} at {end.at_s:.0f} s: exit code {end.code}"
            for end in state.ends
            if end.cause is Cause.ITSELF
        ],
        send_failures=state.send_failures,
        bin_s=BIN_S,
        bins=state.bins,
        happened=state.happened,
    )


def _rows(state: State, profile: Profile) -> list[FaultRow]:
    rounds = plan(profile, state.seed)
    least = required(profile, rounds)
    planned = Counter(fault.name for round_ in rounds for fault in round_)
    starts = [*sorted({one.calm_s for one in state.happened}), len(state.bins) * BIN_S]
    seconds: dict[str, list[float | None]] = {name: [] for name in planned}
    for one in state.happened:
        if one.struck:
            until_s = next((start for start in starts if start > one.began_s), one.began_s)
            seconds[one.name].append(recovery_s(state.bins, BIN_S, one.calm_s, one.began_s, one.ended_s, until_s))
    rows = []
    for name, count in planned.items():
        known = [value for value in seconds[name] if value is not None]
        p50_s, p95_s = (quantile(known, share) if known else None for share in (0.5, 0.95))
        row = FaultRow(
            name=name, planned=count, struck=len(seconds[name]), least=least[name], recovered=len(known),
            p50_s=p50_s, p95_s=p95_s,
        )  # fmt: skip
        rows.append(row)
    return rows


def write_json(report: ChaosReport, path: Path) -> None:
    """All of it."""
    path.write_text(report.model_dump_json(indent=1))


def print_report(out: Console, report: ChaosReport) -> None:
    """The oracle's table, the faults, and one sentence."""
    what = f"control {report.control}" if report.control else f"profile {report.profile}"
    judged = Table(title=f"Chaos, {what}, seed {report.seed}, {report.seconds:.0f} s; {report.machine}")
    judged.title_justify = "left"
    judged.add_column("documents")
    judged.add_column("", justify="right")
    letters = sum(report.dead_letters.values())
    for name, count in {
        "accepted": report.accepted,
        "not acknowledged": report.unacknowledged,
        "sent twice by the sender": report.sent_twice,
        "results": report.results,
        "dead letters": letters,
        **_of_put_back(report),
        **report.faults,
    }.items():
        judged.add_row(name, str(count), style="bold red" if report.faults.get(name) else None)
    out.print(judged)
    out.print(_faults_table(report))
    ends = ", ".join(f"{count} {cause}" for cause, count in report.worker_ends.items() if count)
    out.print(f"Workers ended: {ends}. Kills -9: {report.worker_kills}. Dead letters: {report.dead_letters}.")
    if report.bundles:
        results = ", ".join(f"{count} by {sha256[:12]}" for sha256, count in report.bundles.items())
        out.print(f"Results by {len(report.bundles)} bundles: {results}.", soft_wrap=True)
    for line in (*report.strange_ends, *report.send_failures[:EXAMPLES]):
        out.print(line, style="yellow")
    out.print(_sentence(report), soft_wrap=True)


def _of_put_back(report: ChaosReport) -> dict[str, int]:
    """Lines of a service that puts records back."""
    if report.put_back is None:
        return {}
    return {**{f"results on {t}": n for t, n in report.results_by_topic.items()}, "records put back": report.put_back}


def _faults_table(report: ChaosReport) -> Table:
    title = f"Faults; seconds from a fault's begin until throughput is back at {SHARE:.0%} of that before"
    table = Table(title=title, title_justify="left")
    for heading in ("fault", "planned", "struck", "at least", "recovered", "p50 s", "p95 s"):
        table.add_column(heading, justify="left" if heading == "fault" else "right")
    for row in report.rows:
        seconds = ("-" if value is None else f"{value:.1f}" for value in (row.p50_s, row.p95_s))
        counts = (row.planned, row.struck, row.least, row.recovered)
        style = "bold red" if row.struck < row.least else None
        table.add_row(row.name, *map(str, counts), *seconds, style=style)
    return table


def _sentence(report: ChaosReport) -> str:
    wrong = ", ".join(f"{count} {name}" for name, count in report.faults.items() if count)
    if report.control:
        seen = wrong or "nothing wrong, so it would prove nothing"
        return f"The control {report.control}: the oracle reports {seen}."
    if wrong:
        return f"It does not hold: {wrong}. {report.examples}"
    if report.short_of:
        return f"Nothing is wrong, but the run proves too little: {'; '.join(report.short_of)}."
    return f"It holds: {report.accepted} documents accepted, nothing lost, duplicated, corrupt or out of order."

"""Does a generator that is down, slow or talks nonsense slow the fast path, or lose a document?

    python -m load_tests.generator_outage [--rate 3] [--phase 30] [--rounds 2] [--slow 30]

One processor, one fallback, an endpoint that does as it is told, all on this machine. Receipts come at a constant rate;
the shipped bundle defers them, so the fallback asks the endpoint about each. Phases take turns, so that whatever else
the machine does falls on all of them: the endpoint answers (it abstains), hangs up, is slow, talks nonsense, and again
Printed for each: latency of the fast path (until the processor's own outcome), what the fallback did meanwhile; then
the medians' ratios to the phases in which it answers (claimed: within 5 %), and, once it answers again, whether every
deferred document has come out. The fallback's own work takes the same cores in every phase.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from docmill.kafka.drive import open_drive
from docmill.load.documents import sample_shelf
from docmill.load.judge import StepResult
from docmill.load.machine import this_machine
from docmill.load.scrape import scrape
from docmill.resources import resource
from docmill.settings import load_settings
from load_tests.flood import Books, plan_phase, run_phase
from load_tests.local_processor import LocalProcessor, Processor, local_processor
from tests.unit.generator.endpoint import Endpoint, Reply, endpoint

ANSWERS, DOWN, SLOW, NONSENSE = "answers", "down", "slow", "nonsense"
STATES = (ANSWERS, DOWN, SLOW, NONSENSE)
ABSTAINS = json.dumps({"label": {"choice": "abstain", "evidence": []}, "fields": {}})
CLAIMED = 0.05
DRAIN_S = 300.0  # for what was held back, once the endpoint answers again
WATCHED = {
    "held": ("docmill_fallback_held_total", ""),
    "reviews": ("docmill_review_total", ""),
    "results": ("docmill_results_published_total", 'decided_by="retrieval"'),
    "rejected": ("docmill_dead_letters_total", ""),
}


@dataclass(frozen=True, slots=True)
class Phase:
    """What one phase showed; `fallback` counts what the fallback did in it."""

    state: str
    result: StepResult
    fallback: dict[str, float]


def main() -> int:
    """All phases, then the verdict; 0 if the claims hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=float, default=3.0, help="receipts a second")
    parser.add_argument("--phase", type=float, default=30.0, help="counted seconds of a phase")
    parser.add_argument("--rounds", type=int, default=2, help="of all four states")
    parser.add_argument("--slow", type=float, default=30.0, help="seconds that a slow endpoint takes")
    args = parser.parse_args()
    with local_processor(None) as processor, endpoint(Reply(ABSTAINS)) as at, fallback(processor, at) as service:
        phases, deferred, came = asyncio.run(run(processor, service, at, args))
    return tell(phases, deferred, came)


@contextmanager
def fallback(processor: LocalProcessor, at: Endpoint) -> Iterator[Processor]:
    """A fallback beside the processor that asks the endpoint, ready."""
    with tempfile.TemporaryDirectory() as folder:
        own = {
            "DOCMILL_GENERATOR_URL": at.base_url,
            "DOCMILL_GENERATOR_MODEL": "stub",
            "DOCMILL_AUDIT_SHARE": "0",
            "DOCMILL_THREADS": "1",
            "XDG_DATA_HOME": folder,
        }
        service = Processor(processor.environment | own, Path(folder) / "fallback.log", "fallback")
        try:
            service.await_ready()
            yield service
        finally:
            service.close()


async def run(
    processor: LocalProcessor, service: Processor, at: Endpoint, args: argparse.Namespace
) -> tuple[list[Phase], float, float]:
    """(the phases, how many documents were deferred, how many of these came out of the fallback)."""
    shelf, books = sample_shelf(resource("samples"), ["receipts"], seed=0), Books()
    settings = load_settings(kafka_bootstrap_servers=processor.environment["KAFKA_BOOTSTRAP_SERVERS"], topic_prefix="")
    replies = {
        ANSWERS: Reply(ABSTAINS),
        DOWN: Reply(hangs_up=True),
        SLOW: Reply(ABSTAINS, delay_s=args.slow),
        NONSENSE: Reply("This is no JSON, and will not become any."),
    }
    phases: list[Phase] = []
    async with open_drive(settings, books.on_outcome) as drive:
        for number, state in enumerate(STATES * args.rounds):
            at.replies = (replies[state],)
            before = await counts(service.await_url())
            plan = plan_phase(shelf, number, args.rate, args.phase, 0)
            phase = await run_phase(processor, drive, books, plan, flooded=False)
            after = await counts(service.await_url())
            phases.append(Phase(state, phase.result, {name: after[name] - before[name] for name in WATCHED}))
            print(f"phase {number + 1} of {len(STATES) * args.rounds} done: {state}", file=sys.stderr)
    at.replies = (replies[ANSWERS],)
    deferred = (await totals(processor.url))["docmill_fallback_total"]
    return phases, deferred, await drained(service.await_url(), deferred)


async def drained(url: str, deferred: float) -> float:
    """How many deferred documents have come out of the fallback, once that is all of them or patience ends."""
    until_s = time.monotonic() + DRAIN_S
    while True:
        now = await counts(url)
        came = now["reviews"] + now["results"] + now["rejected"]
        if came >= deferred or time.monotonic() > until_s:
            return came
        await asyncio.sleep(1)


async def counts(url: str) -> dict[str, float]:
    """What the fallback has done so far."""
    found = await totals(url)
    return {name: sum(v for k, v in found.items() if _is(k, *wanted)) for name, wanted in WATCHED.items()}


async def totals(url: str) -> dict[str, float]:
    """Samples of /metrics: by name, with labels summed up, and by name with its labels."""
    [text] = await scrape([f"{url}/metrics"])
    found: dict[str, float] = {}
    for line in text.splitlines():
        if line.startswith("docmill_"):
            series, _, value = line.rpartition(" ")
            found[series] = float(value)
            name = series.partition("{")[0]
            if name != series:
                found[name] = found.get(name, 0.0) + float(value)
    return found


def _is(series: str, name: str, label: str) -> bool:
    return series == name if not label else series.startswith(f"{name}{{") and label in series


def tell(phases: Sequence[Phase], deferred: float, came: float) -> int:
    """Print the phases, the ratios and the verdict."""
    out = Console(highlight=False, width=None if Console().is_terminal else 140)
    table = Table(title=f"The fast path beside a generator; {this_machine()}", title_justify="left")
    for heading in ("generator", "documents", "missing", "p50 s", "p95 s", "p99 s", *WATCHED):
        table.add_column(heading, justify="left" if heading == "generator" else "right")
    for phase in phases:
        latency = phase.result.latency
        seconds = (latency.p50_s, latency.p95_s, latency.p99_s)
        table.add_row(
            phase.state,
            str(latency.documents),
            str(phase.result.missing),
            *("never" if value is None else f"{value:.3f}" for value in seconds),
            *(f"{phase.fallback[name]:.0f}" for name in WATCHED),
        )
    out.print(table)
    holds = came >= deferred
    for state in STATES[1:]:
        rate, p50, p99 = (_ratio(phases, state, what) for what in ("documents", "p50_s", "p99_s"))
        holds = holds and abs(rate - 1) <= CLAIMED and p99 - 1 <= CLAIMED
        out.print(f"{state}: documents {rate:.3f}, p50 {p50:.3f}, p99 {p99:.3f} times those while it answers")
    out.print(f"Deferred {deferred:.0f}, out of the fallback in the end {came:.0f}.")
    out.print(f"Within {CLAIMED:.0%} and nothing lost: {'yes' if holds else 'NO'}.")
    return 0 if holds else 1


def _ratio(phases: Sequence[Phase], state: str, what: str) -> float:
    def median(of: str) -> float:
        found = [getattr(phase.result.latency, what) for phase in phases if phase.state == of]
        return statistics.median(float("inf") if value is None else value for value in found)

    return median(state) / median(ANSWERS)


if __name__ == "__main__":
    sys.exit(main())

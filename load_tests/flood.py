"""`make flood`: does a flood of huge contracts delay the receipts beside it?

    python -m load_tests.flood [--threads N] [--rate 4] [--phase 30] [--rounds 2] [--contracts 16]

One processor holds six partitions. Receipts come at a low constant rate onto four of them; in every other phase a flood
of contracts of about 300,000 characters lies on the other two. Quiet and flooded phases take turns (A/B/A/B), so that
whatever else the machine does falls on both; nothing is outstanding when a phase begins. Prints the receipts' p95 of
each phase, the medians, their ratio (claimed: at most 3), and whether the processor stopped polling or was rebalanced.
"""

import argparse
import asyncio
import contextlib
import statistics
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle
from random import Random

from rich.table import Table

from docmill.kafka.drive import Drive, Shipment, open_drive
from docmill.kafka.outcomes import OutcomeKind
from docmill.load.documents import LoadDocument, Shelf, sample_shelf
from docmill.load.judge import StepResult, Target, judge
from docmill.load.ledger import Ledger
from docmill.load.machine import this_machine
from docmill.load.mix import Mix
from docmill.load.plan import Offer, Plan
from docmill.load.schedule import Arrivals, due_times
from docmill.load.scrape import scrape
from docmill.load.search import Purpose
from docmill.load.usage import REBALANCES, read_page
from docmill.resources import resource
from docmill.settings import load_settings
from load_tests.local_processor import LocalProcessor, local_processor
from load_tests.report import report_console

RECEIPT_PARTITIONS = (2, 3, 4, 5)
FLOODED_PARTITIONS = (0, 1)
CLAIMED_RATIO = 3.0
SETTLE_S = 3.0  # at the start of each phase, not counted
LOOK_EVERY_S = 0.1
GRACE_S = 120.0  # without any outcome, while a flood drains
LEAD_S = 0.2


@dataclass(frozen=True, slots=True)
class Phase:
    """What one phase showed."""

    flooded: bool
    result: StepResult
    contracts_left: int  # outstanding when the last receipt was sent: the flood lasted if there were any
    longest_poll_gap_s: float  # at least; looked at every 0.1 s
    rebalances: float


class Books:
    """Outcomes go to the ledger of the phase that is on."""

    ledger: Ledger | None = None

    def on_outcome(self, key: bytes | None, kind: OutcomeKind, at_s: float) -> None:
        if self.ledger is not None:
            self.ledger.on_outcome(key, kind, at_s)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, help="inference threads; default: the usable cores")
    parser.add_argument("--rate", type=float, default=4.0, help="receipts a second")
    parser.add_argument("--phase", type=float, default=30.0, help="counted seconds of a phase")
    parser.add_argument("--rounds", type=int, default=2, help="of a quiet and a flooded phase")
    parser.add_argument("--contracts", type=int, default=16, help="in each flood")
    args = parser.parse_args()
    with local_processor(args.threads) as processor:
        phases = asyncio.run(run(processor, args))
    return tell(phases, args.threads)


async def run(processor: LocalProcessor, args: argparse.Namespace) -> list[Phase]:
    """All phases, quiet and flooded in turn."""
    shelf, books = sample_shelf(resource("samples"), ["receipts", "contracts"], seed=0), Books()
    settings = load_settings(kafka_bootstrap_servers=processor.environment["KAFKA_BOOTSTRAP_SERVERS"], topic_prefix="")
    phases: list[Phase] = []
    async with open_drive(settings, books.on_outcome) as drive:
        for number in range(2 * args.rounds):
            contracts = args.contracts if number % 2 else 0
            plan = plan_phase(shelf, number, args.rate, args.phase, contracts)
            phases.append(await run_phase(processor, drive, books, plan, flooded=bool(contracts)))
            print(f"phase {number + 1} of {2 * args.rounds} done", file=sys.stderr)
    return phases


def plan_phase(
    shelf: Shelf, number: int, rate: float, counted_s: float, contracts: int, settle_s: float = SETTLE_S
) -> Plan:
    """Contracts, all due at once on their two partitions, then receipts at a constant rate on theirs."""
    random = Random(number)
    count = round(rate * (settle_s + counted_s))
    due = due_times(Arrivals.CONSTANT, count, settle_s + counted_s, random)
    flood = [
        (0.0, shelf["contracts"][-1], at) for _, at in zip(range(contracts), cycle(FLOODED_PARTITIONS), strict=False)
    ]
    receipts = [
        (due_s, random.choice(shelf["receipts"]), at) for due_s, at in zip(due, cycle(RECEIPT_PARTITIONS), strict=False)
    ]
    sent: Sequence[tuple[float, LoadDocument, int]] = [*flood, *receipts]
    shipments = tuple(
        Shipment(due_s, f"flood/{number}/{n}", document.content, document.content_type, partition)
        for n, (due_s, document, partition) in enumerate(sent)
    )
    offer = Offer(rate, settle_s, counted_s, Arrivals.CONSTANT, Mix({"receipts": 1}))
    settled = sum(due_s < settle_s for due_s, _, _ in sent)
    return Plan(offer, shipments, tuple(document for _, document, _ in sent), settled)


async def run_phase(processor: LocalProcessor, drive: Drive, books: Books, plan: Plan, *, flooded: bool) -> Phase:
    """Send a phase's documents, wait for all outcomes."""
    loop = asyncio.get_running_loop()
    rebalances = await total_rebalances(processor)
    books.ledger = ledger = Ledger(plan, loop.time() + LEAD_S)
    with watched_polls(processor) as gaps:
        await drive.send(plan.shipments, ledger.start_s, ledger.on_sent, ledger.on_refused)
        contracts_left = sum(
            entry.arrived_s is None and document.kind == "contracts"
            for entry, document in zip(ledger.entries, plan.documents, strict=True)
        )
        since_s = loop.time()
        while ledger.outstanding and loop.time() - max(since_s, ledger.last_arrival_s) < GRACE_S:
            await asyncio.sleep(LOOK_EVERY_S)
            drive.check()
    result = judge(ledger, Target(0.95, GRACE_S), purpose=Purpose.SINGLE, ended_early=False, cpu_share=0.0, usage=None)
    return Phase(flooded, result, contracts_left, max(gaps), await total_rebalances(processor) - rebalances)


@contextlib.contextmanager
def watched_polls(processor: LocalProcessor) -> Iterator[list[float]]:
    """The seconds since the processor's last poll, looked at again and again as long as the block lasts."""
    gaps = [0.0]

    async def look() -> None:
        while True:
            checks = await asyncio.to_thread(processor.readiness)
            gaps.append(float(checks["last_poll_s"]))
            await asyncio.sleep(LOOK_EVERY_S)

    task = asyncio.create_task(look())
    try:
        yield gaps
        if task.done():
            task.result()
    finally:
        task.cancel()


async def total_rebalances(processor: LocalProcessor) -> float:
    """As the processor counts them."""
    [text] = await scrape([processor.metrics_url])
    return read_page(processor.metrics_url, text).totals[REBALANCES]


def tell(phases: Sequence[Phase], threads: int | None) -> int:
    """Print all phases and what they say; the exit code: 0 if the claim stands."""
    out = report_console()
    table = Table(title=f"Receipts beside a flood of contracts; {this_machine()}", title_justify="left")
    for heading in (
        "phase",
        "receipts",
        "p50 s",
        "p95 s",
        "max s",
        "contracts left",
        "missing",
        "poll gap s",
        "rebalances",
    ):
        table.add_column(heading, justify="right" if heading != "phase" else "left")
    for phase in phases:
        latency = phase.result.latency
        table.add_row(
            "flooded" if phase.flooded else "quiet",
            str(latency.documents),
            *("never" if value is None else f"{value:.3f}" for value in (latency.p50_s, latency.p95_s, latency.max_s)),
            str(phase.contracts_left) if phase.flooded else "-",
            str(phase.result.missing),
            f"{phase.longest_poll_gap_s:.1f}",
            f"{phase.rebalances:.0f}",
        )
    out.print(table)
    quiet, flooded = (median_p95_s(phases, flooded=which) for which in (False, True))
    ratio = flooded / quiet
    holds = ratio <= CLAIMED_RATIO and not any(phase.rebalances or phase.result.missing for phase in phases)
    out.print(
        f"Receipts' p95, medians of phases: {quiet:.3f} s quiet, {flooded:.3f} s flooded: ratio {ratio:.2f} "
        f"(claimed: at most {CLAIMED_RATIO:g}). Longest poll gap {max(p.longest_poll_gap_s for p in phases):.1f} s, "
        f"{sum(phase.rebalances for phase in phases):.0f} rebalances; {threads or 'as many threads as cores'}"
        f"{' threads' if threads else ''}. The claim {'holds' if holds else 'does not hold'}.",
        soft_wrap=True,
    )
    if any(phase.flooded and not phase.contracts_left for phase in phases):
        out.print("A flood ended before its phase did: raise --contracts.", style="yellow")
    return 0 if holds else 1


def median_p95_s(phases: Sequence[Phase], *, flooded: bool) -> float:
    found = [phase.result.latency.p95_s for phase in phases if phase.flooded is flooded]
    return statistics.median(float("inf") if value is None else value for value in found)


if __name__ == "__main__":
    sys.exit(main())

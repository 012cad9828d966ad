"""Does a generator that is down, slow or talks nonsense slow the fast path, or lose a document?

    python -m load_tests.generator_outage [--rate 3] [--phase 30] [--burst 200] [--bursts 3] [--rounds 2] [--slow 30]

One processor, one fallback, an endpoint that does as it is told, all on this machine. Receipts come at a constant rate;
the shipped bundle defers most of ours, and the fallback asks the endpoint about these. Phases take turns, so that
whatever else the machine does falls on all of them: the endpoint answers (it abstains), hangs up, is slow, talks
nonsense, and again, each round once the fallback has caught up with what waited. At the end of each phase come bursts
of receipts, each within a second and after the one before is through, which tell how many the fast path can take then.
Printed for each: latency of the fast path (until the processor's own outcome), outcomes a second of the median burst,
what the fallback did meanwhile, questions that were and were not answered, and whether the breaker was open at its end;
then the medians' ratios to the phases in which it answers (claimed: no more than 5 % worse), and, once it answers
again, whether each document that was sent has left the fast path once, and each that was deferred has come out of the
fallback once: one by one, by their ids on the topics. A run in which nothing was deferred has shown nothing of a
fallback, and fails. So does one in which no question was answered in a phase whose endpoint answers, or none failed in
another. The fallback runs at a lower priority (nice 10), since elsewhere it has cores of its own: what waits for a
generator goes round, which is work, and how much of these two cores that takes is not the question here.
"""

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table

from docmill.kafka.drive import open_drive
from docmill.load.documents import sample_shelf
from docmill.load.judge import StepResult
from docmill.load.ledger import Ledger
from docmill.load.machine import this_machine
from docmill.load.scrape import scrape
from docmill.resources import resource
from docmill.settings import load_settings
from load_tests.flood import Books, plan_phase, run_phase
from load_tests.local_processor import LocalProcessor, Processor, local_processor
from load_tests.report import report_console
from load_tests.roll_call import Compared, RollCall, call_roll
from tests.unit.generator.endpoint import Endpoint, Reply, endpoint

ANSWERS, DOWN, SLOW, NONSENSE = "answers", "down", "slow", "nonsense"
STATES = (ANSWERS, DOWN, SLOW, NONSENSE)
ABSTAINS = json.dumps({"label": {"choice": "abstain", "evidence": []}, "fields": {}})
CLAIMED = 0.05
DRAIN_S = 300.0  # for what was held back, once the endpoint answers again
LOOK_EVERY_S = 1.0
BURST_S = 1.0  # in which a burst is sent
FALLBACK_NICE = 10
SETTLE_S = 5.0  # after the last one that is waited for: one that comes twice shows
WATCHED = {
    "held": ("docmill_fallback_held_total", ""),
    "reviews": ("docmill_review_total", ""),
    "results": ("docmill_results_published_total", 'decided_by="retrieval"'),
    "rejected": ("docmill_dead_letters_total", ""),
    "answered": ("docmill_generator_questions_total", 'outcome="answered"'),
    "questions": ("docmill_generator_questions_total", ""),
}
BREAKER = "docmill_generator_unavailable"
DEFERRED = "docmill_fallback_total"


@dataclass(frozen=True, slots=True)
class Phase:
    """What one phase showed; `fallback` counts what the fallback did in it."""

    state: str
    result: StepResult  # at the constant rate
    bursts: tuple[StepResult, ...]
    burst_per_s: float  # outcomes of the median one, from its first document to its last outcome
    fallback: dict[str, float]
    breaker_open: bool  # at its end

    @property
    def missing(self) -> int:
        """Documents that never left the fast path."""
        return self.result.missing + sum(burst.missing for burst in self.bursts)


def main() -> int:
    """All phases, then the verdict; 0 if the claims hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=float, default=3.0, help="receipts a second")
    parser.add_argument("--phase", type=float, default=30.0, help="counted seconds of a phase")
    parser.add_argument("--burst", type=_positive, default=200, help="receipts at once, at the end of a phase")
    parser.add_argument("--bursts", type=_positive, default=3, help="of a phase")
    parser.add_argument("--rounds", type=int, default=2, help="of all four states")
    parser.add_argument("--slow", type=float, default=30.0, help="seconds that a slow endpoint takes")
    args = parser.parse_args()
    with local_processor(None) as processor, endpoint(Reply(ABSTAINS)) as at, fallback(processor, at) as service:
        phases, roll = asyncio.run(run(processor, service, at, args))
    return tell(phases, roll.fast_path, roll.fallback, roll.unreadable)


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
        os.setpriority(os.PRIO_PROCESS, service.pid, FALLBACK_NICE)  # its threads begin later, and inherit it
        try:
            service.await_ready()
            yield service
        finally:
            service.close()


async def run(
    processor: LocalProcessor, service: Processor, at: Endpoint, args: argparse.Namespace
) -> tuple[list[Phase], RollCall]:
    """(the phases, who went in and who came out)."""
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
            if state == ANSWERS and number:
                await caught_up(processor, service)
            before = await counts(service.await_url())
            own = number * (1 + args.bursts)  # numbers of plans, and so of documents, come once
            plan = plan_phase(shelf, own, args.rate, args.phase, 0)
            phase = await run_phase(processor, drive, books, plan, flooded=False)
            bursts, per_s = [], []
            for burst in range(own + 1, own + 1 + args.bursts):
                at_once = plan_phase(shelf, burst, args.burst / BURST_S, BURST_S, 0, settle_s=0.0)
                bursts.append((await run_phase(processor, drive, books, at_once, flooded=False)).result)
                per_s.append(outcomes_per_s(books.ledger))
            after = await counts(service.await_url())
            breaker_open = (await totals(service.await_url()))[BREAKER] == 1
            did = {name: after[name] - before[name] for name in WATCHED}
            took = statistics.median(per_s)
            phases.append(Phase(state, phase.result, tuple(bursts), took, did, breaker_open))
            print(f"phase {number + 1} of {len(STATES) * args.rounds} done: {state}", file=sys.stderr)
    at.replies = (replies[ANSWERS],)
    await caught_up(processor, service)
    return phases, await call_roll(settings)


async def caught_up(processor: LocalProcessor, service: Processor) -> None:
    """Returns once all that the processor has deferred so far has come out of the fallback; as `drained`."""
    deferred = (await totals(processor.url)).get(DEFERRED, 0.0)  # without a sample where there was none
    await drained(service.await_url(), deferred)


def outcomes_per_s(ledger: Ledger | None) -> float:
    """Outcomes of a phase's counted documents a second, until its end or, where that is later, the last of them."""
    if ledger is None:
        return 0.0
    began_s = ledger.start_s + ledger.plan.offer.warm_up_s
    arrived = [entry.arrived_s for entry in ledger.counted if entry.arrived_s is not None]
    return len(arrived) / (max([began_s + ledger.plan.offer.counted_s, *arrived]) - began_s)


async def drained(url: str, deferred: float) -> None:
    """Returns a little after as many have come out of the fallback as were deferred, or when patience ends.

    Whether they are the same ones the topics tell.
    """
    until_s = time.monotonic() + DRAIN_S
    while True:
        came = await came_out(url)
        if came >= deferred or time.monotonic() > until_s:
            if came < deferred:
                print(f"after {DRAIN_S:.0f} s {deferred - came:.0f} still wait in the fallback", file=sys.stderr)
            await asyncio.sleep(SETTLE_S)
            return
        await asyncio.sleep(LOOK_EVERY_S)


async def came_out(url: str) -> float:
    """How many documents have come out of the fallback so far."""
    now = await counts(url)
    return now["reviews"] + now["results"] + now["rejected"]


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


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not 1 or more")
    return value


def _is(series: str, name: str, label: str) -> bool:
    return series == name if not label else series.startswith(f"{name}{{") and label in series


def tell(phases: Sequence[Phase], fast_path: Compared, fallback: Compared, unreadable: int) -> int:
    """Print the phases, the ratios and the verdict; the exit code.

    `unreadable`: records on the topics that name nobody.
    """
    out = report_console()
    table = Table(title=f"The fast path beside a generator; {this_machine()}", title_justify="left")
    for heading in ("generator", "burst/s", "missing", "p50 s", "p95 s", "p99 s", *WATCHED, "breaker"):
        table.add_column(heading, justify="left" if heading in {"generator", "breaker"} else "right")
    for phase in phases:
        latency = phase.result.latency
        seconds = (latency.p50_s, latency.p95_s, latency.p99_s)
        table.add_row(
            phase.state,
            f"{phase.burst_per_s:.2f}",
            str(phase.missing),
            *("never" if value is None else f"{value:.3f}" for value in seconds),
            *(f"{phase.fallback[name]:.0f}" for name in WATCHED),
            "open" if phase.breaker_open else "closed",
        )
    out.print(table)
    level = True
    for state in STATES[1:]:
        rate = _ratio(phases, state, lambda phase: phase.burst_per_s)
        p50 = _ratio(phases, state, lambda phase: _seconds(phase.result.latency.p50_s))
        p99 = _ratio(phases, state, lambda phase: _seconds(phase.result.latency.p99_s))
        level = level and rate >= 1 - CLAIMED and p99 <= 1 + CLAIMED
        out.print(
            f"{state}: outcomes a second of a burst {rate:.3f}, p50 {p50:.3f}, p99 {p99:.3f} times the answering one's"
        )
    missing = sum(phase.missing for phase in phases)
    whole = missing == 0 and fast_path.holds and fallback.holds and not unreadable
    out.print(
        f"Missing on the fast path {missing}. Sent {fast_path.went_in}, out of it in the end: {fast_path.told()}."
    )
    out.print(f"Deferred {fallback.went_in}, out of the fallback in the end: {fallback.told()}.")
    if unreadable:
        out.print(f"{unreadable} records on the topics name no document.")
    if not fallback.went_in:
        out.print("NOTHING WAS DEFERRED: this run shows nothing of a fallback. Send more (--rate, --phase).")
    idle = [f"{number} ({phase.state})" for number, phase in enumerate(phases, start=1) if not _took_part(phase)]
    if idle:
        out.print(
            f"THE ENDPOINT TOOK NO PART as it was told in phase {', '.join(idle)}: this run shows nothing of an outage."
        )
    shown = "NO" if not whole else "yes" if fallback.went_in else "not shown"
    out.print(f"No more than {CLAIMED:.0%} worse: {'yes' if level else 'NO'}. Nothing lost or doubled: {shown}.")
    return 0 if level and whole and fallback.went_in and not idle else 1


def _took_part(phase: Phase) -> bool:
    """Whether questions were answered where the endpoint answers; elsewhere, whether any was not, or the breaker is
    open. Nonsense counts as an answer until the breaker opens.
    """
    asked, answered = phase.fallback["questions"], phase.fallback["answered"]
    return answered > 0 if phase.state == ANSWERS else asked > answered or phase.breaker_open


def _ratio(phases: Sequence[Phase], state: str, value_of: Callable[[Phase], float]) -> float:
    """The median of a state's phases by the median of those in which it answers; NaN, which holds nothing, for none."""
    own, answers = (
        statistics.median(value_of(phase) for phase in phases if phase.state == of) for of in (state, ANSWERS)
    )
    return own / answers if answers else float("nan")


def _seconds(quantile: float | None) -> float:
    return float("inf") if quantile is None else quantile


if __name__ == "__main__":
    sys.exit(main())

"""Does a generator that is down, slow or talks nonsense slow the fast path, or lose a document?

    python -m load_tests.generator_outage [--rate 3] [--phase 30] [--burst 200] [--bursts 3] [--rounds 2] [--slow 30]
        [--deferred SHARE]

One processor, one fallback, an endpoint that does as it is told, all on this machine. Receipts come at a constant rate;
the shipped bundle defers most of ours, or as many as `--deferred` says, and the fallback asks the endpoint about these:
a small share leaves room for a rate that tells the tail of latencies. Phases take turns, so that whatever else the
machine does falls on all of them: the endpoint answers (it abstains), hangs up, is slow, talks nonsense, and again,
beginning with another state each round. Each phase begins once the fallback has caught up with what waited, for which
the endpoint answers. At the end of each come bursts of receipts, each within a second and after the one before is
through, which tell how many the fast path can take then. Printed for each: bursts and latency of the fast path (until
the processor's own outcome), what the fallback did meanwhile, cores that each process used, and whether the breaker was
open at its end; then, of all phases of a state together, the median burst's outcomes a second and latency, as ratios to
the phases in which it answers (claimed: bursts and p99 no more than 5 % worse), with intervals from three rounds on;
and, once all have caught up, whether each document that was sent has left the fast path once, and each that was
deferred has come out of the fallback once: one by one, by their ids on the topics. A run in which nothing was deferred
has shown nothing of a fallback, and fails. So does one in which no question was answered in a phase whose endpoint
answers, or none failed in another. The fallback runs at a lower priority (nice 10), since elsewhere it has cores of its
own: what waits for a generator goes round, which is work, and how much of these two cores that takes is not the
question here.
"""

import argparse
import asyncio
import json
import math
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from docmill.kafka.drive import open_drive
from docmill.load.documents import Shelf, sample_shelf
from docmill.load.ledger import Ledger
from docmill.load.scrape import scrape
from docmill.resources import resource
from docmill.settings import load_settings
from load_tests.delivery_parts.proc import cpu_seconds
from load_tests.flood import Books, plan_phase, run_phase
from load_tests.local_processor import LocalProcessor, Processor, local_processor
from load_tests.outage_parts.phase import ANSWERS, DOWN, NONSENSE, PROCESSES, SLOW, WATCHED, Phase, in_turn
from load_tests.outage_parts.receipts import default_bundle_defers, with_deferred
from load_tests.outage_parts.tell import tell
from load_tests.roll_call import RollCall, call_roll
from tests.unit.generator.endpoint import Endpoint, Reply, endpoint

ABSTAINS = json.dumps({"label": {"choice": "abstain", "evidence": []}, "fields": {}})
DRAIN_S = 300.0  # for what was held back, once the endpoint answers again
LOOK_EVERY_S = 1.0
BURST_S = 1.0  # in which a burst is sent
FALLBACK_NICE = 10
SETTLE_S = 5.0  # after the last one that is waited for: one that comes twice shows
BREAKER = "docmill_generator_unavailable"
DEFERRED = "docmill_fallback_total"


def main() -> int:
    """All phases, then the verdict; 0 if the claims hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=float, default=3.0, help="receipts a second")
    parser.add_argument("--phase", type=float, default=30.0, help="counted seconds of a phase")
    parser.add_argument("--burst", type=_positive, default=200, help="receipts at once, at the end of a phase")
    parser.add_argument("--bursts", type=_count, default=3, help="of a phase; 0: what bursts would tell is not told")
    parser.add_argument("--rounds", type=int, default=2, help="of all four states")
    parser.add_argument("--slow", type=float, default=30.0, help="seconds that a slow endpoint takes")
    parser.add_argument("--deferred", type=float, help="share of the receipts; not given: as the shipped bundle does")
    args = parser.parse_args()
    with local_processor(None) as processor, endpoint(Reply(ABSTAINS)) as at, fallback(processor, at) as service:
        phases, roll = asyncio.run(run(processor, service, at, args))
    return tell(phases, roll.fast_path, roll.fallback, roll.unreadable)


def receipts(deferred: float | None) -> Shelf:
    """Those of `docmill load`; of these `deferred`, a share, are ones that the shipped bundle is not sure of.

    Raises:
        ConfigurationError: it is sure of all, or of none.
    """
    shelf = sample_shelf(resource("samples"), ["receipts"], seed=0)
    if deferred is None:
        return shelf
    return {"receipts": with_deferred(shelf["receipts"], deferred, default_bundle_defers)}


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
    shelf, books = receipts(args.deferred), Books()
    settings = load_settings(kafka_bootstrap_servers=processor.environment["KAFKA_BOOTSTRAP_SERVERS"], topic_prefix="")
    replies = {
        ANSWERS: Reply(ABSTAINS),
        DOWN: Reply(hangs_up=True),
        SLOW: Reply(ABSTAINS, delay_s=args.slow),
        NONSENSE: Reply("This is no JSON, and will not become any."),
    }
    phases: list[Phase] = []
    async with open_drive(settings, books.on_outcome) as drive:
        order = in_turn(args.rounds)
        for number, state in enumerate(order):
            at.replies = (replies[ANSWERS],)
            in_step = not number or await caught_up(processor, service)
            at.replies = (replies[state],)
            before = await counts(service.await_url())
            used, began_s = cpu_s(processor, service), time.monotonic()
            own = number * (1 + args.bursts)  # numbers of plans, and so of documents, come once
            plan = plan_phase(shelf, own, args.rate, args.phase, 0)
            phase = await run_phase(processor, drive, books, plan, flooded=False)
            latencies_s = latencies(books.ledger)
            bursts, per_s = [], []
            for burst in range(own + 1, own + 1 + args.bursts):
                at_once = plan_phase(shelf, burst, args.burst / BURST_S, BURST_S, 0, settle_s=0.0)
                bursts.append((await run_phase(processor, drive, books, at_once, flooded=False)).result)
                per_s.append(outcomes_per_s(books.ledger))
            took_s = time.monotonic() - began_s
            cores = {name: (at_end - used[name]) / took_s for name, at_end in cpu_s(processor, service).items()}
            after = await counts(service.await_url())
            breaker_open = (await totals(service.await_url()))[BREAKER] == 1
            did = {name: after[name] - before[name] for name in WATCHED}
            seen = (phase.result, latencies_s, tuple(bursts), tuple(per_s))
            phases.append(Phase(state, *seen, did, cores, breaker_open, in_step))
            print(f"phase {number + 1} of {len(order)} done: {state}", file=sys.stderr)
    at.replies = (replies[ANSWERS],)
    await caught_up(processor, service)
    return phases, await call_roll(settings)


async def caught_up(processor: LocalProcessor, service: Processor) -> bool:
    """Returns once all that the processor has deferred so far has come out of the fallback; as `drained`."""
    deferred = (await totals(processor.url)).get(DEFERRED, 0.0)  # without a sample where there was none
    return await drained(service.await_url(), deferred)


def cpu_s(processor: LocalProcessor, service: Processor) -> dict[str, float]:
    """What each of PROCESSES has used so far."""
    pids = dict(zip(PROCESSES, (processor.pid, processor.broker_pid, service.pid), strict=True))
    return {name: cpu_seconds(pid) for name, pid in pids.items()}


def latencies(ledger: Ledger | None) -> tuple[float, ...]:
    """Of a phase's counted documents, in seconds; infinite: it never left the fast path."""
    counted = [] if ledger is None else ledger.counted
    return tuple(math.inf if entry.latency_s is None else entry.latency_s for entry in counted)


def outcomes_per_s(ledger: Ledger | None) -> float:
    """Outcomes of a phase's counted documents a second, until its end or, where that is later, the last of them."""
    if ledger is None:
        return 0.0
    began_s = ledger.start_s + ledger.plan.offer.warm_up_s
    arrived = [entry.arrived_s for entry in ledger.counted if entry.arrived_s is not None]
    return len(arrived) / (max([began_s + ledger.plan.offer.counted_s, *arrived]) - began_s)


async def drained(url: str, deferred: float) -> bool:
    """Returns a little after as many have come out of the fallback as were deferred, or when patience ends; which.

    Whether they are the same ones the topics tell.
    """
    until_s = time.monotonic() + DRAIN_S
    while True:
        came = await came_out(url)
        if came >= deferred or time.monotonic() > until_s:
            if came < deferred:
                print(f"after {DRAIN_S:.0f} s {deferred - came:.0f} still wait in the fallback", file=sys.stderr)
            await asyncio.sleep(SETTLE_S)
            return came >= deferred
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
    return _count(text, least=1)


def _count(text: str, least: int = 0) -> int:
    value = int(text)
    if value < least:
        raise argparse.ArgumentTypeError(f"{text} is not {least} or more")
    return value


def _is(series: str, name: str, label: str) -> bool:
    return series == name if not label else series.startswith(f"{name}{{") and label in series


if __name__ == "__main__":
    sys.exit(main())

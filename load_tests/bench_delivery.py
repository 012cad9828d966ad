"""`make bench`: what exactly_once costs beside at_least_once: documents/s, processor time, connections, rebalances.

    python -m load_tests.bench_delivery [--blocks 2] [--loads mail short] [--partitions 1 16 64] [--broker-apart]

Throughput: a processor of each delivery, both up and on one broker, take the same backlog in turns, four pairs a
block; claimed is the median of the pairs' ratios. One commit by itself: the deliveries' own code, without documents.
Partitions: what one worker that holds all of them takes, and what a second one's coming and going does to it.
Everything shares this machine's cores, and whatever else they do falls on both alike: take the ratios, not the
absolutes. With --broker-apart the broker has the last core to itself and all else the others, as where brokers have
machines of their own: then a worker pays for its own part of a transaction only.
"""

import argparse
import asyncio
import os
import statistics
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path

from rich.console import Console

from docmill.bundle.load import default_bundle, load_bundle
from docmill.load.documents import Shelf, sample_shelf
from docmill.load.mix import DEFAULT_MIX, parse_mix
from docmill.local_kafka import EmbeddedBroker, embedded_broker
from docmill.resources import resource
from load_tests.delivery_parts.commits import CommitCost, measure_commits
from load_tests.delivery_parts.membership import measure_holding
from load_tests.delivery_parts.pairs import DELIVERIES, Round
from load_tests.delivery_parts.proc import share_priority
from load_tests.delivery_parts.report import DeliveryReport, LoadResult, print_report
from load_tests.delivery_parts.throughput import Load, backlog_of, run_load
from load_tests.report import command_line, report_console, write_report

SHORT_MIX = "receipts=70,complaints=30"  # no document fills a slice: most commits a second
LOADS = {
    load.name: load
    for load in (
        Load("mail", parse_mix(DEFAULT_MIX), 120, 6),
        Load("short", parse_mix(SHORT_MIX), 400, 6),
        Load("short64", parse_mix(SHORT_MIX), 400, 64),
        Load("short1", parse_mix(SHORT_MIX), 400, 1),
    )
}
DEFAULT_JSON = Path(__file__).parents[1] / "docs" / "load" / "delivery.json"
SLICE_DOCUMENTS = 8  # of the commit that is measured by itself
COMMITS = 100  # of one turn
FILE_COLUMNS = 180


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--blocks", type=int, default=2, help="of eight rounds, four pairs; 0: no throughput")
    parser.add_argument("--loads", nargs="*", choices=LOADS, default=list(LOADS))
    parser.add_argument("--partitions", type=int, nargs="*", default=[1, 16, 64])
    parser.add_argument("--times", type=int, default=3, help="that a second worker joins and leaves")
    parser.add_argument("--commit-blocks", type=int, default=2)
    parser.add_argument("--threads", type=int, help="inference threads; default: the cores that processors may use")
    parser.add_argument(
        "--broker-apart", action="store_true", help="the broker has a core to itself; needs two (Linux)"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, default=DEFAULT_JSON)
    args = parser.parse_args()
    cores = len(os.sched_getaffinity(0))
    if args.broker_apart and cores == 1:
        parser.error("--broker-apart needs two cores")
    args.threads = args.threads or cores - args.broker_apart
    out = report_console(FILE_COLUMNS)
    args.json.parent.mkdir(parents=True, exist_ok=True)  # if it cannot be made, that is told first
    print_report(out, asyncio.run(run(args, out)))


async def run(args: argparse.Namespace, out: Console) -> DeliveryReport:
    """All measurements, on one broker; the report is written after each: a run takes half an hour."""
    report = empty_report(args)
    kinds = sorted({kind for name in args.loads for kind in LOADS[name].mix.weights} | {"receipts"})
    shelf = sample_shelf(resource("samples"), kinds, args.seed)

    def write(**found: object) -> None:
        nonlocal report
        report = report.model_copy(update={**found, "load_average_after": os.getloadavg()})
        write_report(report, args.json, indent=1)

    with started_broker(args.broker_apart) as broker, tempfile.TemporaryDirectory() as folder:
        share_priority(broker.pid)
        write(commits=await measure_commit_cost(args, shelf, broker))
        for partitions, delivery in product(args.partitions, DELIVERIES):
            out.print(f"{partitions} partitions, {delivery}", style="dim")
            held = await measure_holding(
                broker, delivery, partitions, Path(folder), threads=args.threads, times=args.times
            )
            write(holdings=(*report.holdings, held))
        for name in args.loads if args.blocks else ():
            write(loads=(*report.loads, await measure_load(LOADS[name], args, shelf, broker, Path(folder), out)))
    return report


@contextmanager
def started_broker(apart: bool) -> Iterator[EmbeddedBroker]:
    """A broker; `apart`: on the last core, which nothing else that is started here gets."""
    cores = sorted(os.sched_getaffinity(0))
    if apart:
        os.sched_setaffinity(0, cores[-1:])  # inherited by what is started from here on
    with embedded_broker(ephemeral=True) as broker:
        os.sched_setaffinity(0, cores[:-1] if apart else cores)
        yield broker


def empty_report(args: argparse.Namespace) -> DeliveryReport:
    """Before anything is measured."""
    bundle = load_bundle(default_bundle())
    return DeliveryReport(
        command=command_line("load_tests.bench_delivery"),
        load_average=os.getloadavg(),
        bundle=f"{bundle.name} {bundle.version}",
        threads=args.threads,
        loads=(),
        commits=(),
        holdings=(),
    )


async def measure_load(
    load: Load, args: argparse.Namespace, shelf: Shelf, broker: EmbeddedBroker, folder: Path, out: Console
) -> LoadResult:
    """See throughput.py."""

    def tell(round_: Round) -> None:
        out.print(f"{load.name}: {round_.delivery} {round_.documents_per_s:.2f} documents/s", style="dim")

    backlog = backlog_of(load, shelf, args.seed)
    rounds = await run_load(load, backlog, broker, folder, blocks=args.blocks, threads=args.threads, on_round=tell)
    mean = statistics.fmean(document.characters or 0 for of_one in backlog for document in of_one)
    return LoadResult(
        name=load.name,
        mix=str(load.mix),
        documents=load.documents,
        partitions=load.partitions,
        mean_characters=mean,
        rounds=tuple(rounds),
    )


async def measure_commit_cost(args: argparse.Namespace, shelf: Shelf, broker: EmbeddedBroker) -> tuple[CommitCost, ...]:
    """Of a slice of receipts. See commits.py."""
    if not args.commit_blocks:
        return ()
    values = [document.content for document in shelf["receipts"][:: len(shelf["receipts"]) // SLICE_DOCUMENTS]]
    return await measure_commits(broker, values[:SLICE_DOCUMENTS], blocks=args.commit_blocks, commits=COMMITS)


if __name__ == "__main__":
    main()

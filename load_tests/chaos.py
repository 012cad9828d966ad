"""`make chaos PROFILE=smoke|long`: is every document's outcome there exactly once, whatever happens to the processes?

    python -m load_tests.chaos [--profile smoke|long] [--seed N] [--work DIR] [--limit-s S] [--out DIR]
    python -m load_tests.chaos --control one_id|ack_first

A broker, workers and a proxy between them run in processes of their own; numbered documents go out at a steady rate,
each in a ledger before it is sent; processes are killed, frozen and cut off, bundles are replaced and broken. At the
end all topics are read out under read_committed and held against the ledger by code that imports nothing of docmill.

With --work the run can be broken off, by --limit-s or by a death, and the same command goes on where it was. Written to
--out (default: the work folder): chaos.json and chaos.png.

A control is the same run with a naive worker; there the oracle must find something.

Exit codes: 0 it holds and every fault struck (a control: the oracle found something), 1 otherwise, 3 broken off.
"""

import argparse
import asyncio
import logging
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from rich.console import Console

from docmill.load.machine import this_machine
from load_tests.chaos_parts.bundles import Shelf
from load_tests.chaos_parts.cluster import ROOT, Cluster, child_environment, running_cluster
from load_tests.chaos_parts.coordinator import GROUP
from load_tests.chaos_parts.documents import DEADLY_TEXT, SLOW_S
from load_tests.chaos_parts.plan import CONTROL, PROFILES, Profile
from load_tests.chaos_parts.plot import write_plot
from load_tests.chaos_parts.report import ChaosReport, make_report, print_report, write_json
from load_tests.chaos_parts.run import Task, run_chaos
from load_tests.chaos_parts.state import State, load_state

DOCMILL = (sys.executable, "-m", "tests.integration.altered_processor", "run", "processor")
CONTROLS = {
    "one_id": (sys.executable, "-m", "load_tests.chaos_parts.naive_one_id"),
    "ack_first": (sys.executable, "-m", "load_tests.chaos_parts.naive_ack_first"),
}
BROKEN_OFF = 3
FILE_COLUMNS = 140


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--profile", choices=["smoke", "long"], default="smoke")
    parser.add_argument("--control", choices=list(CONTROLS), help="a naive worker in docmill's place")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--work", type=Path, help="keep ledger, topics and state here; default: a temporary folder")
    parser.add_argument("--limit-s", type=float, help="break off after so many seconds, to go on later; needs --work")
    parser.add_argument("--out", type=Path, help="where chaos.json and chaos.png go; default: the work folder")
    args = parser.parse_args(arguments)
    if args.limit_s is not None and args.work is None:
        parser.error("--limit-s needs --work")
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # of our own clients, while the broker is away
    with ExitStack() as stack:
        work = args.work or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="docmill-chaos-")))
        work.mkdir(parents=True, exist_ok=True)
        profile = CONTROL if args.control else PROFILES[args.profile]
        report = run(work.resolve(), profile, args.seed, args.control, args.limit_s, args.out or work)
    if report is None:
        print("broken off; the same command goes on", file=sys.stderr)
        return BROKEN_OFF
    print_report(Console(highlight=False, width=None if Console().is_terminal else FILE_COLUMNS), report)
    if args.control:
        return int(not report.convicts)
    return int(not report.holds or bool(report.short_of))


def run(
    work: Path, profile: Profile, seed: int, control: str | None, limit_s: float | None, out: Path
) -> ChaosReport | None:
    """One call's part of a run; None: it is to go on."""
    state = load_state(work, profile.name, seed, control)
    shelf = Shelf(work) if control is None else None
    environment = control_environment if shelf is None else partial(worker_environment, shelf.link)
    command = CONTROLS[control] if control else DOCMILL
    task = Task(work, profile, command, environment, control is None, limit_s, shelf)
    with running_cluster(work / "kafka", profile.workers + profile.guests) as cluster:
        create_topics(cluster, profile.partitions)
        verdict = asyncio.run(run_chaos(task, cluster, state))
    if verdict is None:
        return None
    report = make_report(verdict, state, profile, str(this_machine()))
    write_results(report, state, out)
    return report


def write_results(report: ChaosReport, state: State, out: Path) -> None:
    """chaos.json and chaos.png."""
    out.mkdir(parents=True, exist_ok=True)
    write_json(report, out / "chaos.json")
    what = f"control {report.control}" if report.control else report.profile
    wrong = ", ".join(f"{count} {name}" for name, count in report.faults.items())
    write_plot(state, f"Chaos, {what}, seed {report.seed}: {report.accepted} accepted; {wrong}", out / "chaos.png")


def worker_environment(bundle: Path, cluster: Cluster, slot: int) -> Mapping[str, str]:
    """Of docmill's worker in a slot. Slices are small, so that there are many transactions to hit."""
    return {
        "KAFKA_BOOTSTRAP_SERVERS": cluster.path_to(slot),
        "DOCMILL_DELIVERY": "exactly_once",
        "DOCMILL_GROUP": GROUP,
        "DOCMILL_BUNDLE": str(bundle),
        "DOCMILL_BUNDLE_POLL_S": "0.5",
        "DOCMILL_THREADS": "1",
        "DOCMILL_PARSERS": "1",
        "DOCMILL_HTTP_PORT": "0",
        "DOCMILL_SESSION_TIMEOUT_MS": "6000",
        "DOCMILL_MAX_SLICE_TOKENS": "256",
        "DOCMILL_BROKER_TIMEOUT_S": "300",
        "TEST_SLOW_S": str(SLOW_S),
        "TEST_DEADLY_TEXT": DEADLY_TEXT,
    }


def control_environment(cluster: Cluster, slot: int) -> Mapping[str, str]:
    """Of a naive worker."""
    return {"KAFKA_BOOTSTRAP_SERVERS": cluster.path_to(slot), "CHAOS_SLOT": str(slot)}


def create_topics(cluster: Cluster, partitions: int) -> None:
    """docmill's own, where they are missing."""
    command = [sys.executable, "-m", "docmill", "topics", "create", "--partitions", str(partitions)]
    environment = {"KAFKA_BOOTSTRAP_SERVERS": cluster.bootstrap}
    subprocess.run(command, env=child_environment(environment), check=True, stdout=subprocess.DEVNULL, cwd=ROOT)


if __name__ == "__main__":
    sys.exit(main())

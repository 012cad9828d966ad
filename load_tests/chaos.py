"""`make chaos PROFILE=...`: is every document's outcome there exactly once, whatever happens to the processes?

    python -m load_tests.chaos [--profile smoke|long|fallback|fallback-brief] [--seed N] [--work DIR] [--limit-s S]
                               [--out DIR]
    python -m load_tests.chaos --control one_id|ack_first [--brief]

A broker, workers and a proxy between them run in processes of their own; numbered documents go out at a steady rate,
each in a ledger before it is sent; processes are killed, frozen and cut off, bundles are replaced and broken. At the
end all topics are read out under read_committed and held against the ledger by code that imports nothing of docmill.

Profiles smoke and long drive the processor, fallback and fallback-brief the fallback, whose generator hangs up, is slow
and answers in turn, so that requests are put back to wait for it.

With --work the run can be broken off, by --limit-s or by a death, and the same command goes on where it was. Written to
--out (default: the work folder): chaos.json and chaos.png.

A control is the same run with a naive worker; there the oracle must find something. --brief: in two deaths at once.

Exit codes: 0 it holds and every fault struck (a control: the oracle found something), 1 otherwise, 3 broken off.
"""

import argparse
import asyncio
import logging
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from aiokafka import AIOKafkaProducer

from docmill.load.machine import this_machine
from load_tests.chaos_parts.cluster import ROOT, Cluster, child_environment, running_cluster
from load_tests.chaos_parts.driven import CONTROLS, Driven, a_control, the_fallback, the_processor
from load_tests.chaos_parts.generator import turning_generator
from load_tests.chaos_parts.plan import CONTROL, CONTROL_BRIEF, PROFILES, Profile
from load_tests.chaos_parts.plot import write_plot
from load_tests.chaos_parts.report import ChaosReport, make_report, print_report, write_json
from load_tests.chaos_parts.run import Task, run_chaos
from load_tests.chaos_parts.state import State, load_state
from load_tests.report import report_console

BROKEN_OFF = 3
OF_CONTROLS = (CONTROL.name, CONTROL_BRIEF.name)  # they judge no service of docmill's


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--profile", choices=[name for name in PROFILES if name not in OF_CONTROLS], default="smoke")
    parser.add_argument("--control", choices=list(CONTROLS), help="a naive worker in docmill's place")
    parser.add_argument("--brief", action="store_true", help="of ack_first: as the tests run it")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--work", type=Path, help="keep ledger, topics and state here; default: a temporary folder")
    parser.add_argument("--limit-s", type=float, help="break off after so many seconds, to go on later; needs --work")
    parser.add_argument("--out", type=Path, help="where chaos.json and chaos.png go; default: the work folder")
    args = parser.parse_args(arguments)
    if args.limit_s is not None and args.work is None:
        parser.error("--limit-s needs --work")
    if args.brief and args.control != "ack_first":
        parser.error("--brief is for --control ack_first: one_id doubles by zombies, of which a brief run has none")
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # of our own clients, while the broker is away
    with ExitStack() as stack:
        work = args.work or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="docmill-chaos-")))
        work.mkdir(parents=True, exist_ok=True)
        profile = (CONTROL_BRIEF if args.brief else CONTROL) if args.control else PROFILES[args.profile]
        report = run(work.resolve(), profile, args.seed, args.control, args.limit_s, args.out or work)
    if report is None:
        print("broken off; the same command goes on", file=sys.stderr)
        return BROKEN_OFF
    print_report(report_console(), report)
    if args.control:
        return int(not report.convicts)
    return int(not report.holds or bool(report.short_of))


def run(
    work: Path, profile: Profile, seed: int, control: str | None, limit_s: float | None, out: Path
) -> ChaosReport | None:
    """One call's part of a run; None: it is to go on."""
    state = load_state(work, profile.name, seed, control)
    with ExitStack() as stack:
        driven = driven_by(profile, work, control, stack)
        cluster = stack.enter_context(running_cluster(work / "kafka", profile.workers + profile.guests))
        create_topics(cluster, profile.partitions)
        asyncio.run(fill_index(cluster, driven))
        verdict = asyncio.run(run_chaos(Task(work, profile, driven, limit_s), cluster, state))
    if verdict is None:
        return None
    report = make_report(verdict, state, profile, str(this_machine()))
    write_results(report, state, out)
    return report


def driven_by(profile: Profile, work: Path, control: str | None, stack: ExitStack) -> Driven:
    """What the profile drives; what it needs beside it ends with the stack."""
    if control is not None:
        return a_control(control)
    if profile.service == "fallback":
        return the_fallback(work, stack.enter_context(turning_generator()))
    return the_processor(work)


def write_results(report: ChaosReport, state: State, out: Path) -> None:
    """chaos.json and chaos.png."""
    out.mkdir(parents=True, exist_ok=True)
    write_json(report, out / "chaos.json")
    what = f"control {report.control}" if report.control else report.profile
    wrong = ", ".join(f"{count} {name}" for name, count in report.faults.items())
    write_plot(state, f"Chaos, {what}, seed {report.seed}: {report.accepted} accepted; {wrong}", out / "chaos.png")


def create_topics(cluster: Cluster, partitions: int) -> None:
    """docmill's own, where they are missing."""
    command = [sys.executable, "-m", "docmill", "topics", "create", "--partitions", str(partitions)]
    environment = {"KAFKA_BOOTSTRAP_SERVERS": cluster.bootstrap}
    subprocess.run(command, env=child_environment(environment), check=True, stdout=subprocess.DEVNULL, cwd=ROOT)


async def fill_index(cluster: Cluster, driven: Driven) -> None:
    """Before any worker starts."""
    if not driven.knowledge:
        return
    async with AIOKafkaProducer(bootstrap_servers=cluster.bootstrap, acks="all") as producer:
        for passage in driven.knowledge:
            value = passage.model_dump_json(exclude_none=True).encode()
            await producer.send_and_wait("knowledge.indexed", value, key=passage.passage_id.encode())


if __name__ == "__main__":
    sys.exit(main())

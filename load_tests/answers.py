"""How soon the fallback's answers change with what is known, and whether the changed ones are right.

    python -m load_tests.answers [--changes 20] [--rows 50] [--seed 0] [--json FILE]

A broker of this machine; indexer, arbiter and fallback in processes of their own, with the packaged embedder, the
default bundle and the policy that ships, without a generator. Changes, one at a time, at random moments:

    a person decides a document of a kind that no bundle knows; the exemplar that this became gets another type, and is
    deleted; a row is added to a code list, and taken off it

Each counts from its acknowledgement to the first answer by it, as a reader of committed records gets it, of a document
like it that is sent every 0.2 s. Then documents that the change is about, and some that it is not about, are answered
once more each and compared with what is right; how the latter were answered before is not asked. Requests go to
documents.fallback straight: what the fast model would say of them is made up (answer_parts/documents.py).
"""

import argparse
import asyncio
import os
import random
import sys
import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from rich.console import Console
from rich.table import Table

from docmill.bundle.bundle import Bundle
from docmill.bundle.load import default_bundle, load_bundle
from docmill.local_kafka import embedded_broker
from docmill.settings import load_settings
from docmill_schemas.events import BundleRef
from load_tests.answer_parts.desk import open_desk
from load_tests.answer_parts.documents import Documents
from load_tests.answer_parts.judge import Changed, Tally, total
from load_tests.answer_parts.measure import EVERY_S, Timed, by_kind, time_step
from load_tests.answer_parts.steps import NEVER_LISTED, notice_steps, prepare, register_steps
from load_tests.delivery_parts.proc import share_priority
from load_tests.freshness import LONGEST_GAP_S, packaged_embedding
from load_tests.local_processor import Processor, create_topics, environment_of
from load_tests.report import Report, command_line, report_console, write_report

DEFAULT_JSON = Path(__file__).parents[1] / "docs" / "load" / "answers.json"
SERVICES = ("indexer", "arbiter", "fallback")


class AnswersReport(Report):
    """What `--json` holds, below the head of every report."""

    bundle: str
    embedding: str
    every_s: float  # between two documents
    rows: int  # of the code list
    changes: tuple[Changed, ...]


def main() -> None:
    args = parse_arguments(sys.argv[1:])
    load_before = os.getloadavg()
    embedding, bundle = packaged_embedding(), load_bundle(default_bundle())
    timed = asyncio.run(measure(bundle, args.changes, args.rows, args.seed))
    report = AnswersReport(
        command=command_line("load_tests.answers"),
        load_average=load_before,
        bundle=f"{bundle.name} {bundle.version}",
        embedding=embedding.name,
        every_s=EVERY_S,
        rows=args.rows,
        changes=by_kind(timed),
    )
    write_report(report, args.json)
    print_report(report_console(), report)


def parse_arguments(given: Sequence[str]) -> argparse.Namespace:
    """The command's options. Raises: SystemExit: they make no sense; says why."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--changes", type=int, default=20, help="of each kind")
    parser.add_argument("--rows", type=int, default=50, help="of the code list")
    parser.add_argument("--seed", type=int, default=0, help="of the moments and the texts")
    parser.add_argument("--json", type=Path, default=DEFAULT_JSON)
    args = parser.parse_args(given)
    if args.changes < 1 or args.rows < 1 or args.rows + args.changes > NEVER_LISTED:
        parser.error(f"--changes and --rows are 1 or more, and {NEVER_LISTED} at most together")
    return args


async def measure(bundle: Bundle, changes: int, rows: int, seed: int) -> list[Timed]:
    """All kinds of changes, in turns, on one broker."""
    async with AsyncExitStack() as stack:
        broker = stack.enter_context(embedded_broker(ephemeral=True))
        share_priority(broker.pid)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        own = {"DOCMILL_AUDIT_SHARE": "0", "XDG_DATA_HOME": str(folder / "data")}
        environment = environment_of(broker.bootstrap_servers, own)
        await asyncio.to_thread(create_topics, environment)
        services = [Processor(environment, folder / f"{name}.log", service=name) for name in SERVICES]
        for service in services:
            stack.callback(service.close)
        for service in services:
            await asyncio.to_thread(service.await_ready)
        settings = load_settings(kafka_bootstrap_servers=broker.bootstrap_servers, topic_prefix="")
        desk = await stack.enter_async_context(open_desk(settings))
        moments = random.Random(seed)
        reference = BundleRef(name=bundle.name, version=bundle.version, sha256=bundle.sha256)
        documents = Documents(reference, bundle.spec.labels, random.Random(seed))
        await prepare(desk.ask, desk.send, documents, rows)
        timed = []
        for number in range(changes):
            steps = (
                *notice_steps(documents, desk.send, number),
                *register_steps(documents, desk.send, number, rows),
            )
            for step in steps:
                timed.append(await time_step(desk.ask, step, moments.uniform(0, LONGEST_GAP_S)))
            print(f"{number + 1} of {changes} rounds done", file=sys.stderr)
        for service in reversed(services):
            await asyncio.to_thread(service.stop)
        return timed


def right_of(tally: Tally) -> str:
    """How many were right, of how many."""
    return f"{tally.right} of {tally.answers}"


def print_report(out: Console, report: AnswersReport) -> None:
    """A table, and what it is of."""
    title = f"Seconds from acknowledgement to the first answer by it; {report.machine}"
    table = Table(title=title, title_justify="left")
    table.add_column("change")
    for heading in ("changes", "p50 s", "p95 s", "longest s", "right then", "to people", "wrong", "others right"):
        table.add_column(heading, justify="right")
    for one in report.changes:
        seconds = (one.quantile_s(quantile) for quantile in (0.5, 0.95, 1))
        table.add_row(
            one.what,
            str(len(one.seconds)),
            *(f"{value:.2f}" for value in seconds),
            right_of(one.changed),
            str(one.changed.left),
            str(one.changed.wrong),
            right_of(total(one.others.values())),
        )
    out.print(table)
    for one in report.changes:
        told = "; ".join(f"{name} {right_of(tally)}" for name, tally in one.others.items())
        out.print(f"Others right, {one.what}: {told}")
    between = sum(one.between for one in report.changes)
    out.print(
        f"A document every {report.every_s} s; a code list of {report.rows} rows; {report.bundle}, {report.embedding}; "
        f"answers before a change showed that were neither the old nor the new one: {between}; "
        f"{report.load_told}."
    )


if __name__ == "__main__":
    main()

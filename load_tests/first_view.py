"""docs/operate/overview.png: some minutes of mail through all services, as the overview shows them.

    python -m load_tests.first_view [--minutes 12] [--rate 0.8] [--burst 90] [--data FOLDER] [--keep FOLDER]

A broker, a processor of one inference thread, indexer, fallback and arbiter of this checkout, and a Prometheus with
deploy's rules (`apt-get install prometheus`), all on this machine. In shares of the time:

    0.00    documents at a low rate, now and then a broken one; exemplars come, and some are deleted
    0.20    a burst; a second replica of the processor, begun at 0.17, until 0.50
    0.40    the generator hangs up, until 0.52
    0.60    most of the mail is of a kind that no bundle knows, until 0.85

The generator is a stub that abstains from every question: it decides nothing, and its tokens are made up. In a
person's place a script decides reviews: it knows the type, and takes the fields as they are proposed, so that audits
say something of types alone. At the end `python -m deploy.grafana.preview` draws the panels.

Mail are docmill's samples and, of a folder of labelled sources (`--data`, DOCMILL_DATA), their validation documents.
"""

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from docmill.bundle.load import default_bundle, load_bundle
from docmill.cli.review_fields import proposed
from docmill.errors import ReviewError
from docmill.kafka.drive import open_drive
from docmill.kafka.read_reviews import ReviewSummary, find_review, list_reviews
from docmill.kafka.send_feedback import feedback_on, feedback_record
from docmill.kafka.send_knowledge import send_knowledge
from docmill.kafka.send_record import send_record
from docmill.load.machine import this_machine
from docmill.local_kafka import embedded_broker
from docmill.resources import resource
from docmill.settings import Settings, load_settings
from docmill_schemas.events import KnowledgeUpdated
from docmill_schemas.reasons import DeferralReason, KnowledgeKind, ReviewReason
from docmill_schemas.topics import FEEDBACK
from load_tests.delivery_parts.proc import share_priority
from load_tests.generator_outage import ABSTAINS
from load_tests.local_processor import create_topics, environment_of
from load_tests.view_parts.mail import Letter, Mail, known_before, plan_mail, read_letters
from load_tests.view_parts.services import Fleet, prometheus
from tests.unit.generator.endpoint import Endpoint, Reply, endpoint

OUT = Path(__file__).parents[1] / "docs" / "operate" / "overview.png"
SERVICES = ("processor", "indexer", "fallback", "arbiter")
JOINS, LEAVES = 0.17, 0.5  # the second replica
HANGS_UP, ANSWERS = 0.4, 0.52  # the generator
LEAD_S, TAIL_S = 15.0, 15.0  # of the picture, before the mail and after it
INTERVAL_S = 5  # of scrapes
EXEMPLARS = 120
KNOWLEDGE_EVERY_S, KNOWLEDGE_AT_ONCE = 20.0, 4
REVIEWER, REVIEWS_EVERY_S = "first-view", 8.0


def main() -> None:
    """Run, draw, say what was run."""
    args = parse_arguments()
    seconds, samples, random = args.minutes * 60 - LEAD_S - TAIL_S, resource("samples"), Random(0)
    letters = read_letters(samples, args.data, load_bundle(default_bundle()).manifest)
    exemplars, rest = known_before(letters)
    mail = plan_mail(rest, samples, args.rate, args.burst, seconds, random)
    taught = random.sample(exemplars, min(EXEMPLARS, len(exemplars)))
    with ExitStack() as stack:
        folder = args.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(parents=True, exist_ok=True)
        broker = stack.enter_context(embedded_broker(ephemeral=True))
        share_priority(broker.pid)
        generator = stack.enter_context(endpoint(Reply(ABSTAINS)))
        own = {
            "DOCMILL_THREADS": "1",
            "DOCMILL_AUDIT_SHARE": "0.2",
            "DOCMILL_GENERATOR_URL": generator.base_url,
            "DOCMILL_GENERATOR_MODEL": "stub",
            "XDG_DATA_HOME": str(folder / "index"),
        }
        environment = environment_of(broker.bootstrap_servers, own)
        create_topics(environment)
        fleet = Fleet(environment, folder)
        stack.callback(fleet.close)
        for service in SERVICES:
            fleet.start(service, service)
        url = stack.enter_context(prometheus(folder, fleet.targets, INTERVAL_S))
        settings = load_settings(kafka_bootstrap_servers=broker.bootstrap_servers, topic_prefix="")
        outcomes = asyncio.run(run(settings, fleet, generator, mail, taught, seconds))
        drawn = ("--prometheus", url, "--minutes", f"{args.minutes:g}", "--scrape-s", str(INTERVAL_S))
        subprocess.run([sys.executable, "-m", "deploy.grafana.preview", *drawn, "--out", str(args.out)], check=True)
        fleet.stop_all()
    told = ", ".join(f"{kind} {count}" for kind, count in sorted(outcomes.items()))
    print(f"{len(mail.shipments)} documents sent; {told}; {this_machine()}; load {os.getloadavg()[0]:.1f} at the end")


def parse_arguments() -> argparse.Namespace:
    """The command's options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=12.0, help="of the picture")
    parser.add_argument("--rate", type=float, default=0.8, help="documents a second")
    parser.add_argument("--burst", type=int, default=90, help="documents at once")
    parser.add_argument("--data", type=Path, default=os.environ.get("DOCMILL_DATA"), help="default: DOCMILL_DATA")
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--keep", type=Path, help="a new folder for logs and Prometheus' data; default: none is kept")
    return parser.parse_args()


async def run(
    settings: Settings, fleet: Fleet, generator: Endpoint, mail: Mail, exemplars: Sequence[Letter], seconds: float
) -> Counter[str]:
    """All of it, beginning with what is quiet; how many records of each kind came out."""
    outcomes = Counter[str]()
    await asyncio.sleep(LEAD_S)
    async with open_drive(settings, lambda key, kind, at_s: outcomes.update([kind.value])) as drive:
        start_s = asyncio.get_running_loop().time()

        async def at(share: float) -> None:
            await asyncio.sleep(start_s + share * seconds - asyncio.get_running_loop().time())

        async def second_replica() -> None:
            await at(JOINS)
            await asyncio.to_thread(fleet.start, "processor", "processor-2")
            await at(LEAVES)
            await asyncio.to_thread(fleet.stop, "processor-2")

        async def outage() -> None:
            await at(HANGS_UP)
            answering, generator.replies = generator.replies, (Reply(hangs_up=True),)
            await at(ANSWERS)
            generator.replies = answering

        async with asyncio.TaskGroup() as group:
            beside = [group.create_task(teach(settings, exemplars)), group.create_task(review(settings, mail.labels))]
            group.create_task(second_replica())
            group.create_task(outage())
            await drive.send(mail.shipments, start_s, lambda index, at_s: None, lambda index, why: print(why))
            await at(1.0)
            await asyncio.sleep(TAIL_S)
            for task in beside:
                task.cancel()
    return outcomes


async def teach(settings: Settings, exemplars: Sequence[Letter]) -> None:
    """Half of the exemplars at once, the others few by few, and each time the oldest is deleted; then nothing."""
    known = [
        KnowledgeUpdated(
            passage_id=f"first-view/{number}", kind=KnowledgeKind.EXEMPLAR, text=letter.text, document_type=letter.label
        )
        for number, letter in enumerate(exemplars)
    ]
    half = len(known) // 2
    await send_knowledge(settings, known[:half], REVIEWER)
    for step, first in enumerate(range(half, len(known), KNOWLEDGE_AT_ONCE)):
        await asyncio.sleep(KNOWLEDGE_EVERY_S)
        changes: list[KnowledgeUpdated | str] = [*known[first : first + KNOWLEDGE_AT_ONCE], known[step].passage_id]
        await send_knowledge(settings, changes, REVIEWER)


async def review(settings: Settings, labels: Mapping[str, str]) -> None:
    """In a person's place, until cancelled: the type as it is known, the fields as they are proposed."""
    while True:
        await asyncio.sleep(REVIEWS_EVERY_S)
        for summary in next_ones((await list_reviews(settings)).reviews):
            try:
                found = await find_review(settings, summary.request_id)
            except ReviewError:  # decided since it was listed
                continue
            label = labels[summary.document_id]
            feedback = feedback_on(found.review, label, proposed(found.review), REVIEWER, datetime.now(UTC))
            await send_record(settings, FEEDBACK, feedback_record(feedback, found.review, found.trace), "a decision")


def next_ones(oldest_first: Sequence[ReviewSummary]) -> list[ReviewSummary]:
    """The oldest audit, the oldest document that is like nothing known, and the oldest of the others."""
    first: dict[str, ReviewSummary] = {}
    for one in oldest_first:
        is_strange = DeferralReason.UNFAMILIAR_DOCUMENT in one.reasons
        first.setdefault("audit" if ReviewReason.AUDIT in one.review_reasons else f"strange: {is_strange}", one)
    return list(first.values())


if __name__ == "__main__":
    main()

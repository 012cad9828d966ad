"""How soon knowledge is searchable at every replica: seconds from its acknowledgement to a search that finds it.

    python -m load_tests.freshness [--changes 30] [--words 200] [--seed 0] [--json FILE]

A broker of this machine, `docmill run indexer` with the packaged embedder in a process of its own, and two copies of
the index that are followed as the fallback does. A source text is new, comes in a new version, is deleted; then
corrected documents come as exemplars. One change at a time, at random moments; a change counts as searchable when the
slower of the two copies has it. Each text holds a word of its own, which is what is searched for.
"""

import argparse
import asyncio
import os
import random
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict
from rich.console import Console
from rich.table import Table

from docmill.embedder.make import made_embedder
from docmill.embedder.manifest import MANIFEST_FILE, Manifest
from docmill.embedder.paths import cache_folder, packaged_weights
from docmill.index.sqlite_index import SqliteIndex
from docmill.index.types import Embedding, LocalIndex, Query
from docmill.kafka.follow_for_ever import CopyProgress, follow_for_ever
from docmill.kafka.received_record import new_event_id
from docmill.kafka.send import idempotent_producer
from docmill.kafka.send_knowledge import deleted_record, updated_record
from docmill.load.quantiles import quantile_of
from docmill.local_kafka import embedded_broker
from docmill.resources import resource
from docmill.settings import Settings, load_settings
from docmill_schemas.events import KnowledgeUpdated
from docmill_schemas.topics import KNOWLEDGE_UPDATED
from load_tests.delivery_parts.proc import share_priority
from load_tests.local_processor import Processor, create_topics, environment_of
from load_tests.report import Report, command_line, report_console, write_report

DEFAULT_JSON = Path(__file__).parents[1] / "docs" / "load" / "freshness.json"
SOURCE_TEXT = "contracts/software-license-agreement.txt"
REPLICAS = 2
LONGEST_GAP_S = 1.0  # between two changes, so that they fall anywhere between two polls
LOOK_EVERY_S = 0.005
PATIENCE_S = 120.0  # then something is broken, and nothing is measured
FILE_COLUMNS = 120

Send = Callable[[KnowledgeUpdated | str], Awaitable[None]]  # returns when it is acknowledged


class Freshness(BaseModel):
    """Seconds from the acknowledgement of each change to its being searchable in all copies, in their order."""

    model_config = ConfigDict(frozen=True)

    what: str
    seconds: tuple[float, ...]

    def quantile_s(self, quantile: float) -> float:
        """By the nearest rank; 1: the longest."""
        found = quantile_of(sorted(self.seconds), quantile)
        assert found is not None
        return found


class FreshnessReport(Report):
    """What `--json` holds, below the head of every report."""

    embedding: str
    replicas: int
    words: int  # of a source text
    freshness: tuple[Freshness, ...]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--changes", type=int, default=30, help="of each kind")
    parser.add_argument("--words", type=int, default=200, help="of a source text")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    parser.add_argument("--json", type=Path, default=DEFAULT_JSON)
    args = parser.parse_args()
    load_before = os.getloadavg()
    embedding = packaged_embedding()
    found = asyncio.run(measure(embedding, args.changes, args.words, random.Random(args.seed)))
    report = FreshnessReport(
        command=command_line("load_tests.freshness"),
        load_average=load_before,
        embedding=embedding.name,
        replicas=REPLICAS,
        words=args.words,
        freshness=found,
    )
    write_report(report, args.json)
    print_report(report_console(FILE_COLUMNS), report)


def packaged_embedding() -> Embedding:
    """What the indexer's vectors are called; makes the embedder where it is not there yet. Raises: EmbedderError."""
    folder = made_embedder(packaged_weights(), cache_folder())
    manifest = Manifest.model_validate_json((folder / MANIFEST_FILE).read_bytes())
    return Embedding(manifest.name, manifest.sha256, manifest.dimensions)


async def measure(embedding: Embedding, changes: int, words: int, moments: random.Random) -> tuple[Freshness, ...]:
    """All kinds of changes, one after the other, on one broker."""
    async with AsyncExitStack() as stack:
        broker = stack.enter_context(embedded_broker(ephemeral=True))
        share_priority(broker.pid)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        environment = environment_of(broker.bootstrap_servers, {})
        await asyncio.to_thread(create_topics, environment)
        indexer = Processor(environment, folder / "indexer.log", service="indexer")
        stack.callback(indexer.close)
        await asyncio.to_thread(indexer.await_ready)
        settings = load_settings(kafka_bootstrap_servers=broker.bootstrap_servers)
        copies = [
            await stack.enter_async_context(followed_copy(settings, folder / f"copy-{number}.sqlite", embedding))
            for number in range(REPLICAS)
        ]
        send = await stack.enter_async_context(sender(settings))
        found = await measure_kinds(send, copies, embedding, changes, words, moments)
        await asyncio.to_thread(indexer.stop)
        return found


async def measure_kinds(
    send: Send, copies: Sequence[LocalIndex], embedding: Embedding, changes: int, words: int, moments: random.Random
) -> tuple[Freshness, ...]:
    """New, a new version, a deletion; and exemplars."""

    async def timed(change: KnowledgeUpdated | str, word: str, *, there: bool) -> float:
        await asyncio.sleep(moments.uniform(0, LONGEST_GAP_S))
        await send(change)
        acknowledged_s = time.monotonic()
        await asyncio.gather(*(until_searchable(copy, embedding, word, there=there) for copy in copies))
        return time.monotonic() - acknowledged_s

    async def texts(kind: str, begin: str) -> list[float]:
        sent = [source_text(kind, number, f"{begin}{number}", words) for number in range(changes)]
        return [await timed(one, f"{begin}{number}", there=True) for number, one in enumerate(sent)]

    async def deletions() -> list[float]:
        ids = [source_text("policy", number, "", words).passage_id for number in range(changes)]
        return [await timed(one, f"second{number}", there=False) for number, one in enumerate(ids)]

    return (
        Freshness(what="a new text", seconds=tuple(await texts("policy", "first"))),
        Freshness(what="a new version of one", seconds=tuple(await texts("policy", "second"))),
        Freshness(what="its deletion", seconds=tuple(await deletions())),
        Freshness(what="a corrected document (exemplar)", seconds=tuple(await texts("exemplar", "third"))),
    )


def source_text(kind: str, number: int, word: str, words: int) -> KnowledgeUpdated:
    """`words` words of a sample, from another place for each number, with the word that is searched for among them."""
    sample = (resource("samples") / SOURCE_TEXT).read_text(encoding="utf-8").split()
    around = [sample[(number * 7 + place) % len(sample)] for place in range(words - 1)]
    around.insert(len(around) // 2, word)
    label = "contract.hosting" if kind == "exemplar" else None
    return KnowledgeUpdated(passage_id=f"{kind}-{number}", kind=kind, text=" ".join(around), document_type=label)


async def until_searchable(copy: LocalIndex, embedding: Embedding, word: str, *, there: bool) -> None:
    """Search until the word is found, or is not found any more.

    Raises:
        TimeoutError: it never comes.
    """
    vector = np.full(embedding.dimensions, embedding.dimensions**-0.5, dtype=np.float32)
    query = Query(word, vector, embedding, k=2)  # the first by vector may stand before the first by words
    async with asyncio.timeout(PATIENCE_S):
        while any(hit.score.text_rank for hit in await asyncio.to_thread(copy.search, query)) is not there:  # noqa: ASYNC110
            await asyncio.sleep(LOOK_EVERY_S)


@asynccontextmanager
async def followed_copy(settings: Settings, path: Path, embedding: Embedding) -> AsyncIterator[LocalIndex]:
    """A copy that has come to the log's end, followed until the block ends."""
    ready = asyncio.Event()

    def hear(progress: CopyProgress) -> None:
        if progress.ready:
            ready.set()

    index = SqliteIndex(path)
    task = asyncio.create_task(follow_for_ever(settings, index, embedding, hear))
    try:
        async with asyncio.timeout(PATIENCE_S):
            await ready.wait()
        yield index
    finally:
        task.cancel()
        await asyncio.wait([task])
        index.close()


@asynccontextmanager
async def sender(settings: Settings) -> AsyncIterator[Send]:
    """One producer for all changes: only the way from its acknowledgement on is measured."""
    async with idempotent_producer(settings, KNOWLEDGE_UPDATED.max_bytes) as producer:

        async def send(change: KnowledgeUpdated | str) -> None:
            source, event_id = "docmill/freshness", new_event_id()
            record = (
                deleted_record(change, source, event_id)
                if isinstance(change, str)
                else updated_record(change, source, event_id, datetime.now(UTC))
            )
            topic = settings.topic_prefix + record.topic
            await producer.send_and_wait(topic, record.value, key=record.key, headers=record.headers)

        yield send


def print_report(out: Console, report: FreshnessReport) -> None:
    """A table, and what it is of."""
    title = f"Seconds from acknowledgement to searchable at {report.replicas} copies; {report.machine}"
    table = Table(title=title, title_justify="left")
    table.add_column("change")
    for heading in ("changes", "p50 s", "p95 s", "longest s"):
        table.add_column(heading, justify="right")
    for one in report.freshness:
        seconds = (one.quantile_s(quantile) for quantile in (0.5, 0.95, 1))
        table.add_row(one.what, str(len(one.seconds)), *(f"{value:.2f}" for value in seconds))
    out.print(table)
    out.print(f"Texts of {report.words} words, {report.embedding}; {report.load_told}.")


if __name__ == "__main__":
    main()

"""How often a broker that comes back answers with an offset of long ago, and whether docmill believes it.

    python -m load_tests.stale_offsets [--restarts 6] [--commits 3000] [--busy 4]

A group commits offsets 1, 2, 3 and so on for each partition, so that the coordinator has a long log to load. The broker
is killed with SIGKILL and started again, on cores that are kept busy, and asked for the committed offsets all the time.
`plain` takes the coordinator's word, as every Kafka client does; `fenced` starts a transactional producer first;
`logged` is what docmill does: it holds the answer against its own log (kafka/progress.py). Every answer that is not the
last offset committed is wrong.
docs/decisions/0018-stale-offsets.md has what came out.
"""

import argparse
import asyncio
import contextlib
import itertools
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from functools import partial
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError
from aiokafka.structs import OffsetAndMetadata
from rich.console import Console

from docmill.errors import BrokerError
from docmill.kafka.crash_marks import CrashMark, signed
from docmill.kafka.exactly_once import ExactlyOnce, transactional_id
from docmill.kafka.producers import new_producer
from docmill.kafka.progress import Progress, ProgressLog, new_progress_consumer
from docmill.kafka.watched_consumer import PollWatch, WatchedConsumer
from docmill.local_kafka import EmbeddedBroker, embedded_broker
from docmill.settings import load_settings
from docmill_schemas.topics import PROGRESS

GROUP, TOPIC, PARTITIONS = "stale", "claims", 50
INPUT_ID = "its id"
ASKED = [TopicPartition(TOPIC, partition) for partition in range(PARTITIONS)]
WATCHED_S = 30.0  # after a restart
PATIENCE_S = 5.0  # for one answer
PAUSE_S = 0.02
AT_ONCE = 5  # questions of each way

Answers = Counter[str]
Ask = Callable[[TopicPartition], Coroutine[Any, Any, int]]


class Onlooker(WatchedConsumer):
    """Asks for the group's offsets without being a member, which acquire would ask for first."""

    async def confirm_membership(self) -> None:
        """Taken as given."""


class Believing(ExactlyOnce):
    """Fenced, and then the coordinator is believed."""

    async def _last_offset(self, partition: TopicPartition, producer: AIOKafkaProducer) -> OffsetAndMetadata | None:
        return await self._positions.fetch(partition)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--restarts", type=int, default=6)
    parser.add_argument("--commits", type=int, default=3000, help="of each partition")
    parser.add_argument("--busy", type=int, default=4, help="processes that keep the cores busy")
    args = parser.parse_args()
    out = Console(highlight=False)
    total = {way: Answers() for way in WAYS}
    settings = {"offsets.topic.num.partitions": "1", "num.partitions": str(PARTITIONS)}
    with embedded_broker(settings=settings) as broker:
        asyncio.run(prepare(broker.bootstrap_servers, args.commits))
        for restart, acquire in zip(range(1, args.restarts + 1), itertools.cycle(("fenced", "logged")), strict=False):
            # One way of acquiring at a time: two would fence each other.
            seen = asyncio.run(watch_restart(broker, args.busy, args.commits, ("plain", acquire)))
            for way, answers in seen.items():
                total[way] += answers
                out.print(f"restart {restart}  {way:<6}  {told(answers)}")
    for way, answers in total.items():
        out.print(f"in all     {way:<6}  {told(answers)}", style="bold")


async def prepare(bootstrap: str, commits: int) -> None:
    """As many records as offsets, and of the coordinator's log one for each partition and commit."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(topic, PARTITIONS, 1) for topic in (TOPIC, PROGRESS.name)])
    await admin.close()
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, linger_ms=20) as producer:
        for partition in ASKED:
            sent = [await producer.send(TOPIC, b"", partition=partition.partition) for _ in range(commits)]
            await asyncio.gather(*sent)
        for partition in ASKED:  # as the last transaction of each would have
            key, value = (
                f"{transactional_id(GROUP, partition)}:{INPUT_ID}".encode(),
                Progress(committed(commits)).as_value(),
            )
            await producer.send_and_wait(PROGRESS.name, value, key=key, partition=partition.partition)
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, group_id=GROUP, enable_auto_commit=False)
    await consumer.start()
    try:
        consumer.assign(ASKED)
        for offset in range(1, commits + 1):
            await consumer.commit({partition: committed(offset) for partition in ASKED})
    finally:
        await consumer.stop()


def committed(offset: int) -> OffsetAndMetadata:
    """As docmill commits, a commit for each offset."""
    return OffsetAndMetadata(offset, signed(CrashMark(), offset))


async def watch_restart(broker: EmbeddedBroker, busy: int, last: int, ways: Sequence[str]) -> dict[str, Answers]:
    """Kill the broker and start it again; count what each way of asking is answered until some time after."""
    answers = {way: Answers() for way in ways}
    broker.kill()
    with busy_cores(busy):
        await asyncio.to_thread(broker.start)
        async with contextlib.AsyncExitStack() as stack:
            asking = []
            for way in ways:
                ask = await stack.enter_async_context(WAYS[way](broker.bootstrap_servers))
                for turn in range(AT_ONCE):
                    partitions = ASKED[turn::AT_ONCE]
                    asking.append(asyncio.create_task(keep_asking(ask, partitions, last, answers[way])))
            await asyncio.sleep(WATCHED_S)
            for task in asking:
                task.cancel()
            await asyncio.gather(*asking, return_exceptions=True)
    return answers


async def keep_asking(ask: Ask, partitions: Sequence[TopicPartition], last: int, seen: Answers) -> None:
    """One partition after the other, for ever."""
    for partition in itertools.cycle(partitions):
        try:
            async with asyncio.timeout(PATIENCE_S):
                offset = await ask(partition)
        except (KafkaError, BrokerError, TimeoutError):
            seen["no answer"] += 1
        else:
            seen["right" if offset == last else "wrong"] += 1
        await asyncio.sleep(PAUSE_S)


@contextlib.asynccontextmanager
async def plain_reader(bootstrap: str) -> AsyncIterator[Ask]:
    """The coordinator's word, as it is."""
    async with onlooker(bootstrap) as consumer:

        async def ask(partition: TopicPartition) -> int:
            found = await consumer.committed_with_metadata(partition)
            return found[partition].offset if partition in found else 0

        yield ask


@contextlib.asynccontextmanager
async def fenced_reader(bootstrap: str, kind: type[ExactlyOnce] = Believing) -> AsyncIterator[Ask]:
    """What docmill would go on from."""
    settings = load_settings(kafka_bootstrap_servers=bootstrap, group=GROUP)
    async with onlooker(bootstrap) as consumer:
        progress = ProgressLog(lambda: new_progress_consumer(settings), PROGRESS.name, PATIENCE_S)
        producers = partial(new_producer, settings)
        delivery = kind(lambda: consumer, producers, progress, GROUP, "", PATIENCE_S, INPUT_ID)

        async def ask(partition: TopicPartition) -> int:
            return (await delivery.acquire(partition)).offset

        try:
            yield ask
        finally:
            await delivery.close()


@contextlib.asynccontextmanager
async def onlooker(bootstrap: str) -> AsyncIterator[Onlooker]:
    watch = PollWatch(lambda error: None)
    consumer = Onlooker(watch=watch, bootstrap_servers=bootstrap, group_id=GROUP, enable_auto_commit=False)
    await consumer.start()
    try:
        consumer.assign(ASKED)
        yield consumer
    finally:
        await consumer.stop()


@contextlib.contextmanager
def busy_cores(processes: int) -> Iterator[None]:
    """Keep the cores busy: an idle one loads the coordinator's log too fast for anybody to see."""
    spinning = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(processes)]
    try:
        yield
    finally:
        for process in spinning:
            process.kill()
            process.wait()


WAYS: dict[str, Callable[[str], contextlib.AbstractAsyncContextManager[Ask]]] = {
    "plain": plain_reader,
    "fenced": fenced_reader,
    "logged": partial(fenced_reader, kind=ExactlyOnce),
}


def told(answers: Answers) -> str:
    return ", ".join(f"{answers[kind]:>6,} {kind}" for kind in ("right", "wrong", "no answer"))


if __name__ == "__main__":
    main()

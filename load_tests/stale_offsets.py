"""How often a broker that comes back answers with an offset of long ago, and whether docmill believes it.

    python -m load_tests.stale_offsets [--restarts 6] [--commits 3000] [--busy 4]

A group commits offsets 1, 2, 3 and so on for each partition, so that the coordinator has a long log to load. The broker
is killed with SIGKILL and started again, on cores that are kept busy, while two readers ask for the committed offsets
all the time: one takes the coordinator's word, as every Kafka client does, the other acquires the partitions as docmill
does (kafka/exactly_once.py). Every answer that is not the last offset committed is wrong.
docs/decisions/0018-stale-offsets.md has what came out.
"""

import argparse
import asyncio
import contextlib
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError
from aiokafka.structs import OffsetAndMetadata
from rich.console import Console

from docmill.errors import BrokerError
from docmill.kafka.exactly_once import ExactlyOnce
from docmill.kafka.producers import new_producer
from docmill.kafka.watched_consumer import PollWatch, WatchedConsumer
from docmill.local_kafka import EmbeddedBroker, embedded_broker
from docmill.settings import load_settings

GROUP, TOPIC, PARTITIONS = "stale", "claims", 50
ASKED = [TopicPartition(TOPIC, partition) for partition in range(PARTITIONS)]
WATCHED_S = 30.0  # after a restart
PATIENCE_S = 5.0  # for one answer
PAUSE_S = 0.1

Answers = Counter[str]
Ask = Callable[[TopicPartition], Coroutine[Any, Any, int]]


class Onlooker(WatchedConsumer):
    """Asks for the group's offsets without being a member, which acquire would ask for first."""

    async def confirm_membership(self) -> None:
        """Taken as given."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--restarts", type=int, default=6)
    parser.add_argument("--commits", type=int, default=3000, help="of each partition")
    parser.add_argument("--busy", type=int, default=4, help="processes that keep the cores busy")
    args = parser.parse_args()
    out = Console(highlight=False)
    total = {"plain": Answers(), "acquired": Answers()}
    settings = {"offsets.topic.num.partitions": "1", "num.partitions": str(PARTITIONS)}
    with embedded_broker(settings=settings) as broker:
        asyncio.run(prepare(broker.bootstrap_servers, args.commits))
        for restart in range(1, args.restarts + 1):
            seen = asyncio.run(watch_restart(broker, args.busy, args.commits))
            for reader, answers in seen.items():
                total[reader] += answers
                out.print(f"restart {restart}  {reader:<8}  {told(answers)}")
    for reader, answers in total.items():
        out.print(f"in all     {reader:<8}  {told(answers)}", style="bold")


async def prepare(bootstrap: str, commits: int) -> None:
    """As many records as offsets, and of the coordinator's log one for each partition and commit."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(TOPIC, PARTITIONS, 1)])
    await admin.close()
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, linger_ms=20) as producer:
        for partition in ASKED:
            sent = [await producer.send(TOPIC, b"", partition=partition.partition) for _ in range(commits)]
            await asyncio.gather(*sent)
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, group_id=GROUP, enable_auto_commit=False)
    await consumer.start()
    try:
        consumer.assign(ASKED)
        for offset in range(1, commits + 1):
            await consumer.commit({partition: OffsetAndMetadata(offset, "") for partition in ASKED})
    finally:
        await consumer.stop()


async def watch_restart(broker: EmbeddedBroker, busy: int, last: int) -> dict[str, Answers]:
    """Kill the broker and start it again; count what each reader is answered until some time after."""
    answers = {"plain": Answers(), "acquired": Answers()}
    async with plain_reader(broker.bootstrap_servers) as plain, acquiring_reader(broker.bootstrap_servers) as acquire:
        asking = [
            asyncio.create_task(keep_asking(ask, partition, last, answers[name]))
            for name, ask in (("plain", plain), ("acquired", acquire))
            for partition in ASKED
        ]
        broker.kill()
        with busy_cores(busy):
            await asyncio.to_thread(broker.start)
            await asyncio.sleep(WATCHED_S)
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)
    return answers


async def keep_asking(ask: Ask, partition: TopicPartition, last: int, seen: Answers) -> None:
    while True:
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
async def acquiring_reader(bootstrap: str) -> AsyncIterator[Ask]:
    """What docmill would go on from."""
    settings = load_settings(kafka_bootstrap_servers=bootstrap, group=GROUP)
    async with onlooker(bootstrap) as consumer:
        delivery = ExactlyOnce(lambda: consumer, lambda name: new_producer(settings, name), GROUP, "", PATIENCE_S)

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


def told(answers: Answers) -> str:
    return ", ".join(f"{answers[kind]:>6,} {kind}" for kind in ("right", "wrong", "no answer"))


if __name__ == "__main__":
    main()

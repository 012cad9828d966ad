"""The same backlog for both deliveries in turns, on processors that are up already: start-up is in no round.

A block starts one processor of each delivery, gives both something to warm up on, and then has them take the backlog
in turns (pairs.py): the one whose turn it is not polls an empty topic. New processors for each block, so that the luck
of one process (its place in memory, say) is not taken for a property of its delivery.
"""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient

from docmill.load.documents import Shelf
from docmill.load.mix import Mix, deal
from docmill.local_kafka import EmbeddedBroker
from load_tests.delivery_parts.backlog import Spread, send_backlog, spread_over
from load_tests.delivery_parts.offsets import await_committed
from load_tests.delivery_parts.pairs import DELIVERIES, DeliveryName, Round, turns
from load_tests.delivery_parts.proc import cpu_seconds, main_thread_cpu_seconds
from load_tests.delivery_parts.processors import Side, counted, make_side, processor_of
from load_tests.local_processor import Processor

SLICES = "docmill_slice_documents_count"
WARM_UP_SHARE = 0.2
QUIET_S = 0.5  # between rounds: what the one before left behind is done by then


@dataclass(frozen=True, slots=True)
class Load:
    """What is sent in a round."""

    name: str
    mix: Mix
    documents: int
    partitions: int


@dataclass(frozen=True, slots=True)
class Clients:
    """The bench's own connections."""

    admin: AIOKafkaAdminClient
    producer: AIOKafkaProducer


@dataclass(slots=True)
class Arm:
    """One delivery in a block."""

    side: Side
    processor: Processor
    sent: int  # to its topic, ever


def backlog_of(load: Load, shelf: Shelf, seed: int) -> Spread:
    """The documents of each round, by partition; the same for the same seed."""
    random = Random(seed)
    return spread_over(deal(shelf, load.mix, load.documents, random), load.partitions, random)


async def run_load(
    load: Load,
    backlog: Spread,
    broker: EmbeddedBroker,
    folder: Path,
    *,
    blocks: int,
    threads: int,
    on_round: Callable[[Round], None],
) -> list[Round]:
    """All rounds of a load, in the order they were made: eight a block, and so four pairs."""
    warm_up = [documents[: math.ceil(len(documents) * WARM_UP_SHARE)] for documents in backlog]
    sides = {d: make_side(broker, d, load.partitions, threads, load.name) for d in DELIVERIES}
    sent: dict[DeliveryName, int] = dict.fromkeys(DELIVERIES, 0)
    rounds = []
    async with clients_of(broker) as clients:
        for block in range(blocks):
            with ExitStack() as stack:
                arms = {}
                for delivery, side in sides.items():
                    log = folder / f"{load.name}-{delivery}-{block}.log"
                    processor = stack.enter_context(processor_of(side, log))
                    await asyncio.to_thread(processor.await_ready)
                    arms[delivery] = Arm(side, processor, sent[delivery])
                for arm in arms.values():
                    await _round(arm, warm_up, clients, broker)
                for delivery in turns(block):
                    await asyncio.sleep(QUIET_S)
                    rounds.append(await _round(arms[delivery], backlog, clients, broker))
                    on_round(rounds[-1])
                sent = {delivery: arm.sent for delivery, arm in arms.items()}
    return rounds


async def _round(arm: Arm, backlog: Spread, clients: Clients, broker: EmbeddedBroker) -> Round:
    documents = sum(map(len, backlog))
    slices = counted(arm.processor, SLICES)
    started_s = time.monotonic()
    before = _spent(arm.processor, broker)
    await send_backlog(clients.producer, arm.side.prefix, backlog)
    arm.sent += documents
    side = arm.side
    ended_s = await await_committed(clients.admin, side.group, side.topic, arm.sent, lambda: arm.processor.is_running)
    cpu_s, loop_cpu_s, broker_cpu_s = (
        after - first for after, first in zip(_spent(arm.processor, broker), before, strict=True)
    )
    return Round(
        delivery=side.delivery,
        documents=documents,
        seconds=ended_s - started_s,
        cpu_s=cpu_s,
        loop_cpu_s=loop_cpu_s,
        broker_cpu_s=broker_cpu_s,
        slices=int(counted(arm.processor, SLICES) - slices),
    )


def _spent(processor: Processor, broker: EmbeddedBroker) -> tuple[float, float, float]:
    """Processor seconds so far: of the processor, of its event loop's thread, of the broker."""
    return cpu_seconds(processor.pid), main_thread_cpu_seconds(processor.pid), cpu_seconds(broker.pid)


@asynccontextmanager
async def clients_of(broker: EmbeddedBroker) -> AsyncIterator[Clients]:
    """Closed with the block."""
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.bootstrap_servers)
    await admin.start()
    try:
        async with AIOKafkaProducer(
            bootstrap_servers=broker.bootstrap_servers, acks="all", max_request_size=32 * 1024 * 1024
        ) as producer:
            yield Clients(admin, producer)
    finally:
        await admin.close()

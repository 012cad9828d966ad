"""What holding partitions takes, and how long a second worker's coming and going interrupts the first.

Seen from outside: small documents trickle onto all partitions in turn, and each is timed from its send to its outcome
at a read_committed reader; the longest wait is how long a partition stood still. Seen by docmill: /readyz and /metrics.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from docmill.kafka.drive import Drive, Shipment, open_drive
from docmill.kafka.outcomes import OutcomeKind
from docmill.local_kafka import EmbeddedBroker
from docmill.settings import Settings
from load_tests.delivery_parts.pairs import DeliveryName, spread
from load_tests.delivery_parts.proc import connections_to, resident_bytes
from load_tests.delivery_parts.processors import counted, make_side, processor_of
from load_tests.local_processor import Processor

TRICKLE_PER_S = 20.0
TRICKLE_DOCUMENTS = 20_000  # more than any experiment takes
DOCUMENT = b"Receipt. Total 4.50"
LOOK_EVERY_S = 0.02
PATIENCE_S = 60.0
SETTLE_S = 2.0
MIB = 1024 * 1024
SUM, COUNT = "docmill_acquire_duration_seconds_sum", "docmill_acquire_duration_seconds_count"
REBALANCES = "docmill_rebalances_total"


@dataclass(frozen=True, slots=True)
class Change:
    """A second worker came or went."""

    acquired_s: float  # from its probes' first answer, or its SIGTERM, until every partition was acquired by somebody
    longest_wait_s: float  # of a document that was sent meanwhile
    acquire_mean_s: float  # of a partition, as the workers tell


@dataclass(frozen=True, slots=True)
class Holding:
    """One worker with all partitions, and what a second one's coming and going did to it: medians."""

    delivery: DeliveryName
    partitions: int
    connections: int  # of one worker that holds all
    mib_before: float  # resident, before it was assigned any
    mib_holding: float  # likewise, some seconds after it had acquired all
    join: Change
    leave: Change
    missing: int  # documents of the trickle without an outcome


@dataclass(slots=True)
class Trickle:
    """When each document was sent and when its first outcome came, on one clock."""

    sent_s: dict[int, float] = field(default_factory=dict)
    came_s: dict[int, float] = field(default_factory=dict)
    arrival: asyncio.Event = field(default_factory=asyncio.Event)

    def sent(self, index: int, at_s: float) -> None:
        self.sent_s[index] = at_s

    def refuse(self, index: int, why: str) -> None:
        raise RuntimeError(f"document {index} was refused: {why}")

    def came(self, key: bytes | None, kind: OutcomeKind, at_s: float) -> None:
        if key is not None:
            self.came_s.setdefault(int(key), at_s)
            self.arrival.set()

    async def all_came(self, until_s: float) -> None:
        """Returns once each that was sent until then has its outcome."""
        while any(self.sent_s[index] <= until_s for index in self.waiting()):
            self.arrival.clear()
            await self.arrival.wait()

    def waiting(self) -> list[int]:
        """Documents without an outcome."""
        return [index for index in self.sent_s if index not in self.came_s]

    def longest_wait_s(self, since_s: float, until_s: float) -> float:
        """Of the documents that were sent in this time, all of which have come."""
        waits = [self.came_s[i] - at_s for i, at_s in self.sent_s.items() if since_s <= at_s <= until_s]
        return max(waits, default=0.0)


async def measure_holding(
    broker: EmbeddedBroker, delivery: DeliveryName, partitions: int, folder: Path, *, threads: int, times: int
) -> Holding:
    """One worker, joined and left `times` times by a second one."""
    side = make_side(broker, delivery, partitions, threads, f"hold{partitions}")
    settings = Settings(kafka_bootstrap_servers=broker.bootstrap_servers, topic_prefix=side.prefix)
    trickle, joins, leaves = Trickle(), [], []
    log = folder / f"hold-{partitions}-{delivery}.log"
    with processor_of(side, log) as first:
        await asyncio.to_thread(first.await_url)
        before = resident_bytes(first.pid)
        await asyncio.to_thread(first.await_ready)
        await asyncio.sleep(SETTLE_S)
        holding, connections = resident_bytes(first.pid), connections_to(first.pid, broker.node.port)
        async with open_drive(settings, trickle.came) as drive, _trickling(drive, trickle, partitions):
            for _ in range(times):
                with processor_of(side, log.with_suffix(".second.log")) as second:
                    await asyncio.to_thread(second.await_url)
                    joins.append(await _change(trickle, [first, second], partitions))
                    second.terminate()
                    leaves.append(await _change(trickle, [first], partitions))
                    await asyncio.to_thread(second.await_end)
    return Holding(
        delivery=delivery,
        partitions=partitions,
        connections=connections,
        mib_before=before / MIB,
        mib_holding=holding / MIB,
        join=_median(joins),
        leave=_median(leaves),
        missing=len(trickle.waiting()),
    )


async def _change(trickle: Trickle, members: Sequence[Processor], partitions: int) -> Change:
    """From now until these members hold and serve all partitions after another rebalance.

    Raises:
        TimeoutError: they do not.
    """
    first = members[0]
    started_s = time.monotonic()
    rebalances = await asyncio.to_thread(counted, first, REBALANCES)
    before = await asyncio.to_thread(_acquired, [first])
    async with asyncio.timeout(PATIENCE_S):
        acquired_s = await asyncio.to_thread(_await_all_held, members, partitions, rebalances)
        after = await asyncio.to_thread(_acquired, members)
        await asyncio.sleep(SETTLE_S)
        await trickle.all_came(until_s=acquired_s)
    acquire_mean_s = (after[0] - before[0]) / max(1.0, after[1] - before[1])
    return Change(acquired_s - started_s, trickle.longest_wait_s(started_s, acquired_s), acquire_mean_s)


def _await_all_held(members: Sequence[Processor], partitions: int, rebalances: float) -> float:
    """When (time.monotonic) they held all, after one rebalance more than so many. Blocks.

    Raises:
        TimeoutError: they do not.
    """
    deadline_s = time.monotonic() + PATIENCE_S
    while not (_hold_all(members, partitions) and counted(members[0], REBALANCES) > rebalances):
        if time.monotonic() > deadline_s:
            raise TimeoutError(
                f"{partitions} partitions are not held by {len(members)} members after {PATIENCE_S:.0f} s"
            )
        time.sleep(LOOK_EVERY_S)
    return time.monotonic()


def _hold_all(members: Sequence[Processor], partitions: int) -> bool:
    checks = [member.readiness() for member in members]
    acquired = sum(int(check["partitions_acquired"]) for check in checks)
    return acquired == partitions and all(check["joined_group"] for check in checks)


def _acquired(members: Sequence[Processor]) -> tuple[float, float]:
    """Seconds that acquiring took the members, over all partitions, and how many there were."""
    seconds, count = (sum(counted(member, sample) for member in members) for sample in (SUM, COUNT))
    return seconds, count


@asynccontextmanager
async def _trickling(drive: Drive, trickle: Trickle, partitions: int) -> AsyncIterator[None]:
    """Documents at a constant rate onto all partitions in turn, for as long as the block lasts; then all come out."""
    shipments = [
        Shipment(index / TRICKLE_PER_S, str(index), DOCUMENT, "text/plain", index % partitions)
        for index in range(TRICKLE_DOCUMENTS)
    ]
    loop = asyncio.get_running_loop()
    sending = asyncio.create_task(drive.send(shipments, loop.time(), trickle.sent, trickle.refuse))
    try:
        yield
        sending.cancel()
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_S):
                await trickle.all_came(until_s=float("inf"))
    finally:
        sending.cancel()
        with suppress(asyncio.CancelledError):
            await sending


def _median(changes: Sequence[Change]) -> Change:
    figures: tuple[Callable[[Change], float], ...] = (
        lambda change: change.acquired_s,
        lambda change: change.longest_wait_s,
        lambda change: change.acquire_mean_s,
    )
    return Change(*(spread([figure(change) for change in changes]).median for figure in figures))

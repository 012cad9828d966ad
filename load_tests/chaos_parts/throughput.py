"""Outcomes a second, counted by a read_committed reader of its own as they become visible. Plain aiokafka.

Judges nothing: a record seen twice because the reader stumbled over a broker's death counts twice here.
"""

import asyncio
from collections.abc import Sequence

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

BIN_S = 0.5
POLL_MS = 100


class Throughput:
    """Counts in bins of BIN_S seconds, on a clock that stands still between the runs of one work folder.

    Args:
        topics: of outcomes.
        bins: of the runs before.
    """

    def __init__(self, bootstrap: str, topics: Sequence[str], partitions: int, bins: list[int]) -> None:
        self.bins = bins
        self.flows = asyncio.Event()  # a first outcome has come in this call
        self._first = len(bins)
        self._started_s = 0.0
        self._bootstrap = bootstrap
        self._partitions = [TopicPartition(topic, p) for topic in topics for p in range(partitions)]

    def now_s(self) -> float:
        """Seconds of all runs together."""
        return self._first * BIN_S + asyncio.get_running_loop().time() - self._started_s

    def start(self) -> None:
        """Let the clock run."""
        self._started_s = asyncio.get_running_loop().time()

    async def run(self) -> None:
        """Count until cancelled, from the outcomes that come now."""
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._bootstrap, isolation_level="read_committed", auto_offset_reset="latest"
        )
        await consumer.start()
        try:
            consumer.assign(self._partitions)
            await consumer.seek_to_end(*self._partitions)
            while True:
                try:
                    polled = await consumer.getmany(timeout_ms=POLL_MS)
                except KafkaError:  # of a broker that is away
                    await asyncio.sleep(POLL_MS / 1000)
                    continue
                self._count(sum(map(len, polled.values())))
        finally:
            await consumer.stop()

    def _count(self, records: int) -> None:
        now = int(self.now_s() / BIN_S)
        self.bins.extend([0] * (now + 1 - len(self.bins)))
        self.bins[now] += records
        if records:
            self.flows.set()

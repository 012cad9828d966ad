"""Documents onto the input topic at a steady rate: first into the ledger, then to the broker. Plain aiokafka.

Open loop: the schedule waits for nobody. The producer is idempotent and retries without end; what it has not seen
acknowledged when it is stopped stays unacknowledged in the ledger.
"""

import asyncio
from collections.abc import Callable

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from load_tests.chaos_parts.documents import Document
from load_tests.chaos_parts.ledger import LedgerWriter
from load_tests.chaos_parts.oracle import NUMBER_HEADER

TICK_S = 0.2  # what is due within it shares one fsync
MAX_BATCH_BYTES = 1024 * 1024  # a minute without a broker fits into one: sending never waits
REQUEST_TIMEOUT_MS = 180_000
LAST_ACKS_S = 60.0


class Sender:
    """Sends from `next_number` on, until it is told to stop.

    Args:
        topic: the input topic.
        make: the document of a number, deadly or not.
        rate: documents a second.
    """

    def __init__(
        self,
        bootstrap: str,
        topic: str,
        ledger: LedgerWriter,
        make: Callable[[int, bool], Document],
        rate: float,
        next_number: int,
    ) -> None:
        self.next_number = next_number
        self.failures: list[str] = []
        self._bootstrap = bootstrap
        self._topic = topic
        self._ledger = ledger
        self._make = make
        self._rate = rate
        self._deadly = 0
        self._stopping = False
        self._acknowledged: list[int] = []

    def kill_next(self) -> None:
        """Make the next document one that kills."""
        self._deadly += 1

    def stop(self) -> None:
        """Send no more; `run` returns once the acknowledgements are in, or long overdue."""
        self._stopping = True

    async def run(self) -> None:
        """Send."""
        producer = AIOKafkaProducer(
            bootstrap_servers=self._bootstrap,
            enable_idempotence=True,
            acks="all",
            max_batch_size=MAX_BATCH_BYTES,
            request_timeout_ms=REQUEST_TIMEOUT_MS,
        )
        await producer.start()
        acks: set[asyncio.Future[object]] = set()
        loop = asyncio.get_running_loop()
        started_s, first = loop.time(), self.next_number
        while not self._stopping:
            await asyncio.sleep(TICK_S)
            due = int((loop.time() - started_s) * self._rate) - (self.next_number - first)
            for document in await asyncio.to_thread(self._write, max(0, due)):
                acks.add(ack := await self._send(producer, document))
                ack.add_done_callback(acks.discard)
            self._note_acknowledged()
        if acks:
            await asyncio.wait(acks, timeout=LAST_ACKS_S)
        self._note_acknowledged()
        try:
            async with asyncio.timeout(5):
                await producer.stop()
        except TimeoutError:
            self.failures.append("the sender's producer did not stop")

    def _write(self, due: int) -> list[Document]:
        """The next documents, safely in the ledger. Blocks for an fsync."""
        documents = []
        for number in range(self.next_number, self.next_number + due):
            documents.append(self._make(number, self._deadly > 0))
            self._deadly = max(0, self._deadly - 1)
        self._ledger.write(document.entry for document in documents)
        self.next_number += due
        return documents

    async def _send(self, producer: AIOKafkaProducer, document: Document) -> "asyncio.Future[object]":
        entry = document.entry
        headers = [(NUMBER_HEADER, str(entry.number).encode())]
        ack: asyncio.Future[object] = await producer.send(
            self._topic, document.value, key=entry.path.encode(), partition=entry.partition, headers=headers
        )
        ack.add_done_callback(lambda done: self._on_ack(entry.number, done))
        return ack

    def _on_ack(self, number: int, done: "asyncio.Future[object]") -> None:
        if done.cancelled():
            return
        error = done.exception()
        if error is None:
            self._acknowledged.append(number)
        elif isinstance(error, KafkaError):
            self.failures.append(f"document {number}: {error!r}")
        else:
            raise error

    def _note_acknowledged(self) -> None:
        if self._acknowledged:
            self._ledger.acknowledge(self._acknowledged)
            self._acknowledged = []

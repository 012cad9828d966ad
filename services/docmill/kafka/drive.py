"""Load onto the topic of received documents and an eye on what comes out. Knows neither rates nor judgements.

Open loop: a document goes to the producer when it is due, whatever became of those before it. Each is handed over in a
task of its own, so that one partition's full batch holds nobody else up; and what is late is late against its due time.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError

from docmill.errors import BrokerError
from docmill.kafka.connection import client_options
from docmill.kafka.outcomes import KIND_OF_TOPIC, OutcomeKind
from docmill.kafka.put_back import was_put_back
from docmill.kafka.read_paths import SourceDocument
from docmill.kafka.received_record import received_record
from docmill.kafka.refusals import explained, told
from docmill.kafka.stop_consumer import stop_consumer
from docmill.kafka.topics import max_message_bytes, require_topics
from docmill.settings import Settings
from docmill_schemas.topics import FALLBACK, PROCESSED, RECEIVED, REJECTED

SOURCE = "docmill/load"
MAX_BATCH_BYTES = 256 * 1024
LINGER_MS = 5
POLL_MS = 1000
STOP_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class Shipment:
    """A document and when it is due."""

    due_s: float  # after the start
    document_id: str  # no other record's: key, ce_subject and ce_id
    content: bytes
    content_type: str
    partition: int | None = None  # None: the key decides


OnSent = Callable[[int, float], None]  # which shipment, and when it was handed over
OnRefused = Callable[[int, str], None]
OnOutcome = Callable[[bytes | None, OutcomeKind, float], None]  # a record's key, its topic, when it arrived here


async def send_open_loop(
    shipments: Sequence[Shipment], start_s: float, hand_over: Callable[[int, Shipment], None]
) -> None:
    """Hand each shipment over when it is due, counted from `start_s` on the loop's clock; what is overdue, at once.

    `hand_over` must not wait for anything: it starts what may take time.
    """
    loop = asyncio.get_running_loop()
    for index, shipment in enumerate(shipments):
        await asyncio.sleep(max(0.0, start_s + shipment.due_s - loop.time()))
        hand_over(index, shipment)


class Drive:
    """A producer as an upstream team would run it, and a reader of all outcomes."""

    def __init__(self, producer: AIOKafkaProducer, prefix: str, limit: int) -> None:
        self._producer = producer
        self._topic = prefix + RECEIVED.name
        self._limit = limit
        self._tasks = set[asyncio.Task[None]]()
        self._failure: BaseException | None = None

    async def send(self, shipments: Sequence[Shipment], start_s: float, on_sent: OnSent, on_refused: OnRefused) -> None:
        """Send all in an open loop; returns when the last is handed over, or when cancelled, which sends no more.

        `on_refused` is told of a document that is too large or that the broker does not take.
        """
        loop = asyncio.get_running_loop()

        def hand_over(index: int, shipment: Shipment) -> None:
            task = loop.create_task(self._deliver(index, shipment, on_refused))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            on_sent(index, loop.time())

        await send_open_loop(shipments, start_s, hand_over)

    def check(self) -> None:
        """Raises: BrokerError: outcomes are no longer read, so nothing that is timed now would mean anything."""
        if self._failure is not None:
            raise BrokerError(f"reading outcomes failed: {self._failure!r}") from self._failure

    async def _deliver(self, index: int, shipment: Shipment, on_refused: OnRefused) -> None:
        document = SourceDocument(shipment.document_id, shipment.content, shipment.content_type)
        record = received_record(document, SOURCE, shipment.document_id, datetime.now(UTC))
        try:
            ack = await self._producer.send(
                self._topic, record.value, key=record.key, headers=record.headers, partition=shipment.partition
            )
            await ack
        except MessageSizeTooLargeError:
            on_refused(index, f"{len(shipment.content)} bytes: with its headers more than the topic's {self._limit}")
        except KafkaError as error:
            on_refused(index, told(error))

    async def _watch(self, consumer: AIOKafkaConsumer, prefix: str, on_outcome: OnOutcome) -> None:
        """Keys and topics are all that is looked at: parsing a result takes longer than sending its document did."""
        loop = asyncio.get_running_loop()
        while True:
            polled = await consumer.getmany(timeout_ms=POLL_MS)
            now = loop.time()
            for partition, records in polled.items():
                kind = KIND_OF_TOPIC[partition.topic.removeprefix(prefix)]
                for record in records:
                    if not was_put_back(record):
                        on_outcome(record.key, kind, now)

    def _watched(self, task: "asyncio.Task[None]") -> None:
        if not task.cancelled():
            self._failure = task.exception()


@asynccontextmanager
async def open_drive(settings: Settings, on_outcome: OnOutcome) -> AsyncIterator[Drive]:
    """A drive whose view of the outcomes starts now, before anything is sent.

    Raises:
        BrokerError: the broker does not answer, or a topic is missing.
    """
    await require_topics(settings, (RECEIVED, PROCESSED, FALLBACK, REJECTED))
    limit = await max_message_bytes(settings, RECEIVED)
    async with AsyncExitStack() as stack:
        try:
            consumer = await stack.enter_async_context(_consumer(settings))
            producer = await stack.enter_async_context(_producer(settings, limit))
        except KafkaError as error:
            raise await explained(settings, error) from error
        drive = Drive(producer, settings.topic_prefix, limit)
        watcher = asyncio.create_task(drive._watch(consumer, settings.topic_prefix, on_outcome))
        watcher.add_done_callback(drive._watched)
        try:
            yield drive
        finally:
            await _cancelled({watcher, *drive._tasks})


@asynccontextmanager
async def _consumer(settings: Settings) -> AsyncIterator[AIOKafkaConsumer]:
    """A reader of all partitions of the outcome topics, without a group, at their ends."""
    consumer = AIOKafkaConsumer(
        *(settings.topic_prefix + name for name in KIND_OF_TOPIC),
        **client_options(settings),
        client_id="docmill-load",
        group_id=None,
        enable_auto_commit=False,
        isolation_level="read_committed",
    )
    try:
        await consumer.start()
        if not await consumer.seek_to_end():
            raise BrokerError(f"the broker at {settings.kafka_bootstrap_servers} does not say where the topics end")
        yield consumer
    finally:
        await stop_consumer(consumer)


@asynccontextmanager
async def _producer(settings: Settings, limit: int) -> AsyncIterator[AIOKafkaProducer]:
    """An idempotent producer, uncompressed; batches fit the topic (see docmill.kafka.send)."""
    producer = AIOKafkaProducer(
        **client_options(settings),
        client_id="docmill-load",
        acks="all",
        enable_idempotence=True,
        max_request_size=limit,
        max_batch_size=min(limit, MAX_BATCH_BYTES),
        linger_ms=LINGER_MS,
    )
    try:
        await producer.start()
        yield producer
    finally:
        with suppress(TimeoutError):  # it would wait for ever for a broker that is gone
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await producer.stop()


async def _cancelled(tasks: set["asyncio.Task[None]"]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)

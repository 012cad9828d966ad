"""Documents to the topic of received documents, at a steady rate, each send accounted for."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError

from docmill.kafka.connection import client_options
from docmill.kafka.read_paths import SourceDocument, Unreadable
from docmill.kafka.received_record import new_event_id, received_record
from docmill.kafka.refusals import explained, told
from docmill.kafka.topics import max_message_bytes, require_topics
from docmill.settings import Settings
from docmill_schemas.ids import request_id
from docmill_schemas.topics import RECEIVED

SOURCE = "docmill/publish"
ACK_TIMEOUT_S = 60.0  # without a single acknowledgement
STOP_TIMEOUT_S = 5.0
MAX_BATCH_BYTES = 256 * 1024
LINGER_MS = 5


@dataclass(frozen=True, slots=True)
class Sent:
    """All in-sync replicas have the document."""

    document_id: str
    request_id: str


@dataclass(frozen=True, slots=True)
class NotSent:
    """The document is not on the topic, or nobody knows whether it is."""

    document_id: str
    problem: str


SendResult = Sent | NotSent


def scheduled_s(index: int, rate: float | None) -> float:
    """Seconds after the start at which document `index` is due, at `rate` documents a second; None: at once.

    Open loop: the schedule does not wait for acknowledgements, so a slow broker shows as lateness, not as a lower rate.
    """
    return 0.0 if rate is None else index / rate


async def send_documents(
    settings: Settings,
    documents: Iterable[SourceDocument | Unreadable],
    on_result: Callable[[SendResult], None],
    *,
    source: str = SOURCE,
    rate: float | None = None,
) -> None:
    """Send documents in their order; returns when each has its result, which `on_result` got once.

    A document that cannot be read, is too large or is refused by the broker is a NotSent, and the next one follows.

    Raises:
        BrokerError: the broker does not answer, the topic is missing, or nothing more can be sent. Documents without a
            result may or may not have arrived.
    """
    await require_topics(settings, [RECEIVED])
    limit = await max_message_bytes(settings, RECEIVED)
    async with idempotent_producer(settings, limit) as producer:
        acks: set[asyncio.Future[object]] = set()
        topic = settings.topic_prefix + RECEIVED.name
        loop = asyncio.get_running_loop()
        started, due = loop.time(), 0
        for document in documents:
            if isinstance(document, Unreadable):
                on_result(NotSent(document.document_id, document.problem))
                continue
            await asyncio.sleep(max(0.0, started + scheduled_s(due, rate) - loop.time()))
            due += 1
            event_id = document.event_id or new_event_id()
            record = received_record(document, source, event_id, datetime.now(UTC))
            try:
                ack = await producer.send(topic, record.value, key=record.key, headers=record.headers)
            except MessageSizeTooLargeError:
                problem = f"{len(document.content)} bytes: with its headers more than the topic's {limit} bytes"
                on_result(NotSent(document.document_id, problem))
                continue
            sent = Sent(document.document_id, request_id(source, event_id))
            acks.add(ack)
            ack.add_done_callback(acks.discard)
            ack.add_done_callback(partial(_report, on_result, sent))
        await _all_done(acks)


def _report(on_result: Callable[[SendResult], None], sent: Sent, ack: "asyncio.Future[object]") -> None:
    if ack.cancelled():
        on_result(NotSent(sent.document_id, f"no acknowledgement in {ACK_TIMEOUT_S:.0f} s; it may have arrived"))
    elif (error := ack.exception()) is not None:
        on_result(NotSent(sent.document_id, f"refused by the broker: {told(error)}"))
    else:
        on_result(sent)


async def _all_done(acks: "set[asyncio.Future[object]]") -> None:
    """Wait for acknowledgements as long as some come; then give the rest up."""
    while acks:
        done, _ = await asyncio.wait(acks, timeout=ACK_TIMEOUT_S, return_when=asyncio.FIRST_COMPLETED)
        if not done:
            for ack in set(acks):
                ack.cancel()
        await asyncio.sleep(0)  # the callbacks of what is done


@asynccontextmanager
async def idempotent_producer(settings: Settings, limit: int) -> AsyncIterator[AIOKafkaProducer]:
    """An idempotent producer; `limit` is the topic's own, so that no batch is refused for its size: that would leave
    a gap in the sequence numbers, and every later batch of the partition would be refused with it.
    """
    producer = AIOKafkaProducer(
        **client_options(settings),
        client_id="docmill-publish",
        acks="all",
        enable_idempotence=True,
        max_request_size=limit,
        max_batch_size=min(limit, MAX_BATCH_BYTES),
        linger_ms=LINGER_MS,
    )
    try:
        await producer.start()
        yield producer
    except KafkaError as error:
        raise await explained(settings, error) from error
    finally:
        try:
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await producer.stop()
        except TimeoutError:
            pass  # it would wait for ever for a broker that is gone

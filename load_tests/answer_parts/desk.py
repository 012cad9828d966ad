"""Requests to documents.fallback, and the fallback's answers to them as a reader of committed records gets them."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from docmill.kafka.connection import client_options
from docmill.kafka.decode_record import Record
from docmill.kafka.publish import OutgoingRecord
from docmill.kafka.send import idempotent_producer
from docmill.kafka.stop_consumer import stop_consumer
from docmill.settings import Settings
from docmill_schemas.cloudevents import read_headers
from docmill_schemas.events import DocumentProcessed, FallbackRequested
from docmill_schemas.review_events import ReviewRequested
from docmill_schemas.topics import FALLBACK, PROCESSED, REJECTED, REVIEW
from load_tests.answer_parts.judge import Answer

POLL_MS = 1000


class Desk:
    """Asks the fallback, and sends what changes its answers. Made by `open_desk`."""

    def __init__(self, producer: AIOKafkaProducer, prefix: str) -> None:
        self._producer = producer
        self._prefix = prefix
        self._waiting: dict[str, asyncio.Future[Answer]] = {}

    async def send(self, record: OutgoingRecord) -> None:
        """Returns when it is acknowledged."""
        topic = self._prefix + record.topic
        await self._producer.send_and_wait(topic, record.value, key=record.key, headers=record.headers)

    async def ask(self, request: FallbackRequested) -> Answer:
        """The first that becomes of a request. Waits for ever."""
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting[request.request_id] = answer
        value = request.model_dump_json(exclude_none=True).encode()
        await self.send(OutgoingRecord(FALLBACK.name, request.document_id.encode(), value, []))
        return await answer

    async def read(self, consumer: AIOKafkaConsumer) -> None:
        """Hand answers to who waits for them, until cancelled. Raises: RuntimeError: as `read_answer`."""
        while True:
            polled = await consumer.getmany(timeout_ms=POLL_MS)
            now_s = time.monotonic()
            for partition, records in polled.items():
                for record in records:
                    self._take(partition.topic.removeprefix(self._prefix), record, now_s)

    def _take(self, topic: str, record: Record, now_s: float) -> None:
        found = read_answer(topic, record, now_s)
        if found is not None:
            request_id, answer = found
            waiting = self._waiting.pop(request_id, None)
            if waiting is not None and not waiting.done():  # else a person's result, which nobody asked for
                waiting.set_result(answer)


def read_answer(topic: str, record: Record, at_s: float) -> tuple[str, Answer] | None:
    """(request id, answer) of a record of documents.processed, .review or .rejected (`topic`: without the prefix).

    None: it is the end of a review.

    Raises:
        RuntimeError: a dead letter: no request of ours should become one.
    """
    if topic == REJECTED.name:
        raise RuntimeError(f"the fallback rejected a request: {read_headers(record.headers).get('docmill_reason')}")
    if record.value is None:
        return None
    if topic == REVIEW.name:
        review = ReviewRequested.model_validate_json(record.value)
        return review.request_id, Answer(at_s, None, review=review)
    result = DocumentProcessed.model_validate_json(record.value)
    fields = {field.name: field.text for field in result.fields}
    cited = frozenset(one.passage_id for one in result.citations)
    return result.request_id, Answer(at_s, result.document_type.label, fields, cited)


@asynccontextmanager
async def open_desk(settings: Settings) -> AsyncIterator[Desk]:
    """A desk that sees every answer from now on; what ends its reading ends the block, too."""
    consumer = AIOKafkaConsumer(
        *(settings.topic_prefix + topic.name for topic in (PROCESSED, REVIEW, REJECTED)),
        **client_options(settings),
        group_id=None,
        enable_auto_commit=False,
        isolation_level="read_committed",
    )
    try:
        await consumer.start()
        await consumer.seek_to_end()
        async with idempotent_producer(settings, FALLBACK.max_bytes) as producer, asyncio.TaskGroup() as group:
            desk = Desk(producer, settings.topic_prefix)
            reading = group.create_task(desk.read(consumer))
            yield desk
            reading.cancel()
    finally:
        await stop_consumer(consumer)

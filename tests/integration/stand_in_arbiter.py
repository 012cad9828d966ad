"""An arbiter of a few lines, with plain aiokafka, so that the contract has a second witness: the first decision counts.

One process, no group: good for a test, and for nothing else.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from docmill_schemas.events import DocumentProcessed, DocumentType, ExtractedField, KnowledgeUpdated
from docmill_schemas.ids import result_id
from docmill_schemas.reasons import DecidedBy, KnowledgeKind
from docmill_schemas.review_events import FeedbackGiven, ReviewRequested

FEEDBACK, REVIEW = "documents.feedback", "documents.review"
MAX_BYTES = 8 * 1024 * 1024


@contextlib.asynccontextmanager
async def stand_in_arbiter(bootstrap: str, prefix: str) -> AsyncIterator[None]:
    """Decides while the block runs."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, isolation_level="read_committed", enable_auto_commit=False)
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap, transactional_id=f"{prefix}stand-in", max_request_size=MAX_BYTES
    )
    await consumer.start()
    await producer.start()
    task = asyncio.create_task(_decide(consumer, producer, prefix))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await consumer.stop()
        await producer.stop()


async def _decide(consumer: AIOKafkaConsumer, producer: AIOKafkaProducer, prefix: str) -> None:
    partitions: list[TopicPartition] = []
    for topic in (prefix + REVIEW, prefix + FEEDBACK):
        consumer._client.add_topic(topic)
        while not (found := consumer.partitions_for_topic(topic)):
            await consumer._client.force_metadata_update()
        partitions += [TopicPartition(topic, number) for number in found]
    consumer.assign(partitions)
    await consumer.seek_to_beginning()
    reviews: dict[bytes, ReviewRequested] = {}
    waiting: list[FeedbackGiven] = []
    while True:
        polled = await consumer.getmany(timeout_ms=200)
        for partition, records in polled.items():
            for record in records:
                if partition.topic.endswith(FEEDBACK):
                    waiting.append(FeedbackGiven.model_validate_json(record.value))
                elif record.value is None:
                    reviews.pop(record.key, None)
                else:
                    reviews[record.key] = ReviewRequested.model_validate_json(record.value)
        if polled:
            continue  # reviews may lie behind decisions on them
        for feedback in waiting:
            review = reviews.get(feedback.request_id.encode())
            if review is not None and review.revision == feedback.revision:
                del reviews[feedback.request_id.encode()]
                await _publish(producer, prefix, review, feedback)
        waiting.clear()


async def _publish(producer: AIOKafkaProducer, prefix: str, review: ReviewRequested, feedback: FeedbackGiven) -> None:
    request = review.request_id.encode()
    result = DocumentProcessed(
        request_id=review.request_id,
        result_id=result_id(review.request_id, review.content_sha256, DecidedBy.HUMAN, feedback.feedback_id),
        revision=review.revision,
        supersedes=None if review.published is None else review.published.result_id,
        document_id=review.document_id,
        content_sha256=review.content_sha256,
        text_sha256=review.text_sha256,
        tenant=review.tenant,
        received_at=review.received_at,
        document_type=DocumentType(label=feedback.document_type, probability=1),
        fields=tuple(ExtractedField(**one.model_dump(), confidence=1) for one in feedback.fields),
        decided_by=DecidedBy.HUMAN,
        bundle=review.bundle,
    )
    spans = [one.model_dump(include={"name", "start", "end", "value"}) for one in feedback.fields]
    exemplar = KnowledgeUpdated(
        passage_id=f"decided/{review.request_id}",
        kind=KnowledgeKind.EXEMPLAR,
        title=feedback.document_type,
        text=review.text,
        document_type=feedback.document_type,
        metadata={"request_id": review.request_id, "entities": json.dumps(spans)},
    )
    async with producer.transaction():
        await producer.send(
            f"{prefix}documents.processed", result.model_dump_json().encode(), key=review.document_id.encode()
        )
        await producer.send(prefix + REVIEW, None, key=request)
        await producer.send(
            f"{prefix}knowledge.updated", exemplar.model_dump_json().encode(), key=exemplar.passage_id.encode()
        )

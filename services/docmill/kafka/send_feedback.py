"""A person's decision to documents.feedback, and the answer of the arbiter: whose decision counted.

The order matters. Where documents.review and documents.processed end is noted first, then the review is looked up, then
the decision is sent, then both topics are read from what was noted on: so no answer can slip between two steps. Where a
person is asked in between, all is noted and looked up again before it is sent (docmill.kafka.decided_meanwhile).
"""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Self, TypeVar

from aiokafka import AIOKafkaConsumer
from pydantic import BaseModel, ConfigDict

from docmill.kafka.decode_record import JSON, Record, key_text
from docmill.kafka.publish import OutgoingRecord
from docmill.kafka.read_reviews import ends_of
from docmill.kafka.scan import Offsets, scan_clients
from docmill.kafka.send_record import SOURCE, send_record
from docmill.kafka.topics import require_topics
from docmill.settings import Settings
from docmill_schemas.cloudevents import binary_headers, read_content, read_headers
from docmill_schemas.events import EventType
from docmill_schemas.ids import decision_version, feedback_id, result_id
from docmill_schemas.reasons import DecidedBy
from docmill_schemas.review_events import DecidedField, FeedbackGiven, ReviewRequested
from docmill_schemas.topics import FEEDBACK, PROCESSED, REVIEW

POLL_MS = 200
View = TypeVar("View", bound="_View")


class Answer(StrEnum):
    """What became of a decision, as far as it could be seen."""

    DECIDED = "decided"  # it counts: its result is published
    SOMEBODY_ELSE = "somebody_else"  # another decision came first
    CLOSED = "closed"  # the review is closed, and whose decision counted could not be seen in time
    UNANSWERED = "unanswered"


@dataclass(frozen=True, slots=True)
class Expected:
    """What the answer is told by."""

    request_id: str
    result_id: str  # of the result, if this decision counts
    revision: int
    is_late: bool = False  # the review was opened too late: it ends, and no result comes with that

    @classmethod
    def of(cls, review: ReviewRequested, feedback: FeedbackGiven, *, is_late: bool = False) -> Self:
        """The answer to a decision on a review."""
        version = decision_version(feedback.feedback_id, review.revision)
        own = result_id(review.request_id, review.content_sha256, DecidedBy.HUMAN, version)
        return cls(review.request_id, own, review.revision, is_late)


class _View(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class _Result(_View):
    """What is read of a DocumentProcessed."""

    request_id: str
    result_id: str
    revision: int
    decided_by: str


class _Review(_View):
    """What is read of a ReviewRequested."""

    revision: int


def feedback_on(
    review: ReviewRequested, label: str, fields: Sequence[DecidedField], reviewer: str | None, now: datetime
) -> FeedbackGiven:
    """A decision on a review. Its id is of what it says and of who says it, and not of the time: where nobody knows
    whether it was sent, it is sent again, and is the same decision.
    """
    decided = sorted((one.start, one.end, one.name, one.value or "") for one in fields)
    said = json.dumps([label, decided], ensure_ascii=False)
    return FeedbackGiven(
        feedback_id=feedback_id(review.request_id, review.revision, reviewer or "", said),
        request_id=review.request_id,
        revision=review.revision,
        document_type=label,
        fields=tuple(fields),
        decided_at=now,
        reviewer=reviewer,
    )


def feedback_record(
    feedback: FeedbackGiven, review: ReviewRequested, trace: list[tuple[str, bytes | None]]
) -> OutgoingRecord:
    """The decision as a CloudEvent in binary mode, with the headers of the document's trace; the key is the request."""
    headers = binary_headers(
        id=feedback.feedback_id,
        source=SOURCE,
        type=EventType.FEEDBACK_GIVEN,
        subject=review.document_id,
        time=feedback.decided_at,
        media_type=JSON,
    )
    value = feedback.model_dump_json(exclude_none=True).encode()
    return OutgoingRecord(FEEDBACK.name, feedback.request_id.encode(), value, [*headers, *trace])


def read_answer(expected: Expected, topic: str, record: Record) -> Answer | None:
    """What one record of documents.review or documents.processed (name without the prefix) says of a decision."""
    if topic == REVIEW.name:
        return _read_review(expected, record) if key_text(record.key) == expected.request_id else None
    if record.value is None or expected.request_id.encode() not in record.value:
        return None
    result = _read(_Result, record)
    if result is None or result.request_id != expected.request_id or result.decided_by != DecidedBy.HUMAN:
        return None
    if result.result_id == expected.result_id:
        return Answer.DECIDED
    return Answer.SOMEBODY_ELSE if result.revision >= expected.revision else None


def _read_review(expected: Expected, record: Record) -> Answer | None:
    """Without a value it is decided; so it is where it was opened again since, as a further revision."""
    if record.value is None:
        return Answer.CLOSED
    review = _read(_Review, record)
    return Answer.CLOSED if review is not None and review.revision > expected.revision else None


def _read(view: type[View], record: Record) -> View | None:
    try:
        return view.model_validate_json(read_content(read_headers(record.headers), record.value or b"").data)
    except (ValueError, RecursionError):
        return None


async def note_ends(settings: Settings) -> Offsets:
    """Where documents.review and documents.processed end now, for committed readers.

    Raises:
        BrokerError: the broker does not answer, or a topic is missing.
    """
    await require_topics(settings, [REVIEW, PROCESSED, FEEDBACK])
    return await ends_of(settings, [REVIEW, PROCESSED])


async def give_feedback(
    settings: Settings, record: OutgoingRecord, expected: Expected, noted: Offsets, wait_s: float
) -> Answer:
    """Send a decision; then wait for its answer, for so long at most.

    Raises:
        BrokerError: the broker does not answer, or takes no decision.
        ReviewError: the decision is too large for its topic.
    """
    await send_record(settings, FEEDBACK, record, "the decision")
    if wait_s <= 0:
        return Answer.UNANSWERED
    async with scan_clients(settings, "docmill-review") as (_, consumer):
        consumer.assign(list(noted))
        for partition, offset in noted.items():
            consumer.seek(partition, offset)
        return await wait_for_answer(consumer, expected, settings.topic_prefix, wait_s)


async def wait_for_answer(consumer: AIOKafkaConsumer, expected: Expected, prefix: str, wait_s: float) -> Answer:
    """Read until a result says whose decision counted, or the time is over."""
    seen = Answer.UNANSWERED
    try:
        async with asyncio.timeout(wait_s):
            while True:
                for partition, records in (await consumer.getmany(timeout_ms=POLL_MS)).items():
                    topic = partition.topic.removeprefix(prefix)
                    for record in records:
                        match read_answer(expected, topic, record):
                            case Answer.CLOSED if not expected.is_late:
                                seen = Answer.CLOSED  # its result is on another topic, and may be read a moment later
                            case None:
                                pass
                            case answer:
                                return answer
    except TimeoutError:
        return seen

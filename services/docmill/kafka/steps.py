"""One record of a document's way to what happened there. Pure; knows no broker, and never holds a document's text.

As in outcomes.py, vocabularies stay open: a later docmill may have written the topics that this one reads.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, ValidationError

from docmill.kafka.decode_record import Record, decode_record, timestamp_utc
from docmill.kafka.outcomes import Observed, OutcomeKind, observe
from docmill.processing import ReceivedDocument
from docmill_schemas.cloudevents import read_content, read_headers


@dataclass(frozen=True, slots=True)
class Received:
    """The document came in. `problem`: why there is none in the record."""

    kind: ClassVar[str] = "received"
    media_type: str | None
    bytes: int
    ce_source: str | None
    attempt: int
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Processed:
    """A result was published."""

    kind: ClassVar[str] = "processed"
    label: str
    probability: float
    decided_by: str
    revision: int
    fields: int
    reviewer: str | None = None  # of a person's, as the sender of the decision says


@dataclass(frozen=True, slots=True)
class Deferred:
    """The fast model was not sure; the fallback has it."""

    kind: ClassVar[str] = "fallback"
    label: str
    probability: float
    reasons: tuple[str, ...]
    missing_fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """The record cannot be processed as it stands."""

    kind: ClassVar[str] = "rejected"
    reason: str | None  # None: not a dead letter of docmill
    detail: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Asked:
    """A person is asked: instead of a result, or about one (an audit, a correction)."""

    kind: ClassVar[str] = "review"
    reasons: tuple[str, ...]
    revision: int  # that the decision will have
    label: str  # what was thought likeliest
    probability: float
    undecided: tuple[str, ...]  # what held the fallback back, `part: reason`
    opened_late: bool = False  # its revision was decided by then: a decision only ends it


@dataclass(frozen=True, slots=True)
class Decision:
    """A person's decision was sent. Whether it counts, the arbiter says."""

    kind: ClassVar[str] = "feedback"
    label: str
    revision: int  # of the review that was looked at
    fields: int
    reviewer: str | None  # as its sender says


@dataclass(frozen=True, slots=True)
class ReviewEnded:
    """The review is decided."""

    kind: ClassVar[str] = "review_ended"
    revision: int | None = None  # the latest that is decided; None: it does not say


@dataclass(frozen=True, slots=True)
class NoEvent:
    """A record on a topic of docmill's that is no event of it."""

    kind: ClassVar[str] = "no_event"
    problem: str


What = Received | Processed | Deferred | DeadLetter | Asked | Decision | ReviewEnded | NoEvent


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happened to a document, where and when."""

    at: datetime  # the record's timestamp: its sender's clock
    topic: str  # with the deployment's prefix
    partition: int
    offset: int
    request_id: str | None  # None: the record does not say
    document_id: str  # empty: likewise
    what: What
    received_at: datetime | None  # when the document came in, as far as this record says
    traceparent: str | None = None
    correlation_id: str | None = None


def received_step(record: Record, cluster_id: str, max_document_bytes: int) -> Step:
    """Read a record of documents.received as the processor does, ids included."""
    decoded = decode_record(record, cluster_id, max_document_bytes)
    headers = read_headers(record.headers)
    at = timestamp_utc(record.timestamp)
    document = decoded.document
    try:
        content = read_content(headers, record.value or b"")
        media_type, source, size = content.media_type, content.attributes.source, len(content.data)
    except ValueError:
        media_type, source, size = None, headers.get("ce_source"), len(record.value or b"")
    if isinstance(document, ReceivedDocument):
        what = Received(document.media_type, len(document.content), source, decoded.attempt)
    else:
        problem = f"{document.reason.value}: {document.detail}"
        what = Received(media_type, size, source, decoded.attempt, problem)
    return step_of(record, headers, decoded.request_id, decoded.document_id, what, at)


def outcome_step(kind: OutcomeKind, record: Record, cluster_id: str, max_document_bytes: int) -> Step:
    """Read a record of an outcome topic; what is no event of docmill's is a NoEvent."""
    headers = read_headers(record.headers)
    seen = observe(kind, record)
    if kind is OutcomeKind.REJECTED:
        # Value, key and headers are as received, so its ids are found as those of the record itself.
        decoded = decode_record(record, cluster_id, max_document_bytes)
        letter = DeadLetter(seen.reasons[0] if seen.reasons else None, seen.detail or "", max(1, decoded.attempt - 1))
        request = None if seen.request_id is None else decoded.request_id
        came = None if seen.latency_s is None else _origin(headers)
        return step_of(record, headers, request, decoded.document_id, letter, came)
    what, received_at = _decided(seen)
    return step_of(record, headers, seen.request_id, seen.document_id, what, received_at)


class View(BaseModel):
    """Of an event, whatever else is in it."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class _Event(View):
    """What is read of an event beyond what every outcome shows."""

    received_at: datetime
    missing_fields: tuple[str, ...] = ()
    decided_by: str = "?"
    revision: int = 1
    reviewer: str | None = None


def _decided(seen: Observed) -> tuple[Processed | Deferred | NoEvent, datetime | None]:
    """The outcome of a document that the model read, and when that document came in."""
    if seen.label is None or seen.probability is None:
        return NoEvent(seen.detail or "unknown"), None
    try:
        event = _Event.model_validate(seen.event)
    except ValidationError as error:
        return NoEvent(f"not a {seen.kind} event: {error.errors()[0]['type']}"), None
    if seen.kind is OutcomeKind.FALLBACK:
        return Deferred(seen.label, seen.probability, seen.reasons, event.missing_fields), event.received_at
    label, p, fields = seen.label, seen.probability, len(seen.fields)
    return Processed(label, p, event.decided_by, event.revision, fields, event.reviewer), event.received_at


def _origin(headers: Mapping[str, str]) -> datetime:
    """When the record of a dead letter came in; observe() has seen to it that this is a number."""
    return timestamp_utc(int(headers["docmill_origin_timestamp"]))


def step_of(
    record: Record,
    headers: Mapping[str, str],
    request_id: str | None,
    document_id: str,
    what: What,
    received_at: datetime | None,
) -> Step:
    """What a record tells, with its place and the headers of its trace."""
    return Step(
        at=timestamp_utc(record.timestamp),
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        request_id=request_id,
        document_id=document_id,
        what=what,
        received_at=received_at,
        traceparent=headers.get("traceparent"),
        correlation_id=headers.get("correlation_id"),
    )

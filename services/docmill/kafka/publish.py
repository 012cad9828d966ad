"""Outcomes to records: which topic, which key, which headers. Does not send them."""

import logging
import zlib
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from pydantic import BaseModel

from docmill.bundle.bundle import Bundle
from docmill.errors import whereabouts
from docmill.kafka.decode_record import ATTEMPT_HEADER, JSON, REQUEST_ID_HEADER, DecodedRecord, Record
from docmill.pipeline.normalise import normalise
from docmill.pipeline.types import Deferral, ModelSpec, Span
from docmill.processing import Decided, Outcome, Rejected
from docmill.reviews.audit import is_audited
from docmill_schemas.cloudevents import HeaderList, binary_headers
from docmill_schemas.events import (
    BundleRef,
    DocumentProcessed,
    DocumentType,
    EventType,
    ExtractedField,
    FallbackRequested,
    LabelProbability,
)
from docmill_schemas.ids import result_id
from docmill_schemas.reasons import DecidedBy, RejectionReason, ReviewReason
from docmill_schemas.review_events import AutomaticResult, ReviewRequested
from docmill_schemas.topics import FALLBACK, PROCESSED, REJECTED, REVIEW, TopicSpec

log = logging.getLogger(__name__)

FIRST_REVISION = 1  # of the results of a request
PASSED_ON = ("traceparent", "tracestate", "correlation_id")
OWN_HEADERS = "docmill_"
GZIP_LEVEL = 6
MAX_REQUEST_BYTES = 32 * 1024 * 1024  # of one record before compression; the producer takes no more
RECORD_OVERHEAD_BYTES = 1024  # batch and record framing around key, value and headers


@dataclass(frozen=True, slots=True)
class OutgoingRecord:
    """A record to send; `topic` without the deployment's prefix."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes | None]]

    def size(self) -> int:
        """Bytes before compression, framing included."""
        headers = sum(len(name.encode()) + len(value or b"") + 8 for name, value in self.headers)
        return len(self.key or b"") + len(self.value or b"") + headers + RECORD_OVERHEAD_BYTES

    def fits(self, topic: TopicSpec) -> bool:
        """Whether the topic holds it as the producer will send it, gzip included."""
        size = self.size()
        if size <= topic.max_bytes:
            return True
        if size > MAX_REQUEST_BYTES:
            return False
        value = self.value or b""
        return size - len(value) + len(zlib.compress(value, GZIP_LEVEL)) <= topic.max_bytes


class Publisher:
    """Builds the one outgoing record of each outcome; and of some results, for people, a question whether it is right.

    Args:
        audit_share: of the results, in [0, 1].
    """

    def __init__(self, bundle: Bundle, source: str, *, include_text: bool, audit_share: float = 0.0) -> None:
        self._bundle = bundle
        self._ref = BundleRef(name=bundle.name, version=bundle.version, sha256=bundle.sha256)
        self._source = source
        self._include_text = include_text
        self._audit_share = audit_share

    def outgoing(self, decoded: DecodedRecord, outcome: Outcome, now: datetime) -> tuple[OutgoingRecord, Outcome]:
        """The record of an outcome, and the outcome that it stands for: a result that its topic cannot hold becomes
        a Rejected `text_too_large`.
        """
        if isinstance(outcome, Rejected):
            return rejected_record(decoded, outcome), outcome
        if isinstance(outcome.route, Deferral):
            record, spec = self._deferred(decoded, outcome, outcome.route, now), FALLBACK
        else:
            record, spec = self._processed(decoded, outcome, now, include_text=self._include_text), PROCESSED
            if not record.fits(spec):  # a text that does not fit costs the text, never the result
                record = self._processed(decoded, outcome, now, include_text=False)
        if record.fits(spec):
            return record, outcome
        detail = f"the event for {spec.name} takes {record.size()} bytes, at most {spec.max_bytes}"
        rejected = Rejected(RejectionReason.TEXT_TOO_LARGE, detail)
        return rejected_record(decoded, rejected), rejected

    def audit(self, decoded: DecodedRecord, outcome: Outcome, now: datetime) -> OutgoingRecord | None:
        """The review of an outcome that is published as a result, where it is drawn for one; None where it is not.

        One that its topic cannot hold, or that cannot be built, is left out: it never costs the result.
        """
        published = isinstance(outcome, Decided) and not isinstance(outcome.route, Deferral)
        if not published or not is_audited(decoded.request_id, self._audit_share):
            return None
        assert isinstance(outcome, Decided)
        try:
            record = self._review(decoded, outcome, now)
        except Exception as error:
            log.error("no audit of request %s: unexpected %s", decoded.request_id, whereabouts(error))
            return None
        if record.fits(REVIEW):
            return record
        size, most = record.size(), REVIEW.max_bytes
        log.warning("no audit of request %s: its review takes %d bytes, at most %d", decoded.request_id, size, most)
        return None

    def _review(self, decoded: DecodedRecord, decided: Decided, now: datetime) -> OutgoingRecord:
        revision = FIRST_REVISION + 1
        event = ReviewRequested(
            request_id=decoded.request_id,
            document_id=decoded.document_id,
            content_sha256=decided.content_sha256,
            text_sha256=decided.text_sha256,
            tenant=decided.document.tenant,
            received_at=decided.document.received_at,
            requested_at=now,
            media_type=decided.document.media_type,
            text=decided.text,
            document_type=document_type(decided),
            fields=extracted_fields(decided, self._bundle.spec),
            review_reasons=(ReviewReason.AUDIT,),
            published=AutomaticResult(
                result_id=self._result_id(decoded, decided), revision=FIRST_REVISION, decided_by=DecidedBy.MODEL
            ),
            revision=revision,
            bundle=self._ref,
        )
        event_id = result_id(decoded.request_id, decided.content_sha256, "review", str(revision))
        record = self._event_record(decoded, REVIEW, EventType.REVIEW_REQUESTED, event_id, event, now)
        return replace(record, key=decoded.request_id.encode())

    def _result_id(self, decoded: DecodedRecord, decided: Decided) -> str:
        return result_id(decoded.request_id, decided.content_sha256, DecidedBy.MODEL, self._bundle.sha256)

    def _processed(
        self, decoded: DecodedRecord, decided: Decided, now: datetime, *, include_text: bool
    ) -> OutgoingRecord:
        result = self._result_id(decoded, decided)
        event = DocumentProcessed(
            request_id=decoded.request_id,
            result_id=result,
            revision=FIRST_REVISION,
            document_id=decoded.document_id,
            content_sha256=decided.content_sha256,
            text_sha256=decided.text_sha256,
            tenant=decided.document.tenant,
            received_at=decided.document.received_at,
            document_type=document_type(decided),
            fields=extracted_fields(decided, self._bundle.spec),
            decided_by=DecidedBy.MODEL,
            bundle=self._ref,
            timings_ms=decided.timings_ms,
            text=decided.text if include_text else None,
        )
        return self._event_record(decoded, PROCESSED, EventType.DOCUMENT_PROCESSED, result, event, now)

    def _deferred(self, decoded: DecodedRecord, decided: Decided, deferral: Deferral, now: datetime) -> OutgoingRecord:
        further = decided.n_best
        event = FallbackRequested(
            request_id=decoded.request_id,
            document_id=decoded.document_id,
            content_sha256=decided.content_sha256,
            text_sha256=decided.text_sha256,
            tenant=decided.document.tenant,
            received_at=decided.document.received_at,
            media_type=decided.document.media_type,
            text=decided.text,
            document_type=document_type(decided),
            fields=extracted_fields(decided, self._bundle.spec),
            label_probabilities=_probabilities(further.labels) if further else (),
            candidates=_wire_spans(further.spans, decided, self._bundle.spec) if further else (),
            reasons=deferral.reasons,
            missing_fields=deferral.missing_fields,
            unread_attachments=decided.unread_attachments,
            bundle=self._ref,
            timings_ms=decided.timings_ms,
        )
        event_id = result_id(decoded.request_id, decided.content_sha256, "fallback", self._bundle.sha256)
        return self._event_record(decoded, FALLBACK, EventType.FALLBACK_REQUESTED, event_id, event, now)

    def _event_record(
        self, decoded: DecodedRecord, topic: TopicSpec, type: EventType, id: str, event: BaseModel, now: datetime
    ) -> OutgoingRecord:
        headers: HeaderList = binary_headers(
            id=id, source=self._source, type=type, subject=decoded.document_id, time=now, media_type=JSON
        )
        value = event.model_dump_json(exclude_none=True).encode()
        return OutgoingRecord(topic.name, decoded.document_id.encode(), value, [*headers, *passed_on(decoded.record)])


def document_type(decided: Decided) -> DocumentType:
    """The wire form of a prediction's type."""
    prediction = decided.prediction
    return DocumentType(
        label=prediction.label,
        probability=_rounded(prediction.probability),
        alternatives=_probabilities(prediction.alternatives),
    )


def _probabilities(of: Iterable[tuple[str, float]]) -> tuple[LabelProbability, ...]:
    return tuple(LabelProbability(label=label, probability=_rounded(probability)) for label, probability in of)


def extracted_fields(decided: Decided, spec: ModelSpec) -> tuple[ExtractedField, ...]:
    """The wire form of a prediction's spans, values normalised, with the page that each starts on."""
    return _wire_spans(decided.prediction.spans, decided, spec)


def _wire_spans(spans: Iterable[Span], decided: Decided, spec: ModelSpec) -> tuple[ExtractedField, ...]:
    kinds = {field.name: field for field in spec.fields}
    starts = decided.page_starts

    def wire(span: Span) -> ExtractedField:
        text = decided.text[span.start : span.end]
        field = kinds[span.field]
        page = bisect_right(starts, span.start) or None  # from 1; of pages that start together the last has the text
        page_start = starts[page - 1] if page else None
        return ExtractedField(
            name=span.field,
            value=normalise(field.kind, text, day_first=field.day_first, start_date=span.start_date),
            text=text,
            start=span.start,
            end=span.end,
            page=page,
            page_start=None if page_start is None else span.start - page_start,
            page_end=None if page_start is None else span.end - page_start,
            confidence=_rounded(span.confidence),
        )

    return tuple(wire(span) for span in spans)


def rejected_record(decoded: DecodedRecord, rejected: Rejected) -> OutgoingRecord:
    """The dead letter: value, key and headers as received, then headers that say why.

    Where even the value does not fit beside the headers, the letter goes without it (and without a key as large) and
    says so: the record itself is still at its origin.
    """
    record = decoded.record
    why = {
        REQUEST_ID_HEADER: decoded.request_id,
        "docmill_reason": rejected.reason.value,
        "docmill_detail": rejected.detail,
        "docmill_origin_topic": record.topic,
        "docmill_origin_partition": str(record.partition),
        "docmill_origin_offset": str(record.offset),
        "docmill_origin_timestamp": str(record.timestamp),
        ATTEMPT_HEADER: str(decoded.attempt),
    }
    if rejected.exception is not None:
        why["docmill_exception"] = rejected.exception
    received = [(name, value) for name, value in record.headers if not name.startswith(OWN_HEADERS)]
    added: list[tuple[str, bytes | None]] = [(name, value.encode()) for name, value in why.items()]
    # aiokafka sends no record with neither key nor value: an empty value stands for a null one there.
    nothing = b"" if record.key is None else None
    value = nothing if record.value is None else record.value
    letter = OutgoingRecord(REJECTED.name, record.key, value, [*received, *added])
    if letter.fits(REJECTED):
        return letter
    pointer = [*passed_on(record), *added, ("docmill_value_omitted", b"true")]
    bare = OutgoingRecord(REJECTED.name, record.key, nothing, pointer)
    if bare.fits(REJECTED):
        return bare
    return OutgoingRecord(
        REJECTED.name, decoded.request_id.encode(), None, [*added, ("docmill_value_omitted", b"true")]
    )


def passed_on(record: Record) -> list[tuple[str, bytes | None]]:
    """The headers that ride along on every hop."""
    return [(name, value) for name, value in record.headers if name in PASSED_ON and value is not None]


def _rounded(probability: float) -> float:
    return round(min(1.0, max(0.0, probability)), 4)

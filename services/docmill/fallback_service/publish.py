"""What the fallback decided, as records: a result, a question to a person, or the request itself once more."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from pydantic import BaseModel

from docmill.fallback.judge import Judgement
from docmill.fallback.types import Candidate, CitedPassage
from docmill.fallback_service.quoted import heard, quoted_fields, with_quoted
from docmill.fallback_service.resolved import Held
from docmill.generator.types import Answer
from docmill.kafka.decode_record import JSON, Record
from docmill.kafka.publish import OutgoingRecord, passed_on
from docmill.kafka.put_back import HELD_SINCE, NOT_BEFORE, PUT_BACK_AT
from docmill_schemas.cloudevents import binary_headers
from docmill_schemas.events import (
    Citation,
    Cost,
    DocumentProcessed,
    DocumentType,
    EventType,
    ExtractedField,
    FallbackRequested,
    LabelProbability,
)
from docmill_schemas.ids import result_id
from docmill_schemas.reasons import ReviewReason
from docmill_schemas.review_events import AutomaticResult, ReviewRequested, SimilarDocument
from docmill_schemas.topics import FALLBACK, PROCESSED, REVIEW, TopicSpec

FIRST_REVISION = 1  # a deferred document has no result before
SIMILAR = 5  # shown to a person
BESIDE_THE_PROPOSAL = ("candidates", "similar", "citations", "generator_citations", "generator_fields")


@dataclass(frozen=True, slots=True)
class Publisher:
    """Builds the records.

    Args:
        source: `ce_source` of what is published.
        decision_version: names everything that a decision depends on, beside the document and the index; asked anew for
            each, since the bundle may be another one meanwhile.
    """

    source: str
    decision_version: Callable[[], str]
    include_text: bool

    def processed(
        self, event: FallbackRequested, judgement: Judgement, cost: Cost, timings_ms: dict[str, float]
    ) -> DocumentProcessed:
        """The result of a decided judgement."""
        values = (f"{one.field}\n{one.start}\n{one.end}\n{one.value or ''}" for one in judgement.fields)
        cited = (f"{one.passage_id}\n{one.quote or ''}" for one in judgement.citations)
        version = "\n".join((self.decision_version(), event.bundle.sha256, judgement.label, *values, *cited))
        return DocumentProcessed(
            request_id=event.request_id,
            result_id=result_id(event.request_id, event.content_sha256, judgement.decided_by, version),
            revision=FIRST_REVISION,
            document_id=event.document_id,
            content_sha256=event.content_sha256,
            text_sha256=event.text_sha256,
            tenant=event.tenant,
            received_at=event.received_at,
            document_type=_document_type(judgement),
            fields=wire_fields(judgement.fields, event),
            decided_by=judgement.decided_by,
            reasons=event.reasons,
            citations=_citations(judgement.citations),
            bundle=event.bundle,
            timings_ms=event.timings_ms | timings_ms,
            cost=cost,
            text=event.text if self.include_text else None,
        )

    def review(
        self,
        event: FallbackRequested,
        judgement: Judgement,
        reason: ReviewReason,
        cost: Cost,
        now: datetime,
        published: DocumentProcessed | None = None,
        said: Answer | None = None,
        unanswered: str | None = None,
    ) -> ReviewRequested:
        """What a person needs to decide instead, or to judge what was published.

        Args:
            said: by a generator.
            unanswered: why one said nothing.
        """
        undecided = [f"{held.part}: {held.reason.value}" for held in judgement.held_back]
        if unanswered is not None:
            undecided.append(f"generator: {unanswered}")
        similar = [
            SimilarDocument(
                passage_id=voter.neighbour.passage_id,
                document_type=voter.neighbour.label,
                similarity=round(voter.neighbour.similarity, 4),
            )
            for voter in judgement.voting[:SIMILAR]
        ]
        quoted = wire_fields([one.candidate for one in judgement.quoted], event)
        return ReviewRequested(
            request_id=event.request_id,
            document_id=event.document_id,
            content_sha256=event.content_sha256,
            text_sha256=event.text_sha256,
            tenant=event.tenant,
            received_at=event.received_at,
            requested_at=now,
            media_type=event.media_type,
            text=event.text,
            document_type=_document_type(judgement) if judgement.label else event.document_type,
            fields=heard(wire_fields(judgement.fields, event), quoted),
            candidates=with_quoted(event.candidates, quoted),
            missing_fields=event.missing_fields,
            review_reasons=(reason,),
            reasons=event.reasons,
            undecided=tuple(dict.fromkeys(undecided)),
            similar=tuple(similar),
            citations=_citations(judgement.citations),
            generator_type=None if said is None else said.label,
            generator_citations=()
            if said is None
            else tuple(Citation(passage_id=one.passage_id, quote=one.quote) for one in said.label_evidence),
            generator_fields=quoted_fields(judgement.quoted, quoted),
            unread_attachments=event.unread_attachments,
            published=None
            if published is None
            else AutomaticResult(
                result_id=published.result_id, revision=published.revision, decided_by=published.decided_by
            ),
            revision=FIRST_REVISION if published is None else published.revision + 1,
            cost=cost,
            bundle=event.bundle,
        )

    def result_record(self, record: Record, event: DocumentProcessed, now: datetime) -> OutgoingRecord | None:
        """None where its topic cannot hold it, not even without the text."""
        for form in (event, event.model_copy(update={"text": None})):
            outgoing = self._record(record, PROCESSED, EventType.DOCUMENT_PROCESSED, form.result_id, form, now)
            if outgoing.fits(PROCESSED):
                return outgoing
        return None

    def review_record(self, record: Record, event: ReviewRequested, now: datetime) -> OutgoingRecord | None:
        """None where its topic cannot hold it, not even with the text and the proposal alone."""
        bare = event.model_copy(update=dict.fromkeys(BESIDE_THE_PROPOSAL, ()))
        id = result_id(event.request_id, event.content_sha256, "review", str(event.revision))
        for form in (event, bare):
            outgoing = self._record(record, REVIEW, EventType.REVIEW_REQUESTED, id, form, now)
            if outgoing.fits(REVIEW):
                return replace(outgoing, key=event.request_id.encode())
        return None

    def _record(
        self, record: Record, topic: TopicSpec, type: EventType, id: str, event: BaseModel, now: datetime
    ) -> OutgoingRecord:
        document_id: str = getattr(event, "document_id", "")
        headers = binary_headers(id=id, source=self.source, type=type, subject=document_id, time=now, media_type=JSON)
        value = event.model_dump_json(exclude_none=True).encode()
        return OutgoingRecord(topic.name, document_id.encode(), value, [*headers, *passed_on(record)])


def held_record(record: Record, held: Held) -> OutgoingRecord:
    """The request itself, to be looked at again later: put back behind all others, so that it holds up none."""
    own = {HELD_SINCE: held.since_ms, PUT_BACK_AT: held.put_back_ms, NOT_BEFORE: held.not_before_ms}
    kept: Sequence[tuple[str, bytes | None]] = [header for header in record.headers if header[0] not in own]
    return OutgoingRecord(
        FALLBACK.name, record.key, record.value, [*kept, *((name, str(ms).encode()) for name, ms in own.items())]
    )


def wire_fields(fields: Sequence[Candidate], event: FallbackRequested) -> tuple[ExtractedField, ...]:
    """Fields as they are published; the page of one is known where the fast model had found it too."""
    known = {(one.name, one.start, one.end): one for one in (*event.candidates, *event.fields)}

    def wire(one: Candidate) -> ExtractedField:
        confidence = round(min(1.0, max(0.0, one.confidence)), 4)
        found = known.get((one.field, one.start, one.end))
        if found is not None:
            return found.model_copy(update={"confidence": confidence})
        return ExtractedField(
            name=one.field, value=one.value, text=one.text, start=one.start, end=one.end, confidence=confidence
        )

    return tuple(wire(one) for one in fields)


def _document_type(judgement: Judgement) -> DocumentType:
    return DocumentType(
        label=judgement.label,
        probability=_rounded(judgement.confidence),
        alternatives=tuple(
            LabelProbability(label=one.label, probability=_rounded(one.probability)) for one in judgement.alternatives
        ),
    )


def _citations(cited: Sequence[CitedPassage]) -> tuple[Citation, ...]:
    return tuple(Citation(passage_id=one.passage_id, quote=one.quote) for one in cited)


def _rounded(probability: float) -> float:
    return round(min(1.0, max(0.0, probability)), 4)

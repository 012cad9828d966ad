"""A decision to the records that tell of it: the result, the end of the review, the exemplar. Does not send them."""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import BaseModel

from docmill.arbiter.exemplar import exemplar
from docmill.arbiter.types import Refused
from docmill.kafka.decode_record import JSON, Record
from docmill.kafka.publish import OutgoingRecord, passed_on
from docmill.kafka.review_end import revision_header
from docmill_schemas.cloudevents import binary_headers
from docmill_schemas.events import KNOWLEDGE_MAX_CHARACTERS, DocumentProcessed, EventType
from docmill_schemas.ids import result_id
from docmill_schemas.review_events import ReviewRequested
from docmill_schemas.topics import KNOWLEDGE_UPDATED, PROCESSED, REVIEW, TopicSpec

log = logging.getLogger(__name__)

LEAST_CHARACTERS = 1000  # of an exemplar's text; with less of it nothing alike would be found


@dataclass(frozen=True, slots=True)
class DecisionPublisher:
    """Builds the records of a decision.

    Attributes:
        source: `ce_source` of all of them.
        include_text: whether the result carries the document's text.
    """

    source: str
    include_text: bool

    def outgoing(self, result: DocumentProcessed, text: str, review: Record) -> tuple[OutgoingRecord, ...] | Refused:
        """The result, the tombstone of the review and the exemplar, with the review's trace; they are to become final
        together.

        A text that its topic cannot hold is left out of the result, and cut, or left out, in the exemplar.
        """
        processed = self._result(result, text, review)
        if not processed.fits(PROCESSED):
            return Refused(f"the result takes {processed.size()} bytes, at most {PROCESSED.max_bytes}: too many fields")
        learnt = self._exemplar(result, text, review)
        tombstone = self.end_of(result, result.revision, review)
        return (processed, tombstone) if learnt is None else (processed, tombstone, learnt)

    def end_of(self, of: DocumentProcessed | ReviewRequested, decided: int, review: Record) -> OutgoingRecord:
        """The tombstone of a request's review, with the latest revision that is decided."""
        id = result_id(of.request_id, of.content_sha256, "review ended", _place(review))
        headers = [("ce_id", id.encode()), ("ce_source", self.source.encode()), revision_header(decided)]
        return OutgoingRecord(REVIEW.name, of.request_id.encode(), None, [*headers, *passed_on(review)])

    def _result(self, result: DocumentProcessed, text: str, review: Record) -> OutgoingRecord:
        def record(event: DocumentProcessed) -> OutgoingRecord:
            type, id = EventType.DOCUMENT_PROCESSED, result.result_id
            return self._event(PROCESSED, type, id, result.document_id, event, review)

        if not self.include_text:
            return record(result)
        whole = record(result.model_copy(update={"text": text}))
        return whole if whole.fits(PROCESSED) else record(result)

    def _exemplar(self, result: DocumentProcessed, text: str, review: Record) -> OutgoingRecord | None:
        """None where the topic holds none of it. It never costs the result."""
        id = result_id(result.request_id, result.content_sha256, "exemplar", _place(review))
        characters = min(len(text), KNOWLEDGE_MAX_CHARACTERS)
        while True:
            event = exemplar(result, text, characters)
            if event is None:
                return None
            outgoing = self._event(KNOWLEDGE_UPDATED, EventType.KNOWLEDGE_UPDATED, id, event.passage_id, event, review)
            if outgoing.fits(KNOWLEDGE_UPDATED):
                return outgoing
            characters //= 2
            if characters < LEAST_CHARACTERS:
                log.warning("%s takes too much for %s: no exemplar of it", event.passage_id, KNOWLEDGE_UPDATED.name)
                return None

    def _event(
        self,
        topic: TopicSpec,
        type: EventType,
        id: str,
        subject: str,
        event: BaseModel,
        review: Record,
    ) -> OutgoingRecord:
        """Its key is its subject, as on all topics."""
        headers = binary_headers(
            id=id, source=self.source, type=type, subject=subject, time=datetime.now(UTC), media_type=JSON
        )
        value = event.model_dump_json(exclude_none=True).encode()
        return OutgoingRecord(topic.name, subject.encode(), value, [*headers, *passed_on(review)])


def _place(review: Record) -> str:
    """The record of a review: its end and its exemplar are named by it, since one decision may end two reviews."""
    return f"{review.topic}-{review.partition}@{review.offset}"

"""Reviews, results and exemplars by hand, as records of their topics."""

from datetime import timedelta
from typing import Any

from docmill.arbiter.exemplar import exemplar as exemplar_of
from docmill.kafka.open_correction import review_record
from docmill.kafka.publish import OutgoingRecord
from docmill.kafka.review_end import revision_header
from docmill.kafka.send_knowledge import updated_record
from docmill_schemas import examples
from docmill_schemas.events import DocumentProcessed, DocumentType, KnowledgeUpdated
from docmill_schemas.ids import decision_version, result_id
from docmill_schemas.reasons import DecidedBy
from docmill_schemas.review_events import FeedbackGiven, ReviewRequested

TRACE: list[tuple[str, bytes | None]] = [("traceparent", b"00-1"), ("correlation_id", b"claim-4711")]


def review(request_id: str = examples.REQUEST_ID, minutes: int = 0, **changes: Any) -> ReviewRequested:
    """The example's review, asked for so many minutes later."""
    at = examples.REVIEW.requested_at + timedelta(minutes=minutes)
    return examples.REVIEW.model_copy(update={"request_id": request_id, "requested_at": at, **changes})


def opened(request_id: str = examples.REQUEST_ID, **changes: Any) -> OutgoingRecord:
    """A record that opens a review."""
    return review_record(review(request_id, **changes), TRACE)


def closed(request_id: str = examples.REQUEST_ID, revision: int | None = None) -> OutgoingRecord:
    """The tombstone of one; without a revision: as it was before docmill 0.2."""
    headers: list[tuple[str, bytes | None]] = [] if revision is None else [revision_header(revision)]
    return OutgoingRecord("documents.review", request_id.encode(), None, headers)


def result(**changes: Any) -> DocumentProcessed:
    """The example's result."""
    return examples.PROCESSED.model_copy(update=changes)


def result_record(event: DocumentProcessed) -> OutgoingRecord:
    """Its record."""
    value = event.model_dump_json(exclude_none=True).encode()
    return OutgoingRecord("documents.processed", event.document_id.encode(), value, [*TRACE])


def human_result(feedback: FeedbackGiven, **changes: Any) -> OutgoingRecord:
    """The result of a decision, as the arbiter publishes it."""
    version = decision_version(feedback.feedback_id, feedback.revision)
    own = result_id(examples.REQUEST_ID, examples.REVIEW.content_sha256, DecidedBy.HUMAN, version)
    made = {"result_id": own, "decided_by": DecidedBy.HUMAN, "revision": feedback.revision}
    return result_record(result(**made | changes))


def exemplar(number: int = 1, label: str = "receipt", **changes: Any) -> KnowledgeUpdated:
    """What the arbiter makes of a decision."""
    type_ = DocumentType(label=label, probability=1)
    made = exemplar_of(result(request_id=f"{number:032x}", document_type=type_), examples.TEXT)
    assert made is not None
    return made.model_copy(update=changes)


def exemplar_record(made: KnowledgeUpdated) -> OutgoingRecord:
    """Its record."""
    return updated_record(made, "docmill/arbiter", "1", examples.TIME)

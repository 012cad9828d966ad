"""What people are asked and what they decide, as steps of a document's way. Pure, like steps.py; never holds its text.

The last record of a request on documents.review says how its review stands: an event is an open one, no value means
that it is decided.
"""

from collections.abc import Mapping
from typing import TypeVar

from pydantic import AwareDatetime, ValidationError

from docmill.kafka.decode_record import Record, key_text
from docmill.kafka.review_end import UNKNOWN, Ended, decided_revision
from docmill.kafka.steps import Asked, Decision, NoEvent, ReviewEnded, Step, View, step_of
from docmill_schemas.cloudevents import read_content, read_headers
from docmill_schemas.topics import FEEDBACK, REVIEW, TopicSpec


class _Type(View):
    label: str
    probability: float


class _Review(View):
    """What is read of a ReviewRequested."""

    request_id: str
    document_id: str
    received_at: AwareDatetime
    review_reasons: tuple[str, ...]
    revision: int
    document_type: _Type
    undecided: tuple[str, ...] = ()


class _Field(View):
    """One that is counted: nothing of it is kept."""


class _Feedback(View):
    """What is read of a FeedbackGiven."""

    request_id: str
    revision: int
    document_type: str
    fields: tuple[_Field, ...] = ()
    reviewer: str | None = None


Read = TypeVar("Read", _Review, _Feedback)


NONE_ENDED = Ended()


def review_step(record: Record, ended: Ended = NONE_ENDED) -> Step:
    """Read a record of documents.review; what is no event of docmill's is a NoEvent.

    `ended`: what the ends of its request's reviews before it say.
    """
    headers = read_headers(record.headers)
    if record.value is None:
        revision = decided_revision(record)
        end = ReviewEnded(None if revision == UNKNOWN else revision)
        return step_of(record, headers, key_text(record.key), "", end, None)
    review = _read(_Review, REVIEW, record, headers)
    if isinstance(review, NoEvent):
        return step_of(record, headers, key_text(record.key), headers.get("ce_subject", ""), review, None)
    kind = review.document_type
    late = review.revision <= ended.revision_at(record)
    asked = Asked(review.review_reasons, review.revision, kind.label, kind.probability, review.undecided, late)
    return step_of(record, headers, review.request_id, review.document_id, asked, review.received_at)


def feedback_step(record: Record) -> Step:
    """Read a record of documents.feedback, likewise. Of the document it has the id only in a header, if at all."""
    headers = read_headers(record.headers)
    document_id = headers.get("ce_subject", "")
    said = _read(_Feedback, FEEDBACK, record, headers)
    if isinstance(said, NoEvent):
        return step_of(record, headers, key_text(record.key), document_id, said, None)
    decision = Decision(said.document_type, said.revision, len(said.fields), said.reviewer)
    return step_of(record, headers, said.request_id, document_id, decision, None)


def _read(view: type[Read], of: TopicSpec, record: Record, headers: Mapping[str, str]) -> Read | NoEvent:
    name = "a review" if view is _Review else "a decision"
    value = record.value or b""
    if len(value) > of.max_bytes:  # the topic bounds what is compressed, which may be a thousandth of it
        return NoEvent(f"not {name}: {len(value):,} bytes, at most {of.max_bytes:,}")
    try:
        event = view.model_validate_json(read_content(headers, value).data)
    except (ValueError, RecursionError) as error:
        problem = error.errors()[0]["type"] if isinstance(error, ValidationError) else type(error).__name__
        return NoEvent(f"not {name}: {problem}")
    if key_text(record.key) != event.request_id:
        return NoEvent(f"not {name}: it is under another key than its request")
    return event

"""What a person is asked and what the person decided, as messages."""

from docmill_schemas import examples
from docmill_schemas.cloudevents import binary_headers
from docmill_schemas.events import EventType
from docmill_schemas.headers import (
    CE_ID,
    CE_SOURCE,
    CE_SPECVERSION,
    CE_SUBJECT,
    CE_TIME,
    DECIDED_REVISION,
    TRACE,
    ce_type,
    content_type,
    decided_revision,
    headers_schema,
    optional,
)
from docmill_schemas.message import JSON, REQUEST_ID_KEY, Example, Message, as_json
from docmill_schemas.review_events import FeedbackGiven, ReviewRequested
from docmill_schemas.topics import FEEDBACK, REVIEW

ATTRIBUTES = (CE_SPECVERSION, CE_ID, CE_SOURCE, CE_SUBJECT, CE_TIME, content_type(JSON))


def _example_headers(type: EventType, id: str, source: str) -> dict[str, str]:
    headers = binary_headers(
        id=id, source=source, type=type, subject=examples.DOCUMENT_ID, time=examples.TIME, media_type=JSON
    )
    return {name: value.decode() for name, value in headers} | examples.TRACE


def _review() -> Message:
    type = EventType.REVIEW_REQUESTED
    return Message(
        id="reviewRequested",
        topic=REVIEW,
        title="ReviewRequested",
        summary=(ReviewRequested.__doc__ or "").strip(),
        content_type=JSON,
        headers=headers_schema((*ATTRIBUTES, ce_type(type), *TRACE)),
        key=REQUEST_ID_KEY,
        value=ReviewRequested,
        examples=(
            Example("receipt", _example_headers(type, examples.REVIEW_ID, examples.DOCMILL), as_json(examples.REVIEW)),
        ),
    )


def _decided() -> Message:
    end = decided_revision()
    return Message(
        id="reviewDecided",
        topic=REVIEW,
        title="A review is decided",
        summary="A record without a value: nobody need decide the request of its key any more",
        content_type=JSON,
        headers=headers_schema((*map(optional, (CE_SPECVERSION, CE_ID, CE_SOURCE, CE_SUBJECT, CE_TIME, *TRACE)), end)),
        key=REQUEST_ID_KEY,
        value={"type": "null", "description": "no value: Kafka's tombstone"},
        examples=(Example("decided", {DECIDED_REVISION: "1"}),),
    )


def _feedback() -> Message:
    """Of what others send docmill needs no header."""
    type = EventType.FEEDBACK_GIVEN
    headers = _example_headers(type, examples.FEEDBACK.feedback_id, "docmill/review")
    return Message(
        id="feedbackGiven",
        topic=FEEDBACK,
        title="FeedbackGiven",
        summary=(FeedbackGiven.__doc__ or "").strip(),
        content_type=JSON,
        headers=headers_schema((*map(optional, (*ATTRIBUTES, ce_type(type))), *TRACE)),
        key=REQUEST_ID_KEY,
        value=FeedbackGiven,
        examples=(Example("receipt", headers, as_json(examples.FEEDBACK)),),
    )


REVIEW_MESSAGES = (_review(), _decided(), _feedback())

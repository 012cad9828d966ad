"""What docmill publishes, as messages: results, deferrals, dead letters."""

from pydantic import BaseModel

from docmill_schemas import examples
from docmill_schemas.cloudevents import binary_headers
from docmill_schemas.events import EventType
from docmill_schemas.headers import (
    CE_ID,
    CE_SOURCE,
    CE_SPECVERSION,
    CE_SUBJECT,
    CE_TIME,
    DEAD_LETTER_PREFIX,
    TRACE,
    VALUE_OMITTED,
    ce_type,
    content_type,
    dead_letter_headers,
    headers_schema,
    value_omitted,
)
from docmill_schemas.message import BYTES, DOCUMENT_ID_KEY, JSON, Example, Message, as_json
from docmill_schemas.reasons import RejectionReason
from docmill_schemas.received_messages import sent_headers
from docmill_schemas.topics import FALLBACK, PROCESSED, REJECTED, TopicSpec

BYTES_TYPE = "application/octet-stream"


def _event(topic: TopicSpec, type: EventType, id: str, event: BaseModel) -> Message:
    """An event in binary mode, as the `binary_headers` of every publisher make it."""
    model = event.__class__
    headers = binary_headers(
        id=id,
        source=examples.DOCMILL,
        type=type,
        subject=examples.DOCUMENT_ID,
        time=examples.TIME,
        media_type=JSON,
    )
    example = {name: value.decode() for name, value in headers} | examples.TRACE
    attributes = (CE_SPECVERSION, CE_ID, CE_SOURCE, ce_type(type), CE_SUBJECT, CE_TIME, content_type(JSON))
    return Message(
        id=model.__name__[0].lower() + model.__name__[1:],
        topic=topic,
        title=model.__name__,
        summary=(model.__doc__ or "").strip(),
        content_type=JSON,
        headers=headers_schema((*attributes, *TRACE)),
        key=DOCUMENT_ID_KEY,
        value=model,
        examples=(Example("receipt", example, as_json(event)),),
    )


WHY = {DEAD_LETTER_PREFIX + name: str(value) for name, value in as_json(examples.REJECTED).items()}


def _dead_letter() -> Message:
    """Its own headers follow those of the record as received, of which there may be none."""
    as_received = {"type": ["string", "null"], "description": "as received"}
    return Message(
        id="deadLetter",
        topic=REJECTED,
        title="A dead letter",
        summary="The record as received (of neither key nor value: with an empty value), its docmill_ headers replaced "
        "by those that say why. Put back on documents.received with all its headers, it keeps its request id",
        content_type=BYTES_TYPE,
        headers=headers_schema((*dead_letter_headers(), *TRACE)) | {"not": {"required": [VALUE_OMITTED]}},
        key=BYTES | as_received,
        value=BYTES | as_received,
        examples=(Example("undecodable", sent_headers("text/plain") | WHY),),
    )


def _dead_letter_pointer() -> Message:
    """Of the record as received only what fits: its key, perhaps not even that, and the headers of the trace."""
    key = {"type": ["string", "null"], "description": "as received; the request id where that does not fit either"}
    nothing = {"type": ["string", "null"], "maxLength": 0, "description": "null; empty where there is no key"}
    large = {
        "docmill_reason": RejectionReason.DOCUMENT_TOO_LARGE.value,
        "docmill_detail": "1572864 bytes, at most 1048576",
        VALUE_OMITTED: "true",
    }
    return Message(
        id="deadLetterPointer",
        topic=REJECTED,
        title="A dead letter that names its origin",
        summary="Of a record that does not fit beside the headers that say why: without its value and its own headers. "
        "It is not to be put back: the record is where docmill_origin_topic, _partition and _offset say, until "
        "retention takes it",
        content_type=BYTES_TYPE,
        headers=headers_schema((*dead_letter_headers(), value_omitted(), *TRACE)),
        key=BYTES | key,
        value=BYTES | nothing,
        examples=(Example("tooLarge", examples.TRACE | WHY | large, ""),),
    )


PUBLISHED_MESSAGES = (
    _event(PROCESSED, EventType.DOCUMENT_PROCESSED, examples.RESULT_ID, examples.PROCESSED),
    _event(FALLBACK, EventType.FALLBACK_REQUESTED, examples.FALLBACK_ID, examples.FALLBACK),
    _dead_letter(),
    _dead_letter_pointer(),
)

"""The forms in which a document may come: what docs/send.md says, as messages. Each record is of one of them."""

import json
from typing import Any

from docmill_schemas import examples
from docmill_schemas.cloudevents import SPEC_VERSION, STRUCTURED, binary_headers
from docmill_schemas.events import DocumentReceived, EventType
from docmill_schemas.headers import (
    CE_ID,
    CE_SOURCE,
    CE_SPECVERSION,
    CE_SUBJECT,
    CE_TIME,
    TRACE,
    Header,
    JsonSchema,
    content_type,
    headers_schema,
    optional,
)
from docmill_schemas.message import BYTES, DOCUMENT_ID_KEY, JSON, Example, Message, as_json
from docmill_schemas.topics import RECEIVED

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
TYPE: JsonSchema = {"type": "string", "description": "of the event", "examples": [EventType.DOCUMENT_RECEIVED.value]}
BINARY_MODE = (CE_SPECVERSION, CE_ID, CE_SOURCE, Header("ce_type", TYPE), optional(CE_SUBJECT), optional(CE_TIME))
STRUCTURED_EVENT: JsonSchema = {
    "title": "CloudEvent",
    "type": "object",
    "required": ["specversion", "id", "source", "type"],
    "properties": {
        "specversion": CE_SPECVERSION.schema,
        "id": CE_ID.schema,
        "source": CE_SOURCE.schema,
        "type": TYPE,
        "subject": CE_SUBJECT.schema,
        "time": CE_TIME.schema,
        "datacontenttype": {"type": "string", "description": "of data or data_base64; default: application/json"},
        "data": {"description": "a DocumentReceived; or the document as text, where datacontenttype says so"},
        "data_base64": {"type": "string", "description": "the document's bytes, or a DocumentReceived's"},
    },
    "oneOf": [{"required": ["data"]}, {"required": ["data_base64"]}],
}
STRUCTURED_ATTRIBUTES = {
    "specversion": SPEC_VERSION,
    "id": examples.EVENT_ID,
    "source": examples.SENDER,
    "type": EventType.DOCUMENT_RECEIVED.value,
    "subject": examples.DOCUMENT_ID,
}


def sent_headers(media_type: str) -> dict[str, str]:
    """The headers of the example request, whatever its form."""
    headers = binary_headers(
        id=examples.EVENT_ID,
        source=examples.SENDER,
        type=EventType.DOCUMENT_RECEIVED,
        subject=examples.DOCUMENT_ID,
        time=examples.TIME,
        media_type=media_type,
    )
    return {name: value.decode() for name, value in headers} | examples.TRACE


def _document(id: str, what: str, *media_types: str, value: str | None = None) -> Message:
    """The document itself as the value, in binary mode."""
    return Message(
        id=id,
        topic=RECEIVED,
        title=what,
        summary=f"{what} itself as the record's value, in CloudEvents binary mode",
        content_type=media_types[0],
        headers=headers_schema((*BINARY_MODE, content_type(*media_types), *TRACE)),
        key=DOCUMENT_ID_KEY,
        value=BYTES | {"contentMediaType": media_types[0]},
        examples=(Example(id, sent_headers(media_types[0]), value),),
    )


def _json_event() -> Message:
    def example(name: str, event: DocumentReceived) -> Example:
        return Example(name, sent_headers(JSON), as_json(event))

    return Message(
        id="documentReceived",
        topic=RECEIVED,
        title="DocumentReceived",
        summary="a document as JSON, in CloudEvents binary mode",
        content_type=JSON,
        headers=headers_schema((*BINARY_MODE, content_type(JSON), *TRACE)),
        key=DOCUMENT_ID_KEY,
        value=DocumentReceived,
        examples=(example("text", examples.RECEIVED_TEXT), example("base64", examples.RECEIVED_BASE64)),
    )


def _structured_event() -> Message:
    def example(name: str, **data: Any) -> Example:
        return Example(name, {"content-type": STRUCTURED} | examples.TRACE, STRUCTURED_ATTRIBUTES | data)

    return Message(
        id="structuredDocument",
        topic=RECEIVED,
        title="A document in structured mode",
        summary="the CloudEvent as JSON, its data a DocumentReceived or the document itself",
        content_type=STRUCTURED,
        headers=headers_schema((content_type(STRUCTURED), *TRACE)),
        key=DOCUMENT_ID_KEY,
        value=STRUCTURED_EVENT,
        examples=(
            example("event", data=as_json(examples.RECEIVED_TEXT)),
            example("bytes", datacontenttype="text/html", data_base64=examples.RECEIVED_BASE64.base64),
        ),
    )


def _bare_document() -> Message:
    named = headers_schema((CE_ID, CE_SOURCE))  # one alone, or an empty one, names no request
    structured = headers_schema((content_type(STRUCTURED),))
    return Message(
        id="bareDocument",
        topic=RECEIVED,
        title="A document whose headers name no CloudEvent",
        summary="The document or a DocumentReceived; without a content-type docmill looks which. Without both ce_id "
        "and ce_source the request id is a hash of the record's place in the log: what is sent twice is two requests",
        content_type="text/plain",
        headers=headers_schema((Header("content-type", {"type": "string"}, required=False), *TRACE))
        | {"not": {"anyOf": [named, structured]}},
        key=DOCUMENT_ID_KEY | {"type": ["string", "null"]},
        value=BYTES,
        examples=(
            Example("text", {}, examples.TEXT),
            Example("json", {"content-type": JSON}, json.dumps(as_json(examples.RECEIVED_TEXT))),
        ),
    )


RECEIVED_MESSAGES = (
    _document("plainTextDocument", "A plain text", "text/plain", value=examples.TEXT),
    _document("htmlDocument", "An HTML page", "text/html", "application/xhtml+xml", value=examples.HTML),
    _document("pdfDocument", "A PDF", "application/pdf"),
    _document("docxDocument", "A Word document (docx)", DOCX),
    _document("mailDocument", "A mail with its attachments", "message/rfc822"),
    _document("unnamedDocument", "A document whose first bytes must say what it is", "application/octet-stream"),
    _json_event(),
    _structured_event(),
    _bare_document(),
)

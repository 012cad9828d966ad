"""A document to the record that hands it to docmill. Does not send it."""

import uuid
from datetime import datetime

from docmill.kafka.publish import OutgoingRecord
from docmill.kafka.read_paths import SourceDocument
from docmill_schemas.cloudevents import binary_headers
from docmill_schemas.events import EventType
from docmill_schemas.topics import RECEIVED


def received_record(document: SourceDocument, source: str, event_id: str, now: datetime) -> OutgoingRecord:
    """The document as a CloudEvent in binary mode; the key is the document id."""
    headers = binary_headers(
        id=event_id,
        source=source,
        type=EventType.DOCUMENT_RECEIVED,
        subject=document.document_id,
        time=now,
        media_type=document.content_type,
    )
    return OutgoingRecord(RECEIVED.name, document.document_id.encode(), document.content, [*headers])


def new_event_id() -> str:
    """A `ce_id` that no other send has."""
    return uuid.uuid4().hex

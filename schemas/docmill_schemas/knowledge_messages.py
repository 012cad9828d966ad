"""Source texts for the fallback, as messages: what others send, and what docmill makes of it."""

from pydantic import BaseModel

from docmill_schemas import examples
from docmill_schemas.cloudevents import binary_headers
from docmill_schemas.events import EventType
from docmill_schemas.headers import (
    CE_ID,
    CE_SOURCE,
    CE_SPECVERSION,
    CE_TIME,
    TRACE,
    Header,
    ce_type,
    content_type,
    headers_schema,
    optional,
)
from docmill_schemas.message import JSON, PASSAGE_ID_KEY, Example, Message, as_json
from docmill_schemas.topics import KNOWLEDGE_INDEXED, KNOWLEDGE_UPDATED, TopicSpec

CE_SUBJECT = Header("ce_subject", {"type": "string", "description": "passage id"})


def _event(topic: TopicSpec, type: EventType, id: str, event: BaseModel, *, sent: bool) -> Message:
    """An event in binary mode. Of what others send docmill needs no header."""
    model = event.__class__
    attributes = (CE_SPECVERSION, CE_ID, CE_SOURCE, ce_type(type), CE_SUBJECT, CE_TIME, content_type(JSON))
    headers = binary_headers(
        id=id,
        source=examples.SENDER if sent else examples.DOCMILL,
        type=type,
        subject=examples.PASSAGE_ID,
        time=examples.TIME,
        media_type=JSON,
    )
    return Message(
        id=model.__name__[0].lower() + model.__name__[1:],
        topic=topic,
        title=model.__name__,
        summary=(model.__doc__ or "").strip(),
        content_type=JSON,
        headers=headers_schema((*(map(optional, attributes) if sent else attributes), *TRACE)),
        key=PASSAGE_ID_KEY,
        value=model,
        examples=(Example("policy", {name: value.decode() for name, value in headers}, as_json(event)),),
    )


def _tombstone(topic: TopicSpec, id: str, title: str) -> Message:
    return Message(
        id=id,
        topic=topic,
        title=title,
        summary="A record without a value: the source text of its key is no longer there",
        content_type=JSON,
        headers=headers_schema(map(optional, (CE_SPECVERSION, CE_ID, CE_SOURCE, CE_SUBJECT, CE_TIME, *TRACE))),
        key=PASSAGE_ID_KEY,
        value={"type": "null", "description": "no value: Kafka's tombstone"},
        examples=(Example("deleted", {}),),
    )


KNOWLEDGE_MESSAGES = (
    _event(KNOWLEDGE_UPDATED, EventType.KNOWLEDGE_UPDATED, examples.EVENT_ID, examples.KNOWLEDGE, sent=True),
    _tombstone(KNOWLEDGE_UPDATED, "knowledgeDeleted", "A source text is deleted"),
    _event(KNOWLEDGE_INDEXED, EventType.KNOWLEDGE_INDEXED, examples.INDEXED_ID, examples.INDEXED, sent=False),
    _tombstone(KNOWLEDGE_INDEXED, "knowledgeUnindexed", "A source text and its vectors are deleted"),
)

"""What the contract says of one kind of record. Does not know how AsyncAPI spells it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from docmill_schemas.headers import JsonSchema
from docmill_schemas.topics import TopicSpec

JSON = "application/json"
BYTES: JsonSchema = {"type": "string", "format": "binary"}
PASSAGE_ID_KEY: JsonSchema = {"type": "string", "description": "passage id: the last record of one is its state"}
REQUEST_ID_KEY: JsonSchema = {"type": "string", "description": "request id: the last record of one is its state"}
DOCUMENT_ID_KEY: JsonSchema = {"type": "string", "description": "document id: documents of one id keep their order"}


@dataclass(frozen=True, slots=True)
class Example:
    """A record of its kind. `value` is as JSON shows it; None for bytes that it cannot show."""

    name: str
    headers: Mapping[str, str]
    value: Any = None


@dataclass(frozen=True, slots=True)
class Message:
    """One kind of record on a topic; `value` is an event, or the schema of a value that is none."""

    id: str
    topic: TopicSpec
    title: str
    summary: str
    content_type: str
    headers: JsonSchema
    key: JsonSchema
    value: type[BaseModel] | JsonSchema
    examples: tuple[Example, ...]


def as_json(event: BaseModel) -> Any:
    """An event as it is published."""
    return event.model_dump(mode="json", exclude_none=True)

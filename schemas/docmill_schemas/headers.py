"""Every header on docmill's topics, as the contract states them. Does not read or write headers of a record.

A header's value is text in UTF-8: numbers are decimal digits, and each schema is of that text.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from docmill_schemas.cloudevents import SPEC_VERSION
from docmill_schemas.events import DocumentRejected, EventType

JsonSchema = dict[str, Any]
DEAD_LETTER_PREFIX = "docmill_"
VALUE_OMITTED = DEAD_LETTER_PREFIX + "value_omitted"
DECIDED_REVISION = "docmill_revision"


@dataclass(frozen=True, slots=True)
class Header:
    """A header and the schema of its text."""

    name: str
    schema: JsonSchema
    required: bool = True


def _text(name: str, description: str, **keywords: object) -> Header:
    return Header(name, {"type": "string", "description": description, **keywords})


CE_SPECVERSION = _text("ce_specversion", "of CloudEvents", const=SPEC_VERSION)
CE_ID = _text("ce_id", "unique within `ce_source`; the same pair again is the same event", minLength=1)
CE_SOURCE = _text("ce_source", "who sends", minLength=1)
CE_SUBJECT = _text("ce_subject", "document id")
CE_TIME = _text("ce_time", "when the event was made", format="date-time")


def optional(header: Header) -> Header:
    """The same header where it need not be there."""
    return replace(header, required=False)


TRACE = tuple(
    optional(_text(name, f"{what}; passed on to every outcome"))
    for name, what in (
        ("traceparent", "W3C Trace Context"),
        ("tracestate", "W3C Trace Context"),
        ("correlation_id", "the sender's own"),
    )
)


def decided_revision() -> Header:
    """The header of a review's end that says up to which revision its request is decided."""
    what = "the latest revision of the request that is decided; not there before docmill 0.2"
    return optional(_text(DECIDED_REVISION, what, pattern="^[0-9]{1,9}$"))


def ce_type(type: EventType) -> Header:
    """The header that names an event docmill publishes."""
    return _text("ce_type", "of the event", const=type.value)


def content_type(*media_types: str) -> Header:
    """The header that names the value's media type, with parameters or without."""
    escaped = "|".join(media_type.replace(".", r"\.").replace("+", r"\+") for media_type in media_types)
    return _text("content-type", "of the value", pattern=f"^({escaped})([ ;].*)?$", examples=[media_types[0]])


def dead_letter_headers() -> tuple[Header, ...]:
    """What says why: the fields of DocumentRejected but for `value_omitted`."""
    return tuple(header for header in _rejected_headers() if header.name != VALUE_OMITTED)


def value_omitted() -> Header:
    """The header of a dead letter that only names its origin."""
    [header] = [header for header in _rejected_headers() if header.name == VALUE_OMITTED]
    return replace(header, required=True)


def _rejected_headers() -> tuple[Header, ...]:
    schema = DocumentRejected.model_json_schema()
    return tuple(
        Header(DEAD_LETTER_PREFIX + name, _as_text(field), name in schema["required"])
        for name, field in schema["properties"].items()
    )


def headers_schema(headers: Iterable[Header]) -> JsonSchema:
    """One schema of all headers of a record; a record may carry others."""
    listed = tuple(headers)
    required = [header.name for header in listed if header.required]
    schema: JsonSchema = {"type": "object"}
    if required:
        schema["required"] = required
    return schema | {"properties": {header.name: header.schema for header in listed}}


def _as_text(field: JsonSchema) -> JsonSchema:
    """A field's schema to that of its text in a header; an absent header stands for null."""
    [given] = [form for form in field.get("anyOf", [field]) if form["type"] != "null"]
    schema = {"type": "string"} | {k: field[k] for k in ("description", "examples") if k in field}
    if given["type"] == "integer":
        return schema | {"pattern": "^-?[0-9]+$"}
    return schema | ({"const": given["const"]} if "const" in given else {})

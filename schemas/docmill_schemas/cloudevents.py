"""CloudEvents 1.0 over Kafka: reading attributes from strangers' headers, writing our own.

Source: CloudEvents Kafka protocol binding 1.0.2. The CloudEvents SDK raises on a null or non-UTF-8 header; a
mailroom must not, so these few lines are our own (docs/decisions/0001-dependencies.md).
"""

import base64
import binascii
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

STRUCTURED = "application/cloudevents+json"
SPEC_VERSION = "1.0"
HeaderList = list[tuple[str, bytes]]


@dataclass(frozen=True, slots=True)
class Attributes:
    """The CloudEvents attributes of a record that docmill reads; None where it carries none."""

    id: str | None = None
    source: str | None = None
    type: str | None = None
    subject: str | None = None


@dataclass(frozen=True, slots=True)
class Content:
    """What a record carries, whichever mode it came in."""

    attributes: Attributes
    media_type: str | None  # lower case, without parameters
    charset: str | None
    data: bytes


def read_headers(headers: Iterable[tuple[str, bytes | None]]) -> dict[str, str]:
    """Headers as text, names in lower case, the last of a name wins; null and non-UTF-8 ones are passed over."""
    readable = {}
    for name, value in headers:
        if value is not None:
            try:
                readable[name.lower()] = value.decode()
            except UnicodeDecodeError:
                continue
    return readable


def read_content(headers: Mapping[str, str], value: bytes) -> Content:
    """Content of a record in binary mode, structured mode or with no CloudEvents attributes at all.

    Raises:
        ValueError: the record says that it is a structured event and is none.
    """
    media_type, charset = parse_media_type(headers.get("content-type"))
    if media_type == STRUCTURED:
        return _structured(value)
    attributes = Attributes(
        headers.get("ce_id"), headers.get("ce_source"), headers.get("ce_type"), headers.get("ce_subject")
    )
    return Content(attributes, media_type, charset, value)


def parse_media_type(header: str | None) -> tuple[str | None, str | None]:
    """`text/html; charset=UTF-8` -> ("text/html", "utf-8"). Source: RFC 9110, 8.3."""
    if header is None or not header.strip():
        return None, None
    first, *parameters = header.split(";")
    media_type = first.strip().lower() or None
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return media_type, value.strip().strip('"').lower() or None
    return media_type, None


def binary_headers(*, id: str, source: str, type: str, subject: str, time: datetime, media_type: str) -> HeaderList:
    """Headers of an event in binary mode."""
    attributes = {
        "ce_specversion": SPEC_VERSION,
        "ce_id": id,
        "ce_source": source,
        "ce_type": type,
        "ce_subject": subject,
        "ce_time": time.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "content-type": media_type,
    }
    return [(name, value.encode()) for name, value in attributes.items()]


def _structured(value: bytes) -> Content:
    try:
        event = json.loads(value)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"structured event is not JSON: {type(error).__name__}") from error
    if not isinstance(event, dict):
        raise ValueError("structured event is not a JSON object")
    attributes = Attributes(*(_text(event, name) for name in ("id", "source", "type", "subject")))
    media_type, charset = parse_media_type(_text(event, "datacontenttype"))
    data_base64 = _text(event, "data_base64")
    if data_base64 is not None:
        try:
            return Content(attributes, media_type, charset, base64.b64decode(data_base64, validate=True))
        except binascii.Error as error:
            raise ValueError("structured event's data_base64 is not base64") from error
    data = event.get("data")
    if isinstance(data, str) and media_type not in (None, "application/json"):
        return Content(attributes, media_type, "utf-8", _utf8("data", data))
    if data is None:
        raise ValueError("structured event carries neither data nor data_base64")
    try:
        return Content(attributes, "application/json", None, json.dumps(data).encode())
    except RecursionError as error:
        raise ValueError("structured event's data is nested too deeply") from error


def _text(event: Mapping[str, object], name: str) -> str | None:
    value = event.get(name)
    if value is not None and not isinstance(value, str):
        raise ValueError(f"structured event's {name} is not a string")
    if value is not None:
        _utf8(name, value)
    return value


def _utf8(name: str, text: str) -> bytes:
    """JSON can spell lone surrogates ("\\ud800"), which no UTF-8 and so no record can carry."""
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"structured event's {name} holds a lone surrogate") from error

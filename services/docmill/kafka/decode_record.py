"""One record to one document, or to the reason why it is none. Never raises, whatever a stranger sent."""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from pydantic import ValidationError

from docmill.errors import DocumentError, whereabouts
from docmill.ingest.media_types import PLAIN, UNKNOWN
from docmill.ingest.sniff import sniff
from docmill.processing import ReceivedDocument, Rejected
from docmill_schemas.cloudevents import Content, parse_media_type, read_content, read_headers
from docmill_schemas.events import DocumentReceived
from docmill_schemas.ids import ID_HEX_DIGITS, bare_request_id, request_id
from docmill_schemas.problems import problems
from docmill_schemas.reasons import RejectionReason

REQUEST_ID_HEADER = "docmill_request_id"
ATTEMPT_HEADER = "docmill_attempt"
JSON = "application/json"
MAX_ID_CHARACTERS = 512
RECEIVED_KEYS = frozenset({"text", "base64", "claim_check"})
REQUEST_ID = re.compile(rf"[0-9a-f]{{{ID_HEX_DIGITS}}}")
ATTEMPT = re.compile(r"[0-9]{1,6}")
LAST_TIMESTAMP_MS = 253_402_300_799_999  # the year 9999: a record's timestamp is its sender's to choose


class Record(Protocol):
    """What docmill reads of aiokafka's ConsumerRecord."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> tuple[tuple[str, bytes | None], ...]: ...


@dataclass(frozen=True, slots=True)
class DecodedRecord:
    """A record with its ids, which exist whether or not there is a document in it."""

    record: Record
    request_id: str
    document_id: str
    attempt: int  # 1 at first, counted up by each redrive
    document: ReceivedDocument | Rejected


def decode_record(record: Record, cluster_id: str, max_document_bytes: int) -> DecodedRecord:
    """Read one record in any of the forms of `docs/send.md`.

    The outcomes: a document; or a Rejected with `empty_value`, `invalid_event`, `unsupported_claim_check`,
    `document_too_large`, or, for an exception that nobody foresaw, `internal_error`.
    """
    headers = read_headers(record.headers)
    known = undecoded(record, cluster_id, Rejected(RejectionReason.EMPTY_VALUE, "the record has no value"))
    if not record.value:
        return known
    request = known.request_id
    document_id = known.document_id
    try:
        content = _content(headers, record.value)
        attributes = content.attributes
        request = _redriven(headers) or _request_id(attributes.source, attributes.id) or request
        document_id = _bounded(attributes.subject or key_text(record.key) or request)
        document = _document(content, record, request, document_id)
        if len(document.content) > max_document_bytes:
            raise DocumentError(
                RejectionReason.DOCUMENT_TOO_LARGE, f"{len(document.content)} bytes, at most {max_document_bytes}"
            )
        return DecodedRecord(record, request, document.document_id, known.attempt, document)
    except DocumentError as error:
        rejected = Rejected(error.reason, error.detail)
    except Exception as error:  # tied to one record: the policy of errors.py
        rejected = Rejected(RejectionReason.INTERNAL_ERROR, "unexpected exception", whereabouts(error))
    return DecodedRecord(record, request, document_id[:MAX_ID_CHARACTERS], known.attempt, rejected)


def undecoded(record: Record, cluster_id: str, rejected: Rejected) -> DecodedRecord:
    """A record whose value nobody has looked into, with the ids that its headers and its place give."""
    headers = read_headers(record.headers)
    request = _redriven(headers) or _request_id(headers.get("ce_source"), headers.get("ce_id"))
    if request is None:
        request = bare_request_id(cluster_id, record.topic, record.partition, record.offset, record.timestamp)
    attempt = int(_matching(ATTEMPT, headers.get(ATTEMPT_HEADER)) or 0) + 1
    document_id = headers.get("ce_subject") or key_text(record.key) or request
    return DecodedRecord(record, request, document_id[:MAX_ID_CHARACTERS], attempt, rejected)


def _redriven(headers: dict[str, str]) -> str | None:
    return _matching(REQUEST_ID, headers.get(REQUEST_ID_HEADER))


def _matching(pattern: re.Pattern[str], header: str | None) -> str | None:
    """A header of docmill's own, unless a stranger wrote something else into it."""
    return header if header is not None and pattern.fullmatch(header) else None


def _request_id(ce_source: str | None, ce_id: str | None) -> str | None:
    return request_id(ce_source, ce_id) if ce_source and ce_id else None


def timestamp_utc(timestamp_ms: int) -> datetime:
    """A record's timestamp, whatever its sender wrote there."""
    return datetime.fromtimestamp(min(max(timestamp_ms, 0), LAST_TIMESTAMP_MS) / 1000, UTC)


def _content(headers: dict[str, str], value: bytes) -> Content:
    try:
        return read_content(headers, value)
    except ValueError as error:
        raise DocumentError(RejectionReason.INVALID_EVENT, str(error)) from error


def _document(content: Content, record: Record, request: str, document_id: str) -> ReceivedDocument:
    """The document of a record: JSON DocumentReceived, or the value itself."""
    received_at = timestamp_utc(record.timestamp)
    media_type = content.media_type
    event: DocumentReceived | None = None
    if media_type == JSON or (media_type is None and _looks_received(content.data)):
        event = _event(content.data)
    if event is None:
        media_type = _media_type(media_type, content.data)
        return ReceivedDocument(request, document_id, content.data, media_type, content.charset, received_at)
    if event.claim_check is not None:
        raise DocumentError(
            RejectionReason.UNSUPPORTED_CLAIM_CHECK,
            "claim checks are not read yet; send the document inline, as text or base64, up to 1 MiB a record",
        )
    declared, charset = parse_media_type(event.media_type)
    try:
        data = event.content()
    except ValueError as error:
        raise DocumentError(RejectionReason.INVALID_EVENT, "base64 is not valid base64") from error
    return ReceivedDocument(
        request_id=request,
        document_id=_bounded(event.document_id or document_id),
        content=data,
        media_type=_media_type(declared, data),
        charset="utf-8" if event.text is not None else charset,
        received_at=received_at,
        tenant=event.tenant,
    )


def _event(data: bytes) -> DocumentReceived:
    try:
        return DocumentReceived.model_validate_json(data)
    except ValidationError as error:
        detail = f"not a DocumentReceived: {problems(error, DocumentReceived)}"  # a document's text goes in no header
        raise DocumentError(RejectionReason.INVALID_EVENT, detail) from error


def _media_type(declared: str | None, data: bytes) -> str:
    """As declared; where that says nothing, as the first bytes do."""
    if declared is None or declared == UNKNOWN:
        return sniff(data) or PLAIN
    return declared


def _looks_received(data: bytes) -> bool:
    """Whether a record without content-type is a JSON DocumentReceived rather than a document itself."""
    if data.lstrip()[:1] != b"{":
        return False
    try:
        parsed = json.loads(data)
    except (ValueError, RecursionError):
        return False
    return isinstance(parsed, dict) and not RECEIVED_KEYS.isdisjoint(parsed)


def key_text(key: bytes | None) -> str | None:
    """A record's key as text; as hex digits where it is none."""
    if not key:
        return None
    try:
        return key.decode()
    except UnicodeDecodeError:
        return key.hex()


def _bounded(document_id: str) -> str:
    if len(document_id) > MAX_ID_CHARACTERS:
        detail = f"document id of {len(document_id)} characters, at most {MAX_ID_CHARACTERS}"
        raise DocumentError(RejectionReason.INVALID_EVENT, detail)
    return document_id

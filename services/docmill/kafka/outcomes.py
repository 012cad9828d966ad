"""One record of an outcome topic to what it says. Never raises, whatever is on the topic; does not know how it came.

Vocabularies stay open here, unlike in the events: a later docmill may know more reasons than this one.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from docmill.kafka.decode_record import Record, key_text, timestamp_utc
from docmill.kafka.publish import OWN_HEADERS
from docmill_schemas.cloudevents import read_content, read_headers
from docmill_schemas.events import DocumentRejected
from docmill_schemas.problems import problems
from docmill_schemas.topics import FALLBACK, PROCESSED, REJECTED


class OutcomeKind(StrEnum):
    """The topic that a document came out on."""

    PROCESSED = "processed"
    FALLBACK = "fallback"
    REJECTED = "rejected"


MILLISECONDS = re.compile(r"\d{1,15}", re.ASCII)
KIND_OF_TOPIC = {
    PROCESSED.name: OutcomeKind.PROCESSED,
    FALLBACK.name: OutcomeKind.FALLBACK,
    REJECTED.name: OutcomeKind.REJECTED,
}


@dataclass(frozen=True, slots=True)
class Observed:
    """An outcome as a reader of the topics sees it."""

    kind: OutcomeKind
    at: datetime  # the outcome record's timestamp
    request_id: str | None  # None: the event cannot be read, `detail` says why
    document_id: str
    label: str | None = None
    probability: float | None = None
    fields: tuple[tuple[str, str], ...] = ()  # name and normalised value, or the text where there is none
    reasons: tuple[str, ...] = ()
    detail: str | None = None
    latency_s: float | None = None  # since the document's own record
    event: Mapping[str, object] | None = None  # as it was published; of a dead letter its DocumentRejected

    def as_json(self) -> str:
        """One line: the event's own keys, and which outcome it is."""
        shown: dict[str, object] = {"outcome": self.kind.value, "document_id": self.document_id}
        if self.latency_s is not None:
            shown["latency_s"] = round(self.latency_s, 3)
        if self.event is None:
            shown["detail"] = self.detail
        return json.dumps(shown | dict(self.event or {}), ensure_ascii=False)


class _View(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class _Type(_View):
    label: str
    probability: float


class _Field(_View):
    name: str
    value: str | None = None
    text: str


class _Result(_View):
    """What is shown of a DocumentProcessed or a FallbackRequested."""

    request_id: str
    document_id: str
    received_at: AwareDatetime
    document_type: _Type
    fields: tuple[_Field, ...] = ()
    reasons: tuple[str, ...] = ()
    missing_fields: tuple[str, ...] = ()


def observe(kind: OutcomeKind, record: Record) -> Observed:
    """Read one record of the topic of `kind`."""
    headers = read_headers(record.headers)
    at = timestamp_utc(record.timestamp)
    document_id = headers.get("ce_subject") or key_text(record.key) or f"{record.partition}@{record.offset}"
    if kind is OutcomeKind.REJECTED:
        return _dead_letter(headers, at, document_id)
    try:
        data = read_content(headers, record.value or b"").data
        result = _Result.model_validate_json(data)
        event = json.loads(data)
    except (ValueError, RecursionError) as error:
        return Observed(kind, at, None, document_id, detail=f"not a {kind} event: {_problem(error)}")
    missing = f"missing {', '.join(result.missing_fields)}" if result.missing_fields else None
    return Observed(
        kind=kind,
        at=at,
        request_id=result.request_id,
        document_id=result.document_id,
        label=result.document_type.label,
        probability=result.document_type.probability,
        fields=tuple((field.name, field.value or field.text) for field in result.fields),
        reasons=result.reasons,
        detail=missing,
        latency_s=max(0.0, (at - result.received_at).total_seconds()),
        event=event,
    )


def _dead_letter(headers: Mapping[str, str], at: datetime, document_id: str) -> Observed:
    said = {name.removeprefix(OWN_HEADERS): value for name, value in headers.items() if name.startswith(OWN_HEADERS)}
    try:
        rejected = DocumentRejected.model_validate(said)
        event: Mapping[str, object] = rejected.model_dump(mode="json", exclude_none=True)
    except ValidationError:  # of a later version, or of a stranger
        event = said
    received_ms = said.get("origin_timestamp", "")
    latency_s = at.timestamp() - int(received_ms) / 1000 if MILLISECONDS.fullmatch(received_ms) else None
    return Observed(
        kind=OutcomeKind.REJECTED,
        at=at,
        request_id=said.get("request_id"),
        document_id=document_id,
        reasons=(said["reason"],) if "reason" in said else (),
        detail=said.get("detail", "not a dead letter of docmill: it has no docmill_ headers"),
        latency_s=None if latency_s is None else max(0.0, latency_s),
        event=event,
    )


def _problem(error: ValueError | RecursionError) -> str:
    if isinstance(error, ValidationError):
        return problems(error, _Result)
    return type(error).__name__

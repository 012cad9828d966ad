"""A record of documents.fallback to what is asked of the fallback, or to the reason why it is nothing of the kind."""

import json
from dataclasses import dataclass

from pydantic import ValidationError

from docmill.kafka.decode_record import Record
from docmill.kafka.put_back import HELD_SINCE, NOT_BEFORE, milliseconds
from docmill.processing import Rejected
from docmill_schemas.cloudevents import read_headers
from docmill_schemas.events import FallbackRequested
from docmill_schemas.problems import problems
from docmill_schemas.reasons import DeferralReason, RejectionReason


@dataclass(frozen=True, slots=True)
class Requested:
    """A deferred document, and how long it has waited for a generator."""

    event: FallbackRequested
    held_since_ms: int | None = None
    not_before_ms: int = 0


def read_request(record: Record) -> Requested | Rejected:
    """What a record asks for. A Rejected is `empty_value` or `invalid_event`, without text of the document."""
    if not record.value:
        return Rejected(RejectionReason.EMPTY_VALUE, "the record has no value")
    try:
        event = _event(record.value)
    except ValidationError as error:
        detail = f"not a FallbackRequested: {problems(error, FallbackRequested)}"
        return Rejected(RejectionReason.INVALID_EVENT, detail)
    headers = read_headers(record.headers)
    return Requested(event, milliseconds(headers.get(HELD_SINCE)), milliseconds(headers.get(NOT_BEFORE)) or 0)


def ready_ms(record: Record, requested: Requested | Rejected) -> int:
    """Unix time in milliseconds since when it could have been looked at."""
    return max(record.timestamp, requested.not_before_ms if isinstance(requested, Requested) else 0)


def _event(value: bytes) -> FallbackRequested:
    """A reason of a later docmill is read as one that says nothing of the type for sure. Raises: ValidationError."""
    try:
        return FallbackRequested.model_validate_json(value)
    except ValidationError as error:
        if not any(problem["loc"][:1] == ("reasons",) and problem["type"] == "enum" for problem in error.errors()):
            raise
    given = json.loads(value)
    known = {reason.value for reason in DeferralReason}
    reasons = [
        DeferralReason.NOT_CERTIFIED.value if isinstance(reason, str) and reason not in known else reason
        for reason in given["reasons"]
    ]
    return FallbackRequested.model_validate_json(json.dumps(given | {"reasons": list(dict.fromkeys(reasons))}))

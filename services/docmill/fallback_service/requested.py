"""A record of documents.fallback to what is asked of the fallback, or to the reason why it is nothing of the kind."""

import json
from dataclasses import dataclass

from pydantic import ValidationError

from docmill.kafka.decode_record import Record
from docmill.kafka.put_back import HELD_SINCE, NOT_BEFORE, milliseconds, was_put_back
from docmill.processing import Rejected
from docmill_schemas.cloudevents import read_headers
from docmill_schemas.events import FallbackRequested
from docmill_schemas.problems import problems
from docmill_schemas.reasons import DeferralReason, RejectionReason


@dataclass(frozen=True, slots=True)
class Wait:
    """How a request has waited for a generator, as its headers say. Unix times in milliseconds."""

    held_since_ms: int | None = None  # None: it is new
    not_before_ms: int = 0


@dataclass(frozen=True, slots=True)
class Requested:
    """A deferred document, and how it has waited."""

    event: FallbackRequested
    wait: Wait
    has_strange_reason: bool = False  # of a later docmill; in the event it is NOT_CERTIFIED

    @property
    def reasons(self) -> tuple[DeferralReason, ...]:
        """Why it was deferred. A strange reason may be one of the type, so with one that is in doubt."""
        return (*self.event.reasons, *((DeferralReason.LOW_TYPE_CONFIDENCE,) if self.has_strange_reason else ()))


def read_wait(record: Record) -> Wait:
    """Without a look at the document. One without a document is new, to be told so: nobody put it back."""
    if not was_put_back(record) or not record.value:
        return Wait()
    headers = read_headers(record.headers)
    return Wait(milliseconds(headers.get(HELD_SINCE)), milliseconds(headers.get(NOT_BEFORE)) or 0)


def read_request(record: Record) -> Requested | Rejected:
    """What a record asks for. A Rejected is `empty_value` or `invalid_event`, without text of the document."""
    if not record.value:
        return Rejected(RejectionReason.EMPTY_VALUE, "the record has no value")
    try:
        event, strange = _event(record.value)
    except ValidationError as error:
        detail = f"not a FallbackRequested: {problems(error, FallbackRequested)}"
        return Rejected(RejectionReason.INVALID_EVENT, detail)
    return Requested(event, read_wait(record), strange)


def ready_ms(record: Record, wait: Wait) -> int:
    """Unix time in milliseconds since when it could have been looked at."""
    return max(record.timestamp, wait.not_before_ms)


def _event(value: bytes) -> tuple[FallbackRequested, bool]:
    """(the request, whether a reason of a later docmill was replaced in it). Raises: ValidationError."""
    try:
        return FallbackRequested.model_validate_json(value), False
    except ValidationError as error:
        if not any(problem["loc"][:1] == ("reasons",) and problem["type"] == "enum" for problem in error.errors()):
            raise
    given = json.loads(value)
    known = {reason.value for reason in DeferralReason}
    reasons = [
        DeferralReason.NOT_CERTIFIED.value if isinstance(reason, str) and reason not in known else reason
        for reason in given["reasons"]
    ]
    known_alone = json.dumps(given | {"reasons": list(dict.fromkeys(reasons))})
    return FallbackRequested.model_validate_json(known_alone), True

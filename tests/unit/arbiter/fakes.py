"""Reviews and decisions as records, and open reviews that need no broker."""

from collections.abc import Callable, Mapping
from typing import Any

from docmill.kafka.open_reviews import Found
from docmill_schemas.events import ExtractedField
from docmill_schemas.examples import FEEDBACK, REVIEW
from docmill_schemas.review_events import DecidedField, FeedbackGiven, ReviewRequested
from tests.unit.kafka.fakes import FakeRecord

REQUEST_ID = REVIEW.request_id


def decided_field(review: ReviewRequested, name: str, text: str, value: str | None = None) -> DecidedField:
    """A field as a person marks it: the first place of its text."""
    start = review.text.index(text)
    return DecidedField(name=name, text=text, start=start, end=start + len(text), value=value)


def as_decided(field: ExtractedField) -> DecidedField:
    """A proposed field that a person agrees to."""
    return DecidedField(name=field.name, text=field.text, start=field.start, end=field.end, value=field.value)


def feedback(**changed: Any) -> FeedbackGiven:
    """The example's decision; validated anew."""
    return FeedbackGiven.model_validate(FEEDBACK.model_dump() | changed)


def review(**changed: Any) -> ReviewRequested:
    """The example's review; validated anew."""
    return ReviewRequested.model_validate(REVIEW.model_dump() | changed)


def feedback_record(given: FeedbackGiven | bytes | None = FEEDBACK, offset: int = 1, **more: Any) -> FakeRecord:
    """A record of documents.feedback."""
    value = given.model_dump_json(exclude_none=True).encode() if isinstance(given, FeedbackGiven) else given
    key = given.request_id if isinstance(given, FeedbackGiven) else REQUEST_ID
    own: dict[str, Any] = {"key": key.encode(), "topic": "documents.feedback", "offset": offset}
    return FakeRecord(value, **(own | more))


def review_record(asked: ReviewRequested | bytes = REVIEW, **more: Any) -> FakeRecord:
    """A record of documents.review, with the trace of its document."""
    value = asked.model_dump_json(exclude_none=True).encode() if isinstance(asked, ReviewRequested) else asked
    key = asked.request_id if isinstance(asked, ReviewRequested) else REQUEST_ID
    headers = (("traceparent", b"00-1"), ("correlation_id", b"claim-4711"), ("x-own", b"1"))
    own: dict[str, Any] = {"key": key.encode(), "topic": "documents.review", "headers": headers, "offset": 7}
    return FakeRecord(value, **(own | more))


class FakeReviews:
    """Open reviews by request id, as the last look has them. What is published changes nothing here."""

    def __init__(self, *records: FakeRecord, decided: Mapping[str, int] | None = None) -> None:
        self.open = {(record.key or b"").decode(): record for record in records}
        self.decided = dict(decided or {})
        self.looks = 0
        self.error: Exception | None = None

    def catch_up(self, abandoned: Callable[[], bool]) -> None:
        self.looks += 1
        if self.error is not None:
            raise self.error

    def find(self, request_id: str, abandoned: Callable[[], bool]) -> Found:
        assert self.looks, "asked before a look"
        return Found(self.open.get(request_id), self.decided.get(request_id))

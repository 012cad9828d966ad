"""Records of all topics to what happened, as `docmill trace` tells it."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from docmill.kafka.decode_record import DecodedRecord
from docmill.kafka.outcomes import OutcomeKind
from docmill.kafka.publish import OutgoingRecord, Publisher, rejected_record
from docmill.kafka.steps import DeadLetter, Deferred, NoEvent, Processed, Received, Step, outcome_step, received_step
from docmill.pipeline.types import Deferral, Route, Span
from docmill.processing import Rejected
from docmill_schemas.reasons import DeferralReason, RejectionReason
from tests.unit.kafka.fakes import MIB, SENT_AT, SENT_AT_MS, FakeRecord, bundle, decide, decode, record

HEADERS: list[tuple[str, bytes | None]] = [
    ("ce_id", b"1"),
    ("ce_source", b"scanner"),
    ("ce_subject", b"letter-9"),
    ("content-type", b"text/plain; charset=utf-8"),
    ("traceparent", b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
    ("correlation_id", b"c-1"),
]
SECRET = b"on 3 May 2024 the secret text"
SENT = record(SECRET, HEADERS)
DECODED = decode(SENT)


def read_back(outgoing: OutgoingRecord) -> FakeRecord:
    """The record as a consumer gets it, a second and a half after the document's own."""
    headers = tuple(outgoing.headers)
    return FakeRecord(outgoing.value, headers, outgoing.key, f"p.{outgoing.topic}", timestamp=SENT_AT_MS + 1500)


def published(route: Route | None = None) -> FakeRecord:
    publisher = Publisher(bundle(), "docmill/test", include_text=True)
    return read_back(publisher.outgoing(DECODED, decide(DECODED, route, (Span("date", 3, 13, 0.9),)), SENT_AT)[0])


def rejected(decoded: DecodedRecord = DECODED) -> FakeRecord:
    return read_back(rejected_record(decoded, Rejected(RejectionReason.NO_TEXT, "nothing there")))


def received(fake: FakeRecord) -> Step:
    return received_step(fake, "cluster", MIB)


def outcome(kind: OutcomeKind, fake: FakeRecord) -> Step:
    return outcome_step(kind, fake, "cluster", MIB)


def test_a_document_comes_in() -> None:
    step = received(SENT)
    assert step == Step(
        at=SENT_AT,
        topic="documents.received",
        partition=3,
        offset=1,
        request_id=DECODED.request_id,
        document_id="letter-9",
        what=Received("text/plain", len(SECRET), "scanner", 1),
        received_at=SENT_AT,
        traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        correlation_id="c-1",
    )


def test_a_json_document_is_as_large_as_its_text_and_has_its_own_id() -> None:
    fake = record(b'{"document_id": "json-1", "text": "abc"}', [("content-type", b"application/json")], b"key")
    step = received(fake)
    assert (step.document_id, step.what) == ("json-1", Received("text/plain", 3, None, 1))


def test_a_structured_event_names_its_source_inside() -> None:
    event = {"id": "1", "source": "erp", "subject": "d", "datacontenttype": "text/plain", "data": "abcd"}
    step = received(record(json.dumps(event).encode(), [("content-type", b"application/cloudevents+json")]))
    assert (step.document_id, step.what) == ("d", Received("text/plain", 4, "erp", 1))


def test_a_redriven_record_counts_its_attempts() -> None:
    redriven = record(SECRET, [*HEADERS, ("docmill_request_id", b"0" * 32), ("docmill_attempt", b"2")])
    step = received(redriven)
    assert step.request_id == "0" * 32
    assert isinstance(step.what, Received)
    assert step.what.attempt == 3


@pytest.mark.parametrize(
    ("fake", "what"),
    [
        (record(None, HEADERS), Received("text/plain", 0, "scanner", 1, "empty_value: the record has no value")),
        (
            record(b"{", [("content-type", b"application/cloudevents+json"), ("ce_source", b"erp")]),
            Received(None, 1, "erp", 1, "invalid_event: structured event is not JSON: JSONDecodeError"),
        ),
        (
            record(b'{"txt": 1}', [("content-type", b"application/json")]),
            Received("application/json", 10, None, 1, "invalid_event: not a DocumentReceived: event: value_error"),
        ),
    ],
)
def test_a_record_without_a_document_says_why(fake: FakeRecord, what: Received) -> None:
    assert received(fake).what == what


def test_a_result() -> None:
    step = outcome(OutcomeKind.PROCESSED, published())
    assert step.what == Processed("receipt", 0.9877, "model", 1, 1)
    assert (step.request_id, step.document_id) == (DECODED.request_id, "letter-9")
    assert (step.at - SENT_AT, step.received_at) == (timedelta(seconds=1.5), SENT_AT)
    assert (step.topic, step.correlation_id) == ("p.documents.processed", "c-1")


def test_a_deferral() -> None:
    deferral = Deferral((DeferralReason.MISSING_FIELD,), ("total", "date"))
    step = outcome(OutcomeKind.FALLBACK, published(deferral))
    assert step.what == Deferred("receipt", 0.9877, ("missing_field",), ("total", "date"))
    assert step.received_at == SENT_AT


def test_a_dead_letter() -> None:
    step = outcome(OutcomeKind.REJECTED, rejected())
    assert step.what == DeadLetter("no_text", "nothing there", 1)
    assert (step.request_id, step.document_id, step.received_at) == (DECODED.request_id, "letter-9", SENT_AT)


def test_the_dead_letter_of_a_json_document_has_its_id() -> None:
    sent = record(b'{"document_id": "json-1", "text": " "}', [("content-type", b"application/json")], b"key")
    step = outcome(OutcomeKind.REJECTED, rejected(decode(sent)))
    assert step.document_id == "json-1"
    assert step.request_id == decode(sent).request_id  # of the place that the record had, not of the letter's


def test_the_dead_letter_of_a_second_attempt() -> None:
    again = decode(record(SECRET, [*HEADERS, ("docmill_request_id", b"0" * 32), ("docmill_attempt", b"1")]))
    step = outcome(OutcomeKind.REJECTED, rejected(again))
    assert step.what == DeadLetter("no_text", "nothing there", 2)
    assert step.request_id == "0" * 32


def test_words_of_a_later_version_are_taken_as_they_are() -> None:
    fake = published()
    event = json.loads(fake.value or b"") | {"decided_by": "oracle", "revision": 3, "later": 1}
    step = outcome(OutcomeKind.PROCESSED, replace(fake, value=json.dumps(event).encode()))
    assert step.what == Processed("receipt", 0.9877, "oracle", 3, 1)


@pytest.mark.parametrize(
    "change", [{"revision": "many"}, {"document_type": None}, {"received_at": "yesterday"}, {"decided_by": 1}]
)
def test_what_is_no_event_says_so_and_keeps_its_place(change: dict[str, object]) -> None:
    fake = published()
    event = json.loads(fake.value or b"") | change
    step = outcome(OutcomeKind.PROCESSED, replace(fake, value=json.dumps(event).encode()))
    assert isinstance(step.what, NoEvent)
    assert "not a processed event" in step.what.problem
    assert (step.document_id, step.partition, step.received_at) == ("letter-9", 3, None)


def test_a_stranger_on_the_dead_letters_topic() -> None:
    step = outcome(OutcomeKind.REJECTED, record(b"hello", (), b"k"))
    assert (step.request_id, step.document_id, step.received_at) == (None, "k", None)
    assert isinstance(step.what, DeadLetter)
    assert step.what.reason is None


def test_no_step_holds_the_text() -> None:
    steps = [
        received(SENT),
        outcome(OutcomeKind.PROCESSED, published()),
        outcome(OutcomeKind.FALLBACK, published(Deferral((DeferralReason.NOT_CERTIFIED,)))),
        outcome(OutcomeKind.REJECTED, rejected()),
    ]
    assert SECRET in (published().value or b"")  # it is in the events that were read
    assert "secret" not in repr(steps)

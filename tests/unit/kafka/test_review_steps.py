"""Records of documents.review and documents.feedback to what happened, as `docmill trace` tells it."""

import json
from typing import Any

import pytest

from docmill.kafka.publish import OutgoingRecord
from docmill.kafka.review_end import Ended
from docmill.kafka.review_steps import feedback_step, review_step
from docmill.kafka.send_feedback import feedback_record
from docmill.kafka.steps import Asked, Decision, NoEvent, ReviewEnded
from docmill_schemas import examples
from docmill_schemas.topics import FEEDBACK, REVIEW
from tests.unit.kafka.fakes import SENT_AT, FakeRecord
from tests.unit.kafka.reviews import TRACE, closed, opened, review

REQUEST = examples.REQUEST_ID


def read_back(outgoing: OutgoingRecord) -> FakeRecord:
    return FakeRecord(outgoing.value, tuple(outgoing.headers), outgoing.key, f"p.{outgoing.topic}")


def changed(outgoing: OutgoingRecord, **changes: Any) -> FakeRecord:
    fake = read_back(outgoing)
    event = json.loads(fake.value or b"") | changes
    return FakeRecord(json.dumps(event).encode(), fake.headers, fake.key, fake.topic)


def feedback() -> OutgoingRecord:
    return feedback_record(examples.FEEDBACK, review(), TRACE)


def test_a_person_is_asked() -> None:
    step = review_step(read_back(opened(revision=3, undecided=("total: low_confidence",))))
    kind = examples.REVIEW.document_type
    reasons = tuple(examples.REVIEW.review_reasons)
    assert step.what == Asked(reasons, 3, kind.label, kind.probability, ("total: low_confidence",))
    assert (step.request_id, step.document_id) == (REQUEST, examples.REVIEW.document_id)
    assert (step.at, step.received_at) == (SENT_AT, examples.REVIEW.received_at)
    assert (step.topic, step.traceparent, step.correlation_id) == ("p.documents.review", "00-1", "claim-4711")


def test_the_end_of_a_review_names_its_request_alone() -> None:
    step = review_step(read_back(closed()))
    assert (step.what, step.request_id, step.document_id, step.received_at) == (ReviewEnded(), REQUEST, "", None)


def test_the_end_of_a_review_says_which_revision_is_decided() -> None:
    assert review_step(read_back(closed(revision=2))).what == ReviewEnded(2)


@pytest.mark.parametrize(("revision", "late"), [(1, True), (2, True), (3, False)])
def test_a_review_whose_revision_was_decided_is_late(revision: int, late: bool) -> None:
    ended = Ended().then(read_back(closed(revision=2)))
    step = review_step(read_back(opened(revision=revision)), ended)
    assert isinstance(step.what, Asked)
    assert step.what.opened_late is late


def test_a_decision() -> None:
    step = feedback_step(read_back(feedback()))
    said = examples.FEEDBACK
    assert step.what == Decision(said.document_type, said.revision, len(said.fields), said.reviewer)
    assert (step.request_id, step.document_id) == (REQUEST, examples.REVIEW.document_id)


def test_words_of_a_later_version_are_taken_as_they_are() -> None:
    step = review_step(changed(opened(), review_reasons=["a whim"], later=1))
    assert isinstance(step.what, Asked)
    assert step.what.reasons == ("a whim",)


@pytest.mark.parametrize(
    "changes",
    [{"revision": "many"}, {"received_at": "2024-05-06T07:08:09"}, {"document_type": None}, {"request_id": "f" * 32}],
    ids=str,
)
def test_a_review_that_is_none_says_so_under_its_key(changes: dict[str, Any]) -> None:
    step = review_step(changed(opened(), **changes))
    assert isinstance(step.what, NoEvent)
    assert step.what.problem.startswith("not a review: ")
    assert (step.request_id, step.document_id) == (REQUEST, examples.REVIEW.document_id)


@pytest.mark.parametrize("changes", [{"fields": "none"}, {"document_type": 1}, {"request_id": "f" * 32}], ids=str)
def test_a_decision_that_is_none_says_so_under_its_key(changes: dict[str, Any]) -> None:
    step = feedback_step(changed(feedback(), **changes))
    assert isinstance(step.what, NoEvent)
    assert step.what.problem.startswith("not a decision: ")
    assert step.request_id == REQUEST


def test_what_is_larger_than_its_topic_takes_is_not_read() -> None:
    """A record of some KB may be a hundred megabytes of JSON: the arbiter does not read it either."""
    in_full = changed(feedback(), later="x" * FEEDBACK.max_bytes)
    said = feedback_step(in_full)
    assert said.what == NoEvent(f"not a decision: {len(in_full.value or b''):,} bytes, at most 1,048,576")
    assert said.request_id == REQUEST
    asked = review_step(changed(opened(), text="x" * REVIEW.max_bytes))
    assert isinstance(asked.what, NoEvent)
    assert asked.what.problem.endswith(f"bytes, at most {REVIEW.max_bytes:,}")


@pytest.mark.parametrize("value", [b"", b"\xff", b"[" * 100_000, b"null"], ids=["empty", "bytes", "deep", "null"])
def test_whatever_is_on_the_topics_raises_nothing(value: bytes) -> None:
    fake = FakeRecord(value, (), b"\xff", "p.documents.review")
    for step in (review_step(fake), feedback_step(fake)):
        assert isinstance(step.what, NoEvent)
        assert (step.request_id, step.document_id) == ("ff", "")
    assert isinstance(feedback_step(FakeRecord(None, (), b"k")).what, NoEvent)


def test_no_step_holds_the_text() -> None:
    asked = read_back(opened(text="the secret text of a letter"))
    decision = changed(feedback(), fields=[{"name": "total", "text": "secret", "start": 4, "end": 10}])
    assert b"secret" in (asked.value or b"")
    assert b"secret" in (decision.value or b"")
    assert "secret" not in repr([review_step(asked), feedback_step(decision)])

"""A decision as a record, and how its answer is told from what else happens."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import MessageSizeTooLargeError, NotLeaderForPartitionError, TopicAuthorizationFailedError

from docmill.arbiter.arbitrate import arbitrate
from docmill.errors import BrokerError, ConfigurationError, DocmillError, ReviewError
from docmill.kafka import read_reviews, send_record
from docmill.kafka import send_feedback as module
from docmill.kafka.publish import OutgoingRecord
from docmill.kafka.send_feedback import (
    Answer,
    Expected,
    feedback_on,
    feedback_record,
    give_feedback,
    note_ends,
    read_answer,
)
from docmill.settings import Settings, load_settings
from docmill_schemas.cloudevents import read_headers
from docmill_schemas.events import DocumentProcessed
from docmill_schemas.examples import FEEDBACK, REQUEST_ID, REVIEW, TIME
from docmill_schemas.reasons import DecidedBy
from docmill_schemas.review_events import FeedbackGiven, ReviewRequested
from tests.unit.kafka.fake_broker import FakeBroker
from tests.unit.kafka.fakes import FakeRecord
from tests.unit.kafka.reviews import TRACE, closed, human_result, opened, result, result_record

OTHER = FEEDBACK.model_copy(update={"feedback_id": "another"})
EXPECTED = Expected.of(REVIEW, FEEDBACK)
RECORD = feedback_record(FEEDBACK, REVIEW, TRACE)


@pytest.fixture
def settings() -> Settings:
    return load_settings(topic_prefix="p.", kafka_bootstrap_servers="here:1")


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> FakeBroker:
    made = FakeBroker()
    made.serve(monkeypatch, module, read_reviews, send_record)
    return made


def test_a_decision_is_an_event_of_the_request_with_its_trace() -> None:
    assert (RECORD.topic, RECORD.key) == ("documents.feedback", REQUEST_ID.encode())
    assert FeedbackGiven.model_validate_json(RECORD.value or b"") == FEEDBACK
    headers = read_headers(RECORD.headers)
    assert headers["ce_type"] == "docmill.feedback.given.v1"
    assert (headers["ce_id"], headers["ce_source"]) == (FEEDBACK.feedback_id, "docmill/review")
    assert (headers["ce_subject"], headers["correlation_id"]) == (REVIEW.document_id, "claim-4711")


def given(review: ReviewRequested = REVIEW, minutes: int = 0, **changes: Any) -> FeedbackGiven:
    """The example's decision, so many minutes later."""
    said: dict[str, Any] = {"label": "receipt", "fields": FEEDBACK.fields, "reviewer": "m.okafor"}
    return feedback_on(review, now=TIME + timedelta(minutes=minutes), **said | changes)


def test_a_decision_that_is_sent_again_is_the_same_one() -> None:
    assert given().model_copy(update={"feedback_id": FEEDBACK.feedback_id}) == FEEDBACK
    later = given(minutes=5, fields=tuple(reversed(FEEDBACK.fields)))
    assert later.feedback_id == given().feedback_id
    assert Expected.of(REVIEW, later) == Expected.of(REVIEW, given())


def test_another_decision_is_another_one() -> None:
    company, *others = FEEDBACK.fields
    ids = {
        given().feedback_id,
        given(REVIEW.model_copy(update={"revision": 2})).feedback_id,
        given(REVIEW.model_copy(update={"request_id": "another"})).feedback_id,
        given(reviewer="a.tan").feedback_id,
        given(reviewer=None).feedback_id,
        given(label="contract.supply").feedback_id,
        given(fields=others).feedback_id,
        given(fields=(company.model_copy(update={"value": None}), *others)).feedback_id,
        given(fields=(company.model_copy(update={"start": 1}), *others)).feedback_id,
    }
    assert len(ids) == 9


def test_two_fields_in_one_place_are_in_order_whatever_their_values() -> None:
    company = FEEDBACK.fields[0]
    twice = (company, company.model_copy(update={"value": None}))
    assert given(fields=twice).feedback_id == given(fields=tuple(reversed(twice))).feedback_id


@pytest.mark.parametrize(
    ("record", "answer"),
    [
        (human_result(FEEDBACK), Answer.DECIDED),
        (human_result(OTHER), Answer.SOMEBODY_ELSE),
        (human_result(OTHER, revision=7), Answer.SOMEBODY_ELSE),
        (human_result(OTHER, revision=0), None),  # of an earlier review
        (human_result(FEEDBACK, request_id="another", reasons=(), document_id=REQUEST_ID), None),
        (result_record(result(decided_by=DecidedBy.GENERATOR)), None),
        (replace(result_record(result()), value=REQUEST_ID.encode()), None),
        (replace(result_record(result()), value=None), None),
        (closed(), Answer.CLOSED),
        (opened(revision=2), Answer.CLOSED),
        (opened(), None),
        (replace(opened(), value=b"{}"), None),
        (closed("another"), None),
    ],
)
def test_what_a_record_says_of_a_decision(record: OutgoingRecord, answer: Answer | None) -> None:
    assert read_answer(EXPECTED, record.topic, FakeRecord(record.value, tuple(record.headers), record.key)) is answer


def test_what_is_expected_is_the_arbiters_result() -> None:
    for revision in (1, 2):
        asked = REVIEW.model_copy(update={"revision": revision})
        given = FEEDBACK.model_copy(update={"revision": revision})
        became = arbitrate(given, asked)
        assert isinstance(became, DocumentProcessed)
        assert Expected.of(asked, given).result_id == became.result_id


async def answered(broker: FakeBroker, settings: Settings, *records: OutgoingRecord, wait_s: float = 5.0) -> Answer:
    """The answer where the arbiter publishes these records once the decision is there."""
    noted = await note_ends(settings)
    broker.on_sent = lambda topic: broker.put("p.", *records)
    return await give_feedback(settings, RECORD, EXPECTED, noted, wait_s)


async def test_a_decision_that_counts(broker: FakeBroker, settings: Settings) -> None:
    assert await answered(broker, settings, closed(), human_result(FEEDBACK)) is Answer.DECIDED
    [sent] = broker.read("p.documents.feedback")
    assert (sent.key, sent.value) == (RECORD.key, RECORD.value)
    assert broker.required == ["documents.review", "documents.processed", "documents.feedback"]


async def test_somebody_else_was_faster(broker: FakeBroker, settings: Settings) -> None:
    assert await answered(broker, settings, human_result(OTHER)) is Answer.SOMEBODY_ELSE


async def test_what_was_published_between_noting_and_sending_is_seen(broker: FakeBroker, settings: Settings) -> None:
    broker.put("p.", closed(), human_result(FEEDBACK))  # before: of no interest
    noted = await note_ends(settings)
    assert noted[TopicPartition("p.documents.processed", 0)] == 1
    broker.put("p.", human_result(OTHER))
    assert await give_feedback(settings, RECORD, EXPECTED, noted, 5.0) is Answer.SOMEBODY_ELSE


async def test_nobody_answers(broker: FakeBroker, settings: Settings) -> None:
    old = human_result(FEEDBACK)
    broker.put("p.", old, closed())
    assert await answered(broker, settings, wait_s=0.05) is Answer.UNANSWERED


async def test_a_review_that_is_closed_without_a_result_is_told_so(broker: FakeBroker, settings: Settings) -> None:
    assert await answered(broker, settings, closed(), wait_s=0.05) is Answer.CLOSED


async def test_the_end_of_a_review_that_was_opened_too_late_is_all_that_comes(
    broker: FakeBroker, settings: Settings
) -> None:
    noted = await note_ends(settings)
    broker.on_sent = lambda topic: broker.put("p.", closed(revision=1))
    expected = Expected.of(REVIEW, FEEDBACK, is_late=True)
    async with asyncio.timeout(60):
        assert await give_feedback(settings, RECORD, expected, noted, 3600.0) is Answer.CLOSED


async def test_who_does_not_wait_reads_nothing(
    broker: FakeBroker, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted = await note_ends(settings)
    monkeypatch.setattr(module, "scan_clients", None)
    assert await give_feedback(settings, RECORD, EXPECTED, noted, 0) is Answer.UNANSWERED
    assert len(broker.read("p.documents.feedback")) == 1


def too_large(broker: FakeBroker) -> None:
    broker.too_large = MessageSizeTooLargeError()


def refused(broker: FakeBroker) -> None:
    broker.refusal = TopicAuthorizationFailedError()


def failed(broker: FakeBroker) -> None:
    broker.refusal = NotLeaderForPartitionError()


def silent(broker: FakeBroker) -> None:
    broker.is_silent = True


@pytest.mark.parametrize(
    ("fault", "error", "said"),
    [
        (too_large, ReviewError, r"the decision takes \d+ bytes, more than the \d+ that p.documents.feedback takes"),
        (refused, ConfigurationError, r"a right is missing, on topic p\.documents\.feedback.*Write to publish"),
        (failed, BrokerError, "the decision was not sent: NotLeaderForPartitionError"),
        (silent, BrokerError, "the decision may or may not be sent; try again"),
    ],
)
async def test_a_decision_that_is_not_sent_says_why(
    broker: FakeBroker,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    fault: Callable[[FakeBroker], Any],
    error: type[DocmillError],
    said: str,
) -> None:
    monkeypatch.setattr(send_record, "ACK_TIMEOUT_S", 0.02)
    fault(broker)
    async with asyncio.timeout(5):
        with pytest.raises(error, match=said):
            await give_feedback(settings, RECORD, EXPECTED, {}, 5.0)

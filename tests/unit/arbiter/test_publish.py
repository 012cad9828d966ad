"""A decision's three records: keyed, headed and sized as their topics want them."""

import json
from typing import Any

import pytest

from docmill.arbiter import publish as publish_module
from docmill.arbiter.arbitrate import arbitrate
from docmill.arbiter.publish import DecisionPublisher
from docmill.arbiter.types import Refused
from docmill.kafka.publish import OutgoingRecord
from docmill_schemas.events import DocumentProcessed, KnowledgeUpdated
from docmill_schemas.examples import FEEDBACK, REVIEW
from docmill_schemas.topics import Cleanup, TopicSpec
from tests.unit.arbiter.fakes import feedback, review, review_record


def small(name: str, max_bytes: int) -> TopicSpec:
    return TopicSpec(name, "", Cleanup.COMPACT, None, max_bytes, "")


def outgoing(
    text: str = REVIEW.text, *, include_text: bool = False, revision: int = 1, **of_feedback: str
) -> tuple[OutgoingRecord, ...] | Refused:
    result = arbitrate(feedback(revision=revision, **of_feedback), review(revision=revision))
    assert isinstance(result, DocumentProcessed)
    publisher = DecisionPublisher("docmill/docmill-arbiter", include_text=include_text)
    return publisher.outgoing(result, text, review_record(offset=10 + revision))


def records(*given: Any, **more: Any) -> tuple[OutgoingRecord, ...]:
    made = outgoing(*given, **more)
    assert not isinstance(made, Refused)
    return made


def headers(record: OutgoingRecord) -> dict[str, bytes | None]:
    return dict(record.headers)


def test_three_records() -> None:
    processed, tombstone, learnt = records()
    request = REVIEW.request_id.encode()
    assert (processed.topic, processed.key) == ("documents.processed", REVIEW.document_id.encode())
    assert (tombstone.topic, tombstone.key, tombstone.value) == ("documents.review", request, None)
    assert (learnt.topic, learnt.key) == ("knowledge.updated", b"decided/" + request)
    result = DocumentProcessed.model_validate_json(processed.value or b"")
    assert result == arbitrate(FEEDBACK, REVIEW)
    assert KnowledgeUpdated.model_validate_json(learnt.value or b"").text == REVIEW.text
    assert result.reviewer == FEEDBACK.reviewer == "m.okafor"
    assert b"m.okafor" not in (learnt.value or b"")  # kept for ever, and read by whoever searches
    assert FEEDBACK.feedback_id.encode() not in (learnt.value or b"")


def test_their_headers() -> None:
    processed, tombstone, learnt = records()
    for record, type, subject in (
        (processed, b"docmill.document.processed.v1", REVIEW.document_id.encode()),
        (learnt, b"docmill.knowledge.updated.v1", b"decided/" + REVIEW.request_id.encode()),
    ):
        said = headers(record)
        assert (said["ce_type"], said["ce_subject"], said["content-type"]) == (type, subject, b"application/json")
        assert said["ce_specversion"] == b"1.0"
        assert said["ce_time"]
    for record in (processed, tombstone, learnt):
        said = headers(record)
        assert said["ce_source"] == b"docmill/docmill-arbiter"
        assert (said["traceparent"], said["correlation_id"]) == (b"00-1", b"claim-4711")  # the review's
        assert "x-own" not in said
    assert headers(tombstone)["docmill_revision"] == b"1"
    ids = [headers(record)["ce_id"] for record in (processed, tombstone, learnt)]
    assert len(set(ids)) == 3
    assert ids == [headers(record)["ce_id"] for record in records()]  # a redelivery's are the same
    assert ids[0] == DocumentProcessed.model_validate_json(processed.value or b"").result_id.encode()


def test_what_is_read_by_others_than_results_is_the_same_whoever_decided() -> None:
    """An id that is made of a name tells it to who has a list of names."""
    first, second = (records(reviewer=reviewer, feedback_id=reviewer) for reviewer in ("m.okafor", "a.tan"))
    assert headers(first[0])["ce_id"] != headers(second[0])["ce_id"]
    for one, other in zip(first[1:], second[1:], strict=True):
        times = {"ce_time": b""}
        assert (one.value, headers(one) | times) == (other.value, headers(other) | times)


def test_the_same_feedback_id_on_another_revision_makes_records_of_other_ids() -> None:
    ids = [{headers(record)["ce_id"] for record in records(revision=revision)} for revision in (1, 2)]
    assert not ids[0] & ids[1]


def hardly_compressed(words: int) -> str:
    return "".join(f"{number * 2654435761 % 2**32:08x} " for number in range(words))


def text_in(record: OutgoingRecord) -> Any:
    return json.loads(record.value or b"").get("text")


def test_the_text_rides_along_where_it_is_wanted_and_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    assert text_in(records()[0]) is None
    assert text_in(records(include_text=True)[0]) == REVIEW.text
    text = hardly_compressed(2000)
    assert text_in(records(text, include_text=True)[0]) == text
    monkeypatch.setattr(publish_module, "PROCESSED", small("documents.processed", records()[0].size()))
    assert text_in(records(text, include_text=True)[0]) is None


def test_a_result_that_its_topic_cannot_hold_refuses_the_decision(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publish_module, "PROCESSED", small("documents.processed", 300))
    refused = outgoing()
    assert isinstance(refused, Refused)
    assert "too many fields" in refused.why


def test_an_exemplar_is_cut_to_what_its_topic_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    text = hardly_compressed(20_000)
    whole = KnowledgeUpdated.model_validate_json(records(text)[2].value or b"")
    assert len(whole.text) == len(text)
    monkeypatch.setattr(publish_module, "KNOWLEDGE_UPDATED", small("knowledge.updated", 64 * 1024))
    cut = records(text)[2]
    assert cut.fits(small("knowledge.updated", 64 * 1024))
    event = KnowledgeUpdated.model_validate_json(cut.value or b"")
    assert 1000 < len(event.text) < len(text)
    assert text.startswith(event.text)
    assert event.metadata["text_characters"] == str(len(text))


def test_an_exemplar_that_cannot_be_had_never_costs_the_result(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(publish_module, "KNOWLEDGE_UPDATED", small("knowledge.updated", 300))
    assert [record.topic for record in records()] == ["documents.processed", "documents.review"]
    assert "no exemplar of it" in caplog.text
    assert "Kopitiam" not in caplog.text


def test_of_a_text_of_white_space_there_is_none() -> None:
    assert [record.topic for record in records(" \n")] == ["documents.processed", "documents.review"]


def test_the_largest_text_of_a_review_is_published(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of four bytes a character, and more of them than an exemplar takes."""
    text = REVIEW.text + "\U0001f9fe" * 600_000
    assert review(text=text).text == text
    _, _, learnt = records(text)
    assert len(KnowledgeUpdated.model_validate_json(learnt.value or b"").text) == 256 * 1024

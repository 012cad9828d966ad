"""What a record of documents.feedback says, and what is refused without a word of its text."""

import json

import pytest

from docmill.arbiter.read import MAX_NAME_CHARACTERS, MAX_REQUEST_ID_CHARACTERS, read_feedback, read_review
from docmill.arbiter.types import Refused
from docmill.errors import DependencyError
from docmill_schemas.cloudevents import STRUCTURED
from docmill_schemas.examples import FEEDBACK, REVIEW
from docmill_schemas.topics import FEEDBACK as FEEDBACK_TOPIC
from tests.unit.arbiter.fakes import REQUEST_ID, feedback, feedback_record, review, review_record

SECRET = "Ms Tan's diagnosis"


def test_a_decision() -> None:
    assert read_feedback(feedback_record()) == FEEDBACK


def test_in_structured_mode() -> None:
    data = FEEDBACK.model_dump(mode="json")
    event = {"specversion": "1.0", "id": "1", "source": "s", "type": "t", "data": data}
    headers = (("content-type", STRUCTURED.encode()),)
    assert read_feedback(feedback_record(json.dumps(event).encode(), headers=headers)) == FEEDBACK


def without(name: str) -> bytes:
    said = FEEDBACK.model_dump(mode="json")
    del said[name]
    return json.dumps(said).encode()


@pytest.mark.parametrize(
    ("value", "key", "why"),
    [
        (None, REQUEST_ID.encode(), "without a value: a decision is not taken back by deleting it"),
        (b"", REQUEST_ID.encode(), "not a FeedbackGiven: event: json_invalid"),
        (SECRET.encode(), REQUEST_ID.encode(), "not a FeedbackGiven: event: json_invalid"),
        (without("revision"), REQUEST_ID.encode(), "not a FeedbackGiven: revision: missing"),
        (b'{"feedback_id": "\\ud800"}', REQUEST_ID.encode(), "not a FeedbackGiven: event: json_invalid"),
        (FEEDBACK.model_dump_json().encode(), b"another", "the key is another request id than the event's"),
        (FEEDBACK.model_dump_json().encode(), None, "no key: it names no request"),
        (FEEDBACK.model_dump_json().encode(), b"", "no key: it names no request"),
        (FEEDBACK.model_dump_json().encode(), b"\xff", "the key is not UTF-8"),
        (FEEDBACK.model_dump_json().encode(), b"a\0b", "a request id with control or invisible characters"),
        (
            FEEDBACK.model_dump_json().encode(),
            b"r" * (MAX_REQUEST_ID_CHARACTERS + 1),
            f"a request id of {MAX_REQUEST_ID_CHARACTERS + 1} characters, at most {MAX_REQUEST_ID_CHARACTERS}",
        ),
    ],
    ids=[
        "tombstone",
        "empty",
        "no-json",
        "missing",
        "surrogate",
        "other-key",
        "null-key",
        "empty-key",
        "key-not-utf8",
        "key-control",
        "key-long",
    ],
)
def test_what_is_none_is_refused_without_its_text(value: bytes | None, key: bytes | None, why: str) -> None:
    refused = read_feedback(feedback_record(value, key=key))
    assert refused == Refused(why)


@pytest.mark.parametrize(
    ("label", "problem"),
    [
        (" ", "empty"),
        (" receipt", "white space around it"),
        ("receipt\n", "white space around it"),
        ("re\u200bceipt", "control or invisible characters"),
        ("r" * (MAX_NAME_CHARACTERS + 1), f"{MAX_NAME_CHARACTERS + 1} characters, at most {MAX_NAME_CHARACTERS}"),
    ],
    ids=["blank", "leading", "trailing", "invisible", "long"],
)
def test_a_name_that_is_none(label: str, problem: str) -> None:
    assert read_feedback(feedback_record(feedback(document_type=label))) == Refused(f"document_type: {problem}")
    fields = FEEDBACK.model_dump()["fields"]
    named = feedback(fields=(fields[0], fields[1] | {"name": label}))
    assert read_feedback(feedback_record(named)) == Refused(f"fields.1.name: {problem}")


@pytest.mark.parametrize(
    "reviewer", [None, "", " ", " m.okafor\n", "\u5c71\u7530\u3000\u592a\u90ce", "m\u200b.okafor", "m" * 9999]
)
def test_who_made_it_never_costs_a_decision(reviewer: str | None) -> None:
    assert read_feedback(feedback_record(feedback(reviewer=reviewer))) == feedback(reviewer=reviewer)


def test_an_empty_label_is_refused() -> None:
    value = json.dumps(FEEDBACK.model_dump(mode="json") | {"document_type": ""}).encode()
    assert read_feedback(feedback_record(value)) == Refused("not a FeedbackGiven: document_type: string_too_short")


def test_what_nobody_foresaw_is_refused_with_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(headers: object) -> dict[str, str]:
        raise ZeroDivisionError(SECRET)

    monkeypatch.setattr("docmill.arbiter.read.read_headers", fail)
    refused = read_feedback(feedback_record())
    assert isinstance(refused, Refused)
    assert refused.unexpected is not None
    assert refused.unexpected.startswith("ZeroDivisionError at ")
    assert SECRET not in refused.why


def test_a_review() -> None:
    assert read_review(review_record(), REQUEST_ID) == REVIEW


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (SECRET.encode(), "cannot be read: not a ReviewRequested: event: json_invalid"),
        (review(request_id="another").model_dump_json().encode(), "names another request"),
    ],
    ids=["no-json", "another-request"],
)
def test_a_review_that_is_none(value: bytes, why: str) -> None:
    refused = read_review(review_record(value), REQUEST_ID)
    assert isinstance(refused, Refused)
    assert refused.why.startswith("its review, offset 7 of documents.review-3, ")
    assert refused.why.endswith(why)


def test_a_review_of_a_later_docmill_is_not_guessed_at() -> None:
    value = REVIEW.model_dump_json().replace('"undecided"', '"foreseen_by_nobody"').encode()
    assert isinstance(read_review(review_record(value), REQUEST_ID), Refused)


def test_what_is_small_on_the_topic_and_huge_as_json_is_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    """The topic bounds the compressed batch, and repetition costs nothing there."""

    def never(*_: object) -> None:
        raise AssertionError("it was parsed")

    monkeypatch.setattr("docmill.arbiter.read._read", never)
    refused = read_feedback(feedback_record(b" " * (FEEDBACK_TOPIC.max_bytes + 1)))
    assert refused == Refused(f"{FEEDBACK_TOPIC.max_bytes + 1} bytes, at most {FEEDBACK_TOPIC.max_bytes}")


def test_memory_that_is_short_is_no_decisions_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def short(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("docmill.arbiter.read.read_content", short)
    with pytest.raises(DependencyError, match="memory"):
        read_feedback(feedback_record())

"""A decision becomes the result that it says, or none; where each field stands is never taken on trust."""

import pytest

from docmill.arbiter.arbitrate import arbitrate
from docmill.arbiter.types import AlreadyDecided, NoReview, Refused
from docmill_schemas.events import Cost, DocumentProcessed
from docmill_schemas.examples import FEEDBACK, REVIEW
from docmill_schemas.ids import result_id
from docmill_schemas.reasons import DecidedBy, ReviewReason
from tests.unit.arbiter.fakes import as_decided, decided_field, feedback, review


def result_of(given: object, asked: object = REVIEW) -> DocumentProcessed:
    result = arbitrate(given, asked)  # type: ignore[arg-type]
    assert isinstance(result, DocumentProcessed)
    return result


def test_a_decision_is_a_result_by_a_human() -> None:
    result = result_of(FEEDBACK)
    assert (result.decided_by, result.revision, result.supersedes) == (DecidedBy.HUMAN, 1, None)
    assert (result.document_type.label, result.document_type.probability) == ("receipt", 1.0)
    assert [(field.name, field.value, field.confidence) for field in result.fields] == [
        ("company", "Kopitiam Sri Melur", 1.0),
        ("date", "2018-03-12", 1.0),
        ("total", "41.50 MYR", 1.0),
    ]
    same = ("request_id", "document_id", "content_sha256", "text_sha256", "tenant", "received_at", "reasons", "bundle")
    for name in (*same, "cost"):
        assert getattr(result, name) == getattr(REVIEW, name), name
    assert result.text is None
    assert result.citations == ()


@pytest.mark.parametrize(
    ("reviewer", "on_result"), [("m.okafor", "m.okafor"), (" m.okafor\n", "m.okafor"), (" ", None), (None, None)]
)
def test_it_says_who_decided_where_the_decision_does(reviewer: str | None, on_result: str | None) -> None:
    assert result_of(feedback(reviewer=reviewer)).reviewer == on_result


def test_its_id_is_of_the_decision() -> None:
    result = result_of(FEEDBACK)
    assert result.result_id == result_id(REVIEW.request_id, REVIEW.content_sha256, "human", "1:b1c2")
    assert result_of(FEEDBACK).result_id == result.result_id
    assert result_of(feedback(feedback_id="other")).result_id != result.result_id


def test_a_feedback_id_that_is_used_again_on_a_later_review_makes_another_result() -> None:
    assert result_of(feedback(revision=2), review(revision=2)).result_id != result_of(FEEDBACK).result_id


def test_it_takes_the_place_of_the_result_in_question() -> None:
    published = {"result_id": "r1", "revision": 1, "decided_by": "model"}
    audit = review(published=published, revision=2, review_reasons=(ReviewReason.AUDIT,))
    result = result_of(feedback(revision=2), audit)
    assert (result.revision, result.supersedes) == (2, "r1")


def test_what_a_generator_took_stands_on_one_result_alone() -> None:
    """Else the sum of all results would be more than was paid."""
    cost = {"tokens": 120, "usd": 0.5}
    published = {"result_id": "r1", "revision": 1, "decided_by": "generator"}
    assert result_of(FEEDBACK, review(cost=cost)).cost == Cost(tokens=120, usd=0.5)
    audit = review(published=published, revision=2, review_reasons=(ReviewReason.AUDIT,), cost=cost)
    assert result_of(feedback(revision=2), audit).cost == Cost()


def test_fields_are_in_the_order_of_the_text() -> None:
    turned_round = feedback(fields=tuple(reversed(FEEDBACK.model_dump()["fields"])))
    assert result_of(turned_round).fields == result_of(FEEDBACK).fields


def test_a_field_that_stands_where_one_was_proposed_keeps_its_page() -> None:
    paged = [f.model_copy(update={"page": 2, "page_start": 3, "page_end": 9}) for f in REVIEW.candidates]
    asked = review(candidates=[f.model_dump() for f in paged], fields=())
    marked = (as_decided(REVIEW.candidates[0]), decided_field(REVIEW, "total", "41.50"))
    company, total = result_of(feedback(fields=[f.model_dump() for f in marked]), asked).fields
    assert (company.page, company.page_start, company.page_end) == (2, 3, 9)
    assert (total.page, total.page_start, total.page_end) == (None, None, None)


def test_a_decision_on_an_older_review_comes_too_late() -> None:
    assert isinstance(arbitrate(FEEDBACK, review(revision=2)), AlreadyDecided)


def test_a_decision_on_a_review_that_never_was_is_on_none() -> None:
    assert isinstance(arbitrate(feedback(revision=3), review(revision=2)), NoReview)


@pytest.mark.parametrize(
    ("field", "why"),
    [
        ({"name": "total", "text": "RM 41.50", "start": 37, "end": 45}, "its text is not what stands at [37, 45)"),
        ({"name": "total", "text": "RM 41.51", "start": 36, "end": 44}, "its text is not what stands at [36, 44)"),
        ({"name": "total", "text": "RM 41.50", "start": 36, "end": 4000}, "[36, 4000) is no stretch of a text of 45"),
        ({"name": "total", "text": "RM 41.50\n", "start": 36, "end": 50}, "[36, 50) is no stretch of a text of 45"),
        ({"name": "total", "text": "x", "start": 9, "end": 9}, "[9, 9) is no stretch"),
        ({"name": "total", "text": "x", "start": 9, "end": 3}, "[9, 3) is no stretch"),
        ({"name": "total", "text": "\n", "start": 18, "end": 19}, "white space alone"),
    ],
)
def test_a_field_that_is_not_where_it_says_refuses_all(field: dict[str, object], why: str) -> None:
    given = feedback(fields=(*FEEDBACK.model_dump()["fields"], field))
    refused = arbitrate(given, REVIEW)
    assert isinstance(refused, Refused)
    assert refused.why.startswith(f"fields.3: {why}")
    assert "41.5" not in refused.why


def test_offsets_count_code_points() -> None:
    text = "\U0001f9fe Kopi\U0001f600tiam"
    asked = review(text=text, fields=(), candidates=())
    marked = decided_field(asked, "company", "Kopi\U0001f600tiam")
    assert (marked.start, marked.end) == (2, 11)
    assert result_of(feedback(fields=(marked.model_dump(),)), asked).fields[0].text == "Kopi\U0001f600tiam"


def test_a_document_without_fields_is_decided_too() -> None:
    assert result_of(feedback(fields=())).fields == ()

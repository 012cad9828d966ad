"""When an automatic result was right: the type, and each field's values as sets."""

import pytest

from docmill.arbiter.arbitrate import arbitrate
from docmill.arbiter.verdict import was_right
from docmill_schemas.events import DocumentProcessed
from docmill_schemas.examples import FEEDBACK, FIELDS
from docmill_schemas.review_events import ReviewRequested
from tests.unit.arbiter.fakes import feedback, review

AUDIT = review(fields=[field.model_dump() for field in FIELDS])
DECIDED = [field.model_dump() for field in FEEDBACK.fields]


def right(asked: ReviewRequested = AUDIT, **changed: object) -> bool:
    result = arbitrate(feedback(**changed), asked)
    assert isinstance(result, DocumentProcessed)
    return was_right(result, asked)


def test_the_same_again_is_right() -> None:
    assert right()
    assert right(fields=list(reversed(DECIDED)))


def test_another_type_is_wrong() -> None:
    assert not right(document_type="contract.supply")


@pytest.mark.parametrize("missing", [0, 1, 2])
def test_a_field_that_should_not_be_there_is_wrong(missing: int) -> None:
    assert not right(fields=DECIDED[:missing] + DECIDED[missing + 1 :])


def test_a_field_that_was_missing_is_wrong() -> None:
    assert not right(fields=[*DECIDED, {"name": "place", "text": "Melur", "start": 13, "end": 18, "value": "Melur"}])


def test_another_value_is_wrong() -> None:
    assert not right(fields=[*DECIDED[:2], DECIDED[2] | {"value": "41.05 MYR"}])


def test_the_same_value_of_another_field_is_wrong() -> None:
    assert not right(fields=[*DECIDED[:2], DECIDED[2] | {"name": "tax"}])


def test_the_same_value_elsewhere_is_right() -> None:
    asked = review(text=AUDIT.text + "RM 41.50", fields=[field.model_dump() for field in FIELDS])
    assert right(asked, fields=[*DECIDED[:2], DECIDED[2] | {"start": 45, "end": 53}])


def test_a_stretch_agreed_to_without_a_value_is_right() -> None:
    assert right(fields=[field | {"value": None} for field in DECIDED])


def test_a_stretch_of_another_field_lends_no_value() -> None:
    assert not right(fields=[*DECIDED[:2], DECIDED[2] | {"name": "tax", "value": None}])


PUBLISHED = [field.model_dump() for field in FIELDS]


@pytest.mark.parametrize("lacks", ["published", "decided"])
def test_a_value_that_one_bundle_normalises_and_the_other_does_not_is_right(lacks: str) -> None:
    """Where the field stands elsewhere, too, so that no stretch is agreed to."""
    text = AUDIT.text + "RM\t41.50"
    total = {"name": "total", "text": "RM\t41.50", "start": 45, "end": 53, "value": "41.50 MYR"}
    published, decided = PUBLISHED[2], total
    if lacks == "published":
        published = published | {"value": None}
    else:
        decided = total | {"value": None}
    asked = review(text=text, fields=[*PUBLISHED[:2], published])
    assert right(asked, fields=[*DECIDED[:2], decided])


@pytest.mark.parametrize("lacks", ["published", "decided"])
def test_another_text_is_wrong_where_one_side_has_no_value(lacks: str) -> None:
    """Nobody knows that 41.50 is RM 41.50, or a line of the same amount is what was meant."""
    asked, decided = PUBLISHED, DECIDED[2] | {"text": "41.50", "start": 39}
    if lacks == "published":
        asked = [*PUBLISHED[:2], PUBLISHED[2] | {"value": None}]
    else:
        decided |= {"value": None}
    assert not right(review(fields=asked), fields=[*DECIDED[:2], decided])


def test_a_published_field_that_one_decided_one_says_twice_is_right_and_any_other_wrong() -> None:
    both = [*PUBLISHED, PUBLISHED[2] | {"value": None}]
    assert right(review(fields=both))
    assert not right(review(fields=[*PUBLISHED, PUBLISHED[2] | {"text": "41.50", "start": 39, "value": None}]))


def test_texts_without_values_are_compared_by_their_words() -> None:
    text = "Kopitiam\nSri Melur and Kopitiam Sri Melur"
    plain = {"name": "company", "start": 0, "end": 18, "text": text[:18], "confidence": 0.9}
    asked = review(text=text, fields=(plain,))
    assert right(asked, fields=[{"name": "company", "start": 23, "end": 41, "text": text[23:], "value": None}])
    assert not right(asked, fields=[{"name": "company", "start": 9, "end": 18, "text": text[9:18], "value": None}])


def test_values_said_twice_count_once() -> None:
    asked = review(text=AUDIT.text + "RM 41.50", fields=[field.model_dump() for field in FIELDS])
    assert right(asked, fields=[*DECIDED, DECIDED[2] | {"start": 45, "end": 53}])

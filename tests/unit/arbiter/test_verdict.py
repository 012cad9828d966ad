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


def test_texts_without_values_are_compared_by_their_words() -> None:
    text = "Kopitiam\nSri Melur and Kopitiam Sri Melur"
    plain = {"name": "company", "start": 0, "end": 18, "text": text[:18], "confidence": 0.9}
    asked = review(text=text, fields=(plain,))
    assert right(asked, fields=[{"name": "company", "start": 23, "end": 41, "text": text[23:], "value": None}])
    assert not right(asked, fields=[{"name": "company", "start": 9, "end": 18, "text": text[9:18], "value": None}])


def test_values_said_twice_count_once() -> None:
    asked = review(text=AUDIT.text + "RM 41.50", fields=[field.model_dump() for field in FIELDS])
    assert right(asked, fields=[*DECIDED, DECIDED[2] | {"start": 45, "end": 53}])

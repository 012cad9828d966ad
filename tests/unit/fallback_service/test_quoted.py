"""What a generator quoted, among the fast model's spans."""

from docmill.fallback.types import Candidate, CitedPassage, Quoted
from docmill.fallback_service.quoted import heard, quoted_fields, with_quoted
from docmill_schemas.events import Citation, ExtractedField

FINE = ExtractedField(name="plate", value="fine", text="fine", start=8, end=12, confidence=0.3, page=2)
PARKING = ExtractedField(name="plate", value="parking", text="parking", start=0, end=7, confidence=0.6)
UNREADABLE = ExtractedField(name="plate", text="of", start=13, end=15, confidence=0.9)
DATE = ExtractedField(name="date", value="2018-03-12", text="12 March", start=16, end=24, confidence=0.2)


def said(one: ExtractedField, confidence: float) -> ExtractedField:
    return one.model_copy(update={"confidence": confidence})


def test_a_place_that_both_found_stands_once_as_sure_as_both_are() -> None:
    assert with_quoted((PARKING, FINE, DATE), (said(FINE, 0.65),)) == (said(FINE, 0.65), PARKING, DATE)
    assert heard((FINE, DATE), (said(FINE, 0.65),)) == (said(FINE, 0.65), DATE)


def test_a_place_that_the_model_did_not_find_is_one_of_its_field() -> None:
    assert with_quoted((PARKING, UNREADABLE, DATE), (said(FINE, 0.5),)) == (PARKING, said(FINE, 0.5), UNREADABLE, DATE)
    assert with_quoted((DATE,), (said(FINE, 0.5),)) == (DATE, said(FINE, 0.5))
    assert with_quoted((), (said(FINE, 0.5),)) == (said(FINE, 0.5),)


def test_where_nothing_was_quoted_all_stays_as_it_was() -> None:
    assert with_quoted((UNREADABLE, PARKING), ()) == (UNREADABLE, PARKING)
    assert heard((PARKING,), ()) == (PARKING,)


def test_the_same_place_of_another_field_is_another_one() -> None:
    other = FINE.model_copy(update={"name": "street"})
    assert with_quoted((other,), (said(FINE, 0.5),)) == (other, said(FINE, 0.5))


def test_a_value_goes_with_what_was_cited_for_it() -> None:
    candidate = Candidate("plate", 8, 12, "fine", "fine", 0.65)
    [field] = quoted_fields([Quoted(candidate, (CitedPassage("plates", "FINE"),))], [said(FINE, 0.65)])
    assert (field.name, field.text, field.start, field.page, field.confidence) == ("plate", "fine", 8, 2, 0.65)
    assert field.citations == (Citation(passage_id="plates", quote="FINE"),)

"""What the fallback learns of a decided document, and what a later export can train from."""

import json

from docmill.arbiter.arbitrate import arbitrate
from docmill.arbiter.exemplar import exemplar
from docmill_schemas.events import KNOWLEDGE_MAX_CHARACTERS, DocumentProcessed, KnowledgeUpdated
from docmill_schemas.examples import FEEDBACK, REVIEW
from docmill_schemas.review_events import FeedbackGiven, ReviewRequested
from tests.unit.arbiter.fakes import decided_field, feedback, review


def decided(given: FeedbackGiven = FEEDBACK, asked: ReviewRequested = REVIEW) -> DocumentProcessed:
    result = arbitrate(given, asked)
    assert isinstance(result, DocumentProcessed)
    return result


def learnt(text: str = REVIEW.text, characters: int = KNOWLEDGE_MAX_CHARACTERS) -> KnowledgeUpdated:
    made = exemplar(decided(), text, characters)
    assert made is not None
    return made


def test_an_exemplar() -> None:
    made = learnt()
    assert made.passage_id == f"decided/{REVIEW.request_id}"
    assert (made.kind, made.title, made.document_type, made.tenant) == ("exemplar", "receipt", "receipt", "acme")
    assert made.text == REVIEW.text
    assert made.fields == {
        "company": ("Kopitiam Sri Melur",),  # value and text are the same
        "date": ("2018-03-12", "12/03/2018"),
        "total": ("41.50 MYR", "RM 41.50"),
    }
    said = dict(made.metadata)
    assert json.loads(said.pop("entities")) == [
        {"name": "company", "start": 0, "end": 18, "value": "Kopitiam Sri Melur"},
        {"name": "date", "start": 19, "end": 29, "value": "2018-03-12"},
        {"name": "total", "start": 36, "end": 44, "value": "41.50 MYR"},
    ]
    assert said == {
        "request_id": REVIEW.request_id,
        "document_id": REVIEW.document_id,
        "content_sha256": REVIEW.content_sha256,
    }


def test_what_is_cut_off_is_said_and_takes_its_entities_along() -> None:
    made = learnt(characters=29)
    assert made.text == REVIEW.text[:29]
    assert made.metadata["text_characters"] == str(len(REVIEW.text))
    assert [entity["name"] for entity in json.loads(made.metadata["entities"])] == ["company", "date"]
    assert made.fields["total"] == ("41.50 MYR", "RM 41.50")


def test_never_more_than_the_event_takes() -> None:
    text = REVIEW.text + "x" * KNOWLEDGE_MAX_CHARACTERS
    assert len(learnt(text, characters=2 * len(text)).text) == KNOWLEDGE_MAX_CHARACTERS


def test_white_space_alone_teaches_nothing() -> None:
    assert exemplar(decided(), " \n") is None
    assert exemplar(decided(), "   " + REVIEW.text, 3) is None


def test_several_values_of_a_field_are_all_there_once() -> None:
    asked = review(text="42 RM and 42 RM and 43 RM", fields=(), candidates=())
    marked = [decided_field(asked, "total", "42 RM", "42 MYR").model_dump()]
    marked += [{"name": "total", "text": "42 RM", "start": 10, "end": 15, "value": "42 MYR"}]
    marked += [decided_field(asked, "total", "43 RM", " ").model_dump()]
    result = decided(feedback(fields=marked), asked)
    made = exemplar(result, asked.text)
    assert made is not None
    assert made.fields == {"total": ("42 MYR", "42 RM", "43 RM")}
    assert len(json.loads(made.metadata["entities"])) == 3

"""What the demo of the generator shows: an answer in words, and the table of what became of documents."""

from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from docmill.fallback_service.generators import Answered
from docmill.generator.client import Generated, GeneratorUnavailableError, Unavailable
from docmill.generator.types import Answer, Ask, Evidence, Refusal, Refused, Usage, Value
from samples.demo_generator_table import Way, cells, table_of
from samples.generator_said import Noted, Said

TEXT = "FOXHOLE LANE\nTOTAL [b]63.40"
TOTAL = (TEXT.index("63.40"), len(TEXT))
USAGE = Usage(prompt_tokens=1234, completion_tokens=56, usd=0.000219, requests=2, seconds=7.4)


def ask(labels: tuple[str, ...] = ("receipt", "other"), fields: tuple[str, ...] = ("total",)) -> Ask:
    return Ask(TEXT, ((0, len(TEXT)),), labels, fields)


def way(state: str = "in_review", *offsets: int) -> Way:
    """A document that was deferred, and put back as often as there are further offsets."""
    request: dict[str, Any] = {"what": "fallback", "topic": "documents.fallback", "partition": 2}
    said = {"label": "receipt", "probability": 0.9996, "reasons": ["not_certified"]}
    steps = [request | said | {"offset": offset} for offset in offsets or (5,)]
    return {"document_id": "fuel.txt", "state": state, "steps": [{"what": "received"}, *steps]}


def noted(answered: Answered, of: Ask | None = None, offset: int = 5) -> Noted:
    return Noted(place=("documents.fallback", 2, offset), said=Said.of(of or ask(), answered))


def shown(*notes: Noted, of: Way | None = None) -> dict[str, str]:
    return cells(of or way(), {one.place: one.said for one in notes}, "receipt")


def test_what_holds_is_shown_beside_what_was_rejected() -> None:
    verbatim = Refused("total", Refusal.NOT_VERBATIM)
    value = Value("total", *TOTAL, (Evidence("exemplar/b", "TOTAL"), Evidence("exemplar/a", "TOTAL")))
    unsupported = Refused("label", Refusal.UNSUPPORTED)
    answer = Answer("other", (Evidence("exemplar/a", "OTHER"),), (value,), (unsupported, verbatim, verbatim))
    column = shown(noted(Generated(answer, USAGE)))
    assert column == {
        "it is": "receipt",
        "the fast model says": "receipt 1.00",
        "deferred, since": "not_certified",
        "generator asked for": "type\ntotal",
        "names the type": "other",
        "quotes that hold": "total: '63.40'",
        "rejected, and why": "type: unsupported\ntotal: not_verbatim (2 times)",
        "citations that hold": "exemplar/a\nexemplar/b",
        "tokens": "1,234 + 56",
        "cost": "$0.000219",
        "seconds": "7",
        "it ends": "on documents.review: a person decides",
    }


@pytest.mark.parametrize(
    ("answered", "of", "named"),
    [
        (Generated(Answer(), USAGE), ask(), "none"),
        (Generated(Answer(), USAGE), ask(labels=()), "not asked"),
        (GeneratorUnavailableError(Unavailable.TIMEOUT, "late", USAGE), ask(), "no answer: timeout"),
    ],
    ids=["it abstained", "not asked for", "no answer"],
)
def test_why_no_type_is_named(answered: Answered, of: Ask, named: str) -> None:
    column = shown(noted(answered, of))
    assert column["names the type"] == named
    assert column["tokens"] == "1,234 + 56"  # it took them all the same


def test_a_document_that_the_index_decided_was_asked_about_nothing() -> None:
    column = shown(of=way("published"))
    assert column["generator asked for"] == "nothing"
    assert column["it ends"] == "on documents.processed"


def test_of_a_document_that_was_put_back_the_last_answer_counts() -> None:
    away = noted(GeneratorUnavailableError(Unavailable.TIMEOUT, "late"), offset=5)
    later = noted(Generated(Answer("receipt"), USAGE), offset=9)
    assert shown(away, later, of=way("in_review", 5, 9))["names the type"] == "receipt"


def test_the_words_of_a_document_are_no_markup() -> None:
    value = Value("total", TOTAL[0] - len("[b]"), TOTAL[1])
    line = noted(Generated(Answer(values=(value,)), USAGE)).model_dump_json()
    written = StringIO()
    Console(file=written).print(table_of([way()], [Noted.model_validate_json(line)], {"fuel.txt": "receipt"}))
    assert "[b]63.40" in written.getvalue()

"""An answer is believed part by part, and only where it can be checked."""

import json
from typing import Any

import pytest

from docmill.generator.answer import NotReadableError, read_answer
from docmill.generator.types import Answer, Evidence, Refusal, Refused, Value
from tests.unit.generator.asks import EXEMPLAR, POLICY, TEXT, ask


def said(choice: str = "receipt", evidence: Any = (), **fields: Any) -> str:
    everything = {"company": {"quote": None, "evidence": []}, "total": {"quote": None, "evidence": []}} | fields
    return json.dumps({"label": {"choice": choice, "evidence": list(evidence)}, "fields": everything})


def cite(source: str, quote: str) -> dict[str, str]:
    return {"source": source, "quote": quote}


def place(what: str) -> tuple[int, int]:
    return TEXT.index(what), TEXT.index(what) + len(what)


def test_what_holds_is_believed() -> None:
    answer = read_answer(
        ask(),
        said(
            evidence=[cite("S2", "Kedai Runcit Ah Seng"), cite("S1", "The total of a receipt")],
            company={"quote": "Kopitiam Sri Melur", "evidence": [cite("S3", "Known vendors")]},
            total={"quote": "RM 41.50", "evidence": []},
        ),
    )
    assert answer == Answer(
        "receipt",
        (Evidence("doc-7", "Kedai Runcit Ah Seng"), Evidence("handbook#4", "The total of a receipt")),
        (
            Value("company", *place("Kopitiam Sri Melur"), (Evidence("vendors", "Known vendors"),)),
            Value("total", *place("RM 41.50")),
        ),
    )


@pytest.mark.parametrize(
    "text", ["", "none of these", "[]", '"receipt"', "null", '{"label": "receipt"}', '{"fields": {}}']
)
def test_what_is_no_answer_is_not_read(text: str) -> None:
    with pytest.raises(NotReadableError):
        read_answer(ask(), text)


def test_an_abstention_is_an_answer() -> None:
    assert read_answer(ask(), said("abstain")) == Answer()


def test_a_label_that_was_not_offered_is_refused() -> None:
    answer = read_answer(ask(), said("invoice"))
    assert (answer.label, answer.refused) == (None, (Refused("label", Refusal.UNKNOWN_LABEL),))


@pytest.mark.parametrize("quote", ["RM 41.5O", "41.50 MYR", "RM 9.00", "x" * 300, 41.5, ["RM 41.50"]])
def test_a_value_that_does_not_stand_in_the_document_is_refused(quote: Any) -> None:
    answer = read_answer(ask(), said(total={"quote": quote, "evidence": []}))
    assert (answer.values, answer.refused) == ((), (Refused("total", Refusal.NOT_VERBATIM),))
    assert answer.label == "receipt"  # the rest stands


def test_spaces_and_line_breaks_are_alike() -> None:
    answer = read_answer(ask(), said(total={"quote": "TOTAL RM 41.50", "evidence": []}))
    assert answer.values == (Value("total", *place("TOTAL\tRM 41.50")),)


def test_a_value_that_was_not_shown_is_refused() -> None:
    """It may have been guessed, or told by a source."""
    answer = read_answer(ask(shown=((0, 20),)), said(total={"quote": "RM 41.50", "evidence": []}))
    assert answer.refused == (Refused("total", Refusal.NOT_VERBATIM),)


def test_a_value_across_a_gap_is_refused() -> None:
    text = "Total RM\nfiller\n41.50"
    answer = read_answer(ask(text=text, shown=((0, 8), (16, 21))), said(total={"quote": "RM 41.50", "evidence": []}))
    assert answer.refused == (Refused("total", Refusal.NOT_VERBATIM),)


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (cite("S9", "The total"), Refusal.UNKNOWN_SOURCE),
        (cite("handbook#4", "The total"), Refusal.UNKNOWN_SOURCE),
        ("S1", Refusal.UNKNOWN_SOURCE),
        (cite("S1", "The total of a receipt is what we say"), Refusal.QUOTE_NOT_IN_SOURCE),
        (cite("S1", ""), Refusal.QUOTE_NOT_IN_SOURCE),
        ({"source": "S1"}, Refusal.QUOTE_NOT_IN_SOURCE),
    ],
)
def test_a_citation_must_quote_a_source_of_this_request(entry: Any, reason: Refusal) -> None:
    answer = read_answer(ask(), said(evidence=[entry]))
    assert (answer.label, answer.label_evidence, answer.refused) == ("receipt", (), (Refused("label", reason),))


def test_a_citation_that_says_nothing_about_the_answer_is_refused() -> None:
    answer = read_answer(
        ask(),
        said(
            "motor_claim",
            evidence=[cite("S2", "TOTAL RM 9.00"), cite("S1", "The total of a receipt")],
            total={"quote": "RM 41.50", "evidence": [cite("S2", "TOTAL RM 9.00")]},
        ),
    )
    assert answer.label == "motor_claim"
    assert [(refused.part, refused.reason) for refused in answer.refused] == [
        ("label", Refusal.UNSUPPORTED),
        ("label", Refusal.UNSUPPORTED),
        ("total", Refusal.UNSUPPORTED),
    ]


def test_a_source_counts_once_and_no_more_than_are_allowed() -> None:
    entries = [cite("S2", "Kedai"), cite("S2", "Ah Seng"), cite("S1", "receipt"), cite("S9", "nothing")]
    answer = read_answer(ask(), said(evidence=entries))
    assert [evidence.passage_id for evidence in answer.label_evidence] == [EXEMPLAR.passage_id, POLICY.passage_id]
    assert answer.refused == ()  # the fourth is beyond the bound


def test_a_field_that_was_not_asked_for_is_refused() -> None:
    answer = read_answer(ask(fields=("total",)), said())
    assert answer.refused == (Refused("field", Refusal.UNKNOWN_FIELD),)


def test_of_a_question_about_fields_alone_no_label_is_read() -> None:
    answer = read_answer(ask(labels=()), json.dumps({"fields": {"total": {"quote": "RM 41.50"}}}))
    assert (answer.label, len(answer.values)) == (None, 1)

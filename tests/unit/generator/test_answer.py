"""An answer is believed part by part, and only where it can be checked."""

import json
from typing import Any

import pytest

from docmill.generator.answer import NotReadableError, read_answer
from docmill.generator.types import Answer, Evidence, Refusal, Refused, Source, Value
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
    "text",
    ["", "none of these", "[]", '"receipt"', "null", '{"label": "receipt"}', '{"fields": {}}', "[" * 100_000],
    ids=lambda text: text[:20],
)
def test_what_is_no_answer_is_not_read(text: str) -> None:
    with pytest.raises(NotReadableError) as raised:
        read_answer(ask(), text)
    assert raised.value.__cause__ is None  # json's own error holds all that was said
    assert raised.value.__suppress_context__ or raised.value.__context__ is None


def test_an_abstention_is_an_answer() -> None:
    assert read_answer(ask(), said("abstain")) == Answer()


def test_a_label_that_was_not_offered_is_refused() -> None:
    answer = read_answer(ask(), said("invoice"))
    assert (answer.label, answer.refused) == (None, (Refused("label", Refusal.UNKNOWN_LABEL),))


@pytest.mark.parametrize("quote", ["RM 41.5O", "1.50", "RM 41", "41.50 MYR", "RM 9.00", "x" * 300, 41.5, ["RM 41.50"]])
def test_a_value_that_does_not_stand_in_the_document_is_refused(quote: Any) -> None:
    answer = read_answer(ask(), said(total={"quote": quote, "evidence": []}))
    assert (answer.values, answer.refused) == ((), (Refused("total", Refusal.NOT_VERBATIM),))
    assert answer.label == "receipt"  # the rest stands


def test_a_value_that_a_person_reads_otherwise_is_refused() -> None:
    text = "TOTAL \u202e05.14\u202c"
    answer = read_answer(ask(text=text), said(total={"quote": "05.14", "evidence": []}))
    assert (answer.values, answer.refused) == ((), (Refused("total", Refusal.NOT_AS_SEEN),))


def test_another_place_where_it_is_read_so_will_do() -> None:
    text = "\u202e05.14\u202c and 05.14"
    answer = read_answer(ask(text=text), said(total={"quote": "05.14", "evidence": []}))
    assert answer.values == (Value("total", 12, 17),)


def test_fields_that_were_not_asked_for_are_refused_once() -> None:
    many: dict[str, Any] = {f"field {number}": {"quote": None} for number in range(1000)}
    assert read_answer(ask(), said(**many)).refused == (Refused("field", Refusal.UNKNOWN_FIELD),)


def test_spaces_and_line_breaks_are_alike() -> None:
    answer = read_answer(ask(), said(total={"quote": "TOTAL RM 41.50", "evidence": []}))
    assert answer.values == (Value("total", *place("TOTAL\tRM 41.50")),)


def test_of_several_places_the_first_is_kept_and_all_are_counted() -> None:
    text = "RM 9.00, RM 9.00 and RM 9.005"
    answer = read_answer(ask(text=text), said(total={"quote": "RM 9.00", "evidence": []}))
    assert answer.values == (Value("total", 0, 7, places=2),)


def test_a_later_stretch_is_searched_by_itself() -> None:
    text = "Total RM\nfiller\n41.50 x RM 41.50"
    answer = read_answer(ask(text=text, shown=((0, 8), (16, 32))), said(total={"quote": "RM 41.50", "evidence": []}))
    assert answer.values == (Value("total", 24, 32),)


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


def label_by(source: Source, quote: str, label: str = "paid") -> tuple[tuple[Evidence, ...], tuple[Refused, ...]]:
    asked = ask(labels=(label,), fields=(), sources=(source,))
    answer = read_answer(asked, json.dumps({"label": {"choice": label, "evidence": [cite("S1", quote)]}}))
    return answer.label_evidence, answer.refused


def total_by(source: Source, quote: str, text: str) -> tuple[tuple[Evidence, ...], tuple[Refused, ...]]:
    asked = ask(labels=(), fields=("total",), sources=(source,), text=text)
    fields = {"total": {"quote": text, "evidence": [cite("S1", quote)]}}
    answer = read_answer(asked, json.dumps({"fields": fields}))
    [value] = answer.values
    return value.evidence, answer.refused


@pytest.mark.parametrize(
    ("source", "quote", "reason"),
    [
        (Source("1", "policy", "", "all unpaid bills"), "paid bills", Refusal.QUOTE_NOT_IN_SOURCE),
        (Source("1", "policy", "", "all unpaid bills"), "all unpaid bills", Refusal.UNSUPPORTED),
        (Source("1", "policy", "", "all not_paid bills"), "all not_paid bills", Refusal.UNSUPPORTED),
        (Source("1", "policy", "Unpaid", "all bills"), "all bills", Refusal.UNSUPPORTED),
        (Source("1", "exemplar", "", "a --- b", "paid"), "---", Refusal.QUOTE_NOT_IN_SOURCE),
        (Source("1", "exemplar", "", "No 7 of 9", "paid"), "7", Refusal.UNSUPPORTED),
        (Source("1", "policy", "Paid", "No 7 of 9"), "9", Refusal.UNSUPPORTED),
    ],
)
def test_a_label_is_not_borne_out_by_a_part_of_a_word_or_by_no_word(
    source: Source, quote: str, reason: Refusal
) -> None:
    assert label_by(source, quote) == ((), (Refused("label", reason),))


@pytest.mark.parametrize("text", ["a motor claim form", "Motor-Claim", "see motor_claim", "Mo\u200btor\u00a0 claim."])
def test_a_label_is_borne_out_by_its_words(text: str) -> None:
    evidence, refused = label_by(Source("1", "policy", "", text), text, "motor_claim")
    assert (len(evidence), refused) == (1, ())


def test_a_label_is_borne_out_by_a_title_as_a_reader_sees_it() -> None:
    evidence, refused = label_by(Source("1", "policy", "Pa\u200bid", "all bills"), "all bills")
    assert (len(evidence), refused) == (1, ())


def test_a_title_and_a_quote_are_not_read_as_one() -> None:
    _, refused = label_by(Source("1", "policy", "motor", "claim form"), "claim form", "motor_claim")
    assert refused == (Refused("label", Refusal.UNSUPPORTED),)


@pytest.mark.parametrize(
    ("listed", "passage", "value"),
    [
        ("$500", "Amounts", "-\u20ac500"),
        ("500", "Amounts", "$500"),
        ("resume", "Amounts", "re\u0301sume\u0301"),
        ("---", "Amounts", "a --- b"),
        ("none", "Limit is RM 141.50", "41.50"),
        ("none", "Limit is -500", "500"),
        ("41.50", "7", "41.50"),
    ],
)
def test_another_value_bears_nothing_out(listed: str, passage: str, value: str) -> None:
    source = Source("1", "code_list", "", passage, None, (("total", (listed,)),))
    assert total_by(source, passage, value) == ((), (Refused("total", Refusal.UNSUPPORTED),))


@pytest.mark.parametrize(
    ("listed", "passage", "value"),
    [
        ("rm  41.50", "Amounts", "RM\n41.50"),
        ("\uff32\uff2d 41.50", "Amounts", "RM 41.50"),
        ("R\u200bM 41.50", "Amounts", "RM 41.50"),
        ("none", "It is rm 41.50.", "RM 41.50"),
    ],
)
def test_the_same_value_in_another_form_bears_it_out(listed: str, passage: str, value: str) -> None:
    source = Source("1", "code_list", "", passage, None, (("total", (listed,)),))
    evidence, refused = total_by(source, passage, value)
    assert (len(evidence), refused) == (1, ())


def test_what_is_kept_of_a_quote_is_the_passages_own_text() -> None:
    passage = "All  paid\u200b\n<bills>"
    evidence, _ = label_by(Source("1", "policy", "", passage), "All\ud800 paid \u2039bills>\u202e")
    assert evidence == (Evidence("1", "All paid <bills>"),)


def test_what_is_kept_of_a_quote_is_bounded() -> None:
    passage = "paid" + " " * 900 + "bills"
    evidence, _ = label_by(Source("1", "policy", "", passage), "paid bills")
    assert evidence == (Evidence("1", "paid bills"),)
    _, refused = label_by(Source("1", "policy", "", "paid " * 100), "paid " * 100)
    assert refused == (Refused("label", Refusal.QUOTE_NOT_IN_SOURCE),)


def test_lone_surrogates_are_not_read_and_raise_nothing() -> None:
    answer = read_answer(
        ask(),
        said("rec\ud800eipt", [cite("\ud800", "\ud800")], total={"quote": "RM\ud800 41.50", "evidence": ["\ud800"]}),
    )
    assert answer.values == (Value("total", *place("RM 41.50")),)
    assert [refused.reason for refused in answer.refused] == [Refusal.UNKNOWN_LABEL, Refusal.UNKNOWN_SOURCE]

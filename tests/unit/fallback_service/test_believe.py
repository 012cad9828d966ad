"""A generator's answer beside what tier 1 thought."""

from dataclasses import replace

import pytest

from docmill.fallback.judge import DOCUMENT, LABEL, HeldBack, Judgement
from docmill.fallback.policy import GeneratorPolicy
from docmill.fallback.types import AbstentionReason, Candidate, CitedPassage, Quoted, Ranked
from docmill.fallback_service.believe import Believer
from docmill.generator.types import Answer, Evidence, Value
from docmill_schemas.reasons import DecidedBy
from tests.unit.fallback.builders import candidate, policy

TEXT = "Ah Seng 12 March"
LOW = AbstentionReason.LOW_CONFIDENCE
BORNE_OUT = (Evidence("handbook", "a receipt has a total"),)


def normalise(field: str, text: str) -> str | None:
    return None if field == "date" and not text[0].isdigit() else text


def judgement(*parts: str, confidence: float = 0.7, fields: tuple[Candidate, ...] = ()) -> Judgement:
    held = tuple(HeldBack(part, LOW) for part in parts)
    return Judgement("receipt", confidence, (Ranked("fine", 1 - confidence),), fields, (CitedPassage("own"),), held)


def believed(before: Judgement, answer: Answer, *candidates: Candidate, **changed: object) -> Judgement:
    given = {"threshold": 0.8, "generator": GeneratorPolicy(label=0.5, field=0.5)} | changed
    return Believer(policy(**given), normalise).with_answer(before, answer, TEXT, candidates)


def test_two_voices_for_a_type_decide_it_and_both_are_cited() -> None:
    heard = believed(judgement(LABEL), Answer("receipt", BORNE_OUT))
    assert heard.decided
    assert heard.confidence == pytest.approx(0.85)
    assert heard.decided_by is DecidedBy.GENERATOR
    assert heard.citations == (CitedPassage("own"), CitedPassage("handbook", "a receipt has a total"))
    assert heard.alternatives[0].probability == pytest.approx(0.15)


@pytest.mark.parametrize(
    "answer",
    [
        Answer(None),  # it abstained
        Answer("receipt"),  # nothing bears it out
        Answer("fine", BORNE_OUT),  # the index thinks another likelier, and knows the fields of that one alone
        Answer("letter", BORNE_OUT),
    ],
)
def test_one_voice_decides_no_type(answer: Answer) -> None:
    before = judgement(LABEL)
    assert believed(before, answer) == before


@pytest.mark.parametrize("unlike", [AbstentionReason.NO_NEIGHBOURS, AbstentionReason.DISTANT_NEIGHBOURS])
def test_a_generator_stands_in_for_no_likeness(unlike: AbstentionReason) -> None:
    """Five exemplars of one kind vote for that kind with certainty, of a paper of any other; and it is shown them."""
    held = (HeldBack(LABEL, unlike), HeldBack(LABEL, LOW))
    before = replace(judgement(confidence=1.0), held_back=held)
    assert believed(before, Answer("receipt", BORNE_OUT)) == before


def test_two_voices_that_are_not_sure_enough_decide_nothing() -> None:
    before = judgement(LABEL, confidence=0.5)
    assert believed(before, Answer("receipt", BORNE_OUT)) == before


def test_a_policy_without_a_threshold_decides_no_type() -> None:
    before = judgement(LABEL, confidence=0.99)
    assert believed(before, Answer("receipt", BORNE_OUT), threshold=None) == before


def test_a_quote_that_the_model_had_found_too_decides_the_field() -> None:
    shop = candidate("Ah Seng", 0.85)
    heard = believed(judgement("company"), Answer(values=(Value("company", 0, 7, BORNE_OUT),)), shop)
    assert heard.decided
    assert [(one.text, round(one.confidence, 3)) for one in heard.fields] == [("Ah Seng", 0.925)]
    assert [one.candidate for one in heard.quoted] == list(heard.fields)  # an audit shows who said so
    assert heard.citations[-1] == CitedPassage("handbook", "a receipt has a total")


def test_a_quote_that_nobody_else_found_is_not_enough() -> None:
    heard = believed(judgement("company"), Answer(values=(Value("company", 0, 7),)))
    assert heard.held_back == (HeldBack("company", LOW),)
    assert heard.decided_by is DecidedBy.RETRIEVAL
    assert heard.quoted == (Quoted(candidate("Ah Seng", 0.5), ()),)  # what a person is shown
    assert heard.fields == ()


def test_a_quote_is_kept_where_the_model_found_its_value_with_what_is_cited_for_it() -> None:
    shop, again = candidate("Ah Seng", 0.3), candidate("AH SENG", 0.4, 20)
    heard = believed(judgement("company"), Answer(values=(Value("company", 0, 7, BORNE_OUT),)), shop, again)
    [one] = heard.quoted
    assert (one.candidate.text, one.candidate.start, round(one.candidate.confidence, 3)) == ("AH SENG", 20, 0.7)
    assert one.citations == (CitedPassage("handbook", "a receipt has a total"),)
    assert heard.citations == (CitedPassage("own"),)  # of what is published: this is not


def test_a_result_that_cites_nothing_is_for_a_person() -> None:
    before = replace(judgement("company"), citations=())  # as of a type that the fast model was sure of
    shop = candidate("Ah Seng", 0.85)
    heard = believed(before, Answer(values=(Value("company", 0, 7),)), shop)
    assert heard.held_back == (HeldBack(DOCUMENT, AbstentionReason.UNCITED),)
    assert (heard.decided, heard.decided_by) == (False, DecidedBy.RETRIEVAL)
    assert [(one.text, round(one.confidence, 3)) for one in heard.fields] == [("Ah Seng", 0.925)]  # as the proposal
    borne_out = believed(before, Answer(values=(Value("company", 0, 7, BORNE_OUT),)), shop)
    assert borne_out.decided_by is DecidedBy.GENERATOR
    assert borne_out.citations == (CitedPassage("handbook", "a receipt has a total"),)


def test_what_is_still_open_is_told_before_that_nothing_is_cited() -> None:
    before = replace(judgement("company", "date"), citations=())
    heard = believed(before, Answer(values=(Value("company", 0, 7),)), candidate("Ah Seng", 0.85))
    assert heard.held_back == (HeldBack("date", LOW),)


def test_a_policy_may_trust_a_quote_alone() -> None:
    trusting = GeneratorPolicy(field=0.95)
    heard = believed(judgement("date"), Answer(values=(Value("date", 8, 16),)), generator=trusting)
    assert [(one.text, one.start, one.end) for one in heard.fields] == [("12 March", 8, 16)]


def test_a_quote_that_is_no_value_of_its_kind_is_refused() -> None:
    trusting = GeneratorPolicy(field=0.95)
    heard = believed(judgement("date"), Answer(values=(Value("date", 0, 7),)), generator=trusting)
    assert heard.held_back == (HeldBack("date", AbstentionReason.NO_VALUE),)
    assert heard.quoted == ()


def test_what_was_not_asked_changes_nothing() -> None:
    before = judgement("company")
    shop = candidate("12 March", 0.9, 8, "date")
    assert believed(before, Answer("fine", BORNE_OUT, (Value("date", 8, 16),)), shop) == before


def test_one_answer_may_decide_type_and_fields_together() -> None:
    shop = candidate("Ah Seng", 0.85)
    answer = Answer("receipt", BORNE_OUT, (Value("company", 0, 7),))
    assert believed(judgement(LABEL, "company"), answer, shop).decided
    half = believed(judgement(LABEL, "company", "date"), answer, shop)
    assert half.held_back == (HeldBack("date", LOW),)
    assert half.decided_by is DecidedBy.RETRIEVAL


@pytest.mark.parametrize("share", [-0.1, 1.1])
def test_a_voice_counts_from_nothing_to_everything(share: float) -> None:
    with pytest.raises(ValueError, match="from 0 to 1"):
        GeneratorPolicy(label=share)

from dataclasses import replace
from random import Random

import pytest

from docmill.fallback.fields import decide_field, same_value
from docmill.fallback.policy import FieldPolicy
from docmill.fallback.types import (
    AbstentionReason,
    CitedPassage,
    CodeList,
    FieldAbstained,
    FieldAccepted,
)
from docmill.fallback.vote import voters
from tests.unit.fallback.builders import candidate, neighbour

POLICY = FieldPolicy(listed=0.8, agreed=0.5, threshold=0.9)
INVOICE, ACME = candidate("TAX INVOICE", 0.6), candidate("Acme  Sdn Bhd", 0.5, start=40)
VENDORS = CodeList("vendors#1", {"company": ("Globex", "ACME Sdn Bhd.")})


def test_a_vendor_added_to_the_index_changes_the_decision() -> None:
    before = decide_field("company", [INVOICE, ACME], (), [], POLICY)
    assert isinstance(before, FieldAbstained)
    assert (before.best, before.reasons) == (INVOICE, (AbstentionReason.LOW_CONFIDENCE,))
    after = decide_field("company", [INVOICE, ACME], (), [VENDORS], POLICY)
    assert isinstance(after, FieldAccepted)
    assert after.candidate == ACME
    assert after.confidence == pytest.approx(0.9)  # 1 - 0.5 x 0.2
    assert after.citations == (CitedPassage("vendors#1", "ACME Sdn Bhd."),)


def test_a_list_of_another_field_says_nothing() -> None:
    other = CodeList("cities", {"city": ("Acme Sdn Bhd",)})
    assert isinstance(decide_field("company", [ACME], (), [other], POLICY), FieldAbstained)


def test_neighbours_count_by_the_share_that_has_the_value() -> None:
    """Shares at 0.1: 0.6652, 0.2447, 0.0900 (test_vote); the second has no company."""
    voting = voters(
        [
            neighbour("receipt", 0.9, id="n1", company="acme sdn bhd"),
            neighbour("receipt", 0.8, id="n2"),
            neighbour("receipt", 0.7, id="n3", company="Globex"),
        ],
        3,
        0.1,
    )
    decision = decide_field("company", [ACME], voting, [], FieldPolicy(threshold=0.6))
    assert isinstance(decision, FieldAccepted)
    assert decision.confidence == pytest.approx(1 - 0.5 * (1 - 0.5 * 0.6652), abs=1e-4)
    assert decision.citations == (CitedPassage("n1", "acme sdn bhd"),)


def test_lists_are_cited_before_neighbours() -> None:
    voting = voters([neighbour("receipt", 0.9, id="n1", company="Acme Sdn Bhd")], 3, 0.1)
    decision = decide_field("company", [ACME], voting, [VENDORS, VENDORS], POLICY)
    assert isinstance(decision, FieldAccepted)
    assert decision.confidence == pytest.approx(0.95)  # 1 - 0.5 x 0.2 x 0.5
    assert [cited.passage_id for cited in decision.citations] == ["vendors#1", "n1"]
    assert len(decide_field("company", [ACME], voting, [VENDORS], POLICY, most_citations=1).citations) == 1


def test_what_no_candidate_has_is_not_invented() -> None:
    """The vendor is on the list, and even in the text, but the model saw no span there."""
    decision = decide_field("company", [candidate("2024-01-01", 0.9, field="date")], (), [VENDORS], POLICY)
    assert decision == FieldAbstained("company", (AbstentionReason.NO_CANDIDATE,), None, 0.0, ())


def test_a_sure_model_needs_no_citation() -> None:
    decision = decide_field("company", [candidate("Initech", 0.95)], (), [VENDORS], POLICY)
    assert isinstance(decision, FieldAccepted)
    assert (decision.candidate.text, decision.citations) == ("Initech", ())
    assert decision.confidence == pytest.approx(0.95)


def test_values_are_compared_as_normalised_or_as_they_stand() -> None:
    date = candidate("3 May 2024", 0.5, value="2024-05-03")
    assert same_value(date, "2024-05-03")
    assert same_value(date, "3  MAY 2024.")
    assert not same_value(date, "2024-05-04")
    assert not same_value(candidate("...", 0.5), "...")  # nothing but edges is no value
    assert not same_value(candidate("x", 0.5), "")


def test_evidence_never_lowers_a_confidence_and_order_does_not_matter() -> None:
    candidates = [candidate(f"Vendor {n}", n / 10, start=n) for n in range(9)]
    lists = [CodeList(f"list{n}", {"company": (f"vendor {n}", f"vendor {n + 3}")}) for n in range(4)]
    voting = voters([neighbour("r", n / 10, id=str(n), company=f"Vendor {n}") for n in range(6)], 6, 0.1)
    plain = decide_field("company", candidates, (), [], POLICY)
    said = decide_field("company", candidates, voting, lists, POLICY)
    assert said.confidence >= plain.confidence
    Random(5).shuffle(candidates)
    Random(6).shuffle(lists)
    assert decide_field("company", candidates, voting, lists, POLICY) == said


def test_a_value_that_the_model_hardly_saw_is_not_accepted_whatever_speaks_for_it() -> None:
    voting = voters([neighbour("receipt", 0.9, id="n1", company="Acme Sdn Bhd")], 3, 0.1)
    faint = candidate("Acme Sdn Bhd", 0.09)
    decision = decide_field("company", [faint], voting, [VENDORS], POLICY)
    assert isinstance(decision, FieldAbstained)
    assert (decision.best, decision.reasons) == (faint, (AbstentionReason.LOW_CONFIDENCE,))
    assert isinstance(decide_field("company", [faint, INVOICE], voting, [VENDORS], POLICY), FieldAbstained)


def test_what_is_no_value_of_its_kind_is_not_accepted_however_sure_the_model_is() -> None:
    no_date = replace(candidate("soon", 0.99, field="date"), value=None)
    decision = decide_field("date", [no_date], (), (), POLICY)
    assert isinstance(decision, FieldAbstained)
    assert decision.reasons == (AbstentionReason.NO_VALUE,)
    date = candidate("3 May 2024", 0.91, 20, "date", "2024-05-03")
    assert isinstance(found := decide_field("date", [no_date, date], (), (), POLICY), FieldAccepted)
    assert found.candidate == date


def test_of_equals_the_model_decides_and_then_the_place() -> None:
    later, earlier = candidate("B", 0.5, start=9), candidate("A", 0.5, start=2)
    assert isinstance(decision := decide_field("company", [later, earlier], (), [], POLICY), FieldAbstained)
    assert decision.best == earlier

from random import Random

import pytest

from docmill.fallback.decide import decide_label
from docmill.fallback.types import AbstentionReason, CitedPassage, LabelAbstained, LabelAccepted, Neighbour
from tests.unit.fallback.builders import document, neighbour, policy

UNSURE = document(invoice=0.55, receipt=0.45)
RECEIPTS = [neighbour("receipt", 0.9, id="r1"), neighbour("receipt", 0.8, id="r2"), neighbour("invoice", 0.7, id="i1")]


def test_neighbours_overrule_an_unsure_classifier_and_are_cited_nearest_first() -> None:
    """Vote 0.91 for receipt, classifier 0.45: 0.6800 (see test_vote)."""
    decision = decide_label(UNSURE, RECEIPTS, policy())
    assert isinstance(decision, LabelAccepted)
    assert (decision.label, round(decision.confidence, 4)) == ("receipt", 0.68)
    assert decision.citations == (CitedPassage("r1"), CitedPassage("r2"))
    assert [(other.label, round(other.probability, 4)) for other in decision.alternatives] == [("invoice", 0.32)]


def test_below_the_threshold_it_abstains_and_says_what_it_would_have_said() -> None:
    decision = decide_label(UNSURE, RECEIPTS, policy(threshold=0.7))
    assert isinstance(decision, LabelAbstained)
    assert decision.reasons == (AbstentionReason.LOW_CONFIDENCE,)
    assert decision.ranking[0].label == "receipt"
    assert decision.citations == (CitedPassage("r1"), CitedPassage("r2"))


def test_without_a_certified_threshold_nothing_is_accepted() -> None:
    decision = decide_label(UNSURE, RECEIPTS, policy(threshold=None))
    assert isinstance(decision, LabelAbstained)
    assert decision.reasons == (AbstentionReason.NOT_CERTIFIED,)


def test_what_no_neighbour_speaks_for_is_not_decided_however_sure_the_classifier_is() -> None:
    decision = decide_label(document(letter=0.999, receipt=0.001), RECEIPTS, policy(vote_weight=0.1))
    assert isinstance(decision, LabelAbstained)
    assert decision.reasons == (AbstentionReason.UNSUPPORTED,)
    assert (decision.ranking[0].label, decision.citations) == ("letter", ())


def test_an_empty_index_decides_nothing() -> None:
    decision = decide_label(document(invoice=0.99, receipt=0.01), [], policy())
    assert isinstance(decision, LabelAbstained)
    assert decision.reasons == (AbstentionReason.NO_NEIGHBOURS, AbstentionReason.UNSUPPORTED)
    assert decision.ranking[0].label == "invoice"


@pytest.mark.parametrize("similarity", [0.29, float("nan")])
def test_neighbours_that_are_not_alike_decide_nothing(similarity: float) -> None:
    decision = decide_label(UNSURE, [neighbour("receipt", similarity)], policy(least_similarity=0.3))
    assert isinstance(decision, LabelAbstained)
    assert AbstentionReason.DISTANT_NEIGHBOURS in decision.reasons


def test_all_reasons_are_given() -> None:
    decision = decide_label(document(a=0.5, b=0.5), [neighbour("c", 0.1)], policy(least_similarity=0.3, threshold=None))
    assert isinstance(decision, LabelAbstained)
    assert decision.reasons == (AbstentionReason.DISTANT_NEIGHBOURS, AbstentionReason.NOT_CERTIFIED)


def test_neither_a_label_nor_a_neighbour() -> None:
    decision = decide_label(document(), [], policy())
    assert isinstance(decision, LabelAbstained)
    assert (decision.ranking, decision.citations) == ((), ())


def test_after_five_corrections_the_sixth_document_of_a_new_kind_is_decided_from_the_index() -> None:
    """The bundle is sure of a wrong label, since it knows no better; old exemplars are half as near."""
    old = [neighbour(label, 0.45 - n / 100, id=f"{label}{n}") for n in range(8) for label in ("invoice", "receipt")]
    new = [neighbour("credit_note", 0.75 - n / 100, id=f"new{n}") for n in range(5)]
    chosen = policy(neighbours=15, vote_temperature=0.08, vote_weight=0.4, threshold=0.9)
    sure = document(invoice=0.97, receipt=0.03)
    before = decide_label(sure, old, chosen)
    assert before.citations[0].passage_id.startswith("invoice")
    decision = decide_label(sure, [*old, *new], chosen)
    assert isinstance(decision, LabelAccepted)
    assert decision.label == "credit_note"
    assert decision.citations == tuple(CitedPassage(f"new{n}") for n in range(5))


def test_the_order_of_neighbours_does_not_matter() -> None:
    neighbours = [Neighbour(str(n), "abc"[n % 3], (n * 7 % 10) / 10) for n in range(20)]
    shuffled = list(neighbours)
    Random(3).shuffle(shuffled)
    asked = document(a=0.4, b=0.3, c=0.3)
    assert decide_label(asked, neighbours, policy(neighbours=9)) == decide_label(asked, shuffled, policy(neighbours=9))


def test_no_more_is_cited_than_the_policy_says() -> None:
    decision = decide_label(UNSURE, RECEIPTS, policy(citations=1))
    assert decision.citations == (CitedPassage("r1"),)

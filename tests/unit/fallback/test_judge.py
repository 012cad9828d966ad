"""Everything that is known of a document to one judgement."""

from dataclasses import dataclass, replace

import pytest

from docmill.fallback.judge import DOCUMENT, LABEL, HeldBack, Judgement, Question, judge
from docmill.fallback.policy import FieldPolicy
from docmill.fallback.types import AbstentionReason, Candidate, CitedPassage, CodeList, DeferredDocument, Neighbour
from docmill_schemas.reasons import DecidedBy, DeferralReason
from tests.unit.fallback.builders import candidate, neighbour, policy

SURE_OF_TYPE = (DeferralReason.LOW_FIELD_CONFIDENCE,)
IN_DOUBT = (DeferralReason.LOW_TYPE_CONFIDENCE,)
KNOWN = {"receipt": 0.7, "letter": 0.3}


@dataclass(frozen=True)
class Group:
    fields: tuple[str, ...] = ("company", "total")
    required: tuple[str, ...] = ("company",)
    type_threshold: float | None = 0.7
    field_threshold: float | None = 0.95
    vetoed: frozenset[str] = frozenset()
    several: frozenset[str] = frozenset()


SEVERAL = Group(several=frozenset({"company"}))
VENDORS = CodeList("vendors", {"company": ("ah beng",)})
RECEIPTS = (neighbour("receipt", 0.9, "r1"),)  # without a value: it speaks for the type alone


def group_of(label: str) -> Group | None:
    return {"receipt": Group(), "letter": Group((), ())}.get(label)


def judged(
    *candidates: Candidate,
    reasons: tuple[DeferralReason, ...] = SURE_OF_TYPE,
    neighbours: tuple[Neighbour, ...] = (),
    code_lists: tuple[CodeList, ...] = (),
    probabilities: dict[str, float] | None = None,
    published: tuple[Candidate, ...] | None = None,
    same_bundle: bool = True,
    group: Group | None = None,
    **changed: object,
) -> Judgement:
    document = DeferredDocument("a text", KNOWN if probabilities is None else probabilities, candidates)
    shown = candidates if published is None else published
    question = Question(document, reasons, shown, same_bundle, neighbours, code_lists)
    return judge(question, group_of if group is None else lambda _: group, policy(**changed))


def test_a_vendor_on_a_list_decides_the_field_and_is_cited() -> None:
    shop, other = candidate("Ah Seng", 0.5, 0), candidate("Thank you", 0.6, 40)
    vendors = CodeList("vendors", {"company": ("AH SENG",)})
    without = judged(shop, other, published=(other,))
    assert without.held_back == (HeldBack("company", AbstentionReason.LOW_CONFIDENCE),)
    with_list = judged(shop, other, published=(other,), code_lists=(vendors,))
    assert with_list.decided
    assert [one.text for one in with_list.fields] == ["Ah Seng"]  # in place of the only one that was published
    assert with_list.fields[0].confidence == pytest.approx(0.9)
    assert with_list.citations == (CitedPassage("vendors", "AH SENG"),)
    assert with_list.decided_by is DecidedBy.RETRIEVAL


def test_the_models_own_confidence_suffices_only_where_it_is_certified() -> None:
    assert judged(candidate("Ah Seng", 0.96), neighbours=RECEIPTS).decided
    unsure = judged(candidate("Ah Seng", 0.94), neighbours=RECEIPTS)  # over the policy's 0.9, yet nothing speaks for it
    assert unsure.held_back == (HeldBack("company", AbstentionReason.UNSUPPORTED),)


def test_what_no_passage_speaks_for_is_for_people_however_sure_it_is() -> None:
    alone = judged(candidate("Ah Seng", 0.99))
    assert alone.held_back == (HeldBack(DOCUMENT, AbstentionReason.UNCITED),)
    assert [one.text for one in alone.fields] == ["Ah Seng"]  # it is proposed all the same
    letter = neighbour("letter", 0.9)  # of another type: it speaks for nothing here
    assert judged(candidate("Ah Seng", 0.99), neighbours=(letter,)).held_back == alone.held_back


def test_a_required_field_whose_text_is_no_value_holds_back_however_sure_the_model_is() -> None:
    unreadable = replace(candidate("soon after", 0.99), value=None)
    assert judged(unreadable, neighbours=RECEIPTS).held_back == (HeldBack("company", AbstentionReason.NO_VALUE),)


def test_a_required_field_without_a_candidate_holds_back() -> None:
    assert judged(candidate("RM 9", 0.99, field="total")).held_back == (
        HeldBack("company", AbstentionReason.NO_CANDIDATE),
    )


def test_an_optional_field_is_published_as_the_model_would() -> None:
    total = candidate("RM 9", 0.2, 20, field="total")
    decided = judged(candidate("Ah Seng", 0.96, 0), total, neighbours=RECEIPTS)
    assert decided.decided
    assert [one.field for one in decided.fields] == ["company", "total"]


def test_several_values_stay_beside_the_one_that_was_decided() -> None:
    first, second = candidate("Ah Seng", 0.6, 0), candidate("Ah Beng", 0.6, 40)
    decided = judged(first, second, code_lists=(VENDORS,), group=SEVERAL)
    assert [(one.text, one.confidence > 0.9) for one in decided.fields] == [("Ah Seng", False), ("Ah Beng", True)]


def test_so_does_the_only_one_that_was_published() -> None:
    published, other = candidate("Ah Seng", 0.6, 0), candidate("Ah Beng", 0.5, 40)
    decided = judged(published, other, published=(published,), code_lists=(VENDORS,), group=SEVERAL)
    assert [one.text for one in decided.fields] == ["Ah Seng", "Ah Beng"]
    alone = judged(published, other, published=(published,), code_lists=(VENDORS,))
    assert [one.text for one in alone.fields] == ["Ah Beng"]  # of a field that has but one


def test_of_several_places_of_the_decided_value_one_stays() -> None:
    first, again = candidate("Ah Beng", 0.6, 0), candidate("AH BENG", 0.5, 40)
    decided = judged(first, again, code_lists=(VENDORS,), group=SEVERAL)
    assert [one.start for one in decided.fields] == [0]


def test_a_doubtful_type_is_decided_with_its_neighbours() -> None:
    near = tuple(neighbour("letter", 0.9, f"l{i}") for i in range(3))
    decided = judged(reasons=IN_DOUBT, neighbours=near, probabilities={"receipt": 0.5, "letter": 0.5})
    assert (decided.label, decided.decided) == ("letter", True)
    assert [cited.passage_id for cited in decided.citations] == ["l0", "l1", "l2"]
    assert [voter.neighbour.passage_id for voter in decided.voting] == ["l0", "l1", "l2"]


def test_a_type_that_only_exemplars_have_needs_no_fields() -> None:
    near = tuple(neighbour("parking_fine", 0.9, f"p{i}") for i in range(3))
    decided = judged(reasons=(DeferralReason.UNFAMILIAR_DOCUMENT,), neighbours=near)
    assert (decided.label, decided.decided, decided.fields) == ("parking_fine", True, ())


def test_what_nobody_speaks_for_holds_back_and_is_told() -> None:
    alone = judged(candidate("Ah Seng", 0.99), reasons=IN_DOUBT)
    assert (alone.label, alone.decided) == ("receipt", False)
    assert {held.part for held in alone.held_back} == {LABEL}
    assert AbstentionReason.NO_NEIGHBOURS in {held.reason for held in alone.held_back}
    assert alone.without(LABEL) == ()


def test_distant_neighbours_decide_nothing() -> None:
    far = tuple(neighbour("letter", 0.2, f"l{i}") for i in range(3))
    held = judged(reasons=IN_DOUBT, neighbours=far, least_similarity=0.5)
    assert HeldBack(LABEL, AbstentionReason.DISTANT_NEIGHBOURS) in held.held_back


def test_a_sure_type_needs_no_neighbour_and_cites_those_that_agree() -> None:
    agreeing = (neighbour("receipt", 0.9, "r1"), neighbour("letter", 0.95, "l1"))
    decided = judged(candidate("Ah Seng", 0.96), neighbours=agreeing)
    assert (decided.label, decided.confidence) == ("receipt", 0.7)
    assert decided.citations == (CitedPassage("r1"),)
    assert [(one.label, one.probability) for one in decided.alternatives] == [("letter", 0.3)]


def test_what_could_not_be_read_is_for_people_however_sure_the_rest_is() -> None:
    held = judged(candidate("Ah Seng", 0.99), reasons=(DeferralReason.UNREAD_ATTACHMENT,))
    assert held.held_back == (HeldBack(DOCUMENT, AbstentionReason.UNREAD_PART),)


@pytest.mark.parametrize("threshold", [0.9, 0.91])
def test_a_field_may_have_a_policy_of_its_own(threshold: float) -> None:
    vendors = CodeList("vendors", {"company": ("Ah Seng",)})
    own = {"company": FieldPolicy(listed=0.8, threshold=threshold)}
    decided = judged(candidate("Ah Seng", 0.5), code_lists=(vendors,), fields=own)
    assert decided.decided is (threshold == 0.9)


def test_an_event_without_probabilities_is_judged_by_its_neighbours_alone() -> None:
    near = tuple(neighbour("letter", 0.9, f"l{i}") for i in range(3))
    assert judged(neighbours=near, probabilities={}).label == "letter"
    assert judged(probabilities={}).label == ""


def test_a_type_that_the_bundle_here_does_not_know_is_not_taken_for_sure() -> None:
    """A processor may have another bundle already: nobody here knows which fields such a document must have."""
    held = judged(probabilities={"invoice": 0.99, "receipt": 0.01})
    assert (held.label, held.decided) == ("invoice", False)
    assert {one.part for one in held.held_back} == {LABEL}


def test_of_another_bundles_opinion_neither_type_nor_field_is_taken_for_sure() -> None:
    held = judged(candidate("Ah Seng", 0.99), same_bundle=False)
    assert {one.part for one in held.held_back} == {LABEL, "company"}


@pytest.mark.parametrize(("label", "similarity"), [("letter", 0.9), ("receipt", 0.3)])
def test_a_value_in_common_with_another_kind_or_with_one_unlike_is_chance(label: str, similarity: float) -> None:
    other = (neighbour(label, similarity, company="Ah Seng"),)
    held = judged(candidate("Ah Seng", 0.8), neighbours=other, least_similarity=0.5)
    assert held.held_back == (HeldBack("company", AbstentionReason.LOW_CONFIDENCE),)
    alike = (neighbour("receipt", 0.9, company="Ah Seng"),)
    assert judged(candidate("Ah Seng", 0.8), neighbours=alike, least_similarity=0.5).decided


NO_FIELD_THRESHOLD = Group(field_threshold=None)
NOT_CERTIFIED = (DeferralReason.NOT_CERTIFIED,)


def test_a_type_that_is_certified_is_not_in_doubt_since_its_fields_are_not() -> None:
    """As of claims: a policy number on a list decides one, with no claim in the index."""
    shop = candidate("Ah Beng", 0.6)
    heard = judged(shop, reasons=NOT_CERTIFIED, code_lists=(VENDORS,), group=NO_FIELD_THRESHOLD)
    assert (heard.decided, heard.label, heard.confidence) == (True, "receipt", 0.7)
    sure = judged(candidate("Ah Beng", 0.99), reasons=NOT_CERTIFIED, neighbours=RECEIPTS, group=NO_FIELD_THRESHOLD)
    assert sure.held_back == (HeldBack("company", AbstentionReason.UNSUPPORTED),)  # by itself it is never enough


@pytest.mark.parametrize(
    "group",
    [
        replace(NO_FIELD_THRESHOLD, type_threshold=None),
        replace(NO_FIELD_THRESHOLD, vetoed=frozenset({"receipt"})),
        replace(NO_FIELD_THRESHOLD, required=()),  # then it is the type that is not certified
        Group(),  # nor is it clear of what, where both have a threshold: a reason that only a later docmill knows
    ],
    ids=["no threshold", "vetoed", "nothing required", "both certified"],
)
def test_one_that_is_not_certified_is_in_doubt(group: Group) -> None:
    heard = judged(candidate("Ah Beng", 0.99), reasons=NOT_CERTIFIED, code_lists=(VENDORS,), group=group)
    assert HeldBack(LABEL, AbstentionReason.NO_NEIGHBOURS) in heard.held_back


@pytest.mark.parametrize("other", [DeferralReason.UNFAMILIAR_DOCUMENT, DeferralReason.LOW_TYPE_CONFIDENCE])
def test_another_reason_beside_it_leaves_the_type_in_doubt(other: DeferralReason) -> None:
    reasons = (*NOT_CERTIFIED, other)
    heard = judged(candidate("Ah Beng", 0.99), reasons=reasons, code_lists=(VENDORS,), group=NO_FIELD_THRESHOLD)
    assert HeldBack(LABEL, AbstentionReason.NO_NEIGHBOURS) in heard.held_back

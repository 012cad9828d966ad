import random
from collections import Counter

import pytest

from docmill.training.claims.claim import Claim, Kind
from docmill.training.claims.draft import Piece, comparable
from docmill.training.claims.facts import FIELD_OF, TERMS, ClaimFacts
from docmill.training.claims.voice import Narrator
from tests.unit.training.claims.fakes import claim_with, claims, facts_of


def text(facts: ClaimFacts, slot: str) -> str:
    return "".join(piece.text for piece in facts.pieces(slot))


def value(facts: ClaimFacts, slot: str) -> Piece:
    (piece,) = (piece for piece in facts.pieces(slot) if piece.field)
    return piece


@pytest.mark.parametrize(("slot", "field"), sorted(FIELD_OF.items()))
def test_a_field_that_is_missing_cannot_be_said_in_any_form(slot: str, field: str) -> None:
    facts = facts_of(claim_with(without=(field,)))
    assert facts.knows(slot)
    assert not facts.has(slot)
    assert not facts.has(f"{slot}.num")
    assert facts_of(claim_with(field)).has(slot)


@pytest.mark.parametrize("slot", ["nobody", "loss2", ""])
def test_unknown_slots(slot: str) -> None:
    assert not facts_of(claims()[0]).knows(slot)


def test_values_are_marked_and_what_looks_like_them_is_not() -> None:
    facts = facts_of(claim_with(*FIELD_OF.values()))
    for slot, field in FIELD_OF.items():
        assert value(facts, slot).field == field
    for slot in (
        "reported",
        "excess",
        "witness",
        "invoice_number",
        "loss.nth",
        "loss.short",
        "claimant.formal",
        "claimed.words",
    ):
        assert not any(piece.field for piece in facts.pieces(slot)), slot


def test_all_mentions_of_a_value_compare_as_one() -> None:
    forms = {
        "claimant": ("", ".listed", ".titled"),
        "loss": ("", ".num", ".long", ".iso", ".words"),
        "claimed": ("", ".bare"),
        "claim_number": ("",),
        "policy_number": ("",),
    }
    generator = random.Random(5)
    for n, claim in enumerate(claims(Kind.TRAVEL, count=300)):
        facts = facts_of(claim, seed=n)
        for slot, suffixes in forms.items():
            if facts.has(slot):
                mentions = [value(facts, slot + generator.choice(suffixes)).text for _ in range(6)]
                assert len({comparable(FIELD_OF[slot], mention) for mention in mentions}) == 1, mentions


def test_numbers_are_respaced_now_and_then() -> None:
    claim = next(c for c in claims() if "claim_number" in c.present and "-" in c.texts["claim_number"])
    facts = facts_of(claim)
    first = text(facts, "claim_number")
    counts = Counter(text(facts, "claim_number") for _ in range(200))
    assert first == claim.texts["claim_number"]
    assert counts[first] > 140
    assert len(counts) > 1


def test_a_policyholder_who_claims_is_the_claimant() -> None:
    def drawn(*, same: bool) -> Claim:
        return next(
            claim
            for claim in claims(count=800)
            if (claim.parties["policyholder"] is claim.parties["claimant"]) is same and "claimant" in claim.present
        )

    assert value(facts_of(drawn(same=True)), "policyholder").field == "claimant"
    assert not any(piece.field for piece in facts_of(drawn(same=False)).pieces("policyholder"))


def test_small_amounts_differ_and_are_never_the_claim() -> None:
    claim = claim_with("claimed_amount")
    facts = facts_of(claim)
    drawn = [text(facts, "small_amount") for _ in range(200)]
    assert len(set(drawn)) > 50
    claimed = comparable("claimed_amount", text(facts, "claimed"))
    assert claimed not in {comparable("claimed_amount", amount) for amount in drawn}


def test_who_is_claimed_against_is_known_only_where_there_is_one() -> None:
    assert facts_of(claims(Kind.LIABILITY)[0]).has("your_insured")
    assert not facts_of(claims(Kind.HEALTH)[0]).has("your_insured")


def test_mail_addresses_are_of_no_real_domain() -> None:
    for claim in claims(count=60):
        facts = facts_of(claim)
        for role in ("spouse", "insurer", "broker"):
            assert text(facts, f"{role}.mail").endswith(".example")


@pytest.mark.parametrize("narrator", [Narrator.CLAIMANT, Narrator.RELATIVE, Narrator.LAWYER])
def test_a_stranger_does_not_know_the_terms_of_the_policy(narrator: Narrator) -> None:
    stranger = facts_of(claims(Kind.LIABILITY)[0], narrator)
    insured = facts_of(claims(Kind.HEALTH)[0], narrator)
    for slot in (*TERMS, "inception.num"):
        assert not stranger.has(slot)
        assert insured.has(slot)


def test_what_is_only_for_the_insured_says_nothing_of_its_own() -> None:
    stranger, insured = facts_of(claims(Kind.LIABILITY)[0]), facts_of(claims(Kind.HEALTH)[0])
    assert stranger.knows("own_policy")
    assert not stranger.has("own_policy")
    assert stranger.has("excess")  # an adjuster may say it of the policy
    assert insured.has("own_policy")
    assert insured.pieces("own_policy") == ()


def test_a_company_was_not_born() -> None:
    drawn = claims(Kind.PROPERTY)
    assert {claim.parties["claimant"].pronoun == "it" for claim in drawn} == {True, False}
    for claim in drawn:
        assert facts_of(claim).has("dob") == (claim.parties["claimant"].pronoun != "it")

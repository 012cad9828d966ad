from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from docmill.training.claims.bank import address, drawn, kind_of, name_claimant
from docmill.training.claims.cast import ROLES
from docmill.training.claims.claim import Kind
from docmill.training.claims.draft import FIELDS
from docmill.training.claims.pools import table
from docmill.training.claims.voice import Narrator
from tests.unit.training.claims.fakes import claim_with, claims, page_of

BANKS = ("insurers", "transcripts", "statements")


def groups(entries: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for name, group in entries.items():
        if isinstance(group, Mapping):
            yield from groups(group, f"{prefix}{name}.")
        else:
            yield prefix + name


@pytest.mark.parametrize("bank", BANKS)
def test_all_phrases_can_be_said_where_nothing_is_missing(bank: str) -> None:
    claim = next(
        claim
        for claim in claims(count=400)
        if len(claim.present) == len(FIELDS) and set(claim.parties) == set(ROLES)
        if not claim.by_stranger and claim.parties["claimant"].pronoun != "it"
    )
    page = page_of(claim)
    for group in groups(table(bank)):
        said = drawn(page, bank, group, 1000)
        entries = table(bank)
        for key in group.split("."):
            entries = entries[key]
        assert sorted(said) == sorted(entries), group
        page.line(*said)
    assert "{" not in page.draft.text


def test_no_more_than_asked_for_and_none_twice() -> None:
    said = drawn(page_of(claim_with(*FIELDS)), "statements", "scatter", 5)
    assert len(set(said)) == 5


@pytest.mark.parametrize("kind", list(Kind))
def test_kinds_have_groups(kind: Kind) -> None:
    page = page_of(claims(kind)[0])
    assert len(drawn(page, "insurers", f"documents.{kind_of(page.claim)}", 3)) == 3
    assert len(drawn(page, "insurers", f"clause.{kind_of(page.claim)}", 3)) == 3


def test_the_claimant_is_addressed() -> None:
    page = page_of(claim_with(*FIELDS), Narrator.ADJUSTER)
    address(page)
    page.line("{I} {was} at home, {my} car hit {me}, {we} left{s} {ourselves}.".replace("{ourselves}", "{myself}"))
    assert page.draft.text == "You were at home, your car hit you, you left yourself.\n"


def test_a_third_person_gets_a_name() -> None:
    page = page_of(claim_with(*FIELDS), Narrator.ADJUSTER)
    name_claimant(page, "our member")
    page.line("{I} fell.")
    assert page.draft.text == "Our member fell.\n"
    page = page_of(claim_with(*FIELDS), Narrator.CLAIMANT)
    name_claimant(page, "our member")
    assert page.facts.voice.subject == ""

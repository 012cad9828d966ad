"""Phrases that one genre has for itself, and how it speaks to the claimant. Does not know which genres there are."""

from docmill.training.claims.claim import Claim, Kind
from docmill.training.claims.page import Page
from docmill.training.claims.pools import table
from docmill.training.claims.voice import CASES, COLLECTIVE, FORMS, VERBS, Voice

YOU = ("you", "you", "your", "yours", "yourself")


class SecondPerson(Voice):
    """Tells the claimant what happened to the claimant."""

    def word(self, slot: str) -> str:
        """What a slot stands for where the claimant is addressed."""
        if slot in CASES:
            return YOU[CASES.index(slot)]
        if slot in COLLECTIVE:
            return YOU[COLLECTIVE.index(slot)]
        if slot in FORMS:
            return VERBS["many"][FORMS.index(slot)]
        return "you" if slot == "we_or_I" else Voice.word(self, slot)


def address(page: Page) -> None:
    """From here on an insurer speaks to the claimant."""
    voice = page.facts.voice
    ours = page.rng.choice((("our policyholder", "our policyholder's"), ("our insured", "our insured's")))
    page.facts.voice = SecondPerson(voice.narrator, page.claim, page.rng, "", ours)


def name_claimant(page: Page, *subjects: str) -> None:
    """From here on the claimant is called by one of these words, where a third person tells it."""
    if page.facts.voice.subject:
        page.facts.voice.subject = page.rng.choice(subjects)


def kind_of(claim: Claim) -> str:
    """`motor` for a motor claim: the key of groups that are of one kind."""
    return claim.kind.value.removesuffix("_claim")


def drawn(page: Page, bank: str, group: str, count: int) -> list[str]:
    """Different templates of a group that the document can say, at most so many, in any order.

    `bank` is a TOML file of the package; `documents.motor` is a group within a group.
    """
    entries = table(bank)
    for key in group.split("."):
        entries = entries[key]
    possible = [entry for entry in entries if page.can(entry)]
    if page.claim.kind is Kind.HEALTH:
        possible = [entry for entry in possible if "police" not in entry.lower()]
    return page.rng.sample(possible, min(count, len(possible)))

"""Who tells what happened, and so what the claimant and the insured are called. Does not know what happened."""

import random
from dataclasses import dataclass
from enum import StrEnum

from docmill.training.claims.claim import Claim, Kind


class Narrator(StrEnum):
    """Who writes."""

    CLAIMANT = "claimant"
    RELATIVE = "relative"
    BROKER = "broker"
    LAWYER = "lawyer"
    HANDLER = "handler"  # of the insurer, in shorthand
    ADJUSTER = "adjuster"
    SUPPLIER = "supplier"  # a garage, a hospital
    POLICE = "police"
    INSURED = "insured"  # the one claimed against


RENAMED_SHARE = 0.15  # of the mentions as a subject that repeat the name where a pronoun would do

PRONOUNS = {  # I, me, my, mine, myself
    "I": ("I", "me", "my", "mine", "myself"),
    "we": ("we", "us", "our", "ours", "ourselves"),
    "he": ("he", "him", "his", "his", "himself"),
    "she": ("she", "her", "her", "hers", "herself"),
    "it": ("they", "them", "their", "theirs", "themselves"),  # a company
    "they": ("they", "them", "their", "theirs", "themselves"),
}
VERBS = {
    "I": ("was", "have", "am", "do", "", ""),
    "one": ("was", "has", "is", "does", "s", "es"),
    "many": ("were", "have", "are", "do", "", ""),
}
CASES = ("I", "me", "my", "mine", "myself")
COLLECTIVE = ("we", "us", "our")  # the claimant and those with him or her
FORMS = ("was", "have", "am", "do", "s", "es")
SLOTS = (*CASES, *COLLECTIVE, *FORMS, "we_or_I", "your_insured", "your_insured_s")
SUBJECTS = {  # of one person; the second line where he or she is a stranger to the policy
    Narrator.BROKER: (
        ("our client", "the insured", "our mutual client", "our client"),
        ("the claimant", "the third party"),
    ),
    Narrator.LAWYER: (("our client", "my client", "our client"), ("our client", "our client", "my client")),
    Narrator.HANDLER: (("PH", "caller", "insd", "cust", "the customer", "clmt"), ("clmt", "TP", "the TP", "clmt")),
    Narrator.ADJUSTER: (("the insured", "the claimant", "the policyholder"), ("the claimant", "the third party")),
    Narrator.SUPPLIER: (("your insured", "our customer", "your policyholder"), ("the customer", "the claimant")),
    Narrator.POLICE: (
        ("the complainant", "the reporting person", "the victim"),
        ("the complainant", "the injured party"),
    ),
    Narrator.INSURED: (("the claimant",), ("the claimant", "the person concerned")),
}
RELATIONS = {
    "he": ("my husband", "my father", "my son", "my brother", "my partner"),
    "she": ("my wife", "my mother", "my daughter", "my sister", "my partner"),
}
INSURED = {  # how a narrator calls one who is claimed against, and with the s of possession
    Narrator.CLAIMANT: (("your insured", "your insured's"), ("your policyholder", "your policyholder's")),
    Narrator.RELATIVE: (("your insured", "your insured's"), ("your customer", "your customer's")),
    Narrator.BROKER: (("our client", "our client's"), ("the insured", "the insured's")),
    Narrator.LAWYER: (
        ("your insured", "your insured's"),
        ("your client", "your client's"),
        ("your policyholder", "your policyholder's"),
    ),
    Narrator.HANDLER: (("insd", "insd's"), ("PH", "PH's"), ("our insured", "our insured's")),
    Narrator.ADJUSTER: (("the insured", "the insured's"), ("the policyholder", "the policyholder's")),
    Narrator.SUPPLIER: (("the other party", "the other party's"),),
    Narrator.POLICE: (("the second party", "the second party's"), ("the other party", "the other party's")),
    Narrator.INSURED: (("our firm", "our"), ("the company", "our")),
}


@dataclass(slots=True)
class Voice:
    """How one document calls the claimant; after the first mention in a paragraph mostly by a pronoun."""

    narrator: Narrator
    claim: Claim
    rng: random.Random
    subject: str  # empty where the claimant speaks
    insured: tuple[str, str]
    is_known: bool = False  # a mention in this paragraph came before

    def word(self, slot: str) -> str:
        """What one of SLOTS stands for here."""
        if slot in ("your_insured", "your_insured_s"):
            return self.insured[slot == "your_insured_s"]
        if slot == "we_or_I":
            return "we" if self.subject == "" else "everyone"
        if slot in FORMS:
            return VERBS[self._number()][FORMS.index(slot)]
        if slot in COLLECTIVE:
            return PRONOUNS["we" if self.subject == "" else "they"][COLLECTIVE.index(slot)]
        return self._pronoun(CASES.index(slot))

    def _number(self) -> str:
        if self.subject == "":
            return "many" if self._is_plural() else "I"
        return "many" if self.claim.parties["claimant"].pronoun == "they" else "one"

    def _is_plural(self) -> bool:
        return self.claim.parties["claimant"].pronoun in ("it", "they")

    def _pronoun(self, case: int) -> str:
        if self.subject == "":
            return PRONOUNS["we" if self._is_plural() else "I"][case]
        named = not self.is_known or (case == 0 and self.rng.random() < RENAMED_SHARE)
        self.is_known = True
        pronoun = self.claim.parties["claimant"].pronoun
        if pronoun == "it" and case == 0:
            return self.subject  # "it" for a company reads badly, and "they" would want another verb
        if named and case in (0, 1):
            return self.subject
        if named and case == 2:
            return self.subject + ("'" if self.subject.endswith("s") else "'s")
        return PRONOUNS[pronoun][case]


def draw_voice(rng: random.Random, narrator: Narrator, claim: Claim) -> Voice:
    """A narrator's words for a claim. One who cannot tell it, as a company's husband, gives way to the claimant."""
    if narrator is Narrator.RELATIVE and claim.parties["claimant"].pronoun not in RELATIONS:
        narrator = Narrator.CLAIMANT
    insured = rng.choice(INSURED[narrator])
    return Voice(narrator, claim, rng, _subject(rng, narrator, claim), insured)


def _subject(rng: random.Random, narrator: Narrator, claim: Claim) -> str:
    claimant = claim.parties["claimant"]
    if narrator is Narrator.CLAIMANT:
        return ""
    if narrator is Narrator.RELATIVE:
        return rng.choice(RELATIONS[claimant.pronoun])
    own, strange = SUBJECTS[narrator]
    choices = strange if claim.by_stranger else own
    if claim.kind is Kind.HEALTH and narrator in (Narrator.SUPPLIER, Narrator.ADJUSTER):
        choices = ("the patient", "the member")
    subject = rng.choice(choices)
    if "claimant" in claim.present and narrator is not Narrator.HANDLER and rng.random() < 0.3:
        return claimant.formal
    return f"{subject}s" if claimant.pronoun == "they" and subject[-1] != "d" else subject

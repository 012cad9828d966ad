from dataclasses import replace

import pytest

from docmill.training.claims.claim import Claim, Kind
from docmill.training.claims.voice import SLOTS, Narrator, draw_voice
from tests.unit.training.claims.fakes import claims, rng


def claim_of(pronoun: str, kind: Kind = Kind.PROPERTY) -> Claim:
    return next(claim for claim in claims(kind, count=800) if claim.parties["claimant"].pronoun == pronoun)


@pytest.mark.parametrize("narrator", list(Narrator))
@pytest.mark.parametrize("kind", list(Kind))
def test_every_narrator_has_every_word(narrator: Narrator, kind: Kind) -> None:
    for claim in claims(kind, count=40):
        voice = draw_voice(rng(), narrator, claim)
        words = {slot: voice.word(slot) for slot in SLOTS}
        assert all(word for slot, word in words.items() if slot not in ("s", "es"))


def test_the_claimant_speaks_for_himself() -> None:
    voice = draw_voice(rng(), Narrator.CLAIMANT, claim_of("he"))
    assert [voice.word(slot) for slot in ("I", "me", "my", "was", "have", "we", "s")] == (
        ["I", "me", "my", "was", "have", "we", ""]
    )


@pytest.mark.parametrize("pronoun", ["it", "they"])
def test_companies_and_couples_say_we(pronoun: str) -> None:
    voice = draw_voice(rng(), Narrator.CLAIMANT, claim_of(pronoun))
    assert [voice.word(slot) for slot in ("I", "me", "my", "was", "am")] == ["we", "us", "our", "were", "are"]


def test_others_name_the_claimant_once_and_then_mostly_by_a_pronoun() -> None:
    for claim in claims(Kind.HEALTH, count=60):
        voice = draw_voice(rng(), Narrator.ADJUSTER, claim)
        pronoun = claim.parties["claimant"].pronoun
        assert voice.word("I") == voice.subject
        assert {voice.word("I") for _ in range(60)} == {pronoun, voice.subject}
        assert voice.word("my") == {"he": "his", "she": "her"}[pronoun]
        assert (voice.word("have"), voice.word("s")) == ("has", "s")
        voice.is_known = False
        assert voice.word("my").startswith(voice.subject)


def test_a_company_has_no_husband() -> None:
    claim = claim_of("it")
    assert draw_voice(rng(), Narrator.RELATIVE, claim).narrator is Narrator.CLAIMANT
    assert draw_voice(rng(), Narrator.RELATIVE, claim_of("she")).subject.startswith("my ")


def test_who_is_claimed_against_depends_on_who_tells() -> None:
    claim = claims(Kind.LIABILITY)[0]
    assert draw_voice(rng(), Narrator.CLAIMANT, claim).word("your_insured_s").startswith("your ")
    assert draw_voice(rng(), Narrator.INSURED, claim).word("your_insured_s") == "our"


def test_a_document_that_does_not_know_the_claimant_does_not_let_the_name_slip() -> None:
    for drawn in claims(Kind.LIABILITY):
        claim = replace(drawn, present=())
        voice = draw_voice(rng(), Narrator.LAWYER, claim)
        assert claim.parties["claimant"].familiar not in voice.subject
        assert voice.subject in ("our client", "my client")

"""Claims drawn for tests, a corpus drawn once, and facts written by hand."""

import random
from functools import cache

from docmill.training.claims.claim import Claim, Kind
from docmill.training.claims.draft import Piece
from docmill.training.claims.draw import draw_claim
from docmill.training.claims.facts import ClaimFacts
from docmill.training.claims.generate import Document, documents
from docmill.training.claims.page import Page
from docmill.training.claims.pools import Part
from docmill.training.claims.voice import Narrator, draw_voice

SEED = 7
TRAIN, VALIDATION = 1300, 800


@cache
def corpus(part: Part) -> tuple[Document, ...]:
    return tuple(documents(part, TRAIN if part is Part.TRAIN else VALIDATION, SEED))


def whole_corpus() -> tuple[Document, ...]:
    return corpus(Part.TRAIN) + corpus(Part.VALIDATION)


def rng(seed: int = SEED) -> random.Random:
    return random.Random(seed)


@cache
def claims(kind: Kind = Kind.MOTOR, part: Part = Part.TRAIN, count: int = 200) -> tuple[Claim, ...]:
    generator = rng()
    return tuple(draw_claim(generator, kind, part) for _ in range(count))


def claim_with(*present: str, without: tuple[str, ...] = (), kind: Kind = Kind.MOTOR) -> Claim:
    """The first claim drawn that has some fields and lacks others."""
    return next(
        claim
        for claim in claims(kind, count=400)
        if set(present) <= set(claim.present) and not set(without) & set(claim.present)
    )


def facts_of(claim: Claim, narrator: Narrator = Narrator.ADJUSTER, seed: int = SEED) -> ClaimFacts:
    generator = rng(seed)
    return ClaimFacts(claim, draw_voice(generator, narrator, claim), generator)


def page_of(claim: Claim, narrator: Narrator = Narrator.CLAIMANT, seed: int = SEED) -> Page:
    return Page(claim, narrator, rng(seed))


class HandFacts:
    """Facts as a dict; a slot whose text is None is known but cannot be said."""

    def __init__(self, **texts: str | None) -> None:
        self._texts = texts

    def knows(self, name: str) -> bool:
        return name in self._texts

    def has(self, name: str) -> bool:
        return self._texts[name] is not None

    def pieces(self, name: str) -> tuple[Piece, ...]:
        text = self._texts[name]
        assert text is not None
        return (Piece(text, "claimant" if name == "claimant" else None),)

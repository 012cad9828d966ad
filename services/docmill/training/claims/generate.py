"""Documents of the corpus, one by one. Does not know files.

A document depends on the seed, its part and its number, and on nothing else: not on how many there are.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from docmill.training.claims.claim import Claim, Kind
from docmill.training.claims.draft import Draft, Mark
from docmill.training.claims.draw import draw_claim
from docmill.training.claims.layout import Layout
from docmill.training.claims.layouts import layouts_of
from docmill.training.claims.noise import noised
from docmill.training.claims.page import Page
from docmill.training.claims.pools import Part

ENCLOSURE_SHARE = 0.3  # of the documents that have something enclosed, as far as anything fits
ENCLOSED = {  # what comes with what, by genre
    "portal": ("portal", "call", "adjuster", "chat"),
    "form": ("cover", "official", "letter", "form"),
    "letter": ("cover", "official", "form", "email"),
    "email": ("cover", "official", "form", "email", "app", "insurer"),
    "call": ("portal", "call", "chat"),
    "lawyer": ("cover", "official", "adjuster", "lawyer", "statement"),
    "adjuster": ("cover", "official", "portal", "adjuster", "statement", "transcript"),
    "cover": ("cover", "official", "email"),
    "official": ("official", "call", "cover"),
    "chat": ("app", "portal", "chat"),
    "app": ("chat", "cover", "app"),
    "acord": ("cover", "official", "letter", "acord", "system"),
    "system": ("portal", "call", "email", "system", "acord"),
    "insurer": ("cover", "adjuster", "call", "insurer"),
    "transcript": ("portal", "call", "transcript"),
    "statement": ("cover", "official", "insurer", "statement"),
    "court": ("cover", "official", "legal", "bill"),
    "legal": ("cover", "adjuster", "legal", "bill"),
    "bill": ("cover", "official", "email", "bill"),
    "expense": ("cover", "bill", "email", "short"),
    "short": ("short", "chat", "bill", "expense", "portal"),
}


@dataclass(frozen=True, slots=True)
class Document:
    """A synthetic document with what is right for it."""

    id: str
    layout: str
    enclosure: str  # the layout of what is enclosed, empty where nothing is
    country: str
    kind: Kind
    text: str
    marks: tuple[Mark, ...]  # in text order

    @property
    def values(self) -> dict[str, str]:
        """Each field's value as it stands in the text first; all its mentions compare as equal to it."""
        found: dict[str, str] = {}
        for mark in self.marks:
            found.setdefault(mark.field, self.text[mark.start : mark.end])
        return found


def documents(part: Part, count: int, seed: int) -> Iterator[Document]:
    """The first so many documents of a part: kinds evenly, layouts of a kind in turn."""
    kinds = tuple(Kind)
    turns = {kind: tuple(layout for layout in layouts_of(part) if kind in layout.kinds) for kind in kinds}
    for number in range(count):
        kind = kinds[number % len(kinds)]
        layouts = turns[kind]
        layout = layouts[number // len(kinds) % len(layouts)]
        yield document(layout, kind, f"{part.value}-{number:05d}", seed)


def enclosures(layout: Layout, claim: Claim) -> list[Layout]:
    """Layouts of the same part that may follow a layout in one document about a claim."""
    genres = ENCLOSED[layout.genre]
    return [
        other
        for other in layouts_of(layout.part)
        if other.genre in genres and other is not layout and claim.kind in other.kinds
        if not other.about or claim.scenario.name in other.about
    ]


def document(layout: Layout, kind: Kind, name: str, seed: int) -> Document:
    """The one document of a layout, a kind, a name and a seed."""
    rng = random.Random(f"{seed}:{layout.name}:{kind.value}:{name}")  # noqa: S311
    claim = draw_claim(rng, kind, layout.part, layout.about)
    page = Page(claim, rng.choice(layout.narrators), rng)
    layout.write(page)
    enclosure = ""
    if rng.random() < ENCLOSURE_SHARE and (fitting := enclosures(layout, claim)):
        enclosed = rng.choice(fitting)
        page.turn(rng.choice(enclosed.narrators))
        enclosed.write(page)
        enclosure = enclosed.name
    text, marks = Draft(noised(page.draft.pieces, layout.noise, rng)).finished()
    return Document(f"claims-{name}", layout.name, enclosure, claim.country, kind, text, marks)

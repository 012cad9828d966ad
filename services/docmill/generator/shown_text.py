"""A text as a generator sees it, and the way back to where a quote stands. Pure.

What no person sees is left out. What a chat template could take for a turn's end or a role stays readable and is no
such thing any more.
Source: the special tokens of the common templates (ChatML, DeepSeek, Gemma, GLM, Llama, MiniMax, Mistral).
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from docmill.generator.matching import SEEN_AROUND, whole_matches
from docmill.pipeline.visible import visible, visible_character

LOOKED_AT_AROUND = (
    1000  # characters about a stretch, or a million that nobody sees would be gone through for each quote
)
MARKUP = re.compile(r"<(?=\S)|\[(?=[/|]|[a-z]?[A-Z][A-Z0-9_ ]*\]|e~)|\](?=[~!])")
HARMLESS = {"<": "\u2039", "[": "\u27e6", "]": "\u27e7"}  # one character for one: places stay what they are
FORMS = {"<": "\uff1c\ufe64", "[": "\uff3b\ufe47", "]": "\uff3d\ufe48"}  # whose compatible form is the bracket
AS_IT_WAS = str.maketrans({form: markup for markup, forms in FORMS.items() for form in (*forms, HARMLESS[markup])})


@dataclass(frozen=True, slots=True)
class ShownText:
    """`text[i]` stands at `places[i]` of the original, in code points; `parts` are the stretches, in `text`."""

    text: str
    places: tuple[int, ...]
    parts: tuple[tuple[int, int], ...]
    original: str

    def find(self, quote: str) -> tuple[tuple[int, int], ...]:
        """Each [start, end) in the original where the quote stands whole within one stretch, in order.

        Spaces and line breaks are alike. A quote without a letter or a digit stands nowhere.
        """
        words = readable(quote).translate(AS_IT_WAS).split()
        found: list[tuple[int, int]] = []
        for start, end in self.parts:
            before, after = self._around(start, end)
            text = f"{before}{self.text[start:end]}{after}".translate(AS_IT_WAS)
            moved = start - len(before)
            for first, last in whole_matches(words, text, len(before), len(text) - len(after)):
                found.append((self.places[first + moved], self.places[last + moved - 1] + 1))
        return tuple(found)

    def _around(self, start: int, end: int) -> tuple[str, str]:
        """What a reader sees in the original just before and after a part: it may be cut inside a word."""
        if start == end:
            return "", ""
        first, last = self.places[start], self.places[end - 1]
        before = range(first - 1, max(first - 1 - LOOKED_AT_AROUND, -1), -1)
        after = range(last + 1, min(last + 1 + LOOKED_AT_AROUND, len(self.original)))
        return self._first_seen(before)[::-1], self._first_seen(after)

    def _first_seen(self, places: Iterable[int]) -> str:
        return "".join(islice(filter(None, (visible_character(self.original[place]) for place in places)), SEEN_AROUND))


def shown(text: str, stretches: Sequence[tuple[int, int]] | None = None) -> ShownText:
    """What is shown of a text: all of it, or some stretches with a blank line between them."""
    characters: list[str] = []
    places: list[int] = []
    parts: list[tuple[int, int]] = []
    for start, end in [(0, len(text))] if stretches is None else stretches:
        if characters:
            characters += "\n\n"
            places += (start, start)
        began = len(characters)
        for place in range(start, end):
            if character := visible_character(text[place]):
                characters.append(character)
                places.append(place)
        parts.append((began, len(characters)))
    return ShownText(_harmless("".join(characters)), tuple(places), tuple(parts), text)


def readable(text: str) -> str:
    """What a reader sees of a text, markup and all."""
    return visible(text)


def _harmless(text: str) -> str:
    """The text with no bracket that begins a template's token, nor one that some tokenizers fold to it (NFKC)."""
    characters = list(text)
    folded = text if text.isascii() else "".join(map(_folded, text))
    for found in MARKUP.finditer(folded):
        characters[found.start()] = HARMLESS[found.group()]
    return "".join(characters)


def _folded(character: str) -> str:
    """Its compatible form, where that is one character."""
    form = unicodedata.normalize("NFKC", character)
    return form if len(form) == 1 else character

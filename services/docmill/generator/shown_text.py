"""A text as a generator sees it, and the way back to where a quote stands. Pure.

A reader sees no zero-width space, no bidirectional override, no variation selector and no tag character (U+E0000 and
on), a model does: they are left out. What a chat template could take for a turn's end or a role stays readable and is
no such thing any more.
Source: Unicode TR #36 and #39; the special tokens of the common templates (ChatML, DeepSeek, Gemma, Llama, Mistral).
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from docmill.generator.matching import SEEN_AROUND, whole_matches

KEPT_CONTROLS = "\n\t"
LEFT_OUT = frozenset({"Cc", "Cf", "Co", "Cs", "Cn"})
BLANKS = frozenset(  # letters, marks and symbols that show nothing: Unicode's Default_Ignorable_Code_Point, and U+2800
    {"\u034f", "\u115f", "\u1160", "\u17b4", "\u17b5", "\u2800", "\u3164", "\uffa0"}
    | set(map(chr, (*range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))
)
MARKUP = re.compile(r"<(?=\S)|\[(?=[/|]|[A-Z][A-Z0-9_ ]*\])")
HARMLESS = {"<": "\u2039", "[": "\u27e6"}  # one character for one: places stay what they are
AS_IT_WAS = str.maketrans({harmless: markup for markup, harmless in HARMLESS.items()})


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
        before = range(self.places[start] - 1, -1, -1)
        after = range(self.places[end - 1] + 1, len(self.original))
        return self._first_seen(before)[::-1], self._first_seen(after)

    def _first_seen(self, places: Iterable[int]) -> str:
        return "".join(islice(filter(None, (_seen(self.original[place]) for place in places)), SEEN_AROUND))


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
            if character := _seen(text[place]):
                characters.append(character)
                places.append(place)
        parts.append((began, len(characters)))
    harmless = MARKUP.sub(lambda found: HARMLESS[found.group()], "".join(characters))
    return ShownText(harmless, tuple(places), tuple(parts), text)


def readable(text: str) -> str:
    """What a reader sees of a text, markup and all."""
    return "".join(map(_seen, text))


def _seen(character: str) -> str:
    """The character, a space for a control that moves on, or nothing."""
    if character in KEPT_CONTROLS:
        return character
    if character in BLANKS:
        return ""
    category = unicodedata.category(character)
    if category == "Cc" and character.isspace():
        return " "
    return "" if category in LEFT_OUT else character

"""A text as a generator sees it, and the way back to where a quote stands. Pure.

A reader sees no zero-width space, no bidirectional override and no tag character (U+E0000 and on), a model does: they
are left out. What a chat template could take for a turn's end or a role stays readable and is no such thing any more.
Source: Unicode TR #36 and #39; the special tokens of the common templates (ChatML, Gemma, Llama, Mistral).
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

KEPT_CONTROLS = "\n\t"
LEFT_OUT = frozenset({"Cc", "Cf", "Co", "Cs", "Cn"})
MARKUP = re.compile(r"<(?=[A-Za-z/|!_])|\[(?=/?(?:INST|SYS|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS)\])")
HARMLESS = {"<": "\u2039", "[": "\u27e6"}  # one character for one: places stay what they are
AS_IT_WAS = str.maketrans({harmless: markup for markup, harmless in HARMLESS.items()})


@dataclass(frozen=True, slots=True)
class ShownText:
    """`text[i]` stands at `places[i]` of the original, in code points."""

    text: str
    places: tuple[int, ...]

    def find(self, quote: str) -> tuple[int, int] | None:
        """[start, end) in the original of the first place where the quote stands; spaces and line breaks are alike."""
        words = shown(quote).text.translate(AS_IT_WAS).split()
        if not words:
            return None
        found = re.search(r"\s+".join(map(re.escape, words)), self.text.translate(AS_IT_WAS))
        return None if found is None else (self.places[found.start()], self.places[found.end() - 1] + 1)


def shown(text: str, stretches: Sequence[tuple[int, int]] | None = None) -> ShownText:
    """What is shown of a text: all of it, or some stretches with a blank line between them."""
    characters: list[str] = []
    places: list[int] = []
    for start, end in [(0, len(text))] if stretches is None else stretches:
        if characters:
            characters += "\n\n"
            places += (start, start)
        for place in range(start, end):
            character = text[place]
            if character in KEPT_CONTROLS or unicodedata.category(character) not in LEFT_OUT:
                characters.append(character)
                places.append(place)
    return ShownText(MARKUP.sub(lambda found: HARMLESS[found.group()], "".join(characters)), tuple(places))

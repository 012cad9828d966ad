"""Where words stand whole in a text: never cut out of a longer word or number. Pure; does not know what is quoted.

Scripts that put no space between words (Chinese, Thai) can thus only be quoted from one mark to the next: that refuses
too much, and believes nothing false.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence

from docmill.pipeline.money import MARK

SEEN_AROUND = 2  # characters on each side that decide whether a match is whole
SEPARATORS = ".,'\u2019\u066b\u066c"  # within a number
SIGNS = "+-\u2212"
AMOUNT = re.compile(rf"(?:{MARK})[ :.]{{0,2}}\d", re.ASCII | re.IGNORECASE)  # beside a currency; a sign may precede it


def whole_matches(
    words: Sequence[str], text: str, start: int = 0, end: int | None = None, gap: str = r"\s+"
) -> Iterator[tuple[int, int]]:
    """Each [start, end) within the given range where the words stand whole, a gap between each two.

    What is outside the range is no part of a match, and still decides whether it is whole. Words without a letter or a
    digit stand nowhere.
    """
    if not any(map(str.isalnum, "".join(words))):
        return
    pattern = re.compile(gap.join(map(re.escape, words)))
    end = len(text) if end is None else end
    while (found := pattern.search(text, start, end)) is not None:
        whole = not _starts_inside(text, found.start()) and not _ends_inside(text, found.end())
        start = found.end() if whole else found.start() + 1
        if whole:
            yield found.span()


def folded(text: str) -> str:
    """Alike but for compatible forms, case and spaces; signs, currencies, punctuation and marks stay."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _starts_inside(text: str, place: int) -> bool:
    if place == 0:
        return False
    before, first = text[place - 1], text[place]
    if (_of_a_word(before) and _of_a_word(first)) or _is_mark(first) or _inside_a_number(text, place):
        return True
    signed = before in SIGNS and (place == 1 or not _of_a_word(text[place - 2]))
    amount = first.isdigit() or unicodedata.category(first) == "Sc" or AMOUNT.match(text, place) is not None
    return signed and amount


def _ends_inside(text: str, place: int) -> bool:
    if place == len(text):
        return False
    last, after = text[place - 1], text[place]
    return (_of_a_word(last) and _of_a_word(after)) or _is_mark(after) or _inside_a_number(text, place)


def _inside_a_number(text: str, place: int) -> bool:
    """Whether a digit, a separator and a digit stand around the place, wherever among them it is."""
    return any(
        text[middle] in SEPARATORS and text[middle - 1].isdigit() and text[middle + 1].isdigit()
        for middle in (place - 1, place)
        if 0 < middle < len(text) - 1
    )


def _of_a_word(character: str) -> bool:
    return character.isalnum() or character == "_" or _is_mark(character)


def _is_mark(character: str) -> bool:
    return unicodedata.category(character).startswith("M")

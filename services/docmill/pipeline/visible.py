"""A text without what no person sees of it. Does not know what it is for.

A person sees no zero-width space, no bidirectional override, no variation selector and no tag character (U+E0000 and
on); a model, a parser of numbers and a terminal do.
Source: Unicode TR #36 and #39; of directions UAX #9.
"""

import re
import unicodedata

KEPT_CONTROLS = "\n\t"
LEFT_OUT = frozenset({"Cc", "Cf", "Co", "Cs", "Cn"})
LINE_ENDS = frozenset({"Zl", "Zp"})
BLANKS = frozenset(  # letters, marks and symbols that show nothing: Unicode's Default_Ignorable_Code_Point, and U+2800
    {"\u034f", "\u115f", "\u1160", "\u17b4", "\u17b5", "\u2800", "\u3164", "\uffa0"}
    | set(map(chr, (*range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))
)
OVERRIDES = "\u202d\u202e"  # from here on characters are drawn in one direction, digits too
ISOLATES = "\u2066\u2067\u2068"
OPENING = f"\u202a\u202b{OVERRIDES}{ISOLATES}"
CLOSING = {"\u202c": f"\u202a\u202b{OVERRIDES}", "\u2069": ISOLATES}  # and what each of them closes
DIRECTIONS = re.compile(f"[{OPENING}{''.join(CLOSING)}]")
PARAGRAPH_ENDS = "\n\r\x1c\x1d\x1e\x85\u2029"


def visible(text: str) -> str:
    """What a person sees of a text; the line and paragraph separators of Unicode become line ends."""
    return "".join(map(visible_character, text))


def visible_character(character: str) -> str:
    """The character, a space for a control that moves on, a line end for a separator of lines, or nothing."""
    if character in KEPT_CONTROLS:
        return character
    if character in BLANKS:
        return ""
    category = unicodedata.category(character)
    if category in LINE_ENDS:
        return "\n"
    if category == "Cc" and character.isspace():
        return " "
    return "" if category in LEFT_OUT else character


def is_overridden(text: str, start: int, end: int) -> bool:
    """Whether anything of text[start:end] is drawn in a direction that an override says: a person then reads other
    digits there than a program does. Overrides end with their paragraph.
    """
    began = max(text.rfind(paragraph_end, 0, start) for paragraph_end in PARAGRAPH_ENDS) + 1
    in_force: list[str] = []
    for mark in DIRECTIONS.findall(text, began, start):
        if mark in OPENING:
            in_force.append(mark)
        elif any(opened in CLOSING[mark] for opened in in_force):
            _close(in_force, mark)
    return any(mark in OVERRIDES for mark in (*in_force, *text[start:end]))


def _close(in_force: list[str], mark: str) -> None:
    """An isolate ends with all that was opened within it; an embedding only while no isolate within it is open."""
    if mark == "\u2069":
        while in_force.pop() not in ISOLATES:
            pass
    elif in_force[-1] not in ISOLATES:
        in_force.pop()

"""Reference numbers of many shapes. Does not know whose they are: a claim's looks like an invoice's."""

import random
import string
from collections.abc import Sequence

LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"


def filled(rng: random.Random, pattern: str) -> str:
    """A pattern with `#` for a digit, `=` for one from 1 to 9, `@` for a capital; all else stands as it is."""
    return "".join(_drawn(rng, character) for character in pattern)


def _drawn(rng: random.Random, character: str) -> str:
    match character:
        case "#":
            return rng.choice(string.digits)
        case "=":
            return rng.choice(string.digits[1:])
        case "@":
            return rng.choice(LETTERS)
        case _:
            return character


def reference(rng: random.Random, prefixes: Sequence[str], year: int) -> str:
    """A number as an office gives it: perhaps a prefix, perhaps the year, some digits, perhaps an end."""
    prefix = (
        rng.choice(prefixes) if rng.random() < 0.6 else filled(rng, rng.choice(("", "@", "@@", "@@@", "@#", "@@@@")))
    )
    separator = rng.choice(("-", "-", "-", "/", "/", "", "", " ", "."))
    middle = rng.choice(("", "", "", str(year), f"{year % 100:02d}", filled(rng, "##"), filled(rng, "@")))
    body = filled(
        rng,
        rng.choice(
            ("####", "#####", "######", "######", "#######", "########", "=### ###", "###-####", "##-###", "#### ####")
        ),
    )
    if " " in body and separator == " ":
        body = body.replace(" ", "")
    end = rng.choice(("", "", "", "", "/#", "-##", "@", "-@", "/@@", "-0#"))
    pieces = [piece for piece in (prefix, middle, body) if piece]
    number = separator.join(pieces) + filled(rng, end)
    if sum(c.isdigit() for c in number) < 5:
        number += filled(rng, "##")
    return number

"""The first duration in a text, in the unit that it is written in: twelve months stay twelve months."""

import re
from decimal import Decimal

ONES = "one two three four five six seven eight nine"
TEENS = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
ONE, TEEN, TEN = (words.replace(" ", "|") for words in (ONES, TEENS, TENS))
NUMBERS = {word: value for value, word in enumerate(f"{ONES} {TEENS}".split(), start=1)} | {
    word: 10 * value for value, word in enumerate(TENS.split(), start=2)
}
UNITS = {"wk": "week", "mo": "month", "yr": "year"}

BELOW_100 = rf"(?:(?:{TEN})(?:[- ](?:{ONE}))?|{TEEN}|{ONE})\b"
HUNDREDS = rf"(?:(?:{ONE}|a) )?hundred\b"
WORDS = rf"\b(?:{HUNDREDS}(?:(?: and)?[ -]{BELOW_100})?|{BELOW_100})"
DIGITS = r"(?<![\d.,])(?:\d{1,3}(?:,\d{3}){1,3}(?![,\d])|\d{1,4})(?:\.\d{1,4})?"
DASH = r"(?: ?[-–~] ?| )?"  # each text in one way alone: it is repeated
KIND = "additional|business|calendar|consecutive|full|further|successive|working"
# Over collapsed text, so ` ?` is any white space.
DURATION = re.compile(
    r"\b(?P<perpetual>perpetu(?:al(?:ly)?|ity)|indefinite(?:ly)?)\b"
    rf"|(?:(?P<digits>{DIGITS})|(?P<words>{WORDS})|\b(?P<half>half)(?: an?\b)?)"
    r"(?: ?[(\[] ?(?P<restated>\d{1,4}(?:\.\d{1,4})?))?(?: ?[)\]])?"
    rf"(?:{DASH}(?:{KIND}))*{DASH}(?P<unit>day|week|wk|month|mo|year|yr)s?(?![a-z])",
    re.ASCII | re.IGNORECASE,
)


def first_duration(text: str) -> str | None:
    """`number unit`, or `perpetual`, of the first stretch of a text that is one; None where there is none.

    Digits in brackets restate the words before them and win. Of "2 successive 10 years" it is the ten that count.
    White space is collapsed already.
    """
    found = DURATION.search(text)
    if found is None:
        return None
    if found["perpetual"]:
        return "perpetual"
    return " ".join(number_and_unit(found))


def number_and_unit(found: re.Match[str]) -> tuple[str, str]:
    """Of a match of DURATION that is not perpetual: a decimal number, and day, week, month or year."""
    unit = found["unit"].lower()
    return _number(found), UNITS.get(unit, unit)


def _number(found: re.Match[str]) -> str:
    if digits := found["restated"] or found["digits"]:
        number = format(Decimal(digits.replace(",", "")), "f")
        return number.rstrip("0").rstrip(".") if "." in number else str(int(number))
    if found["half"]:
        return "0.5"
    words = re.split("[- ]", found["words"].lower())
    total = sum(NUMBERS.get(word, 0) for word in words)
    if "hundred" in words:
        times = NUMBERS.get(words[0], 1)  # "a hundred" and "hundred" are one
        total += 100 * times - (times if words[0] in NUMBERS else 0)
    return str(total)

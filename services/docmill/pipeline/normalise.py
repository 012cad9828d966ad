"""Found text to a value of its field's kind. Does not know where the text stood or how sure the model was."""

import re
from enum import StrEnum
from typing import assert_never

from docmill.pipeline.dates import first_date
from docmill.pipeline.durations import first_duration
from docmill.pipeline.end_dates import end_date
from docmill.pipeline.money import first_amount
from docmill.pipeline.visible import visible

# What leads on to what follows a name is no part of it: "Suntron Corporation, a Delaware corporation", "Acme Inc. and".
# Nor is what leads to it: "(1) Acme Ltd.", "and Acme Ltd.". But "(02) 9876 5432" has an area code, and a list of which
# more numbers follow is one value.
MARKS = ",;: "
LEADS_ON = re.compile(r"(?:, (?:an?|the)| (?:and|AND))\Z")
LONGEST_LEAD = len(", the")
NUMBER = r"\((?:\d{1,2}|[a-z]|[ivx]{1,4})\)"
LEADS_TO = re.compile(rf"(?:(?:and|AND)[,;:]? |{NUMBER}[,;:]? (?!\d))+")
NEXT_NUMBER = re.compile(rf" {NUMBER} ")
DIGIT = re.compile(r"\d")


class FieldKind(StrEnum):
    """What a field's value is."""

    TEXT = "text"
    IDENTIFIER = "identifier"
    DATE = "date"
    MONEY = "money"
    DURATION = "duration"
    END_DATE = "end_date"


AS_WRITTEN = frozenset({FieldKind.TEXT, FieldKind.IDENTIFIER})  # their values are compared without case and marks


def normalise(kind: FieldKind, text: str, *, day_first: bool = False, start_date: str | None = None) -> str | None:
    """The value that a text stands for, or None where it is none of its kind. Never raises.

    A value depends on nothing but the arguments: not on clock, locale or time zone. Normalised again it stays as it is.

    Dates, amounts and durations are those that a person reads: what nobody sees within them counts for nothing.

    TEXT: white space collapsed, without comma, semicolon or colon at its end, an article in small letters after a
    comma, or `and`; nor with `and` or the bracketed number of a list before it. None if nothing is left.
    IDENTIFIER: the number of a policy, a file, a claim: white space collapsed, without what a TEXT leaves out at its
    end; None without a digit.
    DATE: `YYYY-MM-DD`. `day_first` decides 03/04/2018 and nothing else: an impossible month flips it.
    MONEY: `amount` with two decimals, then ` CUR` where the text names a currency: `1234.50 MYR`, `6.90`.
    DURATION: `number unit` with the unit day, week, month or year (`2 year`, `0.5 year`), or `perpetual`.
    END_DATE: as DATE, of the day on which something ends; of a period such as `two years` the day on which it is over,
    if `start_date`, an ISO date, or the text itself says from when it counts; or `perpetual`.
    """
    if kind is FieldKind.TEXT:
        return _without_beginning(_without_end(" ".join(text.split()))) or None
    if kind is FieldKind.IDENTIFIER:
        words = _without_end(" ".join(text.split()))
        return words if DIGIT.search(words) else None
    collapsed = " ".join(visible(text).split())
    match kind:
        case FieldKind.DATE:
            return first_date(collapsed, day_first=day_first)
        case FieldKind.MONEY:
            return first_amount(collapsed)
        case FieldKind.DURATION:
            return first_duration(collapsed)
        case FieldKind.END_DATE:
            return end_date(collapsed, day_first=day_first, start_date=start_date)
        case _:
            assert_never(kind)


def _without_end(text: str) -> str:
    """A text without the marks and words that lead on to what stands behind it."""
    text = text.rstrip(MARKS)
    while joint := LEADS_ON.search(text, max(0, len(text) - LONGEST_LEAD)):
        text = text[: joint.start()].rstrip(MARKS)
    return text


def _without_beginning(text: str) -> str:
    """A text without the words that lead to it, unless it is a list of more than one."""
    joint = LEADS_TO.match(text)
    return text if joint is None or NEXT_NUMBER.search(text, joint.end()) else text[joint.end() :]

"""Dates as six countries write them. Does not know which date is meant."""

import re
from datetime import date

from docmill.training.claims.pools import words

MONTHS = words("January, February, March, April, May, June, July, August, September, October, November, December")
WEEKDAYS = words("Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday")
ORDINALS = words(
    "first, second, third, fourth, fifth, sixth, seventh, eighth, ninth, tenth, eleventh, twelfth, thirteenth, "
    "fourteenth, fifteenth, sixteenth, seventeenth, eighteenth, nineteenth, twentieth, twenty-first, twenty-second, "
    "twenty-third, twenty-fourth, twenty-fifth, twenty-sixth, twenty-seventh, twenty-eighth, twenty-ninth, thirtieth, "
    "thirty-first"
)
SUFFIXES = {1: "st", 2: "nd", 3: "rd"}
TOKEN = re.compile(r"YYYY|YY|Month|Mon|MM|M|Words|DD|Dth|D")


def written(day: date, style: str) -> str:
    """A date in a style such as `DD/MM/YYYY`, `Dth of Month YYYY` or `Words of Month YYYY`."""
    parts = {
        "YYYY": f"{day.year:04d}",
        "YY": f"{day.year % 100:02d}",
        "Month": MONTHS[day.month - 1],
        "Mon": MONTHS[day.month - 1][:3],
        "MM": f"{day.month:02d}",
        "M": str(day.month),
        "Words": ORDINALS[day.day - 1],
        "DD": f"{day.day:02d}",
        "Dth": ordinal(day.day),
        "D": str(day.day),
    }
    return TOKEN.sub(lambda token: parts[token[0]], style)


def ordinal(number: int) -> str:
    """`1st`, `2nd`, `11th`."""
    last = 0 if number // 10 == 1 else number % 10
    return f"{number}{SUFFIXES.get(last, 'th')}"


def weekday(day: date) -> str:
    """`Saturday`."""
    return WEEKDAYS[day.weekday()]

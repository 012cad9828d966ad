"""When something ends, as a contract says it: on a day, or so long after another. English alone."""

import re
from calendar import monthrange
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

from docmill.pipeline.dates import DAY_WORD, DAYS, NTH, first_date_at
from docmill.pipeline.durations import DURATION, number_and_unit

PERPETUAL = "perpetual"
# What the nearest word before a date says of it: "commence on 1 May 2020 and end at 30 April 2029".
BEFORE_DATE = re.compile(
    r"\b(?:(?P<end>until|till|thr(?:ough|u)|expir\w*|terminat\w*|end(?:s|ed|ing)?|conclud\w*|later than|to)"
    r"|(?P<start>commenc\w*|beg[iu]n\w*|start\w*|from|since|dated|effective|effect on))\b",
    re.IGNORECASE,
)
AFTER_START = re.compile(r" ?(?:(?:through|to|until|till)\b|[-–—])", re.IGNORECASE)  # "1 May 2020 to 30 April 2029"
ANNIVERSARY = re.compile(
    rf"(?:(?<!\d)(?P<digits>\d{{1,2}}){NTH}|\b(?P<words>{DAY_WORD})\b)(?: ?\((?:\d{{1,2}})(?:{NTH})?\))? ?anniversary",
    re.ASCII | re.IGNORECASE,
)
NOTICE = re.compile(r"[^.;]{0,40}\bnotice\b", re.IGNORECASE)  # "upon thirty days' prior written notice" ends nothing
ENDLESS = re.compile(
    r"\b(?:perpetu(?:al(?:ly)?|ity)|indefinite(?:ly)?|unlimited"
    r"|(?:until|when)(?: it is| sooner| earlier)? terminated)\b",
    re.IGNORECASE,
)


def end_date(text: str, *, day_first: bool, start: str | None = None) -> str | None:
    """ISO date of the day on which a text says that something ends; `perpetual` where it says that nothing does.

    A day that is named goes before a period. A period counts from the day on which the text says that it begins, else
    from `start`, an ISO date; with neither it gives None, as does a text that says nothing of an end. An anniversary
    is so many years after `start`. White space is collapsed already.
    """
    ends, starts = _named_days(text, day_first=day_first)
    if ends:
        return ends[0]
    period = _period(text)
    if period is not None:
        first = starts[0] if starts else start
        return first and _after(first, *period)
    return PERPETUAL if ENDLESS.search(text) else None


def _named_days(text: str, *, day_first: bool) -> tuple[list[str], list[str]]:
    """Days that a text names, those on which something begins apart from all others."""
    ends: list[str] = []
    starts: list[str] = []
    word, read = None, 0
    for first, last, day in _dates(text, day_first=day_first):
        *_, word = (word, *BEFORE_DATE.finditer(text, read, first))
        begins = (word is not None and word["start"]) or AFTER_START.match(text, last)
        (starts if begins else ends).append(day)
        read = last
    return ends, starts


def _dates(text: str, *, day_first: bool) -> Iterator[tuple[int, int, str]]:
    found = first_date_at(text, 0, day_first=day_first)
    while found is not None:
        yield found
        found = first_date_at(text, found[1], day_first=day_first)


def _period(text: str) -> tuple[Decimal, str] | None:
    """Number and unit of the first period that is no notice."""
    anniversary = ANNIVERSARY.search(text)
    for found in DURATION.finditer(text):
        if anniversary is not None and anniversary.start() < found.start():
            break
        if found["perpetual"] or NOTICE.match(text, found.end()):
            continue
        number, unit = number_and_unit(found)
        return Decimal(number), unit
    if anniversary is None:
        return None
    return Decimal(anniversary["digits"] or DAYS[anniversary["words"].lower().replace(" ", "-")]), "year"


def _after(first: str, number: Decimal, unit: str) -> str | None:
    """The same day of a later month or year, the month's last where it has none such; None past what a date can be."""
    day = date.fromisoformat(first)
    try:
        if unit in ("day", "week"):
            return (day + timedelta(days=int(number * (7 if unit == "week" else 1)))).isoformat()
        months = day.month - 1 + int(number * (12 if unit == "year" else 1))
        year, month = day.year + months // 12, months % 12 + 1
        return date(year, month, min(day.day, monthrange(year, month)[1])).isoformat()
    except (OverflowError, ValueError):
        return None

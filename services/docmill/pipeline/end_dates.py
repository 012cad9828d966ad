"""When something ends, as a contract says it: on a day, or so long after another. English alone.

Careful rather than clever: what counts from an event that is no date of the document has no day.
"""

import re
from calendar import monthrange
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

from docmill.pipeline.dates import DAY_WORD, DAYS, NTH, YEARS, first_date_at
from docmill.pipeline.durations import DURATION, number_and_unit

PERPETUAL = "perpetual"
# What the nearest word before a date says of it: "commence on 1 May 2020 and end at 30 April 2029".
BEFORE_DATE = re.compile(
    r"\b(?:(?P<end>until|till|thr(?:ough|u)|(?:expir|terminat)\w*(?: effective| with effect from)?|end(?:s|ed|ing)?"
    r"|conclud\w*|later than|to)"
    r"|(?P<start>commenc\w*|beg[iu]n\w*|start\w*|from|since|after|following|anniversary of|dated|effective|effect on"
    r"|made|entered into|into force))\b",
    re.IGNORECASE,
)
# "1 May 2020 to 30 April 2029"
TO_ANOTHER_DATE = re.compile(r" ?(?:(?:through|to|until|till)\b|[-–—]) ?", re.IGNORECASE)
ANNIVERSARY = re.compile(
    rf"(?:(?<!\d)(?P<digits>\d{{1,2}}){NTH}|\b(?P<words>{DAY_WORD})\b)(?: ?\(\d{{1,2}}(?:{NTH})?\))? ?anniversary",
    re.ASCII | re.IGNORECASE,
)
# From when a period counts, where it says so; only the document's own dates are known here.
FROM = re.compile(
    r"['’]?\)?(?: ?\([^()]{0,40}\))?(?:[- ](?:period|term)\b)?(?: ?\([^()]{0,40}\))?"
    r",? ?(?:from|after|following|of|commencing|beginning|starting)"
    r"(?: and including| with| on| upon| from| for| as of)*"
    r" (?:(?:the|its|such|this|said|initial|original|actual) )*(?P<what>[^.;]{0,60})",
    re.IGNORECASE,
)
OWN_DATE = re.compile(
    r"(?:effective|commencement|agreement|contract|execution|signing|signature|start) ?date"
    r"|(?:first )?(?:date|day)s?\b(?: and year)?(?: (?:is|as|of|on|first|above|hereof|hereinabove|when|it|which|both"
    r"|parties|the|this|its|last))* ?(?:agreement|contract|document|execution|executed|signature|signing|signed|written"
    r"|set forth|above|hereof|stated|entered|made)"
    r"|hereof|above|execution|signature|signing|date\b[^a-z]*$|date[,)]|agreement",
    re.IGNORECASE,
)
# "the date of this Agreement's termination", "the Effective Date of the Merger"
OF_ANOTHER = re.compile(
    r"['’]s\b| (?:terminat|expir)|,? of (?!this\b|the (?:agreement|contract)|execution|signing|its\b|signature)",
    re.IGNORECASE,
)
LATER_OF = re.compile(r"\b(?:later|longer|latest|longest) of\b", re.IGNORECASE)
# "upon thirty days' prior written notice", "notice of at least thirty days", "at least 30 days before the end".
NOTICE_AFTER = re.compile(
    r"['’]?s?['’]?(?: (?!unless|until|then|and|or|terminat|extend)[\w'’-]+){0,4} (?:notice|notification)\b"
    r"|(?: in)? ?(?:prior to|before|advance)\b",
    re.IGNORECASE,
)
NOTICE_BEFORE = re.compile(r"\b(?:noti(?:ce|fy|fies|fication)|within)\b[^.;,]{0,40}$", re.IGNORECASE)
RENEWAL = re.compile(
    r"\b(?:re-?new\w*|exten(?:ded|ding|sion\w*)|additional|successive|further)\b(?!.*\binitial\b)", re.IGNORECASE
)
LOOK_BACK = 60  # characters before a period that may say what it is
ENDLESS = re.compile(
    r"(?<!not )\b(?:perpetu(?:al(?:ly)?|ity)|indefinite(?:ly)?|unlimited (?:period|term|duration)"
    r"|(?:until|when)(?: it is| sooner| earlier)? terminated)\b",
    re.IGNORECASE,
)
OTHER_END = re.compile(r"\b(?:complet|expir|conclu)|\bend of\b", re.IGNORECASE)


def end_date(text: str, *, day_first: bool, start_date: str | None = None) -> str | None:
    """ISO date of the day on which a text says that something ends; `perpetual` where it says that nothing does.

    A day that is named goes before a period. A period counts from the day on which the text says that it begins, else
    from `start_date`, an ISO date; with neither it gives None, as does a text that says nothing of an end, or counts
    from something else: the first sale, the launch. Notice and renewals are no periods. White space is collapsed.
    """
    ends, starts, unmarked = _named_days(text, day_first=day_first)
    period = _period(text)
    if period is None:
        ends += unmarked
    elif unmarked and not ends:
        starts += unmarked  # "1 May 2020, for two years"
    if ends:
        return next((day for day in ends if start_date is None or day > start_date), None)
    if period is not None:
        first = starts[0] if starts else start_date
        return first and _after(first, *period)
    endless = ENDLESS.search(text)
    return PERPETUAL if endless and not OTHER_END.search(text, 0, endless.start()) else None


def _named_days(text: str, *, day_first: bool) -> tuple[list[str], list[str], list[str]]:
    """Days that a text names: on which something ends, on which something begins, and of which nothing is said."""
    days: dict[str, list[str]] = {"end": [], "start": [], "": []}
    named = list(_dates(text, day_first=day_first))
    says, read = "", 0
    for number, (first, last, day) in enumerate(named):
        for word in BEFORE_DATE.finditer(text, read, first):
            says = str(word.lastgroup)
        to = TO_ANOTHER_DATE.match(text, last)
        leads_on = to is not None and number + 1 < len(named) and named[number + 1][0] == to.end()
        days["start" if leads_on else says].append(day)
        if leads_on:
            says = "end"
        read = last
    return days["end"], days["start"], days[""]


def _dates(text: str, *, day_first: bool) -> Iterator[tuple[int, int, str]]:
    found = first_date_at(text, 0, day_first=day_first)
    while found is not None:
        yield found
        found = first_date_at(text, found[1], day_first=day_first)


def _period(text: str) -> tuple[Decimal, str] | None:
    """Number and unit of the first period that is no notice and no renewal; None if it counts from something else."""
    anniversary = ANNIVERSARY.search(text)
    for found in DURATION.finditer(text):
        if anniversary is not None and anniversary.start() < found.start():
            break
        before = text[max(0, found.start() - LOOK_BACK) : found.start()]
        is_notice = NOTICE_AFTER.match(text, found.end()) or NOTICE_BEFORE.search(before)
        if found["perpetual"] or is_notice or RENEWAL.search(before) or RENEWAL.search(found.group()):
            continue
        if not _counts_from_here(text, found):
            return None
        number, unit = number_and_unit(found)
        return Decimal(number), unit
    if anniversary is None or not _counts_from_here(text, anniversary):
        return None
    return Decimal(anniversary["digits"] or DAYS[anniversary["words"].lower().replace(" ", "-")]), "year"


def _counts_from_here(text: str, period: re.Match[str]) -> bool:
    """Whether a period counts from a date of the document, as far as its words tell."""
    if LATER_OF.search(text, max(0, period.start() - LOOK_BACK), period.start()):
        return False
    counted = FROM.match(text, period.end())
    if counted is None:
        return True
    what = counted["what"]
    own = OWN_DATE.match(what)
    is_own = own is not None and OF_ANOTHER.match(what, own.end()) is None
    return is_own or first_date_at(what, 0, day_first=False) is not None


def _after(first: str, number: Decimal, unit: str) -> str | None:
    """The same day of a later month or year, the month's last where it has none such.

    None for a part of a day or month, and past what a date of a document can be.
    """
    count = number * {"week": 7, "year": 12}.get(unit, 1)
    if count == 0 or count != count.to_integral_value() or count > 366 * len(YEARS):
        return None
    day = date.fromisoformat(first)
    if unit in ("day", "week"):
        end = day + timedelta(days=int(count))
    else:
        months = day.month - 1 + int(count)
        year, month = day.year + months // 12, months % 12 + 1
        end = date(year, month, min(day.day, monthrange(year, month)[1])) if year in YEARS else date.max
    return end.isoformat() if end.year in YEARS else None

"""The first date in a text. Explicit patterns only: a general parser (dateutil's fuzzy mode) finds dates everywhere."""

import re
from datetime import date

PIVOT = 69  # two-digit years as POSIX strptime reads them: 69-99 are 19xx, 00-68 are 20xx
YEARS = range(1800, 2200)  # what a mailroom sees; other years are misread digits
MONTH_STEMS = "jan feb mar apr may jun jul aug sep oct nov dec"
MONTHS = {stem: month for month, stem in enumerate(MONTH_STEMS.split(), start=1)}
ORDINALS = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth "
    "fifteenth sixteenth seventeenth eighteenth nineteenth twentieth twenty-first twenty-second twenty-third "
    "twenty-fourth twenty-fifth twenty-sixth twenty-seventh twenty-eighth twenty-ninth thirtieth thirty-first"
)
DAYS = {word: day for day, word in enumerate(ORDINALS.split(), start=1)}

MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)(?![a-z])"
)
DAY_WORD = "|".join(word.replace("-", "[- ]") for word in reversed(DAYS))  # longest first
NTH = r" ?(?:s ?t|n ?d|r ?d|t ?h)\b"  # scans break it: "1s t day"
GAP = r"[ \-/.,]"
# Two digits are no year before a blank to be filled ("20__", "20[ ]"), in a time of day ("March 21, 10:30"), or where
# they are the day before a full year ("Section 12 March 21, 2014").
YEAR = r"(?:\d{4}(?!\d)|['’]?\d\d(?!\d|:\d| ?[_\[*]|,? ?(?:19|20)\d\d(?!\d)))"

# Over collapsed text, so ` ?` is any white space. Groups: y year, m month, d day, w day in words, a and b day and month
# in the order that `day_first` says; the digit only keeps the names apart.
DATE = re.compile(
    "|".join(
        (
            r"(?<!\d)(?P<y1>\d{4})(?P<s1>[-/.])(?P<m1>\d{1,2})(?P=s1)(?P<d1>\d{1,2})(?!\d)",  # 2018-03-27
            r"(?<!\d)(?P<y2>(?:19|20)\d\d)(?P<m2>0[1-9]|1[0-2])(?P<d2>\d\d)(?!\d)",  # 20180327
            r"(?<!\d)(?P<a8>\d\d)(?P<b8>\d\d)(?P<y8>(?:19|20)\d\d)(?!\d)",  # 27032018
            rf"(?<!\d)(?P<y3>\d{{4}}){GAP}{{1,2}}(?P<m3>{MONTH}){GAP}{{1,2}}(?P<d3>\d{{1,2}})(?!\d)",  # 2018-Mar-27
            # 27/03/18, but no part of 1.2.3.4
            r"(?<!\d)(?<!\d[/.-])(?P<a4>\d{1,2}) ?(?P<s4>[-/.–]) ?(?P<b4>\d{1,2}) ?(?P=s4) ?"
            rf"(?P<y4>{YEAR})(?!(?P=s4)\d)",
            r"(?<!\d)(?P<a5>\d{1,2}) (?P<b5>\d{1,2}) (?P<y5>\d{4})(?!\d)",  # 27 03 2018
            # 27 MAR 2018, the 27th (27th) day of March, 2018
            rf"(?:(?<!\d)(?P<d6>\d{{1,2}})(?:{NTH})?|\b(?P<w6>{DAY_WORD})\b)(?: ?\(\d{{1,2}}(?:{NTH})?\))?"
            rf" ?(?:day ?)?(?:of ?)?[\-/.,]? ?(?P<m6>{MONTH}){GAP}{{0,3}}(?:of |in the year )?(?P<y6>{YEAR})",
            # March 27th, 2018
            rf"\b(?P<m7>{MONTH}){GAP}{{0,2}}(?P<d7>\d{{1,2}})(?:{NTH}{GAP}{{0,3}}|{GAP}{{1,3}})(?:of )?(?P<y7>{YEAR})",
        )
    ),
    re.ASCII | re.IGNORECASE,
)


def first_date(text: str, *, day_first: bool) -> str | None:
    """ISO date of the first stretch of a text that is one; None where there is none. White space is collapsed already.

    Impossible dates are passed over.
    """
    found = first_date_at(text, 0, day_first=day_first)
    return found and found[2]


def first_date_at(text: str, position: int, *, day_first: bool) -> tuple[int, int, str] | None:
    """Of the first date from `position` on: where it starts and ends, and its ISO date."""
    found = DATE.search(text, position)
    while found is not None:
        year, month, day = _reading(found, day_first=day_first)
        if year in YEARS:
            try:
                return found.start(), found.end(), date(year, month, day).isoformat()
            except ValueError:
                pass  # 31 February; a later stretch may be a date
        found = DATE.search(text, found.start() + 1)
    return None


def _reading(found: re.Match[str], *, day_first: bool) -> tuple[int, int, int]:
    """Year, month, day, as the pattern that matched has them."""
    part = {name[0]: value for name, value in found.groupdict().items() if value is not None}
    year = _year(part["y"].lstrip("'’"))
    if "a" in part:
        a, b = int(part["a"]), int(part["b"])
        month, day = (b, a) if day_first else (a, b)
        return (year, day, month) if month > 12 else (year, month, day)
    month_word = part["m"]
    month = int(month_word) if month_word.isdecimal() else MONTHS[month_word[:3].lower()]
    day = DAYS[part["w"].lower().replace(" ", "-")] if "w" in part else int(part["d"])
    return year, month, day


def _year(digits: str) -> int:
    if len(digits) > 2:
        return int(digits)
    return int(digits) + (1900 if int(digits) >= PIVOT else 2000)

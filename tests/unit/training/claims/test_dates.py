from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docmill.pipeline.normalise import FieldKind, normalise
from docmill.training.claims.dates import ordinal, weekday, written
from docmill.training.claims.pools import table

DAYS = st.dates(date(2012, 1, 1), date(2027, 12, 31))


@pytest.mark.parametrize("country", sorted(table("countries")))
@given(day=DAYS)
def test_docmill_understands_every_style_of_every_country(country: str, day: date) -> None:
    conventions = table("countries")[country]
    for style in (*conventions["numeric"], *conventions["long"], "the Words of Month YYYY", "YYYY-MM-DD"):
        month_first = style.startswith("M")
        assert normalise(FieldKind.DATE, written(day, style), day_first=not month_first) == day.isoformat(), style


@pytest.mark.parametrize(
    ("style", "text"),
    [
        ("DD/MM/YYYY", "05/03/2021"),
        ("D.M.YY", "5.3.21"),
        ("Dth of Month YYYY", "5th of March 2021"),
        ("Mon. D, YYYY", "Mar. 5, 2021"),
        ("Words of Month YYYY", "fifth of March 2021"),
        ("the Dth day of Month, YYYY", "the 5th day of March, 2021"),
    ],
)
def test_styles(style: str, text: str) -> None:
    assert written(date(2021, 3, 5), style) == text


def test_ordinals_and_weekdays() -> None:
    assert [ordinal(n) for n in (1, 2, 3, 4, 11, 12, 13, 21, 22, 23, 30, 31)] == (
        ["1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "22nd", "23rd", "30th", "31st"]
    )
    assert weekday(date(2021, 3, 5)) == "Friday"

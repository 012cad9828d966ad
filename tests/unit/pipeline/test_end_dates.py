"""Ends of contracts, in the words that contracts have for them."""

import time

import pytest

from docmill.pipeline.end_dates import end_date

START = "2018-01-31"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("June 30, 2021", "2021-06-30"),
        ("shall expire on June 30, 2021", "2021-06-30"),
        ("shall end as of June 30, 2021", "2021-06-30"),
        ("shall commence on July 1, 2018 and will expire on June 30, 2021 unless terminated", "2021-06-30"),
        ("from July 1, 2018 through June 30, 2021", "2021-06-30"),
        ("July 1, 2018 to June 30, 2021", "2021-06-30"),
        ("July 1, 2018 - June 30, 2021", "2021-06-30"),
        ("shall expire June 30, 2021; the supplier may elect to extend it to June 30, 2022", "2021-06-30"),
        (
            "five years after the launch, but in no event later than June 30, 2021",
            "2021-06-30",
        ),  # a day before a period
        ("June 31, 2021 or June 30, 2021", "2021-06-30"),  # there is no 31 June
        ("shall expire on June 30, 2021 - unless extended for two years", "2021-06-30"),
        ("June 30, 2021- automatically renewed for 1 year", "2021-06-30"),
        ("Expiration Date: 6/30/2021 - Renewal Term: two years", "2021-06-30"),
        ("shall terminate effective June 30, 2021", "2021-06-30"),
        ("expires with effect from 30 June 2021", "2021-06-30"),
    ],
)
def test_a_day_that_is_named(text: str, value: str) -> None:
    assert end_date(text, day_first=False, start_date=START) == value
    assert end_date(text, day_first=False) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("for a term of two (2) years from the Effective Date", "2020-01-31"),
        ("for 18 months", "2019-07-31"),
        ("for one month", "2018-02-28"),  # February has no 31st
        ("for thirteen months", "2019-02-28"),
        ("for 25 months", "2020-02-29"),
        ("for ten days", "2018-02-10"),
        ("for 5,000 days", "2031-10-10"),
        ("for two weeks", "2018-02-14"),
        ("until the fifth (5th) anniversary of the Effective Date", "2023-01-31"),
        ("until the twenty-first anniversary of the Effective Date", "2039-01-31"),
        ("until the 3rd anniversary; 90 days before it either party may object", "2021-01-31"),
        ("may be ended upon thirty (30) days' prior written notice, else after one year", "2019-01-31"),
        ("one year, and shall continue indefinitely if nobody objects", "2019-01-31"),
        ("for two years, then until terminated on notice", "2020-01-31"),
        ("two years unless earlier terminated by 30 days notice", "2020-01-31"),
        ("may be extended for two additional one-year terms after an initial term of five years", "2023-01-31"),
        ("twelve (12) months from the date of the Agreement", "2019-01-31"),
        ("two years from the date first above written", "2020-01-31"),
        ("half a year", "2018-07-31"),
    ],
)
def test_a_period_counts_from_the_start(text: str, value: str) -> None:
    assert end_date(text, day_first=False, start_date=START) == value
    assert end_date(text, day_first=False) is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("shall commence on March 1, 2019 and continue for two years", "2021-03-01"),
        ("made as of March 1, 2019 and shall continue for two years", "2021-03-01"),
        ("shall come into force as of March 1, 2019 and remain valid for two years", "2021-03-01"),
        ('March 1, 2019 (the "Effective Date") and shall continue for two (2) years', "2021-03-01"),
        ("Term: 1 March 2019, two years", "2021-03-01"),
        ("two years after March 1, 2019", "2021-03-01"),
        ("for a period of two years following March 1, 2019", "2021-03-01"),
        ("until the second anniversary of March 1, 2019", "2021-03-01"),
    ],
)
def test_a_period_counts_from_the_day_that_the_text_names_before_one_that_is_given(text: str, value: str) -> None:
    assert end_date(text, day_first=False, start_date=START) == value
    assert end_date(text, day_first=False) == value


@pytest.mark.parametrize(
    "text",
    [
        "thirty-six (36) months after first commercial sale",
        "three years from the Launch Date",
        "the fifth anniversary of the opening of the store",
        "the later of the first anniversary of the Effective Date and completion",
    ],
)
def test_a_period_that_counts_from_something_else_has_no_day(text: str) -> None:
    assert end_date(text, day_first=False, start_date=START) is None


def test_nothing_ends_before_it_begins() -> None:
    assert end_date("expires 12/31/75", day_first=False, start_date=START) is None  # which century, nobody says
    assert end_date("as of January 31, 2018", day_first=False, start_date=START) is None


@pytest.mark.parametrize(
    "text",
    [
        "shall continue in perpetuity",
        "for an indefinite term",
        "for an unlimited period of time",
        "shall remain effective until terminated",
        "until terminated by either party upon thirty (30) days' prior written notice",
        "until terminated by either party by giving notice of not less than 30 days",
    ],
)
def test_what_nothing_ends(text: str) -> None:
    assert end_date(text, day_first=False, start_date=START) == "perpetual"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "when the last patent expires",
        "unless terminated earlier, for the time in Schedule 1",
        "upon 90 days' advance written notice",
        "shall become effective on March 1, 2019",
        "within thirty (30) days after a material breach",
        "notice of termination at least ninety (90) days before the end of the term",
        "shall automatically renew for successive one (1) year periods",
        "until completion of the services or until terminated early",
        "not perpetual",
        "unlimited liability",
        "for half a month",
    ],
)
def test_what_says_nothing_of_an_end(text: str) -> None:
    assert end_date(text, day_first=False, start_date=START) is None


def test_an_end_that_no_calendar_has() -> None:
    assert end_date("for 9,999 years", day_first=False, start_date=START) is None
    assert end_date("for 9,999 days", day_first=False, start_date="2199-12-31") is None


def test_the_order_of_day_and_month() -> None:
    assert end_date("until 3/4/2021", day_first=True) == "2021-04-03"
    assert end_date("until 3/4/2021", day_first=False) == "2021-03-04"


@pytest.mark.parametrize("piece", ["from 1/2/2020 ", "until ", "1/2/2020 ", "first ", "one year ", "one year notice "])
def test_no_text_takes_quadratic_time(piece: str) -> None:
    started = time.process_time()
    end_date(piece * 10_000, day_first=False, start_date=START)
    assert time.process_time() - started < 5  # linear: below 1 s; quadratic: minutes


@pytest.mark.parametrize(
    "text",
    [
        '24 months (the "Term") from the Closing',
        "24-month period after First Commercial Sale",
        "one year from the date of this Agreement's termination",
        "two years from execution of the Lease",
        "3 years from the Effective Date of the Merger",
        "one year after the Agreement terminates",
        "for 0 years",
    ],
)
def test_what_only_looks_like_the_documents_own_date(text: str) -> None:
    assert end_date(text, day_first=False, start_date=START) is None


def test_a_named_end_before_the_beginning_is_not_replaced_by_a_period() -> None:
    assert end_date("until December 31, 2017, for two years", day_first=False, start_date=START) is None


def test_the_term_in_brackets_is_passed_over() -> None:
    assert end_date('24 months (the "Term") from the Effective Date', day_first=False, start_date=START) == "2020-01-31"

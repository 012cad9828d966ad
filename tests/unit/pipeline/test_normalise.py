"""Values of real documents: receipts (SROIE), contracts (CUAD, Kleister NDA), complaints (CFPB)."""

import re
import time
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docmill.pipeline.normalise import FieldKind, normalise

# Words and marks that the patterns know, so that random texts come near to dates, amounts and durations.
PIECES = (
    "1 2 31 12 0 00 99 18 2018 03 / - . , : ' $ RM US$ € USD k million % ( ) _ [ ] st th day of MAR May first year "
    "years days month two twenty hundred half perpetual successive until from anniversary 1.234,50 "
    "1,234.50 25/12/2018 2018-03-27"
)
NEAR_MISSES = st.lists(st.one_of(st.sampled_from(PIECES.split()), st.just(" "), st.text(max_size=3)), max_size=12).map(
    "".join
)
ANY_TEXT = st.one_of(st.text(), NEAR_MISSES)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("25/12/2018", "2018-12-25"),  # an impossible month flips
        ("25-12-18", "2018-12-25"),
        ("12/25/2018", "2018-12-25"),
        ("4/1/08", "2008-04-01"),
        ("25 / 12 / 2018", "2018-12-25"),
        ("25 12 2018", "2018-12-25"),
        ("20180428", "2018-04-28"),
        ("25032018", "2018-03-25"),
        ("2018-03-27", "2018-03-27"),
        ("2018-03-27T18:46:00Z", "2018-03-27"),
        ("2018/MAR/27", "2018-03-27"),
        ("25 DEC 2018", "2018-12-25"),
        ("25DEC2018", "2018-12-25"),
        ("01-JAN-2018", "2018-01-01"),
        ("30 DEC 17", "2017-12-30"),
        ("27 MAR 2018 18:46", "2018-03-27"),
        ("18:46 27 MAR 2018", "2018-03-27"),
        ("OCT 3, 2016", "2016-10-03"),
        ("Sept. 3, 2016", "2016-09-03"),
        ("Mar 5 '18", "2018-03-05"),
        ("March 21, 2014", "2014-03-21"),
        ("December 11,2014", "2014-12-11"),
        ("Nov  5,  1999", "1999-11-05"),
        ("September 13th, 2019", "2019-09-13"),
        ("5th day of January, 2015", "2015-01-05"),
        ("the 19  DAY OF MAY , 2010", "2010-05-19"),
        ("3rd of July 2007", "2007-07-03"),
        ("2\nnd day of February, 2009", "2009-02-02"),
        ("1s t day of March, 2018", "2018-03-01"),
        ("the First day of July, 2005", "2005-07-01"),
        ("twenty-fifth (25th) day of May, 2011", "2011-05-25"),
        ("This Agreement shall commence on 5th March 2019", "2019-03-05"),
        ("Section 12 March 21, 2014", "2014-03-21"),
        ("Effective Dates: September 1, 2006, August 31, 2007", "2006-09-01"),
        ("31/02/2018, corrected: 03/01/2018", "2018-03-01"),  # the first one that parses
        ("31 FEB 12 MAR 2018", "2018-03-12"),  # it may begin inside one that does not
    ],
)
def test_dates(text: str, value: str) -> None:
    assert normalise(FieldKind.DATE, text) == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[ ] day of [ ], 2020",
        "April ____, 2003",
        "December 31, 20__",
        "December 31, 20[ ]",
        "04/[]/2005",
        "March 2014",  # no day: not the 20th of '14
        "March 21, 10:30",
        "31/02/2018",
        "99/99/2018",
        "2018-13-40",
        "30 February 2018",
        "12/10/8201",
        "192.168.10.12",
        "10.12.14.16",
        "the Effective Date",
        "XX/XX/2018",
    ],
)
@pytest.mark.parametrize("day_first", [False, True])
def test_no_dates(text: str, day_first: bool) -> None:
    assert normalise(FieldKind.DATE, text, day_first=day_first) is None


@pytest.mark.parametrize("text", ["03/04/2018", "3-4-18", "3.4.2018", "03 04 2018", "03042018"])
def test_day_first_decides_what_is_ambiguous(text: str) -> None:
    assert normalise(FieldKind.DATE, text, day_first=True) == "2018-04-03"
    assert normalise(FieldKind.DATE, text, day_first=False) == "2018-03-04"


@pytest.mark.parametrize("text", ["2018-04-03", "April 3, 2018", "3 APR 2018", "13/4/2018"])
def test_day_first_decides_nothing_else(text: str) -> None:
    assert normalise(FieldKind.DATE, text, day_first=True) == normalise(FieldKind.DATE, text, day_first=False)


def test_two_digit_years_turn_in_1969() -> None:
    assert normalise(FieldKind.DATE, "1/31/69") == "1969-01-31"
    assert normalise(FieldKind.DATE, "1/31/68") == "2068-01-31"


@given(
    day=st.dates(min_value=date(1969, 1, 1), max_value=date(2068, 12, 31)),
    template=st.sampled_from(["%d/%m/%Y", "%d-%m-%y", "%d %b %Y", "%B %d, %Y", "%d.%m.%Y", "%Y-%m-%d", "%d%b%y"]),
)
def test_every_day_is_read_as_it_was_written(day: date, template: str) -> None:
    assert normalise(FieldKind.DATE, day.strftime(template), day_first=True) == day.isoformat()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$6.90", "6.90 USD"),
        ("6.90", "6.90"),
        ("RM 31.20", "31.20 MYR"),
        ("RM31.20", "31.20 MYR"),
        ("RM.31.20", "31.20 MYR"),
        ("Rs.49,895.91", "49895.91 INR"),
        ("Rs.5", "5.00 INR"),
        ("$.99", "0.99 USD"),
        ("RM .50", "0.50 MYR"),
        ("RM:12.00", "12.00 MYR"),
        ("9 MYR", "9.00 MYR"),
        ("US$ 5", "5.00 USD"),
        ("USD $500", "500.00 USD"),
        ("S$5.10", "5.10 SGD"),
        ("£12", "12.00 GBP"),
        ("12,50 €", "12.50 EUR"),
        ("$500 CAD", "500.00 CAD"),  # a code beats a bare dollar
        ("1,234.50", "1234.50"),
        ("1.234,50", "1234.50"),
        ("1 234,50", "1234.50"),
        ("1'234.50", "1234.50"),
        ("1.234.567,89", "1234567.89"),
        ("1,00,000.00", "100000.00"),
        ("1,234.567", "1234.57"),
        ("1,234", "1234.00"),
        ("€1.234", "1234.00 EUR"),
        ("0.125", "0.13"),
        (".50", "0.50"),
        ("$20 million", "20000000.00 USD"),
        ("$1.234 million", "1234000.00 USD"),
        ("$20M", "20000000.00 USD"),
        ("20m", "20.00"),  # metres, for all we know
        ("5 million U.S. dollars", "5000000.00 USD"),
        ("Ten Thousand Dollars ($10,000)", "10000.00 USD"),
        ("100 units at $5.00", "5.00 USD"),
        ("TOTAL 3 ITEMS 15.90", "15.90"),
        ("10% of 250", "250.00"),
        ("-$5.00", "-5.00 USD"),
        ("$-5", "-5.00 USD"),
        ("TOTAL-5.00", "5.00"),
        ("$1000.00.", "1000.00 USD"),
    ],
)
def test_money(text: str, value: str) -> None:
    assert normalise(FieldKind.MONEY, text) == value


@pytest.mark.parametrize(
    "text", ["", "RM", "none", "5%", "4111111111111111", "9" * 400, "9999999999 trillion", "999999999999999.999"]
)
def test_no_money(text: str) -> None:
    assert normalise(FieldKind.MONEY, text) is None


@given(st.decimals(min_value=0, max_value=10**12, places=2))
def test_separators_do_not_change_an_amount(amount: Decimal) -> None:
    english = f"{amount:,}"
    german = english.translate(str.maketrans(",.", ".,"))
    french = english.translate({ord(","): "\u202f", ord("."): ","})
    assert {normalise(FieldKind.MONEY, f"{text} €") for text in (english, german, french)} == {f"{amount} EUR"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("two (2) years", "2 year"),
        ("fifteen\n(15) months", "15 month"),
        ("sixty (60) days", "60 day"),
        ("60) days", "60 day"),
        ("30-day", "30 day"),
        ("3~year", "3 year"),
        ("two-year", "2 year"),
        ("twenty-four months", "24 month"),
        ("one hundred and eighty (180) days", "180 day"),
        ("two hundred and two days", "202 day"),
        ("a hundred years", "100 year"),
        ("1,000 days", "1000 day"),
        ("0.5 year", "0.5 year"),
        ("55.5 months", "55.5 month"),
        ("2.0 years", "2 year"),
        ("half a year", "0.5 year"),
        ("12 Months", "12 month"),  # not a year: the unit stays as written
        ("12 mos.", "12 month"),
        ("ten (10) business days", "10 day"),
        ("successive 2 years", "2 year"),
        ("3 successive 1 year", "1 year"),
        ("four successive 10 years", "10 year"),
        ("10 1 years", "1 year"),
        ("two five-year terms", "5 year"),
        ("5 years; 2 years", "5 year"),
        ("at least ninety (90) days' notice", "90 day"),
        ("perpetual", "perpetual"),
        ("in perpetuity", "perpetual"),
        ("shall continue indefinitely", "perpetual"),
    ],
)
def test_durations(text: str, value: str) -> None:
    assert normalise(FieldKind.DURATION, text) == value


@pytest.mark.parametrize(
    "text", ["", "day", "month to month", "2020", "first year", "successive []", "7/22/2019", "2 yearlings"]
)
def test_no_durations(text: str) -> None:
    assert normalise(FieldKind.DURATION, text) is None


@pytest.mark.parametrize("hidden", ["\u200b", "\u00ad", "\u034f", "\ufe0f", "\u2060", "\U000e0031", "\u3164"])
def test_what_no_person_sees_changes_no_value(hidden: str) -> None:
    assert normalise(FieldKind.MONEY, f"RM 1{hidden}41{hidden}.50") == "141.50 MYR"
    assert normalise(FieldKind.DATE, f"12/03/2{hidden}018", day_first=True) == "2018-03-12"
    assert normalise(FieldKind.DURATION, f"1{hidden}2 mon{hidden}ths") == "12 month"


def test_text_loses_surplus_white_space_only() -> None:
    assert normalise(FieldKind.TEXT, "\tMail   Boxes\n Etc. USA, Inc. ") == "Mail Boxes Etc. USA, Inc."
    assert normalise(FieldKind.TEXT, " \n\t ") is None


@pytest.mark.parametrize(
    "tail", [",", " ;", ":", ", a", ",\nan ", ", the", ", a,", ", a, the", " and", ", and", " AND", " and, the"]
)
def test_text_loses_what_leads_on_to_what_follows_it(tail: str) -> None:
    assert normalise(FieldKind.TEXT, f"Mail Boxes, Inc.{tail}") == "Mail Boxes, Inc."


@pytest.mark.parametrize("lead", ["and ", "AND ", "(1) ", "(12) ", "(a) ", "(iv) ", "and (2) ", "and, ", "(i): and "])
def test_text_loses_what_leads_to_it(lead: str) -> None:
    assert normalise(FieldKind.TEXT, f"{lead}Mail Boxes, Inc.") == "Mail Boxes, Inc."


def test_a_number_is_no_area_code_behind_a_word() -> None:
    assert normalise(FieldKind.TEXT, "and 3M Company") == "3M Company"
    assert normalise(FieldKind.TEXT, "and (02) 9876 5432") == "(02) 9876 5432"


@pytest.mark.parametrize(
    "text",
    [
        "1. Gout. 2. Asthma.",
        "(1) Gout. (2) Asthma.",
        "and (1) gout (2) asthma",
        "(02) 9876 5432",
        "(a) 12/3",
        "(M) Sdn Bhd",
        "(2018) Ltd",
        "Andover",
        "And Sons",
        "Portland, OR",
        "A and B",
        "and",
        "(1)",
    ],
)
def test_what_only_looks_like_a_joint_stays(text: str) -> None:
    assert normalise(FieldKind.TEXT, text) == text


@pytest.mark.parametrize("text", ["Vitamin A", "Banana", "Hepatitis B, A", "Plan: a", "Plan; a", "Schedule, Part a"])
def test_an_article_is_one_only_in_small_letters_after_a_comma(text: str) -> None:
    assert normalise(FieldKind.TEXT, text) == text


def test_text_of_marks_alone_is_none() -> None:
    assert normalise(FieldKind.TEXT, " , ;:") is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (" POL-17/2830 -A, ", "POL-17/2830 -A"),
        ("(02) 9876 5432 and", "(02) 9876 5432"),
        ("n/a", None),
        ("POLICY", None),
        ("-", None),
        ("", None),
        ("\u0664\u0665", "\u0664\u0665"),  # digits, if not ours
    ],
)
def test_an_identifier_has_a_digit(text: str, value: str | None) -> None:
    assert normalise(FieldKind.IDENTIFIER, text) == value


def test_an_end_date_counts_from_its_start() -> None:
    assert normalise(FieldKind.END_DATE, "two\nyears", start_date="2020-01-01") == "2022-01-01"
    assert normalise(FieldKind.END_DATE, "two years") is None
    assert normalise(FieldKind.DATE, "two years", start_date="2020-01-01") is None


STARTS = st.none() | st.dates(date(1800, 1, 1), date(2199, 12, 31)).map(date.isoformat)


@given(kind=st.sampled_from(FieldKind), text=ANY_TEXT, day_first=st.booleans(), start=STARTS)
def test_never_raises_and_a_value_normalised_again_stays(
    kind: FieldKind, text: str, day_first: bool, start: str | None
) -> None:
    value = normalise(kind, text, day_first=day_first, start_date=start)
    if value is not None:
        assert normalise(kind, value, day_first=day_first) == value
        assert normalise(kind, value, day_first=not day_first) == value


@given(text=ANY_TEXT, day_first=st.booleans(), start=STARTS)
def test_values_have_the_form_that_the_schema_promises(text: str, day_first: bool, start: str | None) -> None:
    forms = {
        FieldKind.DATE: r"\d{4}-\d\d-\d\d",
        FieldKind.MONEY: r"-?\d+\.\d\d( [A-Z]{3})?",
        FieldKind.END_DATE: r"perpetual|\d{4}-\d\d-\d\d",
        FieldKind.DURATION: r"perpetual|\d+(\.\d+)? (day|week|month|year)",
    }
    for kind, form in forms.items():
        value = normalise(kind, text, day_first=day_first, start_date=start)
        assert value is None or re.fullmatch(form, value, re.ASCII)


@pytest.mark.parametrize("kind", FieldKind)
@pytest.mark.parametrize(
    "piece",
    [
        "1",
        "1 ",
        "1/",
        "may ",
        "$",
        "- ",
        "US$ ",
        "1 111 ",
        "one hundred ",
        "1 successive ",
        ", a",
        " and",
        "and ",
        "(a) ",
        "1,000",
        "one year ",
    ],
)
def test_no_text_takes_quadratic_time(kind: FieldKind, piece: str) -> None:
    started = time.process_time()
    normalise(kind, piece * 10_000, start_date="2020-01-01")
    assert time.process_time() - started < 5  # linear: below 0.3 s; quadratic: minutes


def test_a_number_before_many_adjectives_takes_no_exponential_time() -> None:
    started = time.process_time()
    assert normalise(FieldKind.DURATION, "2" + " additional" * 5_000 + " years") == "2 year"
    assert normalise(FieldKind.DURATION, "2" + " additional" * 5_000 + " x") is None
    assert time.process_time() - started < 5

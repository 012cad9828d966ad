from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docmill.pipeline.normalise import FieldKind, normalise
from docmill.training.claims.money import grouped, in_words
from docmill.training.claims.pools import table


@pytest.mark.parametrize("country", sorted(table("countries")))
@given(cents=st.integers(100, 10**10), decimals=st.sampled_from([True, None]), separators=st.booleans())
def test_docmill_understands_every_style_of_every_country(
    country: str, cents: int, decimals: bool | None, separators: bool
) -> None:
    conventions = table("countries")[country]
    number = grouped(cents, conventions["currency"], decimals=decimals, separators=separators)
    amount = f"{Decimal(cents) / 100:.2f}"
    for style in conventions["money"]:
        value = normalise(FieldKind.MONEY, style.replace("#", number))
        assert value is not None
        assert value.split()[0] == amount, style
        assert len(value.split()) == 2, style


@pytest.mark.parametrize(
    ("cents", "currency", "text"),
    [
        (123456, "GBP", "1,234.56"),
        (120000, "GBP", "1,200"),
        (99, "USD", "0.99"),
        (1234567800, "INR", "1,23,45,678"),
        (12345678, "INR", "1,23,456.78"),
        (10050000, "INR", "1,00,500"),
        (90000, "INR", "900"),
    ],
)
def test_groups(cents: int, currency: str, text: str) -> None:
    assert grouped(cents, currency) == text


def test_decimals_and_separators() -> None:
    assert grouped(120000, "GBP", decimals=True) == "1,200.00"
    assert grouped(1234567, "INR", separators=False) == "12345.67"


@pytest.mark.parametrize(
    ("cents", "currency", "text"),
    [
        (120600, "GBP", "one thousand two hundred and six pounds"),
        (4500, "USD", "forty-five dollars"),
        (3000, "EUR", "thirty euro"),
        (12345600, "INR", "one lakh twenty-three thousand four hundred and fifty-six rupees"),
        (250000000, "CAD", "two million five hundred thousand dollars"),
        (1500000000, "INR", "one crore fifty lakh rupees"),
    ],
)
def test_words(cents: int, currency: str, text: str) -> None:
    assert in_words(cents, currency) == text

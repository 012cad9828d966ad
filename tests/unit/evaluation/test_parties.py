"""Strings as CUAD's annotators wrote them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docmill.evaluation.parties import split_names


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (
            'drkoop.com, inc."drkoop.com"; Vitamin Shoppe Industries, Inc. "Sponsor"',
            ("drkoop.com, inc.", "Vitamin Shoppe Industries, Inc."),
        ),
        (
            'iShip.com, Inc. ("Company"); Mail Boxes Etc. USA, Inc. ("MBE")',
            ("iShip.com, Inc.", "Mail Boxes Etc. USA, Inc."),
        ),
        ("Eton Pharmaceuticals, Inc. (“ETON”); Aucta, Inc.(“Aucta”)", ("Eton Pharmaceuticals, Inc.", "Aucta, Inc.")),
        (
            'TOM Online (BVI) limited("Online BVI"); Tel Online Limited ("Company").',
            ("TOM Online (BVI) limited", "Tel Online Limited"),
        ),
        (
            'Cardlytics, Inc. ("Supplier"); Bank of America, N.A ("Bank of America)',
            ("Cardlytics, Inc.", "Bank of America, N.A"),
        ),
        (
            'Reinsurance Group of America ("Company", together with the Trust, the "Issuers"); RGA Trust I ("Trust")',
            ("Reinsurance Group of America", "RGA Trust I"),
        ),
        ('New China Media LLC ((a/k/a New China Media Ltd) ("NCM"); YGP, LLC', ("New China Media LLC", "YGP, LLC")),
        ("Chase Bank USA, N.A. (?Chase?)", ("Chase Bank USA, N.A.",)),
        (
            "ATHENE HOLDING LTD.; APOLLO MANAGEMENT HOLDINGS, L.P.",
            ("ATHENE HOLDING LTD.", "APOLLO MANAGEMENT HOLDINGS, L.P."),
        ),
        ("Manufacturers' Services, Inc.", ("Manufacturers' Services, Inc.",)),
        ("", ()),
        (" ; ;", ()),
    ],
)
def test_names_without_their_aliases(text: str, names: tuple[str, ...]) -> None:
    assert split_names(text) == names


@pytest.mark.parametrize(
    "entry",
    [
        '"Sponsor"',
        '("Sponsor" or "you")',
        'SutroVax and Sutro (individually, as a "Party" and collectively, as the "Parties")',
        'SutroVax, the Sutro, ("Party")',
        '(each a "Party" and together the "Parties")',
        'Individually as "Party" and collectively as "Parties"',
    ],
)
def test_an_entry_of_nothing_but_aliases_vanishes(entry: str) -> None:
    parties = 'SutroVax, Inc. ("SutroVax"); Sutro Biopharma, Inc. ("Sutro")'
    assert split_names(f"{parties}; {entry}") == ("SutroVax, Inc.", "Sutro Biopharma, Inc.")


def test_a_name_may_be_its_own_alias() -> None:
    assert split_names('Biopure Corporation ("Company"); Agent ("Agent")') == ("Biopure Corporation", "Agent")


@given(st.text(alphabet="ab;,()\"“”'?/ .&", max_size=40))
def test_never_raises_and_invents_nothing(text: str) -> None:
    for name in split_names(text):
        assert name
        assert name in text

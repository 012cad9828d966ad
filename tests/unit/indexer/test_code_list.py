"""The columns of a table as values by field, and what is no such table."""

import pytest

from docmill.indexer.code_list import values_by_field


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_a_column_that_is_named_for_a_field_is_its_values(delimiter: str) -> None:
    rows = [["company", "Vendor no.", "total"], [" Ah Seng ", "7", ""], ["Kopi & Co", "8", "1.50"], ["Ah Seng", "9"]]
    text = "\n".join(delimiter.join(row) for row in rows)
    assert values_by_field(text) == {"company": ("Ah Seng", "Kopi & Co"), "total": ("1.50",)}


def test_a_cell_may_be_quoted_over_several_lines() -> None:
    text = 'company,address\r\n"Ah Seng, Sons","1, Jalan Besar\r\nIpoh"\r\n\r\n'
    assert values_by_field(text) == {"company": ("Ah Seng, Sons",), "address": ("1, Jalan Besar\r\nIpoh",)}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "its first line must name the columns"),
        ("Ah Seng\nKopi & Co\n", "its first line must name the columns"),
        ("company,company\na,b\n", "each field once"),
        ("company\n", "no value stands under company"),
        ("company,total\nAh Seng,,\n", "line 2 has 3 cells, the first line names 2"),
        ('company\n"Ah Seng" x\n', "line 2: "),
    ],
    ids=["empty", "no header", "twice", "no rows", "too many cells", "broken quotes"],
)
def test_what_is_no_code_list_says_why(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        values_by_field(text)

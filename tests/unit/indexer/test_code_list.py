"""The columns of a table as values by field, and what is no such table."""

import pytest

from docmill.indexer.code_list import CodeListTable, read_table

FIELDS = ("company", "policy_number")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_a_column_that_is_named_for_a_field_is_its_values(delimiter: str) -> None:
    rows = [["Company", "date", "Policy Number"], [" Ah Seng ", "7", ""], ["Kopi & Co", "8", "P-1"], ["Ah Seng", "9"]]
    table = read_table("\n".join(delimiter.join(row) for row in rows), FIELDS)
    assert table == CodeListTable({"company": ("Ah Seng", "Kopi & Co"), "policy_number": ("P-1",)}, ("date",))
    assert table.told(FIELDS) == "values that it lists: 2 of company, 1 of policy_number; for people alone: date"


@pytest.mark.parametrize("header", ['"Company, name";company', '\n\ncompany;"a, b, c"', "\r\n \ncompany;vat"])
def test_what_is_quoted_and_what_is_blank_names_no_delimiter(header: str) -> None:
    assert read_table(f"{header}\nAh Seng;Ah Seng\n", FIELDS).fields == {"company": ("Ah Seng",)}


def test_a_first_column_without_a_name_is_for_nobody() -> None:
    """As pandas writes its index."""
    assert read_table("\tcompany\n0\tAh Seng\n1\tKopi\n", FIELDS) == CodeListTable({"company": ("Ah Seng", "Kopi")}, ())


def test_a_cell_may_be_quoted_over_several_lines() -> None:
    text = 'company,notes\n"Ah Seng, Sons","1, Jalan Besar\nIpoh",\n\n"Kopi",x\n'
    assert read_table(text, FIELDS) == CodeListTable({"company": ("Ah Seng, Sons", "Kopi")}, ("notes",))


@pytest.mark.parametrize("odd", ["\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029"])
def test_what_only_python_takes_for_the_end_of_a_line_ends_no_row(odd: str) -> None:
    assert read_table(f"company\nAh{odd}Seng\n", FIELDS).fields == {"company": (f"Ah{odd}Seng",)}


@pytest.mark.parametrize("text", ["", "Ah Seng\nKopi & Co\n", "vendor,city\nAh Seng,Ipoh\n", "company\n\n"])
def test_one_without_a_value_of_a_field_says_so(text: str) -> None:
    table = read_table(text, FIELDS)
    assert table.fields == {}
    told = "no column with a value is called as a field that a list decides (company, policy_number): it decides none"
    assert table.told(FIELDS) == told


def test_a_delimiter_that_is_known_is_not_guessed() -> None:
    assert read_table("Company\ta,b,c\nAh Seng\tx\n", FIELDS, "\t").fields == {"company": ("Ah Seng",)}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("company,total\nAh Seng,1,2\n", "line 2 has 3 cells, the first line names 2"),
        ('company\n"Ah Seng" x\n', "line 2: "),
        ('company\n"Ah Seng\nKopi\n', "line 3: "),
    ],
    ids=["too many cells", "broken quotes", "open quotes"],
)
def test_what_is_no_table_says_why(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        read_table(text, FIELDS)

"""Other places of a value, as written."""

from dataclasses import replace

import pytest

from docmill.training.repeats import repeats
from tests.unit.training.fakes import document


def places(text: str, *found: tuple[str, str]) -> list[str]:
    return [text[start:end] for _, start, end in repeats(document(text, *found))]


def test_a_value_is_found_wherever_it_stands_in_any_case_and_white_space() -> None:
    text = "ACME Trading sells. acme\n trading buys. Acme Tradings does not."
    assert places(text, ("company", "ACME Trading")) == ["ACME Trading", "acme\n trading"]


def test_a_number_is_not_found_within_a_longer_one_but_behind_a_currency() -> None:
    text = "9.50 RM9.50 19.50 9.505 1,9.50 9.50, 9.50.1"
    assert places(text, ("total", "9.50")) == ["9.50", "9.50", "9.50"]


def test_of_each_field_its_own() -> None:
    text = "from 1/2/2024 to 3/4/2024 or 1/2/2024"
    found = list(repeats(document(text, ("date", "1/2/2024"), ("total", "3/4/2024"))))
    assert [(field, start) for field, start, _ in found] == [("date", 5), ("date", 29), ("total", 17)]


@pytest.mark.parametrize("value", ["9.5", "A b", "x"])
def test_what_is_short_is_not_looked_for(value: str) -> None:
    assert places(f"{value} and {value}", ("total", value)) == []


def test_a_value_may_hold_what_patterns_are_made_of() -> None:
    assert places("A+B (C) and A+B (C).", ("company", "A+B (C)")) == ["A+B (C)", "A+B (C)"]


def test_what_is_named_and_not_marked_is_found_as_well() -> None:
    named = replace(
        document("Bob Ltd and ANN\n LEE, ____", ("company", "Bob Ltd")),
        values=(("company", "Ann Lee"), ("company", " ")),
    )
    assert [named.text[start:end] for _, start, end in repeats(named)] == ["ANN\n LEE", "Bob Ltd"]

"""Which marked places are taught where a row names its values."""

from typing import Any

import pytest

from docmill.training.recipe import Recipe
from docmill.training.row import LabelledRow
from docmill.training.value_places import Settled, settle, values_of
from tests.unit.training.corpora import VALUES, recipe

TEXT = 'Acme, Inc. ("Licensor") and Bob Ltd, each a "Party". Acme Inc signs; ANN\n LEE signs too.'


def held(text: str, field: str, *marked: str, of: Recipe | None = None, **fields: Any) -> tuple[list[str], list[str]]:
    """What stands at the settled places and at the doubtful ones."""
    row = LabelledRow(id="x", text=text, fields=fields)
    places = [(text.index(words), text.index(words) + len(words)) for words in marked]
    of = of or recipe()
    settled = settle(row, field, places, of.sources[1], of)
    return [text[slice(*place)] for place in settled.places], [text[slice(*place)] for place in settled.doubtful]


def test_what_is_marked_and_named_is_taught_and_all_else_is_in_doubt() -> None:
    marked = ("Acme, Inc.", '("Licensor")', "Bob Ltd", 'each a "Party"')
    named = 'Acme, Inc. ("Licensor"); Bob Ltd ("Licensee")'
    assert held(TEXT, "party", *marked, parties=named) == (
        ["Acme, Inc.", "Bob Ltd"],
        ['("Licensor")', 'each a "Party"'],
    )


def test_marks_and_case_make_no_other_value() -> None:
    assert held(TEXT, "party", "Acme Inc", "Bob Ltd", party=["ACME, INC", "bob ltd."]) == (["Acme Inc", "Bob Ltd"], [])


def test_where_nothing_marked_is_named_all_of_it_stays() -> None:
    marked = ["Bob Ltd", '("Licensor")']
    assert held(TEXT, "party", *marked, parties="Robert Limited; Ann Lee") == (marked, [])


@pytest.mark.parametrize("fields", [{}, {"party": None}, {"party": []}, {"law": "Bob Ltd"}])
def test_where_nothing_is_named_all_that_is_marked_stays(fields: dict[str, Any]) -> None:
    assert held(TEXT, "party", "Bob Ltd", '("Licensor")', **fields) == (["Bob Ltd", '("Licensor")'], [])


def test_an_amount_that_is_named_without_its_currency() -> None:
    assert held("Total RM 5.90, paid RM 10.00", "total", "RM 5.90", "RM 10.00", total="5.9") == (
        ["RM 5.90"],
        ["RM 10.00"],
    )


def dated() -> Recipe:
    fields = VALUES["fields"] | {
        "begin": {"kind": "date", "values": ["begins"]},
        "end": {"kind": "end_date", "counts_from": ["begin"]},
    }
    groups = VALUES["groups"] | {"letter": {"fields": ["party", "law", "begin", "end"], "required": []}}
    return recipe(fields=fields, groups=groups)


def test_a_period_holds_the_day_on_which_it_is_over() -> None:
    text = "It runs for two years. It ends if either party dies. It ends on 3 May 2022."
    marked = ("for two years", "if either party dies", "on 3 May 2022")
    begun = held(text, "end", *marked, of=dated(), begins="5/3/2020", end="5/3/2022")
    assert begun == (["for two years", "on 3 May 2022"], ["if either party dies"])
    unbegun = held(text, "end", *marked, of=dated(), end="5/3/2022")
    assert unbegun == (["on 3 May 2022"], ["for two years", "if either party dies"])


@pytest.mark.parametrize("place", [(3, 3), (7, 0), (40, 50), (0, 900), (-7, 7)])
def test_a_place_outside_the_text_holds_nothing(place: tuple[int, int]) -> None:
    """The quality gate refuses such a corpus, and must be able to say so."""
    row = LabelledRow(id="x", text="Bob Ltd", fields={"party": ["Bob Ltd"]})
    assert settle(row, "party", [(0, 7), place], recipe().sources[1], recipe()) == Settled(((0, 7),), (place,))


@pytest.mark.parametrize("blank", ["[]", "____", " "])
def test_a_blank_is_no_value(blank: str) -> None:
    assert held("Bob Ltd and ____ [ ]", "party", "Bob Ltd", "____", party=["Bob Ltd", blank]) == (["Bob Ltd"], ["____"])


def test_values_go_by_the_names_of_the_recipe() -> None:
    row = LabelledRow(id="x", text="", fields={"parties": "Ann; Bob", "party": "Cy", "law": "here", "x": "y"})
    assert values_of(row, "party", recipe().sources[1], recipe()) == {"Ann", "Bob", "Cy"}
    assert values_of(row, "law", recipe().sources[1], recipe()) == {"here"}


def test_values_go_by_the_names_of_their_source() -> None:
    of = recipe([{"name": "post", "entities": {"vendor": "party"}, "unused": ["parties"]}])
    row = LabelledRow(id="x", text="", fields={"vendor": "Ann; Bob", "parties": "Cy", "party": "Dan"})
    assert values_of(row, "party", of.sources[1], of) == {"Ann", "Bob", "Dan"}
    assert values_of(row, "party", of.sources[2], of) == {"Cy", "Dan"}

from typing import Any

import pytest

from docmill.training.card import model_card
from tests.tiny_bundle import tiny_manifest

EVALUATION: dict[str, Any] = {
    "sources": {
        "slips": {
            "documents": 100,
            "type_accuracy": 0.98765,
            "type_macro_f1": 0.5,
            "field_f1_value": 0.8125,
            "straight_through": 0.0,
            "fields": {"total": {"f1_value": 0.75, "precision": 0.7, "recall": None, "support": 9}},
        },
        "deeds": {
            "documents": 7,
            "type_accuracy": None,
            "type_macro_f1": None,
            "field_f1_value": 1.0,
            "straight_through": None,
            "fields": {},
        },
    }
}


@pytest.fixture(scope="module")
def card() -> str:
    return model_card(tiny_manifest(), EVALUATION, ["It knows no llamas."])


def test_it_says_whose_card_it_is(card: str) -> None:
    assert card.startswith("# tiny-en 0.0.1\n")
    assert "none (Apache-2.0)" in card
    assert "`" + "0" * 64 + "`" in card


def test_every_group_label_and_field_is_named(card: str) -> None:
    assert "- **complaint**: complaint.credit_card, complaint.mortgage (fields: amount)\n" in card
    assert "- **contract**: contract (fields: party)\n" in card
    assert "- **receipt**: receipt (fields: company, date, total)\n" in card


def test_every_source_is_named_with_its_licence(card: str) -> None:
    assert "\n- tests/tiny_bundle.py: Apache-2.0\n" in card


def test_figures_are_the_evaluations_and_a_missing_one_is_a_dash(card: str) -> None:
    assert "| slips | 100 | 0.988 | 0.500 | 0.812 | 0.000 |\n" in card
    assert "| deeds | 7 | - | - | 1.000 | - |\n" in card


def test_every_field_and_every_limit_is_told(card: str) -> None:
    assert "| slips | total | 0.750 | 0.700 | - | 9 |\n" in card
    assert card.endswith("## Limits\n- It knows no llamas.\n")


def test_thresholds_are_the_policys(card: str) -> None:
    assert "at 95% confidence" in card
    assert "the shipped policy uses 0.95." in card
    assert "| receipt | type | 0.95 | 0.800 | 80 of 100 | 80 |\n" in card
    assert "| contract | type | 0.95 | none | 0 of 100 | 0 |\n" in card


def test_every_certificate_is_a_row(card: str) -> None:
    rows = card.partition("## Certified thresholds")[2].partition("## Limits")[0].splitlines()
    assert len([row for row in rows if row.startswith("|")]) == 2 + len(tiny_manifest().policy.certified)


def test_tables_have_as_many_cells_as_heads(card: str) -> None:
    tables = [line.count("|") for line in card.splitlines() if line.startswith("|")]
    assert set(tables) == {7}

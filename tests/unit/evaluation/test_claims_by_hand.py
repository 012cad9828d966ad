"""The claims written by hand: what measures with them can read them, and their labels say what stands there."""

import re
from collections import Counter

import pytest

from docmill.evaluation.gold import Row, read_rows
from docmill.pipeline.normalise import FieldKind, normalise
from docmill.resources import resource
from docmill.training.row import read_rows as read_labelled_rows

PATH = resource("samples") / "claims-by-hand" / "validation.jsonl"
ROWS = tuple(read_rows(PATH))
TYPES = ("motor_claim", "property_claim", "travel_claim", "health_claim", "liability_claim")
KINDS = {
    "claim_number": FieldKind.TEXT,
    "policy_number": FieldKind.TEXT,
    "claimant": FieldKind.TEXT,
    "date_of_loss": FieldKind.DATE,
    "claimed_amount": FieldKind.MONEY,
}
each_row = pytest.mark.parametrize("row", ROWS, ids=[row.id for row in ROWS])


def test_twelve_documents_of_each_type_each_under_its_own_id() -> None:
    assert Counter(row.label for row in ROWS) == dict.fromkeys(TYPES, 12)
    assert len({row.id for row in ROWS}) == len({row.text for row in ROWS}) == len(ROWS)


def test_training_reads_the_same_documents_and_what_its_entities_say_is_there() -> None:
    labelled = tuple(read_labelled_rows(PATH))
    assert [(row.id, row.text, row.label) for row in labelled] == [(row.id, row.text, row.label) for row in ROWS]
    assert [e for row in labelled for e in row.entities if row.text[e.start : e.end] != e.text] == []


@each_row
def test_the_entities_are_all_mentions_of_the_values(row: Row) -> None:
    marked = sorted((entity.label, entity.start, entity.end) for entity in row.entities)
    mentions = sorted(
        (name, found.start(), found.end())
        for name, value in row.fields.items()
        for found in re.finditer(re.escape(str(value)), row.text)
    )
    assert marked == mentions


@each_row
def test_every_value_is_one_of_its_fields_kind(row: Row) -> None:
    assert row.fields.keys() <= KINDS.keys()
    values = {name: normalise(KINDS[name], str(value), day_first=True) for name, value in row.fields.items()}
    assert [name for name, value in values.items() if value is None] == []

"""The claims written one by one, some of which the default bundle learns from: their labels say what stands there."""

import re
from collections import Counter

import pytest

from docmill.evaluation.gold import Row, read_rows
from docmill.pipeline.normalise import FieldKind, normalise
from docmill.resources import resource
from docmill.training.likeness import COPY_RESEMBLANCE, alike, resemblance

FOLDERS = {
    "claims-written": (128, 32),
    "claims-written-2": (125, 31),
}  # documents of a type: to train on, for validation
PARTS = {
    (folder, name): tuple(read_rows(resource("samples") / folder / f"{name}.jsonl"))
    for folder in FOLDERS
    for name in ("train", "validation")
}
ROWS = tuple(row for rows in PARTS.values() for row in rows)
BY_HAND = tuple(read_rows(resource("samples") / "claims-by-hand" / "validation.jsonl"))
KINDS = {
    "claim_number": FieldKind.IDENTIFIER,
    "policy_number": FieldKind.IDENTIFIER,
    "claimant": FieldKind.TEXT,
    "date_of_loss": FieldKind.DATE,
    "claimed_amount": FieldKind.MONEY,
}
each_row = pytest.mark.parametrize("row", ROWS, ids=[row.id for row in ROWS])


@pytest.mark.parametrize("folder", FOLDERS)
def test_as_many_of_each_type_a_fifth_of_them_for_validation(folder: str) -> None:
    counts = [Counter(row.label for row in PARTS[folder, name]) for name in ("train", "validation")]
    assert [set(of_part.values()) for of_part in counts] == [{number} for number in FOLDERS[folder]]
    assert counts[0].keys() == counts[1].keys()


def test_no_two_have_one_id() -> None:
    assert len({row.id for row in ROWS}) == len(ROWS) == 1_580


def test_each_is_its_own_and_none_is_one_of_those_that_measure() -> None:
    texts = [row.text for row in (*ROWS, *BY_HAND)]
    assert [
        (first, second)
        for first, second in alike(texts)
        if resemblance(texts[first], texts[second]) >= COPY_RESEMBLANCE
    ] == []


def meaning(field: str, text: str) -> str:
    """What all ways to write one value have in common; fails where it is none."""
    value = normalise(KINDS[field], text, day_first=True)
    assert value is not None, text
    if field == "claimant":
        return " ".join(sorted(re.findall(r"\w+", value.casefold())))  # OYELARAN, Adaeze
    return value.split()[0] if field == "claimed_amount" else value  # with its currency or without


@each_row
def test_all_mentions_of_a_value_are_marked_and_mean_one_value(row: Row) -> None:
    marked = {(entity.label, entity.start, entity.end) for entity in row.entities}
    values: dict[str, set[str]] = {}
    for label, start, end in marked:
        value = row.text[start:end]
        values.setdefault(label, set()).add(meaning(label, value))
        for found in re.finditer(rf"(?<!\w){re.escape(value)}(?!\w)", row.text):
            assert any(s <= found.start() and found.end() <= e for _, s, e in marked), (label, value)
    assert values == {label: {meaning(label, str(value))} for label, value in row.fields.items()}


@each_row
def test_their_mail_is_nobodys(row: Row) -> None:
    hosts = re.findall(r"\w@([\w.-]+)", row.text)
    assert [host for host in hosts if not host.rstrip(".").endswith(".example")] == []

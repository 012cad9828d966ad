import json
from pathlib import Path
from typing import Any

import pytest

from docmill.training.importers.imported import Imported, write_rows
from docmill.training.importers.jsonl import import_jsonl
from docmill.training.row import LabelledRow, RowEntity, read_rows
from tests.unit.training.corpora import row, rows


def imported(folder: Path, *lines: object) -> Imported:
    path = folder / "in.jsonl"
    path.write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines))
    return import_jsonl(path)


def test_our_own_rows_go_round_and_come_back_the_same(tmp_path: Path) -> None:
    own = [*rows("a", 3), row("x", None, "by Ann", ("party", "Ann"), fields={"party": "Ann"})]
    found = imported(tmp_path, *own)
    assert found.rows == [LabelledRow.model_validate(values) for values in own]
    assert (found.skipped, found.notes) == ([], {})
    write_rows(tmp_path / "out.jsonl", found.rows)
    assert import_jsonl(tmp_path / "out.jsonl").rows == list(read_rows(tmp_path / "out.jsonl")) == found.rows


def test_rows_are_put_right(tmp_path: Path) -> None:
    entities = [{"label": " law ", "start": 10, "end": 14}, {"label": "party", "start": 3, "end": 6}]
    messy = {"id": 7, "label": " claim ", "text": "by Ann\r\nof Ulm", "entities": entities, "license": "x"}
    found = imported(tmp_path, messy, {"id": "8", "label": "  ", "text": "x", "entities": None, "fields": None})
    assert found.rows == [
        LabelledRow(
            id="7",
            label="claim",
            text="by Ann\nof Ulm",
            entities=(
                RowEntity(label="party", start=3, end=6, text="Ann"),
                RowEntity(label="law", start=10, end=13, text="Ulm"),
            ),
        ),
        LabelledRow(id="8", text="x"),
    ]
    assert found.notes == {"line ends made one, as a processor does": 1}


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("secret", "not JSON"),
        ('{"id": "1", "text": "secret"', "not JSON"),
        ("[" * 100_000, "not JSON"),
        ('["secret"]', "no JSON object"),
        ("7", "no JSON object"),
        ({"text": "secret"}, "id: Field required"),
        ({"id": True, "text": "secret"}, "id: Input should be a valid string"),
        ({"id": "", "text": "secret"}, "id: String should have at least 1 character"),
        ({"id": "1"}, "text: Field required"),
        ({"id": "1", "text": None}, "text: Field required"),
        ({"id": "1", "text": ["secret"]}, "text: Input should be a valid string"),
        ({"id": "1", "text": " \n"}, "the text has no letter or digit"),
        ({"id": "1", "text": "secret", "label": 7}, "label: Input should be a valid string"),
        ({"id": "1", "text": "secret", "entities": "secret"}, "entities: Input should be a valid tuple"),
        ({"id": "1", "text": "secret", "entities": ["secret"]}, "entities.0: Input should be"),
        ({"id": "1", "text": "secret", "entities": [{"label": "a", "start": 0}]}, "entities.0.end: Field required"),
        (
            {"id": "1", "text": "secret", "entities": [{"label": "a", "start": "x", "end": 1}]},
            "entities.0.start: Input",
        ),
        ({"id": "1", "text": "secret", "entities": [{"label": "a", "start": 0, "end": 1e9}]}, "1 of 1 spans"),
        (
            {"id": "1", "text": "secret", "entities": [{"label": "a", "start": 0.5, "end": 1}]},
            "entities.0.start: Input",
        ),
        ({"id": "1", "text": "secret", "fields": ["secret"]}, "fields: Input should be a valid dict"),
        ('{"id": "1", "text": "\\ud83d secret"}', "surrogate"),
        ('{"id": "\\ud83d", "text": "secret"}', "id: Input should be a valid string"),
        ('{"id": "1", "text": "secret", "fields": {"a": "\\ud83d"}}', "surrogate"),
        ('{"id": "1", "text": "secret", "fields": {"a": NaN}}', "not JSON"),
    ],
)
def test_what_is_no_row_is_skipped_with_its_line_and_never_quoted(tmp_path: Path, line: Any, why: str) -> None:
    found = imported(tmp_path, row("x", "a"), "", line, row("y", "a"))
    assert [r.id for r in found.rows] == ["x", "y"]
    (skipped,) = found.skipped
    assert skipped.where == "line 3"
    assert why in skipped.why
    assert "secret" not in skipped.why


def test_doubled_ids(tmp_path: Path) -> None:
    found = imported(tmp_path, row("x", "a"), row("x", "b"), row("7", "a"), row("y", "a") | {"id": 7})
    assert [(s.where, s.why) for s in found.skipped] == [
        ("line 2", "an earlier document has the same id"),
        ("line 4", "an earlier document has the same id"),
    ]


def test_spans_in_utf_16_units_are_noted(tmp_path: Path) -> None:
    entities = [{"label": "party", "start": 3, "end": 6, "text": "Ann"}]
    found = imported(tmp_path, {"id": "1", "text": "💩 Ann", "entities": entities})
    assert found.rows[0].entities == (RowEntity(label="party", start=2, end=5, text="Ann"),)
    assert found.notes == {"spans counted in UTF-16 units, put right": 1}


def test_a_line_separator_within_a_text_ends_no_row(tmp_path: Path) -> None:
    found = imported(tmp_path, json.dumps({"id": "1", "text": "a\u2028b\x85c"}, ensure_ascii=False))
    assert [r.text for r in found.rows] == ["a\u2028b\x85c"]


def test_an_empty_file(tmp_path: Path) -> None:
    assert imported(tmp_path) == Imported()

"""Decided documents as `docmill train` reads them: through the corpus reader of a recipe, and through its importer."""

import json
from collections import Counter
from pathlib import Path

import pytest
from typer.testing import CliRunner

from docmill.cli import app
from docmill.cli.review_export import export_rows, groups
from docmill.resources import resource
from docmill.training.corpus import Entity, load_corpus
from docmill.training.importers.imported import write_rows
from docmill.training.recipe import Recipe, load_recipe
from docmill_schemas.examples import TEXT
from tests.unit.kafka.reviews import exemplar

RECEIPT = exemplar(1)
MEDICAL = exemplar(2, "medical.operative_report")
IMAGING = exemplar(3, "medical.imaging_report")


def recipe_of(name: str) -> Recipe:
    """The recipe of our samples with one source of that group, as it would be for decided documents."""
    recipe = load_recipe(resource("recipes/samples.toml"))
    [source] = [source for source in recipe.sources if source.group == name]
    return recipe.model_copy(update={"sources": (source.model_copy(update={"name": "decided"}),)})


def test_a_decision_is_in_the_next_training_set(tmp_path: Path) -> None:
    made = export_rows([RECEIPT, MEDICAL], "receipt")
    assert made.left_out == []
    write_rows(tmp_path / "decided" / "train.jsonl", made.rows)
    write_rows(tmp_path / "decided" / "validation.jsonl", [])
    [document] = load_corpus(tmp_path, recipe_of("receipt")).documents("train")["decided"]
    assert (document.id, document.label, document.text) == (RECEIPT.passage_id, "receipt", TEXT)
    assert document.entities == (Entity("company", 0, 18), Entity("date", 19, 29), Entity("total", 36, 44))


def test_a_type_within_a_group_is_that_type_again(tmp_path: Path) -> None:
    write_rows(tmp_path / "decided" / "train.jsonl", export_rows([RECEIPT, MEDICAL, IMAGING], "medical").rows)
    write_rows(tmp_path / "decided" / "validation.jsonl", [])
    documents = load_corpus(tmp_path, recipe_of("medical")).documents("train")["decided"]
    assert [document.label for document in documents] == ["medical.operative_report", "medical.imaging_report"]


def test_the_importer_takes_it_and_puts_some_aside(tmp_path: Path) -> None:
    write_rows(tmp_path / "decided.jsonl", export_rows([exemplar(n) for n in range(1, 9)], "receipt").rows)
    out, validation = tmp_path / "train.jsonl", tmp_path / "validation.jsonl"
    words = ["train", "import", "jsonl", tmp_path / "decided.jsonl", "--out", out, "--validation", validation]
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == 0, result.output
    assert "skip" not in result.output
    rows = [json.loads(line) for path in (out, validation) for line in path.read_text().splitlines()]
    assert len(rows) == 8
    assert rows[0]["fields"] == {"company": ["Kopitiam Sri Melur"], "date": ["12/03/2018"], "total": ["RM 41.50"]}


def test_decisions_are_counted_by_group() -> None:
    no_type = exemplar(4, document_type=None)
    assert groups([RECEIPT, MEDICAL, IMAGING, no_type]) == Counter(receipt=1, medical=2)


@pytest.mark.parametrize(
    ("entities", "why"),
    [
        (None, "it does not say where its fields stand"),
        ("[", "where its fields stand cannot be read"),
        ('[{"name": "total"}]', "where its fields stand cannot be read"),
        (
            f'[{{"name": "total", "start": 36, "end": {len(TEXT) + 1}}}]',
            "its fields do not all stand in its text",
        ),
        ('[{"name": "total", "start": 5, "end": 5}]', "its fields do not all stand in its text"),
    ],
)
def test_what_would_teach_something_wrong_is_left_out_and_told(entities: str | None, why: str) -> None:
    metadata = {} if entities is None else {"entities": entities}
    made = export_rows([exemplar(1, metadata=metadata), exemplar(2)], "receipt")
    assert [row.id for row in made.rows] == [exemplar(2).passage_id]
    assert made.left_out == [(exemplar(1).passage_id, why)]


def test_a_decision_without_fields_is_a_document_without_any() -> None:
    [row] = export_rows([exemplar(1, metadata={"entities": "[]"})], "receipt").rows
    assert (row.entities, row.fields) == ((), {})


def test_one_without_a_type_is_left_out_and_told() -> None:
    assert export_rows([exemplar(1, document_type=None)], "receipt").left_out == [
        (exemplar(1).passage_id, "it has no document type")
    ]

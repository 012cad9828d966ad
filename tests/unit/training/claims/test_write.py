from pathlib import Path

import pytest

from docmill.training.claims.pools import Part
from docmill.training.claims.write import row, write
from docmill.training.corpus import Entity, load_corpus, load_part
from docmill.training.recipe import Recipe
from docmill.training.recipe_stages import OutOfFold
from docmill.training.row import read_rows
from docmill.training.training_set import read_training_set, write_training_set
from tests.unit.training.claims.fakes import corpus
from tests.unit.training.fakes import recipe

KEYS = ["id", "text", "label", "entities", "source", "license", "fields", "encloses"]  # all but the last as elsewhere
FIELDS = ["claim_number", "policy_number", "claimant", "date_of_loss", "claimed_amount"]


def claims_recipe() -> Recipe:
    return recipe(
        groups={"claim": {"fields": FIELDS, "required": ["claimant"]}},
        fields={name: {"kind": "text"} for name in FIELDS},
        sources=[{"name": "claims", "group": "claim", "licence": "Apache-2.0"}],
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path, {Part.TRAIN: corpus(Part.TRAIN)[:30], Part.VALIDATION: corpus(Part.VALIDATION)[:10]}, 7)


def test_rows_have_the_keys_of_the_other_sources() -> None:
    document = corpus(Part.TRAIN)[0]
    made = row(document, 7)
    assert list(made) == KEYS
    assert all(made["text"][e["start"] : e["end"]] == e["text"] for e in made["entities"])
    assert all(list(entity) == ["label", "start", "end", "text"] for entity in made["entities"])
    assert made["source"].startswith("SYNTHETIC")
    assert document.layout in made["source"]


def test_the_source_is_the_layout_whatever_is_enclosed() -> None:
    """Or documents of one layout would not be of one family, and would come into several folds."""
    enclosing = [document for document in corpus(Part.TRAIN) if document.enclosure]
    assert len(enclosing) > 10
    for document in enclosing:
        made = row(document, 7)
        assert made["source"].endswith(f"layout {document.layout}, seed 7")
        assert made["encloses"] == document.enclosure


def test_no_layout_is_in_two_folds(tmp_path: Path) -> None:
    write(tmp_path, {Part.TRAIN: corpus(Part.TRAIN), Part.VALIDATION: corpus(Part.VALIDATION)[:10]}, 7)
    of_claims = claims_recipe()
    by_layout = of_claims.model_copy(
        update={"sources": (of_claims.sources[0].model_copy(update={"fold_by_source": True}),)}
    )
    write_training_set(load_corpus([tmp_path], by_layout), OutOfFold(folds=4), tmp_path)
    folds = read_training_set(tmp_path, ["claims"]).folds
    layouts: dict[str, set[int]] = {}
    for document in corpus(Part.TRAIN):
        layouts.setdefault(document.layout, set()).add(folds[document.id])
    assert len(layouts) > 20
    assert all(len(own) == 1 for own in layouts.values())
    assert {fold for own in layouts.values() for fold in own} == {0, 1, 2, 3}


def test_files_are_read_by_the_trainer(folder: Path) -> None:
    loaded = load_part(folder.parent, claims_recipe().sources[0], "train", claims_recipe())
    assert [document.id for document in loaded] == [document.id for document in corpus(Part.TRAIN)[:30]]
    for document, written in zip(loaded, corpus(Part.TRAIN), strict=False):
        assert document.label == f"claim.{written.kind.value}"
        assert document.text == written.text
        assert document.entities == tuple(Entity(m.field, m.start, m.end) for m in written.marks)


def test_values_are_read_by_the_evaluation(folder: Path) -> None:
    rows = list(read_rows(folder / "validation.jsonl"))
    assert [r.fields for r in rows] == [document.values for document in corpus(Part.VALIDATION)[:10]]
    assert {r.id for r in rows}.isdisjoint(r.id for r in read_rows(folder / "train.jsonl"))


def test_the_readme_says_synthetic_and_counts(folder: Path) -> None:
    text = (folder / "README.md").read_text(encoding="utf-8")
    assert text.startswith("# SYNTHETIC")
    assert "--documents 40 --seed 7`" in text
    assert "train: 30 SYNTHETIC documents" in text
    assert "validation: 10 SYNTHETIC documents" in text


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "claims").write_text("a file", encoding="utf-8")
    with pytest.raises(OSError, match="claims"):
        write(tmp_path, {Part.TRAIN: ()}, 7)

from dataclasses import replace
from pathlib import Path

import pytest

from docmill.errors import ConfigurationError
from docmill.training.corpus import Entity, LabelledDocument
from docmill.training.recipe_stages import OutOfFold
from docmill.training.training_set import (
    TrainingSet,
    families,
    read_parts,
    read_training_set,
    sample,
    write_training_set,
)
from tests.unit.training.corpora import Row, read, recipe, row, rows, written
from tests.unit.training.fakes import document

NAMES = ("till", "post", "scans")
BY_SOURCE = [{"name": "post", "fold_by_source": True}]


def made(folder: Path, train: dict[str, list[Row]], validation: dict[str, list[Row]] | None = None) -> TrainingSet:
    corpus = read(folder, recipe(BY_SOURCE), train, validation)
    write_training_set(corpus, OutOfFold(folds=3), folder)
    return read_training_set(folder, NAMES)


def test_documents_come_back_as_they_were(tmp_path: Path) -> None:
    slip = row("slip", "receipt", "ACME \U0001f600 Total 4.50", ("total", "4.50"))
    training = made(tmp_path, {"till": [slip], "scans": [row("scan", None)]})
    [kept] = training.documents["till"]
    text = "ACME \U0001f600 Total 4.50"
    assert kept == LabelledDocument("slip", "till", "receipt", "receipt", text, (Entity("total", 13, 17),))
    assert training.documents["post"] == []
    assert [d.label for d in training.all] == ["receipt", None]


def test_a_value_without_a_place_comes_back(tmp_path: Path) -> None:
    slip = row("slip", "receipt", "ACME Total 4.50") | {"fields": {"total": "4.50"}}
    [kept] = made(tmp_path, {"till": [slip]}).documents["till"]
    assert kept.unplaced == ("total",)


def test_what_is_in_doubt_comes_back(tmp_path: Path) -> None:
    deed = row("deed", "will", 'Ann Lee, a "Party"', ("party", "Ann Lee"), ("party", 'a "Party"'))
    decided = recipe([{"name": "post", "values_decide": True}])
    write_training_set(
        read(tmp_path, decided, {"post": [deed | {"fields": {"party": ["Ann Lee"]}}]}), OutOfFold(folds=3), tmp_path
    )
    training = read_training_set(tmp_path, NAMES)
    [kept] = training.documents["post"]
    assert kept.entities == (Entity("party", 0, 7),)
    assert kept.doubtful == (Entity("party", 9, 18),)
    assert kept.values == (("party", "Ann Lee"),)
    digests = {
        TrainingSet({"post": [one]}, training.folds).digest
        for one in (kept, replace(kept, doubtful=()), replace(kept, values=()), replace(kept, values=(), doubtful=()))
    }
    assert len(digests) == 4


def test_labels_are_sorted_and_none_is_no_label(tmp_path: Path) -> None:
    training = made(
        tmp_path, {"till": rows("receipt", 2), "post": [*rows("will", 2), *rows("deed", 1), *rows(None, 1)]}
    )
    assert training.labels == ("letter.deed", "letter.will", "receipt")


def test_copies_of_validation_documents_are_left_out(tmp_path: Path) -> None:
    text = written(1)
    train = [row("copy", "receipt", f"{text} again"), *rows("receipt", 2)]
    training = made(tmp_path, {"till": train}, {"post": [row("original", "will", text)]})
    assert [d.id for d in training.all] == ["receipt-0", "receipt-1"]


def test_a_fold_is_what_the_others_are_not(tmp_path: Path) -> None:
    training = made(tmp_path, {"till": rows("receipt", 9), "post": rows("will", 6)})
    for fold in range(3):
        others, own = training.split(fold)
        assert sorted(d.id for d in [*others["till"], *others["post"], *own]) == sorted(d.id for d in training.all)
        assert len(own) == 5
        without = training.without(fold)
        assert (without.documents, without.folds) == (others, training.folds)


def test_families_are_the_sources_of_rows_where_the_recipe_says_so(tmp_path: Path) -> None:
    layouts = [row(f"will-{n}", "will", source=f"layout {n % 2}") for n in range(4)]
    train = {"post": [*layouts, row("bare", "will")], "scans": [row("scan", "will", source="layout 0")]}
    corpus = read(tmp_path, recipe(BY_SOURCE), train)
    found = families(corpus)
    assert found.keys() == {"will-0", "will-1", "will-2", "will-3"}
    assert found["will-0"] == found["will-2"] != found["will-1"]
    folds = made(tmp_path, train).folds
    assert folds["will-0"] == folds["will-2"]
    assert folds["will-1"] == folds["will-3"]


def test_a_source_of_a_later_turn_moves_nothing(tmp_path: Path) -> None:
    train = {"till": rows("receipt", 20)}
    joined = train | {"scans": [row(f"scan-{n}", "receipt") for n in range(13)]}
    before = made(tmp_path, train).folds
    folds = []
    for turn in (0, 1):
        corpus = read(tmp_path, recipe([{"name": "scans", "dealt": turn}]), joined)
        write_training_set(corpus, OutOfFold(folds=3), tmp_path)
        folds.append({name: fold for name, fold in read_training_set(tmp_path, NAMES).folds.items() if name in before})
    assert folds[1] == before != folds[0]


def test_nothing_to_train_on_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no labelled training document"):
        made(tmp_path, {"till": rows(None, 3)})


def test_the_digest_is_of_what_is_trained_on(tmp_path: Path) -> None:
    first = TrainingSet({"till": [document("a", name="1"), document("b", name="2")]}, {})
    assert (
        TrainingSet({"post": [document("b", name="2")], "till": [document("a", name="1")]}, {}).digest == first.digest
    )
    for other in (document("c", name="2"), document("b", name="3"), document("b", name="2", label=None)):
        assert TrainingSet({"till": [document("a", name="1"), other]}, {}).digest != first.digest


def test_the_digest_of_documents_whose_values_decide_nothing_is_that_of_bundles_made_before() -> None:
    slip = LabelledDocument("1", "till", "receipt", "receipt", "Total 4.50", (Entity("total", 6, 10),), ("shop",))
    said = "8cb706f7ddc1aa8cb6257d501abce216f35eeeac38859ca2d267a4c8e29e30bf"
    assert TrainingSet({"till": [slip]}, {}).digest == said


def test_a_sample_is_capped_by_label_and_the_same_in_any_order() -> None:
    documents = [document(str(n), name=f"d{n}", label=label) for n, label in enumerate("aaaabbc")]
    documents.append(document("x", name="bare", label=None))
    found = sample(documents, 2)
    assert [d.label for d in found] == ["a", "a", "b", "b", "c"]
    assert sample(documents[::-1], 2) == found


def test_what_is_held_out_is_not_trained_on(tmp_path: Path) -> None:
    made(tmp_path, {"till": rows("receipt", 9), "post": rows("will", 6)})
    parts = read_parts(tmp_path, recipe(out_of_fold={"folds": 3}))
    held, trained = {d.id for d in parts.held_out}, {d.id for d in parts.training.all}
    assert len(held) == 5
    assert len(trained) == 10
    assert not held & trained
    assert parts.labels == ("letter.will", "receipt")


def test_with_fold_students_all_is_trained_on(tmp_path: Path) -> None:
    made(tmp_path, {"till": rows("receipt", 9), "post": rows("will", 6)})
    parts = read_parts(tmp_path, recipe(out_of_fold={"folds": 3, "tokens": 100}))
    assert parts.held_out == []
    assert len(parts.training.all) == 15


def test_a_fold_without_documents_is_refused(tmp_path: Path) -> None:
    """Found here, not after hours of training."""
    alike = [row(f"form-{n}", "receipt", f"{written(1)} {n}") for n in range(8)]
    made(tmp_path, {"till": alike})
    for changes, empty in (({}, 1), ({"tokens": 100}, 2)):
        with pytest.raises(ConfigurationError, match=f"{empty} of 3 folds are without a document"):
            read_parts(tmp_path, recipe(out_of_fold={"folds": 3, **changes}))


def test_the_digest_is_of_the_entities_too(tmp_path: Path) -> None:
    text = "ACME Total 4.50"
    one = TrainingSet({"till": [LabelledDocument("a", "till", "receipt", "receipt", text, ())]}, {})
    other = TrainingSet(
        {"till": [LabelledDocument("a", "till", "receipt", "receipt", text, (Entity("total", 11, 15),))]}, {}
    )
    assert one.digest != other.digest

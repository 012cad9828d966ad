"""No document is calibrated on by a model that was trained on it. (The models: tests/integration/test_train_run.py.)"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("torch", reason="the extra [train] is not installed")
pytest.importorskip("transformers", reason="the extra [train] is not installed")

from docmill.training import out_of_fold
from docmill.training.corpus import LabelledDocument
from docmill.training.recipe import Recipe
from docmill.training.recipe_stages import Schedule
from docmill.training.training_set import TrainingSet
from tests.unit.training.fakes import document, recipe

FOLDS = 3
DOCUMENTS = [document("words", name=str(number)) for number in range(12)]
TRAINING = TrainingSet({"slips": DOCUMENTS, "deeds": []}, {d.id: int(d.id) % FOLDS for d in DOCUMENTS})


def materials(
    training: TrainingSet = TRAINING, held_out: Sequence[LabelledDocument] = (), of: Recipe | None = None
) -> Any:
    """As far as these functions look into them."""
    windowing = tokenizer = taught = None
    return SimpleNamespace(
        recipe=of or recipe(),
        training=training,
        held_out=held_out,
        tokenizer=tokenizer,
        windowing=windowing,
        taught=taught,
        on_moment=lambda moment: None,
    )


@dataclass
class Seen:
    """Which documents were trained on, had to do with a graph's making, or were read."""

    trained: set[str] = field(default_factory=set)
    quantised: set[str] = field(default_factory=set)
    centroids: set[str] = field(default_factory=set)
    read: list[str] = field(default_factory=list)
    schedules: list[Schedule] = field(default_factory=list)


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Seen:
    """What the module asks others to do is noted, not done."""
    noted = Seen()

    def train(_: Any, documents: Mapping[str, Sequence[LabelledDocument]], schedule: Schedule, *rest: Any) -> None:
        noted.schedules.append(schedule)
        noted.trained |= {d.id for of_source in documents.values() for d in of_source}

    def quantise(weights: Any, config: Any, _: Any, documents: Sequence[LabelledDocument]) -> bytes:
        noted.quantised |= {d.id for d in documents}
        return b""

    def save(
        _: Any, graph: Path, trained: Sequence[LabelledDocument], own: Sequence[LabelledDocument], *rest: Any
    ) -> None:
        noted.centroids |= {d.id for d in trained}
        noted.read += [d.id for d in own]

    monkeypatch.setattr(out_of_fold, "make_untaught", train)
    monkeypatch.setattr(out_of_fold, "int8_graph", quantise)
    monkeypatch.setattr(out_of_fold, "_save_reads", save)
    for name in ("load_model", "weights_of"):
        monkeypatch.setattr(out_of_fold, name, lambda _: None)
    monkeypatch.setattr(out_of_fold, "graph_config", lambda model, _: None)
    return noted


@pytest.mark.parametrize("fold", range(FOLDS))
def test_a_folds_student_never_sees_it(seen: Seen, tmp_path: Path, fold: int) -> None:
    out_of_fold.make_fold_student(materials(), fold, tmp_path)
    out_of_fold.make_reads(materials(), fold, tmp_path, tmp_path)
    own = {d.id for d in DOCUMENTS if int(d.id) % FOLDS == fold}
    assert set(seen.read) == own
    assert seen.trained == seen.quantised == seen.centroids == {d.id for d in DOCUMENTS} - own


def test_a_folds_student_is_trained_as_the_shipped_one_is(seen: Seen, tmp_path: Path) -> None:
    rates = {"encoder_lr": 1e-4, "head_lr": 1e-3, "frozen_layers": 1}
    of = recipe(student={"tokens": 2000, "layers": [0, 2], **rates}, out_of_fold={"tokens": 500})
    out_of_fold.make_fold_student(materials(of=of), 0, tmp_path)
    assert seen.schedules == [Schedule(tokens=500, **rates)]


def test_all_folds_together_are_all_documents(seen: Seen, tmp_path: Path) -> None:
    for fold in range(FOLDS):
        out_of_fold.make_reads(materials(), fold, tmp_path, tmp_path)
    assert sorted(seen.read) == sorted(d.id for d in DOCUMENTS)


def test_what_is_held_out_is_in_no_training(seen: Seen, tmp_path: Path) -> None:
    last = FOLDS - 1
    held_out = TRAINING.split(last)[1]
    out_of_fold.make_held_out_reads(materials(TRAINING.without(last), held_out), tmp_path / "graph", tmp_path)
    assert set(seen.read) == {d.id for d in held_out}
    assert seen.centroids == {d.id for d in DOCUMENTS} - set(seen.read)


def read_ids(monkeypatch: pytest.MonkeyPatch, of: Any, folders: list[Path]) -> list[tuple[Path, list[str]]]:
    """Which documents `read_all` expects in which file."""
    asked: list[tuple[Path, list[str]]] = []

    def load(path: Path, documents: Sequence[LabelledDocument], *rest: Any) -> list[Any]:
        asked.append((path, [d.id for d in documents]))
        return []

    monkeypatch.setattr(out_of_fold, "load_reads", load)
    out_of_fold.read_all(of, folders)
    return asked


def test_every_folder_holds_its_own_fold(monkeypatch: pytest.MonkeyPatch) -> None:
    folders = [Path(str(fold)) for fold in range(FOLDS)]
    asked = read_ids(monkeypatch, materials(), folders)
    assert [path.parent for path, _ in asked] == folders
    assert all(int(name) % FOLDS == fold for fold, (_, names) in enumerate(asked) for name in names)
    assert sum(len(names) for _, names in asked) == len(DOCUMENTS)


def test_what_is_held_out_lies_in_one(monkeypatch: pytest.MonkeyPatch) -> None:
    held_out = TRAINING.split(0)[1]
    [(_, names)] = read_ids(monkeypatch, materials(TRAINING.without(0), held_out), [Path("one")])
    assert names == [d.id for d in held_out]

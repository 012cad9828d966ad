"""`docmill train run` on a network that takes seconds: killed on the way, with other seeds, folds and recipes.

A file beside test_train_run.py, since a file is what one worker takes (tests/conftest.py).
"""

import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="the extra [train] is not installed")
pytest.importorskip("transformers", reason="the extra [train] is not installed")
pytest.importorskip("onnx", reason="the extra [train] is not installed")

import onnx

from docmill.bundle.load import load_bundle
from docmill.bundle.manifest import MODEL_FILE
from docmill.errors import ConfigurationError
from docmill.resources import resource
from docmill.runtime.dequantise import weights_of_graph
from docmill.training import stages
from docmill.training.cache import Cache, Stage
from docmill.training.corpus import part
from docmill.training.recipe import load_recipe
from docmill.training.run import Task, train
from tests.integration.test_train_run import (
    LIMIT_S,
    QUICKEST,
    RECIPE,
    changed,
    content,
    fails,
    on_tiny_checkpoint,
    run,
    start,
)
from tests.sample_sources import write_sample_sources

QUICK = ("--budget", "0.4")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sample_sources(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def tiny_recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The samples' recipe on a random network of four layers, which takes seconds."""
    return on_tiny_checkpoint(RECIPE, tmp_path_factory.mktemp("recipe"))


@pytest.fixture(scope="module")
def whole(tiny_recipe: Path, data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The bundle of a tiny run that nothing disturbs."""
    folder = tmp_path_factory.mktemp("whole")
    run(tiny_recipe, data, folder / "bundle", folder / "cache", *QUICK)
    return content(folder / "bundle")


def checkpoints(cache: Path, stage: str) -> list[Path]:
    return [*(cache / stage).glob("*.partial/checkpoint.pt")]


@pytest.mark.parametrize("name", ["gate", "corpus", "other_types"])
def test_training_documents_that_are_edited_while_they_are_read_are_noticed(
    tiny_recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    data = write_sample_sources(tmp_path / "data")
    recipe = load_recipe(tiny_recipe)
    edited = part(data, recipe.sources[0].name, "train")
    honest = getattr(stages, name)

    def edits(*given: Any) -> Stage:
        stage: Stage = honest(*given)

        def make(folder: Path) -> None:
            stage.make(folder)
            edited.write_text(edited.read_text(encoding="utf-8") + "\n", encoding="utf-8")

        return replace(stage, make=make)

    monkeypatch.setattr(stages, name, edits)
    out = tmp_path / "bundle"
    task = Task(recipe, tiny_recipe, tiny_recipe.read_text(encoding="utf-8"), data, resource("samples"), out)
    with pytest.raises(ConfigurationError, match=f"{edited} was changed while it was used"):
        train(task, Cache(tmp_path / "cache"), lambda moment: None)


def type_head_of(bundle: Path) -> list[float]:
    """The biases in its graph, which no precision changes."""
    bias: list[float] = weights_of_graph(onnx.load(bundle / MODEL_FILE)).type_head.bias.tolist()
    return bias


def saved_type_head(cache: Path, stage: str) -> list[float]:
    torch = pytest.importorskip("torch", reason="the extra [train] is not installed")
    [saved] = (cache / stage).glob("*/model.pt")
    bias: list[float] = torch.load(saved, weights_only=True)["type_head.bias"].tolist()
    return bias


@pytest.mark.parametrize("stages", [("teacher", "student"), ("fold-1",)])
def test_a_killed_run_goes_on_to_the_same_bundle(
    tiny_recipe: Path, data: Path, tmp_path: Path, whole: dict[str, bytes], stages: tuple[str, ...]
) -> None:
    cache, out = tmp_path / "cache", tmp_path / "bundle"
    for stage in stages:
        with start(tiny_recipe, data, out, cache, *QUICK) as process:
            deadline = time.monotonic() + LIMIT_S
            while not checkpoints(cache, stage):
                assert process.poll() is None, f"ended before stage {stage} had a checkpoint"
                assert time.monotonic() < deadline
                time.sleep(0.005)
            process.send_signal(signal.SIGKILL)
            process.communicate()
        assert process.returncode == -signal.SIGKILL
        assert checkpoints(cache, stage), f"stage {stage} was done when the process died"
        assert not out.exists()
    run(tiny_recipe, data, out, cache, *QUICK)
    assert content(out) == whole


def test_another_seed_trains_anew_on_the_same_documents(tiny_recipe: Path, data: Path, tmp_path: Path) -> None:
    run(tiny_recipe, data, tmp_path / "one", tmp_path / "cache", *QUICKEST)
    told = run(tiny_recipe, data, tmp_path / "other", tmp_path / "cache", *QUICKEST, "--seed", "8")
    assert "corpus: from the cache" in told
    assert "teacher ..." in told
    assert content(tmp_path / "one")["model.int8.onnx"] != content(tmp_path / "other")["model.int8.onnx"]


def test_a_base_model_that_is_none_is_refused(tiny_recipe: Path, data: Path, tmp_path: Path) -> None:
    recipe = tiny_recipe.with_name("none.toml")
    recipe.write_text(changed(tiny_recipe.read_text(encoding="utf-8"), '"checkpoint"', '"nowhere"'), encoding="utf-8")
    errors = fails(recipe, data, tmp_path / "bundle", tmp_path / "cache")
    assert "nowhere is no Hugging Face BERT checkpoint: it lacks config.json, tokenizer.json" in errors


def test_samples_that_cannot_be_golden_are_refused_before_anything_is_made(
    tiny_recipe: Path, data: Path, tmp_path: Path
) -> None:
    (tmp_path / "samples").mkdir()
    (tmp_path / "samples" / "letter.txt").write_bytes(b"\xff")
    options = ("--samples", str(tmp_path / "samples"))
    errors = fails(tiny_recipe, data, tmp_path / "bundle", tmp_path / "cache", *options)
    assert "letter.txt cannot be golden: it is not UTF-8" in errors
    assert not (tmp_path / "cache").exists()


def test_a_corpus_that_the_gate_refuses_stops_the_run(tiny_recipe: Path, tmp_path: Path) -> None:
    data = write_sample_sources(tmp_path / "data")
    train = data / "medical" / "train.jsonl"
    train.write_text("".join(line + "\n" for line in train.read_text().splitlines()[:3]))
    errors = fails(tiny_recipe, data, tmp_path / "bundle", tmp_path / "cache")
    assert "the quality gate refuses the corpus" in errors
    assert "fewer than 5 training documents" in errors


def test_a_fold_may_be_held_out_instead(tiny_recipe: Path, data: Path, tmp_path: Path) -> None:
    recipe = tiny_recipe.with_name("held-out.toml")
    text = tiny_recipe.read_text(encoding="utf-8")
    recipe.write_text(changed(text, "folds = 3\ntokens = 20_000\n", "folds = 3\n"), encoding="utf-8")
    told = run(recipe, data, tmp_path / "bundle", tmp_path / "cache", *QUICKEST)
    assert "held-out-reads ..." in told
    assert "fold-0" not in told
    made_of = [saved_type_head(tmp_path / "cache", f"student{then}") for then in ("", "-type-head", "-type-words")]
    assert type_head_of(tmp_path / "bundle") == made_of[-1]
    assert made_of[0] != made_of[1] != made_of[2]
    certified = load_bundle(tmp_path / "bundle").manifest.policy.certified
    assert 0 < sum(row.decisions for row in certified if (row.what, row.target) == ("type", 0.7)) < 23  # of 68


def test_the_starter_recipe_trains(tmp_path: Path) -> None:
    init = [sys.executable, "-m", "docmill", "train", "init", str(tmp_path / "letters")]
    subprocess.run(init, check=True, stdout=subprocess.DEVNULL)
    recipe = on_tiny_checkpoint(tmp_path / "letters" / "recipe.toml", tmp_path / "letters")
    run(recipe, tmp_path / "letters", tmp_path / "bundle", tmp_path / "cache", *QUICKEST)
    bundle = load_bundle(tmp_path / "bundle")
    assert bundle.name == "letters-en"
    assert bundle.manifest.labels == ("letter.cancellation", "letter.change_of_address", "letter.damage_report")

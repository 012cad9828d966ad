import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="the extra [train] is not installed")
pytest.importorskip("transformers", reason="the extra [train] is not installed")

from docmill.errors import ConfigurationError
from docmill.pipeline.normalise import FieldKind
from docmill.pipeline.types import FieldSpec
from docmill.training.materials import Materials, base_digest, base_folder
from docmill.training.recipe import Recipe
from tests.unit.training.fakes import RECIPE, recipe


def on_base(max_tokens: int) -> Recipe:
    return recipe(base_model_path="base", encoder=RECIPE["encoder"] | {"max_tokens": max_tokens})


def write_base(folder: Path, **config: object) -> None:
    (folder / "base").mkdir()
    (folder / "base" / "config.json").write_text(json.dumps(config))


def test_a_field_keeps_what_the_recipe_says_of_it() -> None:
    own = {"min_confidence": 0.2, "day_first": True, "joined": True, "nested": False, "within_column": True}
    total = {"kind": "identifier", "many": True, **own}
    of = recipe(fields={**RECIPE["fields"], "total": total})
    made = Materials(of, *[None] * 10)  # type: ignore[arg-type]
    found = {field.name: field for field in made.bare_spec(4).fields}
    assert found["total"] == FieldSpec("total", FieldKind.IDENTIFIER, many=True, **own)  # type: ignore[arg-type]
    assert found["date"].exclusive


def test_a_relative_base_lies_beside_the_recipe(tmp_path: Path) -> None:
    write_base(tmp_path, max_position_embeddings=128)
    assert base_folder(on_base(128), tmp_path) == tmp_path / "base"


def test_windows_that_the_base_cannot_read_are_refused_before_any_training(tmp_path: Path) -> None:
    write_base(tmp_path, max_position_embeddings=128)
    with pytest.raises(ConfigurationError, match=r"reads 128 tokens at most: lower max_tokens of \[encoder\].* 129"):
        base_folder(on_base(129), tmp_path)


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ({"student": RECIPE["student"] | {"layers": [1, 4]}}, r"layers \[1, 4\]: name them once.* from 0 to 3"),
        ({"student": RECIPE["student"] | {"layers": [1, 0]}}, r"layers \[1, 0\]: name them once, in ascending order"),
        (
            {"teacher": RECIPE["teacher"] | {"frozen_layers": 5}},
            r"frozen_layers = 5 of \[teacher\], but the model has 4; name at",
        ),
    ],
)
def test_layers_that_the_base_lacks_are_refused_before_any_training(
    tmp_path: Path, section: dict[str, Any], said: str
) -> None:
    write_base(tmp_path, num_hidden_layers=4)
    assert base_folder(on_base(128), tmp_path) == tmp_path / "base"
    with pytest.raises(ConfigurationError, match=f"the base model in {tmp_path / 'base'}: {said}"):
        base_folder(recipe(base_model_path="base", **section), tmp_path)


@pytest.mark.parametrize(
    "content", [None, "no JSON", "[]", "{}", '{"max_position_embeddings": null, "num_hidden_layers": "4"}']
)
def test_a_base_that_does_not_say_is_for_others_to_judge(tmp_path: Path, content: str | None) -> None:
    (tmp_path / "base").mkdir()
    if content is not None:
        (tmp_path / "base" / "config.json").write_text(content)
    assert base_folder(on_base(512), tmp_path) == tmp_path / "base"


@pytest.mark.parametrize(
    ("files", "lacking"),
    [
        ((), "config.json, tokenizer.json"),
        (("config.json", "model.safetensors"), "tokenizer.json"),
        (("config.json", "tokenizer.json"), "model.safetensors and pytorch_model.bin"),
    ],
)
def test_what_a_checkpoint_lacks_is_named(tmp_path: Path, files: tuple[str, ...], lacking: str) -> None:
    for name in files:
        (tmp_path / name).touch()
    with pytest.raises(ConfigurationError, match=f"is no Hugging Face BERT checkpoint: it lacks {lacking}"):
        base_digest(tmp_path)


def test_the_digest_is_of_what_is_read(tmp_path: Path) -> None:
    for name in ("config.json", "tokenizer.json", "pytorch_model.bin"):
        (tmp_path / name).write_text(name)
    first = base_digest(tmp_path)
    (tmp_path / "README.md").touch()
    assert base_digest(tmp_path) == first
    (tmp_path / "pytorch_model.bin").write_text("other weights")
    assert base_digest(tmp_path) != first

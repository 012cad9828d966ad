"""What every stage that trains or reads needs: recipe, documents, tokenizer, base model, device."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from docmill.bundle.manifest import TrainingStage
from docmill.errors import ConfigurationError
from docmill.pipeline.normalise import FieldKind
from docmill.pipeline.types import FieldSpec, GroupSpec, ModelSpec
from docmill.pipeline.window import Windowing
from docmill.training.cache import file_digest
from docmill.training.corpus import LabelledDocument
from docmill.training.course import Course, Documents
from docmill.training.device import Device
from docmill.training.examples import ExampleMaker
from docmill.training.fit import OnMoment
from docmill.training.model import base_model_path, check_layers
from docmill.training.outliers import unfitted
from docmill.training.recipe import Recipe
from docmill.training.training_set import TrainingSet

BASE_FILES = ("config.json", "tokenizer.json")
WEIGHT_FILES = ("model.safetensors", "pytorch_model.bin")


@dataclass(frozen=True, slots=True)
class Materials:
    """`kept` are the rows of the base model's extended vocabulary that the tokenizer still has.

    `training` is what may be trained on, `held_out` what nothing is trained on (empty where there are fold students).
    """

    recipe: Recipe
    training: TrainingSet
    held_out: Sequence[LabelledDocument]
    labels: tuple[str, ...]
    tokenizer: Tokenizer
    windowing: Windowing
    kept: NDArray[np.int64]
    base: Path
    make: ExampleMaker
    device: Device
    on_moment: OnMoment

    def course(self, documents: Documents, tokens: int, stage: str) -> Course:
        """The steps of a stage."""
        return Course(documents, self.recipe, self.make, tokens, self.seed(stage))

    def seed(self, stage: str) -> str:
        """Of all that is drawn in a stage."""
        return f"{self.recipe.seed}:{stage}"

    def trained(self, stage: str, course: Course) -> TrainingStage:
        """What the manifest says of a stage."""
        return TrainingStage(name=stage, tokens=course.tokens, device=self.device.name)

    def taught(self, document: LabelledDocument) -> Sequence[str]:
        """Fields that a document's source annotates."""
        [source] = [source for source in self.recipe.sources if source.name == document.source]
        return self.recipe.taught_fields(source)

    def bare_spec(self, hidden: int) -> ModelSpec:
        """What the heads mean, before anything is calibrated or certified."""
        recipe = self.recipe
        several = frozenset(name for name, field in recipe.fields.items() if field.many)
        return ModelSpec(
            labels=self.labels,
            fields=tuple(
                FieldSpec(
                    name,
                    FieldKind(f.kind),
                    f.many,
                    f.day_first,
                    counts_from=f.counts_from,
                    min_confidence=f.min_confidence,
                    joined=f.joined,
                    nested=f.nested,
                    within_column=f.within_column,
                    exclusive=f.exclusive,
                )
                for name, f in recipe.fields.items()
            ),
            groups={
                name: GroupSpec(name, g.fields, g.required, None, None, several=several.intersection(g.fields))
                for name, g in recipe.groups.items()
            },
            type_windows=recipe.encoder.type_windows,
            type_temperature=1.0,
            tag_temperature=1.0,
            outlier=unfitted(hidden),
        )


def base_folder(recipe: Recipe, beside: Path) -> Path:
    """The base model's folder; a relative path of a recipe is seen from the recipe's own folder.

    Raises:
        ConfigurationError: it reads shorter windows than the recipe's, or lacks layers that the recipe names.
    """
    folder = base_model_path() if recipe.base_model_path is None else beside / recipe.base_model_path
    positions, layers = (_said(folder, key) for key in ("max_position_embeddings", "num_hidden_layers"))
    if positions is not None and positions < recipe.encoder.max_tokens:
        raise ConfigurationError(
            f"the base model in {folder} reads {positions} tokens at most: lower max_tokens of [encoder], which is "
            f"{recipe.encoder.max_tokens}"
        )
    if layers is not None:
        try:
            check_layers(recipe.student.layers, layers)
            recipe.teacher.check_frozen(layers, "[teacher]")
        except (ConfigurationError, ValueError) as error:
            raise ConfigurationError(f"the base model in {folder}: {error}") from error
    return folder


def _said(base: Path, key: str) -> int | None:
    """A number of its configuration; None: it does not say, or is no checkpoint, of which others complain."""
    try:
        value = json.loads((base / "config.json").read_text(encoding="utf-8")).get(key)
    except (OSError, ValueError, AttributeError):
        return None
    return value if isinstance(value, int) else None


def base_digest(base: Path) -> str:
    """SHA-256 over the files of a checkpoint.

    Raises:
        ConfigurationError: it lacks one.
    """
    weights = [name for name in WEIGHT_FILES if (base / name).exists()]
    missing = [name for name in BASE_FILES if not (base / name).exists()]
    if missing or not weights:
        raise ConfigurationError(
            f"{base} is no Hugging Face BERT checkpoint: it lacks {', '.join(missing) or ' and '.join(WEIGHT_FILES)}"
        )
    names = (*BASE_FILES, weights[0])
    return hashlib.sha256("".join(file_digest(base / name) for name in names).encode()).hexdigest()


def training_section(recipe: Recipe) -> dict[str, Any]:
    """What of a recipe every stage reads that trains, as JSON: how examples are made and drawn."""
    sources = recipe.model_dump(mode="json", include={"sources"})["sources"]
    what = ("name", "group", "masked", "augment")
    drawn = (*what, "share", "per_label", "head_windows", "head_drawn", "entity_windows", "other_windows")
    return {
        "seed": recipe.seed,
        "encoder": recipe.encoder.model_dump(mode="json"),
        "training": recipe.training.model_dump(mode="json"),
        "fields": list(recipe.field_names),
        "groups": {name: list(group.fields) for name, group in recipe.groups.items()},
        "sources": [{key: source[key] for key in drawn} for source in sources],
    }

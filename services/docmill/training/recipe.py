"""What to train on and how: the TOML recipe, checked. Does not know how training works."""

import tomllib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from docmill.errors import ConfigurationError


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Encoder(Strict):
    """`layers` of the base model that are kept, in order; windows in tokens."""

    layers: tuple[int, ...]
    max_tokens: int = Field(ge=16, le=512)
    stride: int = Field(ge=0)
    type_windows: int = Field(ge=1)


class Phase(Strict):
    """A stretch of training with its own learning rate schedule.

    `passes` are of each source in one epoch, a fraction draws that share of it; `tag_weight` is of the tag loss beside
    the type loss.
    """

    epochs: int = Field(ge=1)
    encoder_lr: float = Field(gt=0)
    head_lr: float = Field(gt=0)
    tag_weight: float = Field(gt=0)
    passes: dict[str, Annotated[float, Field(ge=0)]]


class Fit(Strict):
    phases: tuple[Phase, ...] = Field(min_length=1)
    tokens_per_step: int = Field(ge=256)
    entity_weight: float
    calibration_share: float = Field(gt=0, lt=0.5)


class Policy(Strict):
    """Precision that automatic decisions must reach, certified at `confidence_level`."""

    target_precision: float = Field(gt=0, lt=1)
    confidence_level: float = Field(gt=0, lt=1)


class Group(Strict):
    """A family of document types that share their fields."""

    fields: tuple[str, ...]
    required: tuple[str, ...]


class FieldRecipe(Strict):
    kind: Literal["text", "date", "money", "duration"]
    many: bool = False
    day_first: bool = False
    entities: tuple[str, ...] | None = None
    values: tuple[str, ...] | None = None


class Source(Strict):
    """A folder of DOCMILL_DATA with `train.jsonl[.gz]` and `validation.jsonl`."""

    name: str
    group: str
    licence: str
    augment: bool = False
    per_label: int | None = None
    entity_windows: int = 0
    other_windows: int = 0


class Recipe(Strict):
    name: str
    version: str
    base_model: str
    base_model_licence: str
    languages: tuple[str, ...]
    limits: tuple[str, ...]  # what users of the bundle must know; printed on its card
    seed: int
    encoder: Encoder
    fit: Fit
    policy: Policy
    groups: dict[str, Group]
    fields: dict[str, FieldRecipe]
    sources: tuple[Source, ...]

    @model_validator(mode="after")
    def _names_agree(self) -> "Recipe":
        for name, group in self.groups.items():
            if unknown := set(group.fields) - self.fields.keys():
                raise ValueError(f"group {name} names unknown fields {sorted(unknown)}")
            if unknown := set(group.required) - set(group.fields):
                raise ValueError(f"group {name} requires {sorted(unknown)}, which are not among its fields")
        names = {source.name for source in self.sources}
        for phase in self.fit.phases:
            if phase.passes.keys() != names:
                raise ValueError(f"passes must name exactly the sources {sorted(names)}")
        for source in self.sources:
            if source.group not in self.groups:
                raise ValueError(f"source {source.name} names an unknown group {source.group}")
        return self

    @property
    def field_names(self) -> tuple[str, ...]:
        """Fields in the order of the tag head."""
        return tuple(self.fields)

    def entity_field(self, entity_label: str, group: str) -> str | None:
        """The field that an entity label of a source in `group` teaches, if any."""
        for name in self.groups[group].fields:
            aliases = self.fields[name].entities
            if entity_label in ((name,) if aliases is None else aliases):
                return name
        return None


def load_recipe(path: Path) -> Recipe:
    """Read and check a recipe.

    Raises:
        ConfigurationError: the file is missing, not TOML, or names things that do not exist.
    """
    try:
        return Recipe.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, ValidationError) as error:
        raise ConfigurationError(f"recipe {path}: {error}") from error

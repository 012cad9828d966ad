"""A trial is a recipe with some values replaced, all of it checked before anything trains. Trains nothing itself."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from docmill.errors import ConfigurationError
from docmill.training.recipe import Recipe
from docmill.training.recipe_stages import Schedule

LAYOUT_TOKENS = "layout_tokens"  # false takes line breaks and tabs for blanks
BF16 = "bf16"  # false multiplies in fp32 where the machine would take bfloat16
SWITCHES = (LAYOUT_TOKENS, BF16)  # paths that no recipe has
SECTIONS = ("encoder", "vocabulary", "training")  # every key of these can be tried
RATES = ("encoder_lr", "head_lr", "frozen_layers")
SOURCE_KEYS = ("share", "per_label", "augment", "head_windows", "head_drawn", "entity_windows", "other_windows")

Place = tuple[str | int, ...]  # of a value in a recipe's JSON


@dataclass(frozen=True, slots=True)
class Trial:
    """`changes`: the new values by path, as JSON; None: the key is taken away, so that its default holds."""

    name: str
    changes: Mapping[str, Any]
    recipe: Recipe
    layout_tokens: bool = True
    bf16: bool = True


def read_trials(recipe: Recipe, written: Sequence[Sequence[str]]) -> list[Trial]:
    """Trials as they stand on the command line, each a name followed by any number of `path=value`.

    Raises:
        ConfigurationError: a name or a path comes twice, a path is none of what a trial reads, or the recipe that comes
            out is none.
    """
    trials: dict[str, Trial] = {}
    for name, *changes in written:
        if name in trials or "=" in name:
            raise ConfigurationError(f"--try {name}: each trial has a name of its own, before what it changes")
        trials[name] = _trial(recipe, name, changes)
    return list(trials.values())


def schedule(recipe: Recipe, tokens: int) -> Schedule:
    """How long a trial trains, at the rates of the recipe's baseline, else of its student."""
    baseline = recipe.study and recipe.study.baseline
    rates = (baseline or recipe.student).model_dump(include=set(RATES))
    return Schedule(tokens=tokens, **rates)


def _trial(recipe: Recipe, name: str, written: Sequence[str]) -> Trial:
    places, values = _places(recipe), recipe.model_dump(mode="json")
    changes: dict[str, Any] = {}
    for one in written:
        path, _, text = one.partition("=")
        if "=" not in one or path not in {*places, *SWITCHES}:
            raise ConfigurationError(f"--try {name}: {one} is no PATH=VALUE of what a trial reads: {_known(recipe)}")
        if path in changes:
            raise ConfigurationError(f"--try {name} changes {path} twice")
        changes[path] = _value(name, path, text)
        if path not in SWITCHES:
            _replace(values, places[path], changes[path])
    switches = {switch: changes.get(switch, True) for switch in SWITCHES}
    for switch, value in switches.items():
        if not isinstance(value, bool):
            raise ConfigurationError(f"--try {name}: {switch} is true or false")
    try:
        changed = Recipe.model_validate(values)
    except ValidationError as error:
        raise ConfigurationError(f"--try {name}: {error}") from error
    return Trial(name, changes, changed, switches[LAYOUT_TOKENS], switches[BF16])


def _places(recipe: Recipe) -> dict[str, Place]:
    """Where in a recipe's JSON each value stands that a trial reads and that does not change what is read."""
    places: dict[str, Place] = {}
    for section in SECTIONS:
        places |= {f"{section}.{key}": (section, key) for key in type(getattr(recipe, section)).model_fields}
    places["student.layers"] = ("student", "layers")
    rates = _rates_section(recipe)
    places |= {".".join([*rates, key]): (*rates, key) for key in RATES}
    for number, source in enumerate(recipe.sources):
        places |= {f"sources.{source.name}.{key}": ("sources", number, key) for key in SOURCE_KEYS}
    return places


def _rates_section(recipe: Recipe) -> tuple[str, ...]:
    return ("study", "baseline") if recipe.study and recipe.study.baseline else ("student",)


def _known(recipe: Recipe) -> str:
    """The paths for people, those of sources once."""
    paths = [path for path in _places(recipe) if not path.startswith("sources.")]
    names = ", ".join(source.name for source in recipe.sources)
    return ", ".join([*paths, *SWITCHES, *(f"sources.NAME.{key}" for key in SOURCE_KEYS)]) + f" (NAME: {names})"


def _value(name: str, path: str, text: str) -> Any:
    """Read as TOML; None where nothing stands."""
    if not text.strip():
        return None
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(
            f"--try {name}: {path}={text} is no value as in a recipe, such as 128, 2e-4, true or [1, 3, 5]"
        ) from error


def _replace(values: dict[str, Any], place: Place, value: Any) -> None:
    *way, key = place
    inside: Any = values
    for step in way:
        inside = inside[step]
    if value is None:
        del inside[key]
    else:
        inside[key] = value

"""docs/train-data.md says what a recipe may hold, all of it, and what `docmill train run` takes."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from typer.main import get_command

from docmill.cli.train import DATA_VARIABLE, app
from docmill.training.calibration import TARGETS
from docmill.training.certify import fewest
from docmill.training.recipe import Recipe

PAGE = (Path(__file__).parents[2] / "docs" / "train-data.md").read_text(encoding="utf-8")
SECTIONS = {"groups": "[groups.NAME]", "fields": "[fields.NAME]", "sources": "[[sources]]"}
NEEDED, NOTHING = "needed", "-"

Place = tuple[str, str]  # section and key


def chapter(title: str) -> str:
    """What stands below a heading, up to the next one of its rank."""
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def documented() -> dict[Place, str]:
    """The default of each key as the page's table has it; a row may be of several sections."""
    rows = re.findall(r"^\| (.+?) \| `(\w+)` \| (.+?) \| .+ \|$", chapter("Every key of a recipe"), re.MULTILINE)
    found = [((section, key), default) for sections, key, default in rows for section in sections.split(", ")]
    assert len(dict(found)) == len(found), "a key has two rows"
    return {(section.strip("`"), key): default for (section, key), default in found}


def nested(annotation: Any) -> type[BaseModel] | None:
    """The section that a field of a section is, if it is one."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := nested(part))), None)


def keys(model: type[BaseModel] = Recipe, above: str = "") -> Iterator[tuple[Place, FieldInfo]]:
    """Every key that a recipe may have."""
    for name, field in model.model_fields.items():
        path = f"{above}.{name}" if above else name
        if section := nested(field.annotation):
            yield from keys(section, path)
        else:
            yield (SECTIONS.get(above, f"[{above}]" if above else "top"), name), field


KEYS = dict(keys())


def test_every_key_of_a_recipe_is_explained_and_no_other() -> None:
    assert len(KEYS) > 60
    assert documented().keys() == KEYS.keys()


@pytest.mark.parametrize("place", KEYS, ids=" ".join)
def test_the_default_is_what_a_recipe_without_the_key_has(place: Place) -> None:
    field, told = KEYS[place], documented()[place]
    if field.is_required():
        assert told == NEEDED
    elif told == NOTHING:
        assert field.get_default() is None
    elif told.startswith("`"):
        value = tomllib.loads(f"value = {told.strip('`')}")["value"]
        default = field.get_default(call_default_factory=True, validated_data={})
        assert (list(default) if isinstance(default, tuple) else default) == value
    else:
        assert place[0] == "[fields.NAME]"  # those that depend on `many` are told in words
        assert place[1] in ("min_confidence", "exclusive")


def test_how_many_decisions_certify_is_as_the_page_says() -> None:
    rows = re.findall(r"^\| (0\.\d+) \| (\d+), (\d+), (\d+) \|$", chapter("Which documents certify"), re.MULTILINE)
    assert [float(target) for target, *_ in rows] == list(TARGETS)
    for target, *counts in rows:
        assert [int(count) for count in counts] == [fewest(errors, float(target), 0.95) for errors in (0, 1, 2)]


def test_every_option_of_a_training_is_explained() -> None:
    [run] = [command for name, command in get_command(app).commands.items() if name == "run"]  # type: ignore[attr-defined]
    options = {option for parameter in run.params for option in parameter.opts if option.startswith("--")}
    told = set(re.findall(r"^\| `(--[a-z-]+)", chapter("Options of `docmill train run`"), re.MULTILINE))
    assert told == options - {"--help"}


@pytest.mark.parametrize("variable", [DATA_VARIABLE, "DOCMILL_TRAIN_CACHE"])
def test_every_variable_of_a_training_is_explained(variable: str) -> None:
    assert f"`{variable}`" in chapter("Options of `docmill train run`")

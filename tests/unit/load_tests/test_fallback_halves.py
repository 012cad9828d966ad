"""What the full mode of load_tests/fallback_eval.py trains bundles with: load_tests/fallback_parts/halves.toml."""

from pathlib import Path

import pytest

from docmill.resources import resource
from docmill.training.recipe import Recipe, load_recipe
from load_tests import fallback_parts

HALVES = Path(fallback_parts.__file__).with_name("halves.toml")
SOURCES = ("cfpb", "mtsamples")
SHARED = (
    "base_model",
    "base_model_licence",
    "base_model_path",
    "languages",
    "seed",
    "encoder",
    "vocabulary",
    "training",
    "out_of_fold",
    "int8",
    "policy",
)


@pytest.fixture(scope="module")
def halves() -> Recipe:
    return load_recipe(HALVES)


@pytest.fixture(scope="module")
def shipped() -> Recipe:
    return load_recipe(resource("recipes/mailroom-en.toml"))


def test_its_sources_groups_fields_and_types_are_those_of_the_default_bundle(halves: Recipe, shipped: Recipe) -> None:
    sources = tuple(source for source in shipped.sources if source.name in SOURCES)
    groups = {source.group: shipped.groups[source.group] for source in sources}
    fields = {name for group in groups.values() for name in group.fields}
    assert tuple(source.name for source in halves.sources) == SOURCES
    assert halves.sources == sources
    assert halves.groups == groups
    assert halves.fields == {name: shipped.fields[name] for name in fields}
    assert halves.labels.unlabel == tuple(one for one in shipped.labels.unlabel if one.partition(".")[0] in groups)
    assert (halves.labels.merge, halves.labels.drop) == (shipped.labels.merge, shipped.labels.drop)


@pytest.mark.parametrize("section", SHARED)
def test_its_training_is_that_of_the_default_bundle(halves: Recipe, shipped: Recipe, section: str) -> None:
    assert getattr(halves, section) == getattr(shipped, section)


def test_but_for_the_tokens_which_its_first_lines_tell(halves: Recipe, shipped: Recipe) -> None:
    for of_halves, of_shipped in ((halves.teacher, shipped.teacher), (halves.student, shipped.student)):
        assert of_halves.tokens == 1_000_000
        assert of_halves == of_shipped.model_copy(update={"tokens": of_halves.tokens})
    head = " ".join(HALVES.read_text(encoding="utf-8").partition("\nname")[0].replace("#", "").split())
    assert "teacher and student see 1.0 million each" in head
    assert f"{shipped.teacher.tokens / 1e6:.1f} and {shipped.student.tokens / 1e6:.1f} million of all" in head

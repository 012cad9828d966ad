"""The mapping table of a recipe: names of sources to those of the bundle."""

from typing import Any

import pytest
from pydantic import ValidationError

from docmill.training.recipe import Recipe, Source, full_label
from tests.unit.training.corpora import VALUES, recipe


def post(of: Recipe) -> Source:
    return of.sources[1]


def test_full_labels() -> None:
    assert full_label("letter", "claim") == "letter.claim"
    assert full_label("letter", "letter") == "letter"


def test_a_sources_own_names_come_first() -> None:
    own = {"name": "post", "labels": {"old": "new"}, "entities": {"by": "law", "party": "law"}, "unused": ["law"]}
    mapped = recipe([own])
    assert mapped.merged_label("old", post(mapped)) == "letter.new"
    assert mapped.merged_label("new", post(mapped)) == "letter.new"
    assert mapped.merged_label("old", mapped.sources[2]) == "letter.old"  # another source
    fields = {name: mapped.source_field(name, post(mapped)) for name in ("by", "party", "jurisdiction", "law", "x")}
    assert fields == {"by": "law", "party": "law", "jurisdiction": "law", "law": None, "x": None}
    assert mapped.source_field("party", mapped.sources[2]) == "party"


def test_an_entity_that_is_unused_teaches_nothing_even_if_a_field_has_its_name() -> None:
    mapped = recipe([{"name": "post", "unused": ["party"]}])
    assert mapped.source_field("party", post(mapped)) is None


def test_merges_follow_a_sources_own_names() -> None:
    mapped = recipe([{"name": "post", "labels": {"o": "old"}}], labels={"merge": {"letter.old": "letter.new"}})
    assert mapped.merged_label("o", post(mapped)) == "letter.new"
    assert mapped.merged_label("old", post(mapped)) == "letter.new"


def test_masked_fields_are_not_taught() -> None:
    masked = recipe([{"name": "post", "masked": ["law"]}])
    assert masked.taught_fields(post(masked)) == ("party",)
    assert masked.taught_fields(masked.sources[2]) == ("party", "law")


def test_an_entity_of_a_masked_field_is_known_and_teaches_nothing() -> None:
    masked = recipe([{"name": "post", "masked": ["law"]}])
    assert masked.source_field("jurisdiction", post(masked)) is None
    assert masked.knows_entity("jurisdiction", post(masked))
    assert masked.source_field("jurisdiction", masked.sources[2]) == "law"
    assert not masked.knows_entity("colour", post(masked))


def test_labels_of_a_group_are_known_where_it_lists_them() -> None:
    groups = VALUES["groups"] | {"letter": VALUES["groups"]["letter"] | {"labels": ["claim", "letter"]}}
    assert recipe(groups=groups).known_labels("letter") == frozenset({"letter.claim", "letter"})
    assert recipe(groups=groups).known_labels("receipt") is None


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({"masked": ["colour"]}, r"source post names \['colour'\], which are no fields of letter"),
        ({"masked": ["total"]}, r"source post names \['total'\]"),  # a field of another group
        ({"entities": {"x": "total"}}, r"source post names \['total'\]"),
        ({"entities": {"x": "law"}, "unused": ["x"]}, r"source post both maps and does not use \['x'\]"),
        ({"entities": {"x": "law"}, "masked": ["law"]}, r"source post both maps to and masks \['law'\]"),
        ({"labels": {"a": ""}}, "at least 1 character"),
    ],
)
def test_what_is_wrong_with_a_sources_names(source: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        recipe([{"name": "post", **source}])


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ({"drop": ["old"]}, "old is of no group; write it in full: receipt.old"),
        ({"merge": {"letter.a": "receipt.b"}}, "letter.a and receipt.b are of different groups"),
        (
            {"merge": {"letter.a": "letter.b", "letter.b": "letter.c"}},
            "letter.a is merged into letter.b, which is itself",
        ),
        (
            {"merge": {"letter.a": "letter.b"}, "drop": ["letter.b"]},
            "letter.a is merged into letter.b, which is itself",
        ),
        (
            {"merge": {"letter.a": "letter.b"}, "drop": ["letter.a"]},
            r"\['letter.a'\] can be merged, dropped or unlabel",
        ),
        ({"drop": ["letter.a"], "unlabel": ["letter.a"]}, r"\['letter.a'\] can be merged, dropped or unlabelled"),
        ({"drop": ["letter.a", "letter.a"]}, r"\['letter.a'\] can be"),
        ({"drop": ["letter.claim"]}, "letter.claim contradicts the labels of group letter"),
        ({"merge": {"letter.a": "letter.b"}}, "letter.b contradicts the labels of group letter"),
    ],
)
def test_what_is_wrong_with_labels(labels: dict[str, Any], message: str) -> None:
    groups = VALUES["groups"] | {"letter": VALUES["groups"]["letter"] | {"labels": ["claim"]}}
    with pytest.raises(ValidationError, match=message):
        recipe(labels=labels, groups=groups)


def test_a_group_whose_name_begins_like_another() -> None:
    groups = VALUES["groups"] | {"letters": {"fields": [], "required": []}}
    with pytest.raises(ValidationError, match="are of different groups"):
        recipe(labels={"merge": {"letters.a": "letter.b"}}, groups=groups)

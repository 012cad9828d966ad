import tomllib
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from docmill.errors import ConfigurationError
from docmill.evaluation.gold import source_name
from docmill.resources import resource
from docmill.training.recipe import Recipe, load_recipe
from tests.unit.training import fakes
from tests.unit.training.fakes import RECIPE, recipe

SHIPPED = resource("recipes/mailroom-en.toml")
BASELINE = {"tokens": 300, "encoder_lr": 1e-4, "head_lr": 1e-3}


def changed(path: str, value: Any) -> dict[str, Any]:
    """The recipe with one value changed, or taken away where it is None."""
    values = deepcopy(RECIPE)
    inner: Any = values
    *parents, last = path.split(".")
    for key in parents:
        inner = inner[int(key) if key.isdecimal() else key]
    if value is None:
        del inner[last]
    else:
        inner[last] = value
    return values


def test_the_shipped_recipe_is_read_whole() -> None:
    shipped = load_recipe(SHIPPED)
    assert shipped.model_dump(mode="json", exclude_unset=True) == tomllib.loads(SHIPPED.read_text(encoding="utf-8"))
    assert shipped.field_names[:2] == ("claim_number", "policy_number")


@pytest.mark.parametrize(("said", "expected"), [({}, 0.35), ({"many": True}, 0.65), ({"min_confidence": 0.1}, 0.1)])
def test_how_sure_a_value_is_to_be(said: dict[str, Any], expected: float) -> None:
    fields = {**RECIPE["fields"], "total": {"kind": "money", **said}}
    assert recipe(fields=fields).fields["total"].min_confidence == expected


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("name", None, "name\n.*required"),
        ("unheard_of", 1, "unheard_of\n.*not permitted"),
        ("training.unheard_of", 1, "training.unheard_of\n.*not permitted"),
        ("student.distil", {"unheard_of": 1}, "student.distil.unheard_of\n.*not permitted"),
        ("encoder.max_tokens", 15, "encoder.max_tokens\n.*greater than or equal to 16"),
        ("encoder.max_tokens", 513, "encoder.max_tokens\n.*less than or equal to 512"),
        ("encoder.stride", -1, "encoder.stride\n"),
        ("encoder.type_windows", 0, "encoder.type_windows\n"),
        ("encoder.stride", 14, "stride 14 must be below max_tokens - 2"),
        ("training.tokens_per_step", 63, "training.tokens_per_step\n"),
        ("training.exponent", 1.1, "training.exponent\n"),
        ("training.dropout", 1, "training.dropout\n"),
        ("teacher.tokens", 0, "teacher.tokens\n"),
        ("teacher.encoder_lr", 0, "teacher.encoder_lr\n"),
        ("student.layers", [], "student.layers\n"),
        ("student.layers", [-1], "student.layers.0\n"),
        ("student.frozen_layers", 3, r"frozen_layers = 3 of \[student\], but the model has 2; name at most these"),
        (
            "study",
            {"baseline": {**BASELINE, "frozen_layers": 3}},
            r"frozen_layers = 3 of \[study.baseline\], but the model has 2",
        ),
        ("out_of_fold.folds", 1, "out_of_fold.folds\n"),
        ("int8", {"smoothing": 1}, "int8.smoothing\n"),
        ("policy.veto_decisions", 0, "policy.veto_decisions\n"),
        ("sources.0.share", 0, "sources.0.share\n"),
        ("fields.total.min_confidence", 1.1, "fields.total.min_confidence\n"),
        ("fields.total.many", "so many", "fields.total.many\n"),
        ("fields.total", {"kind": "money", "nested": False}, "set many = true, or leave it out"),
        ("fields.total", {"kind": "money", "many": True, "exclusive": True}, "set many = false, or leave it out"),
        ("sources.0.per_label", 0, "sources.0.per_label\n"),
        ("sources.0.synthetic_claims", 9, "sources.0.synthetic_claims\n"),
        ("sources.0.dealt", -1, "sources.0.dealt\n"),
        ("policy.target_precision", 1, "policy.target_precision\n"),
        ("policy.confidence_level", 1.0, "policy.confidence_level\n"),
        ("fields.date.kind", "number", "fields.date.kind\n"),
        ("groups.receipt.fields", ["date", "colour"], r"group receipt names unknown fields \['colour'\]"),
        ("groups.receipt.required", ["party"], r"group receipt requires \['party'\], which are not among its fields"),
        ("groups.receipt.fields", ["date", "date"], r"group receipt names a field twice: \['date', 'date'\]"),
        ("groups", {"a.b": {"fields": [], "required": []}}, "should match pattern"),
        ("languages", [], "languages\n.*at least 1 item"),
        ("fields", {}, "fields\n.*at least 1 item"),
        ("sources.1.name", "slips", r"sources \['slips'\] are named twice"),
        (
            "sources.1.name",
            "2025/deeds",
            r"(?s)sources\.1\.name\n.*'2025/deeds' is no name of a source.* of one folder",
        ),
        ("sources.1.name", "deeds/", "no name of a source"),
        ("sources.1.name", r"2025\deeds", "no name of a source"),
        ("sources.1.name", "", "no name of a source"),
        ("sources.1.name", ".", "no name of a source"),
        ("sources.1.name", "..", "no name of a source"),
        ("sources.1.group", "letter", "source deeds names an unknown group letter"),
    ],
)
def test_what_is_wrong_is_named(path: str, value: Any, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Recipe.model_validate(changed(path, value))


@pytest.mark.parametrize("name", ["claims-written-2", "2025 letters", ".hidden", "...", "Briefe über Hagel", "a.b"])
def test_what_names_one_folder_names_a_source(name: str) -> None:
    assert Recipe.model_validate(changed("sources.1.name", name)).sources[1].name == name
    assert source_name(Path("data") / name / "train.jsonl.gz") == name  # as evaluation knows it


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"name = ", "Invalid value"),
        (b"name = '\xff'", "utf-8"),
        (b"", "Field required"),
    ],
)
def test_a_file_that_is_no_recipe(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "r.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=message) as caught:
        load_recipe(path)
    assert str(caught.value).startswith(f"recipe {path}: ")


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="No such file"):
        load_recipe(tmp_path / "r.toml")


@pytest.mark.parametrize(
    ("label", "group", "field"),
    [
        ("date", "receipt", "date"),
        ("date", "contract", None),  # of another group
        ("governing_law", "contract", "law"),
        ("jurisdiction", "contract", "law"),
        ("law", "contract", None),  # its own name is not among its aliases
        ("colour", "receipt", None),
    ],
)
def test_an_entity_teaches_a_field_of_its_group(label: str, group: str, field: str | None) -> None:
    assert recipe().entity_field(label, group) == field


def test_a_field_without_aliases_is_taught_by_nothing() -> None:
    shy = recipe(fields=RECIPE["fields"] | {"date": {"kind": "date", "entities": []}})
    assert shy.entity_field("date", "receipt") is None


STUDY: dict[str, Any] = {
    "baseline": BASELINE,
    "seeds": [8],
    "curve": [10],
    "curve_tokens": 200,
}


def test_a_budget_scales_the_tokens_of_every_stage_that_trains() -> None:
    scaled = recipe(study=STUDY).scaled(0.5)
    assert scaled.study is not None
    assert scaled.study.baseline is not None
    tokens = (scaled.teacher.tokens, scaled.student.tokens, scaled.study.baseline.tokens, scaled.out_of_fold.tokens)
    assert tokens == (500, 1000, 150, 250)
    assert scaled.study.curve_tokens == 100
    assert scaled.study.curve == (10,)
    assert scaled.student.layers == (0, 2)
    assert recipe().scaled(0.5).study is None
    assert recipe().scaled(1.0) == recipe()


@pytest.mark.parametrize("missing", ["curve", "curve_tokens"])
def test_a_curve_needs_sizes_and_tokens(missing: str) -> None:
    with pytest.raises(ValidationError, match="curve and curve_tokens go together"):
        recipe(study={key: value for key, value in STUDY.items() if key != missing})


def test_every_stage_keeps_at_least_one_step() -> None:
    assert recipe().scaled(0.001).out_of_fold.tokens == recipe().training.tokens_per_step


def test_a_fold_that_is_held_out_costs_no_tokens() -> None:
    assert recipe(out_of_fold={"folds": 5}).scaled(0.5).out_of_fold.tokens is None


def of_slips(**kinds: str) -> Recipe:
    """The recipe with more fields of receipts, whose source is augmented."""
    group = RECIPE["groups"]["receipt"]
    groups = RECIPE["groups"] | {"receipt": group | {"fields": [*group["fields"], *kinds]}}
    return recipe(groups=groups, fields=RECIPE["fields"] | {name: {"kind": kind} for name, kind in kinds.items()})


def test_receipts_are_augmented_by_the_names_of_their_fields() -> None:
    assert of_slips(address="text", tax="money", number="identifier").sources[0].augment


def test_what_is_varied_cannot_be_decided_by_its_values() -> None:
    with pytest.raises(ValidationError, match=r"source slips has augment and values_decide.*leave one of them"):
        fakes.with_sources("slips", values_decide=True)
    assert fakes.with_sources("deeds", values_decide=True).sources[1].values_decide


def test_values_may_decide_some_fields_alone() -> None:
    deeds = fakes.with_sources("deeds", values_decide=["party"]).sources[1]
    assert (deeds.decides("party"), deeds.decides("law")) == (True, False)
    with pytest.raises(
        ValidationError, match=r"source deeds has values_decide of \['total'\], which it does not teach"
    ):
        fakes.with_sources("deeds", values_decide=["party", "total"])


@pytest.mark.parametrize("kind", ["date", "end_date", "duration", "text"])
def test_what_augmenting_would_scramble_is_refused(kind: str) -> None:
    """Digits are permuted outside `date`: 03/04 would become 05/08, and still be taught as a date."""
    with pytest.raises(
        ValidationError, match=r"source slips has augment = true.*digits of \['due'\] would be scrambled"
    ):
        of_slips(due=kind)
    masked = RECIPE["sources"][0] | {"masked": ["due"]}
    fields = RECIPE["fields"] | {"due": {"kind": kind}}
    groups = RECIPE["groups"] | {"receipt": {"fields": ["date", "total", "due"], "required": []}}
    assert recipe(fields=fields, groups=groups, sources=[masked, RECIPE["sources"][1]])  # nobody is taught it


@pytest.mark.parametrize("masked", [True, False], ids=["masked", "of another name"])
def test_without_a_field_date_nothing_is_augmented(masked: bool) -> None:
    fields = ["company", "date", "total"] if masked else ["company", "total"]
    slips = RECIPE["sources"][0] | ({"masked": ["date"]} if masked else {})
    with pytest.raises(ValidationError, match=r"no field date is annotated.*name them so, or leave augment out"):
        recipe(
            groups=RECIPE["groups"] | {"receipt": {"fields": fields, "required": []}},
            sources=[slips, RECIPE["sources"][1]],
        )


def test_a_company_that_is_no_text_is_not_swapped() -> None:
    with pytest.raises(ValidationError, match=r"digits of \['company'\] would be scrambled"):
        recipe(fields=RECIPE["fields"] | {"company": {"kind": "date"}})


def test_two_fields_may_swap_names() -> None:
    fields = RECIPE["fields"] | {
        "party": {"kind": "text", "entities": ["law"]},
        "law": {"kind": "text", "entities": ["party"]},
    }
    swapped = recipe(fields=fields)
    assert (swapped.entity_field("law", "contract"), swapped.entity_field("party", "contract")) == ("party", "law")

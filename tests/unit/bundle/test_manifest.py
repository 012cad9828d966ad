from typing import Any

import pytest
from pydantic import ValidationError

from docmill.bundle.manifest import Manifest
from docmill.pipeline.normalise import FieldKind
from docmill.pipeline.types import FieldSpec, GroupSpec
from tests.tiny_bundle import tiny_manifest


def described(**changes: Any) -> dict[str, Any]:
    return {**tiny_manifest().model_dump(mode="json"), **changes}


def certificate(**changes: Any) -> dict[str, Any]:
    known: dict[str, Any] = tiny_manifest().policy.certified[0].model_dump(mode="json")
    return {**known, **changes}


def groups(**changes: Any) -> dict[str, Any]:
    """The tiny groups, the receipt's entry changed."""
    known: dict[str, Any] = described()["groups"]
    return {**known, "receipt": {**known["receipt"], **changes}}


def test_specs_of_the_pipeline() -> None:
    manifest = tiny_manifest()
    assert manifest.field_specs()[1] == FieldSpec("date", FieldKind.DATE, many=False, day_first=False)
    switches = {"joined": True, "nested": False, "within_column": True, "exclusive": True}
    own = {"outside_bias": 1.5, "min_confidence": 0.2, **switches}
    entries = [{**entry, **own} for entry in described()["fields"]]
    expected = FieldSpec("date", FieldKind.DATE, many=False, **own)  # type: ignore[arg-type]
    assert Manifest.model_validate(described(fields=entries)).field_specs()[1] == expected
    required = ("company", "date", "total")
    assert manifest.group_specs()["receipt"] == GroupSpec("receipt", required, required, 0.8, 0.8)
    assert manifest.group_specs()["contract"].type_threshold is None


def test_it_survives_json() -> None:
    manifest = tiny_manifest()
    assert Manifest.model_validate_json(manifest.model_dump_json()) == manifest


END = {"name": "end", "kind": "end_date", "counts_from": ["date"]}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"surprise": 1}, "Extra inputs"),
        ({"format_version": 2}, "Input should be 1"),
        ({"name": ""}, "at least 1 character"),
        ({"languages": []}, "at least 1 item"),
        ({"labels": []}, "at least 1 item"),
        ({"labels": ["receipt", "receipt"]}, "more than once"),
        ({"labels": ["invoice.gas"]}, r"unknown groups \['invoice'\]"),
        ({"fields": []}, "at least 1 item"),
        (
            {"fields": [{"name": "date", "kind": "colour"}]},
            "'text', 'identifier', 'date', 'money', 'duration' or 'end_date'",
        ),
        ({"fields": [{"name": "date", "kind": "date"}] * 2}, "more than once"),
        (
            {"fields": [{"name": "date", "kind": "date", "counts_from": ["date"]}]},
            "only fields of kind end_date may have",
        ),
        (
            {"fields": [END, {"name": "date", "kind": "date"}]},
            r"end counts from \['date'\], which are no fields of kind date",
        ),
        ({"fields": [{"name": "date", "kind": "text"}, END]}, r"end counts from \['date'\]"),
        (
            {"fields": [{"name": "date", "kind": "date"}, END], "groups": groups(fields=["end"], required=[])},
            r"end counts from \['date'\], which its group has not",
        ),
        ({"groups": groups(fields=["colour"])}, r"group receipt names unknown fields \['colour'\]"),
        ({"groups": groups(required=["amount"])}, r"group receipt requires \['amount'\]"),
        ({"groups": groups(type_threshold=1.5)}, "less than or equal to 1"),
        ({"groups": groups(fields=["date", "date"])}, "more than once"),
        ({"files": {"../secret": "0" * 64}}, "should match pattern"),
        ({"files": {".hidden": "0" * 64}}, "should match pattern"),
        ({"files": {"model.int8.onnx": "abc"}}, "should match pattern"),
        ({"max_tokens": 3}, "greater than or equal to 4"),
        ({"stride": 30}, "stride 30 must be below max_tokens - 2 = 30"),
        ({"type_windows": 0}, "greater than or equal to 1"),
        ({"temperatures": {"type": 0.0, "tags": 1.0}}, "greater than 0"),
        ({"temperatures": {"type": float("nan"), "tags": 1.0}}, "finite number"),
        ({"outlier": {"file": "/etc/passwd", "threshold": 1.0}}, "Input should be 'outlier.npz'"),
        ({"outlier": {"threshold": 0}}, "greater than 0"),
        ({"golden": {"tolerance": 1.0}}, "less than 1"),
    ],
)
def test_what_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Manifest.model_validate(described(**changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"accepted": 90, "correct": 91}, "91 correct of 90 accepted of 100"),
        ({"accepted": 101}, "80 correct of 101 accepted of 100"),
        ({"what": "mood"}, "'type' or 'field'"),
        ({"group": "invoice"}, r"unknown groups \['invoice'\]"),
    ],
)
def test_certificates_are_checked(changes: dict[str, Any], message: str) -> None:
    policy = {**described()["policy"], "certified": [certificate(**changes)]}
    with pytest.raises(ValidationError, match=message):
        Manifest.model_validate(described(policy=policy))


VETO = {"label": "complaint.mortgage", "what": "type", "accepted": 10, "correct": 4, "upper_bound": 0.7}


def test_a_veto_goes_to_its_labels_group() -> None:
    policy = {**described()["policy"], "vetoed": [VETO]}
    groups = Manifest.model_validate(described(policy=policy)).group_specs()
    assert groups["complaint"].vetoed == {"complaint.mortgage"}
    assert groups["receipt"].vetoed == frozenset()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"label": "complaint.gas"}, r"vetoes name unknown labels \['complaint.gas'\]"),
        ({"what": "mood"}, "'type' or 'field'"),
        ({"accepted": 0}, "greater than or equal to 1"),
        ({"upper_bound": 1.1}, "less than or equal to 1"),
    ],
)
def test_vetoes_are_checked(changes: dict[str, Any], message: str) -> None:
    policy = {**described()["policy"], "vetoed": [{**VETO, **changes}]}
    with pytest.raises(ValidationError, match=message):
        Manifest.model_validate(described(policy=policy))


def test_a_manifest_of_before_vetoes_and_stages_is_read() -> None:
    before = described()
    del before["policy"]["vetoed"], before["training"]["stages"]
    manifest = Manifest.model_validate(before)
    assert not manifest.policy.vetoed
    assert not manifest.training.stages


def trained_on(**names: Any) -> dict[str, Any]:
    """The tiny manifest, trained on one source with such names."""
    source = {"name": "till", "licence": "none", "names": {"group": "receipt", **names}}
    return described(training={**described()["training"], "sources": [source]})


def test_the_names_of_a_source_are_found() -> None:
    manifest = Manifest.model_validate(trained_on(labels={"Bon": "receipt"}, entities={"Summe": "total"}))
    names = manifest.source_names("till")
    assert names is not None
    assert [names.full_label(own) for own in ("Bon", "receipt", "voucher")] == ["receipt", "receipt", "receipt.voucher"]
    assert manifest.source_names("bill") is None


def test_a_bundle_that_was_made_before_sources_had_names_still_loads() -> None:
    old = described(training={**described()["training"], "sources": [{"name": "till", "licence": "none"}]})
    assert Manifest.model_validate(old).source_names("till") is None


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ({"group": "invoice"}, "source till belongs to the unknown group invoice"),
        ({"entities": {"Summe": "sum"}}, r"source till names \['sum'\], which are no fields of receipt"),
        ({"masked": ["party"]}, r"source till names \['party'\], which are no fields of receipt"),
        ({"masked": ["total", "total"]}, "more than once"),
        ({"colour": "red"}, "Extra inputs"),
    ],
)
def test_names_of_a_source_that_are_refused(names: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Manifest.model_validate(trained_on(**names))

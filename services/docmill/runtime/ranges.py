"""How large the activations of a network grow, channel by channel: its fp32 graph, run on some windows.

Like graph.py, needs the package onnx.
"""

from collections.abc import Sequence

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

from docmill.pipeline.window import Window
from docmill.runtime.graph import GraphConfig, build_embedding_graph
from docmill.runtime.session import session_options
from docmill.runtime.smoothing import LayerRanges
from docmill.runtime.weights import EncoderWeights, Floats

SITES = ("hidden", "attended", "normed", "inner")


def activation_ranges(weights: EncoderWeights, config: GraphConfig, windows: Sequence[Window]) -> list[LayerRanges]:
    """One a layer. The weights must not be smoothed yet.

    Raises:
        ValueError: there is no window to look at.
    """
    if not windows:
        raise ValueError("ranges of activations need at least one window")
    model = build_embedding_graph(weights, config, "fp32")  # no head changes what goes into the layers
    names = [[f"{site}.{index}" for site in SITES] for index in range(len(weights.layers))]
    for index, of_layer in enumerate(names):
        for name, value in zip(of_layer, _values(index), strict=True):
            _let_out_largest(model, value, name)
    wanted = [name for of_layer in names for name in of_layer]
    session = ort.InferenceSession(model.SerializeToString(), session_options(), providers=["CPUExecutionProvider"])
    largest: dict[str, Floats] = {}
    for window in windows:
        for name, found in zip(wanted, session.run(wanted, {"ids": window.ids[None]}), strict=True):
            largest[name] = np.maximum(largest.get(name, found), found)
    return [LayerRanges(*(largest[name] for name in of_layer)) for of_layer in names]


def _values(index: int) -> list[str]:
    """Names in the graph of what goes into the products of a layer."""
    before = "embedding_norm" if index == 0 else f"layer.{index - 1}.output_norm"
    own = f"layer.{index}"
    return [before, f"{own}.attention", f"{own}.attention_norm", f"{own}.gelu"]


def _let_out_largest(model: onnx.ModelProto, value: str, name: str) -> None:
    """Make the largest absolute value of each channel an output [n] of the graph."""
    axes = f"{name}.axes"
    model.graph.initializer.append(numpy_helper.from_array(np.array([0, 1], dtype=np.int64), axes))
    model.graph.node.append(helper.make_node("Abs", [value], [f"{name}.absolute"]))
    model.graph.node.append(helper.make_node("ReduceMax", [f"{name}.absolute", axes], [name], keepdims=0))
    model.graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, None))

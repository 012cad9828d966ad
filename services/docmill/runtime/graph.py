"""The joint network as an ONNX graph, node by node: these are the nodes that run fast on a CPU.

    ids [1, L] -> Gather + positions -> LayerNormalization
      a layer:  (Mul) -> DynamicQuantizeLinear -> 3 x MatMulIntegerToFloat -> MultiHeadAttention (no mask)
                -> DynamicQuantizeMatMul -> Add, LayerNormalization
                -> (Mul) -> DynamicQuantizeMatMul -> Gelu -> (Mul) -> DynamicQuantizeMatMul -> Add, LayerNormalization
    -> tag_logits [1, L, F, 3], pooled [1, H] (+ ids -> Gather -> mean over L) -> type_logits [1, C]
    or, of an encoder without heads, -> embedding [1, H]

The products in brackets are there where the weights are smoothed, the sum where tokens speak for types by themselves.

Called by training, by what makes the embedder, and by tests: `onnx` is in their extras, not in the base install.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from docmill.runtime.weights import EncoderWeights, Floats, JointWeights, Layer, Linear, Norm

Precision = Literal["fp32", "int8"]
TAGS = 3  # outside, begin, inside
OPSET = 20  # the first with Gelu
IR_VERSION = 9  # of opset 20
MICROSOFT = "com.microsoft"
TABLE_BITS = 8  # the word embeddings are looked up, never multiplied as integers


@dataclass(frozen=True, slots=True)
class GraphConfig:
    """What the weights do not say."""

    heads: int
    max_tokens: int  # positions kept: a longer window fails to run
    norm_epsilon: float = 1e-12  # BERT's


def build_graph(
    weights: JointWeights, config: GraphConfig, precision: Precision, weight_bits: int = 7
) -> onnx.ModelProto:
    """The graph of one window alone, unpadded. Heads and norms are fp32 in both precisions.

    Args:
        weight_bits: of the int8 weights. CPUs without VNNI sum pairs of u8 x s8 products into 16 bits,
            which hold 2 x 255 x 63 and not 2 x 255 x 127: 8 bits saturate there, 7 never do.
    """
    graph = _Graph(precision, weight_bits, config)
    _heads(graph, _encoder(graph, weights), weights)
    labels, fields = weights.type_head.bias.size, weights.tag_head.bias.size // TAGS
    outputs = {"type_logits": (labels,), "tag_logits": ("L", fields, TAGS), "pooled": (weights.hidden_size,)}
    return graph.model(outputs, len(weights.words))


def build_embedding_graph(
    weights: EncoderWeights, config: GraphConfig, precision: Precision, weight_bits: int = 7
) -> onnx.ModelProto:
    """The graph of one text alone, unpadded: its mean hidden state, the frame included, at length 1.

    Args:
        weight_bits: see `build_graph`.
    """
    graph = _Graph(precision, weight_bits, config)
    pooled = _pooled(graph, _encoder(graph, weights), "pooled")
    graph.node("LpNormalization", [pooled], "embedding", axis=-1, p=2)
    return graph.model({"embedding": (weights.hidden_size,)}, len(weights.words))


def quantise(matrix: Floats, bits: int, axis: int) -> tuple[NDArray[np.int8], Floats]:
    """Symmetric `bits`-bit integers and the scale by which each slice along `axis` is multiplied back."""
    limit = 2 ** (bits - 1) - 1
    largest = np.abs(matrix).max(axis=1 - axis, keepdims=True)
    scale = np.where(largest > 0, largest / limit, 1.0).astype(np.float32)
    return np.clip(np.rint(matrix / scale), -limit, limit).astype(np.int8), scale


class _Graph:
    """Nodes and weights of a graph under construction. Values are named after what makes them."""

    def __init__(self, precision: Precision, weight_bits: int, config: GraphConfig) -> None:
        self.precision = precision
        self.weight_bits = weight_bits
        self.config = config
        self._nodes: list[onnx.NodeProto] = []
        self._weights: list[onnx.TensorProto] = []

    def constant(self, name: str, array: NDArray[np.generic]) -> str:
        self._weights.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def node(self, kind: str, inputs: list[str], name: str, domain: str = "", **attributes: int | float | str) -> str:
        """Add a node of one output, which has the node's name."""
        self._nodes.append(helper.make_node(kind, inputs, [name], name=name, domain=domain, **attributes))
        return name

    def quantised(self, x: str, name: str) -> list[str]:
        """x as u8 over its own range: values, scale, zero point."""
        outputs = [f"{name}.u8", f"{name}.scale", f"{name}.zero_point"]
        self._nodes.append(helper.make_node("DynamicQuantizeLinear", [x], outputs, name=f"{name}.quantise"))
        return outputs

    def integers(self, name: str, matrix: Floats) -> tuple[str, str]:
        """A matrix [in, out] as s8 with a scale an output channel."""
        values, scale = quantise(matrix, self.weight_bits, axis=1)
        return self.constant(f"{name}.weight", values), self.constant(f"{name}.weight_scale", scale[0])

    def linear(self, name: str, x: str, linear: Linear) -> str:
        """x [1, L, in] -> [1, L, out] in the graph's precision."""
        if self.precision == "fp32":
            return self.exact_linear(name, x, linear)
        weight, scale = self.integers(name, linear.weight)
        bias = self.constant(f"{name}.bias", linear.bias)
        return self.node("DynamicQuantizeMatMul", [x, weight, scale, "", bias], name, MICROSOFT)

    def exact_linear(self, name: str, x: str, linear: Linear) -> str:
        """x [..., in] -> [..., out] in fp32."""
        product = self.node("MatMul", [x, self.constant(f"{name}.weight", linear.weight)], f"{name}.product")
        return self.node("Add", [product, self.constant(f"{name}.bias", linear.bias)], name)

    def scaled(self, name: str, x: str, factors: Floats | None) -> str:
        """x [1, L, n] times `factors` [n], or x itself."""
        return x if factors is None else self.node("Mul", [x, self.constant(f"{name}.factors", factors)], name)

    def norm(self, name: str, x: str, norm: Norm) -> str:
        inputs = [x, self.constant(f"{name}.scale", norm.scale), self.constant(f"{name}.shift", norm.shift)]
        return self.node("LayerNormalization", inputs, name, axis=-1, epsilon=self.config.norm_epsilon)

    def model(self, outputs: Mapping[str, tuple[int | str, ...]], vocabulary: int) -> onnx.ModelProto:
        """The model with these outputs, each of shape [1, ...]."""
        graph = helper.make_graph(
            self._nodes,
            "docmill",
            [helper.make_tensor_value_info("ids", TensorProto.INT64, [1, "L"])],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, *shape]) for name, shape in outputs.items()],
            self._weights,
        )
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(MICROSOFT, 1)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="docmill")
        facts = {"max_tokens": self.config.max_tokens, "vocabulary": vocabulary}
        helper.set_model_props(model, {name: str(fact) for name, fact in facts.items()})
        onnx.checker.check_model(model)
        return model


def _encoder(graph: _Graph, weights: EncoderWeights) -> str:
    """ids [1, L] -> hidden [1, L, H]."""
    if graph.config.max_tokens > len(weights.positions):
        raise ValueError(f"max_tokens {graph.config.max_tokens} exceeds {len(weights.positions)} trained positions")
    hidden = _embeddings(graph, weights)
    for index, layer in enumerate(weights.layers):
        hidden = _layer(graph, f"layer.{index}", hidden, layer)
    return hidden


def _embeddings(graph: _Graph, weights: EncoderWeights) -> str:
    """ids [1, L] -> [1, L, H]."""
    words = _looked_up(graph, "words", weights.words)
    table = weights.positions[: graph.config.max_tokens] + weights.token_type
    length = graph.node("Shape", ["ids"], "length", start=1)
    zero = graph.constant("zero", np.zeros(1, dtype=np.int64))
    positions = graph.node("Slice", [graph.constant("positions.table", table), zero, length], "positions")
    embeddings = graph.node("Add", [words, positions], "embeddings")
    return graph.norm("embedding_norm", embeddings, weights.embedding_norm)


def _looked_up(graph: _Graph, name: str, table: Floats) -> str:
    """ids [1, L] -> their rows of a table [V, n], [1, L, n]; in int8 with a scale a row."""
    if graph.precision == "fp32":
        return graph.node("Gather", [graph.constant(f"{name}.table", table), "ids"], name)
    values, scale = quantise(table, TABLE_BITS, axis=0)
    rows = graph.node("Gather", [graph.constant(f"{name}.table", values), "ids"], f"{name}.rows")
    scales = graph.node("Gather", [graph.constant(f"{name}.table_scale", scale), "ids"], f"{name}.scales")
    cast = graph.node("Cast", [rows], f"{name}.cast", to=TensorProto.FLOAT)
    return graph.node("Mul", [cast, scales], name)


def _layer(graph: _Graph, name: str, hidden: str, layer: Layer) -> str:
    """hidden [1, L, H] -> [1, L, H]."""
    smoothing = layer.smoothing
    shared = graph.scaled(f"{name}.smoothed_hidden", hidden, smoothing.hidden if smoothing else None)
    heads = _query_key_value(graph, name, shared, layer)
    count = graph.config.heads
    attended = graph.node("MultiHeadAttention", heads, f"{name}.attention", MICROSOFT, num_heads=count)
    attention = graph.linear(f"{name}.attention_output", attended, layer.attention_output)
    hidden = graph.node("Add", [attention, hidden], f"{name}.attention_sum")
    hidden = graph.norm(f"{name}.attention_norm", hidden, layer.attention_norm)
    normed = graph.scaled(f"{name}.smoothed_normed", hidden, smoothing.normed if smoothing else None)
    inner = graph.linear(f"{name}.intermediate", normed, layer.intermediate)
    inner = graph.node("Gelu", [inner], f"{name}.gelu")  # approximate="none": the erf of BERT
    inner = graph.scaled(f"{name}.smoothed_inner", inner, smoothing.inner if smoothing else None)
    output = graph.linear(f"{name}.output", inner, layer.output)
    hidden = graph.node("Add", [output, hidden], f"{name}.output_sum")
    return graph.norm(f"{name}.output_norm", hidden, layer.output_norm)


def _query_key_value(graph: _Graph, name: str, hidden: str, layer: Layer) -> list[str]:
    """Three projections [1, L, H]; int8 quantises what they share once."""
    parts = {f"{name}.query": layer.query, f"{name}.key": layer.key, f"{name}.value": layer.value}
    if graph.precision == "fp32":
        return [graph.exact_linear(part, hidden, linear) for part, linear in parts.items()]
    values, scale, zero_point = graph.quantised(hidden, f"{name}.hidden")
    projections = []
    for part, linear in parts.items():
        weight, weight_scale = graph.integers(part, linear.weight)
        bias = graph.constant(f"{part}.bias", linear.bias)
        inputs = [values, weight, scale, weight_scale, zero_point, "", bias]
        projections.append(graph.node("MatMulIntegerToFloat", inputs, part, MICROSOFT))
    return projections


def _heads(graph: _Graph, hidden: str, weights: JointWeights) -> None:
    """hidden [1, L, H] -> the graph's outputs. The pooled mean takes in the frame, as JointModel's does."""
    tags = graph.exact_linear("tag_head", hidden, weights.tag_head)
    fields = weights.tag_head.bias.size // TAGS
    shape = graph.constant("tag_shape", np.array([0, 0, fields, TAGS], dtype=np.int64))  # 0: as it is
    graph.node("Reshape", [tags, shape], "tag_logits")
    pooled = _pooled(graph, hidden, "pooled")
    if weights.type_words is None:
        graph.exact_linear("type_logits", pooled, weights.type_head)
        return
    types = graph.exact_linear("type_head", pooled, weights.type_head)
    words = _looked_up(graph, "type_words", weights.type_words)
    graph.node("Add", [types, _mean(graph, words, "type_words.mean", "sequence_axis")], "type_logits")


def _pooled(graph: _Graph, hidden: str, name: str) -> str:
    """hidden [1, L, H] -> its mean [1, H]."""
    return _mean(graph, hidden, name, graph.constant("sequence_axis", np.ones(1, dtype=np.int64)))


def _mean(graph: _Graph, x: str, name: str, axis: str) -> str:
    """x [1, L, n] -> [1, n]."""
    return graph.node("ReduceMean", [x, axis], name, keepdims=0)

"""The weights of the joint network in numpy, as the graph multiplies them. Does not know torch or ONNX."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Linear:
    """`x @ weight + bias`."""

    weight: Floats  # [in, out]: torch keeps the transpose
    bias: Floats  # [out]


@dataclass(frozen=True, slots=True)
class Norm:
    """LayerNorm over the last axis."""

    scale: Floats  # [H]
    shift: Floats  # [H]


@dataclass(frozen=True, slots=True)
class Smoothing:
    """What inputs of a layer's products are multiplied by, channel by channel, before they are quantised.

    The weights that they meet hold the inverse, so nothing changes but the error of quantisation; see smoothing.py.
    """

    hidden: Floats  # [H], of query, key and value
    normed: Floats  # [H], of intermediate
    inner: Floats  # [I], of output


@dataclass(frozen=True, slots=True)
class Layer:
    """One BERT layer, post-norm."""

    query: Linear
    key: Linear
    value: Linear
    attention_output: Linear
    attention_norm: Norm
    intermediate: Linear  # [H, I]
    output: Linear  # [I, H]
    output_norm: Norm
    smoothing: Smoothing | None = None


@dataclass(frozen=True, slots=True)
class JointWeights:
    """The whole network: one encoder, the document-type head, a three-way tag head a field."""

    words: Floats  # [V, H]
    positions: Floats  # [P, H]
    token_type: Floats  # [H]: row 0, the only one docmill uses
    embedding_norm: Norm
    layers: tuple[Layer, ...]
    type_head: Linear  # [H, C]
    tag_head: Linear  # [H, F * 3]

    @property
    def hidden_size(self) -> int:
        return int(self.words.shape[1])


def from_state_dict(state: Mapping[str, NDArray[np.float32]], layers: int) -> JointWeights:
    """The weights of a `JointModel.state_dict()` whose tensors were turned into arrays.

    Args:
        layers: how many encoder layers the network has; all of them are taken.

    Raises:
        KeyError: the state lacks a weight.
        ValueError: the state holds more weights than such a network has, for example further layers.
    """
    taken: set[str] = set()

    def array(name: str) -> Floats:
        taken.add(name)
        return np.ascontiguousarray(state[name], dtype=np.float32)

    def linear(name: str) -> Linear:
        return Linear(np.ascontiguousarray(array(f"{name}.weight").T), array(f"{name}.bias"))

    def norm(name: str) -> Norm:
        return Norm(array(f"{name}.weight"), array(f"{name}.bias"))

    def layer(name: str) -> Layer:
        return Layer(
            query=linear(f"{name}.attention.self.query"),
            key=linear(f"{name}.attention.self.key"),
            value=linear(f"{name}.attention.self.value"),
            attention_output=linear(f"{name}.attention.output.dense"),
            attention_norm=norm(f"{name}.attention.output.LayerNorm"),
            intermediate=linear(f"{name}.intermediate.dense"),
            output=linear(f"{name}.output.dense"),
            output_norm=norm(f"{name}.output.LayerNorm"),
        )

    weights = JointWeights(
        words=array("encoder.embeddings.word_embeddings.weight"),
        positions=array("encoder.embeddings.position_embeddings.weight"),
        token_type=array("encoder.embeddings.token_type_embeddings.weight")[0],
        embedding_norm=norm("encoder.embeddings.LayerNorm"),
        layers=tuple(layer(f"encoder.encoder.layer.{index}") for index in range(layers)),
        type_head=linear("type_head"),
        tag_head=linear("tag_head"),
    )
    if unknown := sorted(state.keys() - taken):
        raise ValueError(f"{layers} layers do not use {len(unknown)} of the weights: {unknown[:5]}")
    return weights

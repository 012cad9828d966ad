"""Weights of an encoder and of the joint network in numpy, as the graph multiplies them. Knows no torch and no ONNX."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TypedDict

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
class EncoderWeights:
    """A BERT encoder without its pooler."""

    words: Floats  # [V, H]
    positions: Floats  # [P, H]
    token_type: Floats  # [H]: row 0, the only one docmill uses
    embedding_norm: Norm
    layers: tuple[Layer, ...]

    @property
    def hidden_size(self) -> int:
        return int(self.words.shape[1])


@dataclass(frozen=True, slots=True)
class JointWeights(EncoderWeights):
    """The whole network: one encoder, the document-type head, a three-way tag head a field.

    `type_words`: what each token says of the type by itself, whose mean is added to the type head's logits.
    """

    type_head: Linear  # [H, C]
    tag_head: Linear  # [H, F * 3]
    type_words: Floats | None = None  # [V, C]


def from_state_dict(state: Mapping[str, NDArray[np.float32]], layers: int) -> JointWeights:
    """The weights of a `JointModel.state_dict()` whose tensors were turned into arrays.

    Args:
        layers: how many encoder layers the network has; all of them are taken.

    Raises:
        KeyError: the state lacks a weight.
        ValueError: the state holds more weights than such a network has, for example further layers.
    """
    reader = _Reader(state)
    weights = JointWeights(
        **reader.encoder("encoder.", layers),
        type_head=reader.linear("type_head"),
        tag_head=reader.linear("tag_head"),
        type_words=reader.array("type_words.weight") if "type_words.weight" in state else None,
    )
    reader.require_all_taken(layers)
    return weights


def encoder_from_checkpoint(
    state: Mapping[str, NDArray[np.float32]], layers: int, unused: Collection[str] = ()
) -> EncoderWeights:
    """The weights of a BERT checkpoint in the layout of Hugging Face's BertModel.

    Args:
        unused: names of weights that the encoder does without, such as the pooler's.

    Raises:
        KeyError: the state lacks a weight.
        ValueError: the state holds further weights.
    """
    reader = _Reader({name: array for name, array in state.items() if name not in unused})
    weights = EncoderWeights(**reader.encoder("", layers))
    reader.require_all_taken(layers)
    return weights


class _EncoderParts(TypedDict):
    words: Floats
    positions: Floats
    token_type: Floats
    embedding_norm: Norm
    layers: tuple[Layer, ...]


class _Reader:
    """A state by name, and which of it was read."""

    def __init__(self, state: Mapping[str, NDArray[np.float32]]) -> None:
        self._state = state
        self._taken: set[str] = set()

    def array(self, name: str) -> Floats:
        self._taken.add(name)
        return np.ascontiguousarray(self._state[name], dtype=np.float32)

    def linear(self, name: str) -> Linear:
        return Linear(np.ascontiguousarray(self.array(f"{name}.weight").T), self.array(f"{name}.bias"))

    def norm(self, name: str) -> Norm:
        return Norm(self.array(f"{name}.weight"), self.array(f"{name}.bias"))

    def layer(self, name: str) -> Layer:
        return Layer(
            query=self.linear(f"{name}.attention.self.query"),
            key=self.linear(f"{name}.attention.self.key"),
            value=self.linear(f"{name}.attention.self.value"),
            attention_output=self.linear(f"{name}.attention.output.dense"),
            attention_norm=self.norm(f"{name}.attention.output.LayerNorm"),
            intermediate=self.linear(f"{name}.intermediate.dense"),
            output=self.linear(f"{name}.output.dense"),
            output_norm=self.norm(f"{name}.output.LayerNorm"),
        )

    def encoder(self, prefix: str, layers: int) -> _EncoderParts:
        return {
            "words": self.array(f"{prefix}embeddings.word_embeddings.weight"),
            "positions": self.array(f"{prefix}embeddings.position_embeddings.weight"),
            "token_type": self.array(f"{prefix}embeddings.token_type_embeddings.weight")[0],
            "embedding_norm": self.norm(f"{prefix}embeddings.LayerNorm"),
            "layers": tuple(self.layer(f"{prefix}encoder.layer.{index}") for index in range(layers)),
        }

    def require_all_taken(self, layers: int) -> None:
        if unknown := sorted(self._state.keys() - self._taken):
            raise ValueError(f"{layers} layers do not use {len(unknown)} of the weights: {unknown[:5]}")

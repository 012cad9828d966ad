"""SmoothQuant: the spread of activations over channels is moved into the weights, where a scale a channel can hold it.

BERT adds and normalises after each block, so a norm's output goes into the next sum as well as into the next product,
and a factor cannot hide in the norm: it is a product of its own in the graph, 1 to 2 % of its time. Only that of the
attended values costs nothing: it goes through attention unchanged, into the value projection.

Source: Xiao et al., "SmoothQuant: Accurate and Efficient Post-Training Quantization for Large Language Models", 2023.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from docmill.runtime.weights import EncoderWeights, Floats, Layer, Linear, Smoothing

Weights = TypeVar("Weights", bound=EncoderWeights)
LEAST = 1e-5  # of a range: a channel that is always 0 has no scale


@dataclass(frozen=True, slots=True)
class LayerRanges:
    """The largest absolute activation of each channel at the four inputs of a layer's products."""

    hidden: Floats  # [H], of query, key and value
    attended: Floats  # [H], of attention_output
    normed: Floats  # [H], of intermediate
    inner: Floats  # [I], of output


def smooth(weights: Weights, ranges: Sequence[LayerRanges], alpha: float) -> Weights:
    """Weights of the same function whose products are easier to quantise.

    Args:
        alpha: at 1 all of the activations' spread goes into the weights, at 0 all of the weights' into the activations.
    """
    layers = (_smooth_layer(layer, found, alpha) for layer, found in zip(weights.layers, ranges, strict=True))
    return replace(weights, layers=tuple(layers))


def _smooth_layer(layer: Layer, ranges: LayerRanges, alpha: float) -> Layer:
    hidden = _scales(ranges.hidden, [layer.query.weight, layer.key.weight, layer.value.weight], alpha)
    attended = _scales(ranges.attended, [layer.attention_output.weight], alpha)
    normed = _scales(ranges.normed, [layer.intermediate.weight], alpha)
    inner = _scales(ranges.inner, [layer.output.weight], alpha)
    value = Linear(_up(layer.value, hidden).weight / attended, layer.value.bias / attended)
    return replace(
        layer,
        query=_up(layer.query, hidden),
        key=_up(layer.key, hidden),
        value=value,
        attention_output=_up(layer.attention_output, attended),
        intermediate=_up(layer.intermediate, normed),
        output=_up(layer.output, inner),
        smoothing=Smoothing(np.reciprocal(hidden), np.reciprocal(normed), np.reciprocal(inner)),
    )


def _scales(activations: Floats, matrices: Sequence[Floats], alpha: float) -> Floats:
    """By what each input channel [n] is divided, and its row of the weights multiplied."""
    largest = np.max([np.abs(matrix).max(axis=1) for matrix in matrices], axis=0)
    scales = np.maximum(activations, LEAST) ** alpha / np.maximum(largest, LEAST) ** (1 - alpha)
    scales /= np.exp(np.log(scales).mean())
    return np.asarray(scales, dtype=np.float32)


def _up(linear: Linear, scales: Floats) -> Linear:
    return Linear(linear.weight * scales[:, None], linear.bias)

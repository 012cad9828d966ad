"""The int8 graph of an encoder without heads, its activations smoothed. Needs the package onnx."""

from collections.abc import Sequence

from docmill.pipeline.window import Window
from docmill.runtime.graph import GraphConfig, build_embedding_graph
from docmill.runtime.ranges import activation_ranges
from docmill.runtime.smoothing import smooth
from docmill.runtime.weights import EncoderWeights


def smoothed_embedding_graph(
    weights: EncoderWeights, config: GraphConfig, windows: Sequence[Window], alpha: float
) -> bytes:
    """The graph as a file's bytes.

    Args:
        windows: framed, of texts like those to come; activations are measured on them.
        alpha: see `smoothing.smooth`.
    """
    smoothed = smooth(weights, activation_ranges(weights, config, windows), alpha)
    content: bytes = build_embedding_graph(smoothed, config, "int8").SerializeToString(deterministic=True)
    return content

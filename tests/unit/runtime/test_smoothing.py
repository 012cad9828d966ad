from dataclasses import replace

import numpy as np
import onnxruntime as ort
import pytest

from docmill.pipeline.window import Window
from docmill.runtime.dequantise import weights_of_graph
from docmill.runtime.graph import GraphConfig, Precision, build_graph, quantise
from docmill.runtime.ranges import activation_ranges
from docmill.runtime.smoothing import LayerRanges, smooth
from docmill.runtime.weights import Floats, JointWeights, Linear, Norm
from tests.tiny_bundle import HEADS, HIDDEN, INNER, LAYERS, MAX_TOKENS, tiny_tokenizer, tiny_weights

CONFIG = GraphConfig(HEADS, MAX_TOKENS)
WEIGHTS = tiny_weights(tiny_tokenizer())
WINDOWS = [Window(0, np.arange(4 + n, 30 + n, dtype=np.int64)) for n in range(5)]
UNSEEN = np.arange(40, 70, dtype=np.int64)


def uneven() -> JointWeights:
    """The tiny weights with a channel that is fifty times as large wherever a norm lets something out."""
    scale = np.ones(HIDDEN, np.float32)
    scale[7] = 50
    norm = Norm(scale, np.zeros(HIDDEN, np.float32))
    layers = tuple(replace(layer, attention_norm=norm, output_norm=norm) for layer in WEIGHTS.layers)
    return replace(WEIGHTS, embedding_norm=norm, layers=layers)


def tag_logits(weights: JointWeights, precision: Precision) -> Floats:
    graph = build_graph(weights, CONFIG, precision).SerializeToString()
    logits: Floats = ort.InferenceSession(graph).run(["tag_logits"], {"ids": UNSEEN[None]})[0]
    return logits


@pytest.mark.parametrize("alpha", [0.0, 0.5, 0.8])
def test_smoothing_changes_nothing_in_fp32(alpha: float) -> None:
    smoothed = smooth(uneven(), activation_ranges(uneven(), CONFIG, WINDOWS), alpha)
    np.testing.assert_allclose(tag_logits(smoothed, "fp32"), tag_logits(uneven(), "fp32"), rtol=0, atol=1e-4)


def test_a_product_of_uneven_channels_is_closer_to_exact() -> None:
    """Activations of very different channels, whose weights are small where they are large, as in trained networks."""
    rng = np.random.default_rng(0)
    spread = np.exp(rng.normal(0, 1.5, HIDDEN)).astype(np.float32)
    x = (rng.normal(size=(64, HIDDEN)) * spread).astype(np.float32)
    weight = (rng.normal(size=(HIDDEN, INNER)) / spread[:, None]).astype(np.float32)
    layer = replace(WEIGHTS.layers[0], intermediate=Linear(weight, np.zeros(INNER, np.float32)))
    normed = np.abs(x).max(axis=0)
    other = np.ones(HIDDEN, np.float32)
    ranges = LayerRanges(hidden=other, attended=other, normed=normed, inner=np.ones(INNER, np.float32))
    [smoothed] = smooth(replace(WEIGHTS, layers=(layer,)), [ranges], 0.8).layers
    assert smoothed.smoothing is not None
    plain = _activations(x) @ _quantised(layer.intermediate)
    better = _activations(x * smoothed.smoothing.normed) @ _quantised(smoothed.intermediate)
    assert np.abs(better - x @ weight).mean() < 0.5 * np.abs(plain - x @ weight).mean()


def test_activations_lose_the_spread_that_weights_gain() -> None:
    weights = uneven()
    before = activation_ranges(weights, CONFIG, WINDOWS)
    smoothed = smooth(weights, before, 0.8)
    for layer, plain, ranges in zip(smoothed.layers, weights.layers, before, strict=True):
        assert layer.smoothing is not None
        spread = [np.ptp(np.log(r)) for r in (ranges.normed, ranges.normed * layer.smoothing.normed)]
        assert spread[1] < 0.5 * spread[0]
        np.testing.assert_allclose(
            layer.intermediate.weight * layer.smoothing.normed[:, None], plain.intermediate.weight, rtol=1e-4
        )


def test_a_channel_that_is_always_zero_stays_finite() -> None:
    ranges = [
        LayerRanges(
            np.zeros(HIDDEN, np.float32),
            np.zeros(HIDDEN, np.float32),
            np.ones(HIDDEN, np.float32),
            np.ones(INNER, np.float32),
        )
        for _ in range(LAYERS)
    ]
    for layer in smooth(WEIGHTS, ranges, 0.8).layers:
        assert all(np.isfinite(linear.weight).all() for linear in (layer.query, layer.value, layer.attention_output))


def test_ranges_are_the_largest_over_all_windows() -> None:
    both = activation_ranges(WEIGHTS, CONFIG, WINDOWS)
    apart = [activation_ranges(WEIGHTS, CONFIG, [window]) for window in WINDOWS]
    assert len(both) == LAYERS
    for index, ranges in enumerate(both):
        for name, size in (("hidden", HIDDEN), ("attended", HIDDEN), ("normed", HIDDEN), ("inner", INNER)):
            expected = np.max([getattr(of_window[index], name) for of_window in apart], axis=0)
            assert getattr(ranges, name).shape == (size,)
            np.testing.assert_array_equal(getattr(ranges, name), expected)


def test_what_goes_into_the_first_layer_is_normed() -> None:
    [first, *_] = activation_ranges(uneven(), CONFIG, WINDOWS)
    assert first.hidden.argmax() == 7


def test_no_window_has_no_range() -> None:
    with pytest.raises(ValueError, match="at least one window"):
        activation_ranges(WEIGHTS, CONFIG, [])


def test_dequantised_weights_are_no_longer_smoothed() -> None:
    weights = uneven()
    smoothed = smooth(weights, activation_ranges(weights, CONFIG, WINDOWS), 0.8)
    found = weights_of_graph(build_graph(smoothed, CONFIG, "int8"))
    for layer, source in zip(found.layers, smoothed.layers, strict=True):
        assert layer.smoothing is None
        assert source.smoothing is not None
        expected = _quantised(source.output) * source.smoothing.inner[:, None]
        np.testing.assert_allclose(layer.output.weight, expected, rtol=1e-5)
    # Quantisation of weights alone: far closer than that of activations too.
    exact, dequantised = tag_logits(smoothed, "fp32"), tag_logits(replace(found, positions=WEIGHTS.positions), "fp32")
    assert np.abs(dequantised - exact).mean() < np.abs(exact).mean()


def _activations(x: Floats) -> Floats:
    """As DynamicQuantizeLinear makes them u8 over the range of all, and back."""
    step = (max(0.0, x.max()) - min(0.0, x.min())) / 255
    zero = np.rint(-min(0.0, x.min()) / step)
    return np.asarray((np.clip(np.rint(x / step) + zero, 0, 255) - zero) * step, dtype=np.float32)


def _quantised(linear: Linear) -> Floats:
    values, scale = quantise(linear.weight, 7, axis=1)
    return values.astype(np.float32) * scale

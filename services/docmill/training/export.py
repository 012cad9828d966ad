"""A fitted model to ONNX graphs, fp32 and int8."""

import random
from collections.abc import Sequence
from pathlib import Path

from docmill.pipeline.window import Window, cut, tokenise
from docmill.runtime.graph import GraphConfig, build_graph
from docmill.runtime.ranges import activation_ranges
from docmill.runtime.smoothing import smooth
from docmill.runtime.weights import JointWeights, from_state_dict
from docmill.training.corpus import LabelledDocument
from docmill.training.materials import Materials
from docmill.training.model import JointModel, load_model

FP32_FILE, INT8_FILE = "model.fp32.onnx", "model.int8.onnx"


def make_graphs(materials: Materials, model_folder: Path, folder: Path) -> None:
    """Both graphs of a saved model."""
    model = load_model(model_folder)
    weights, config = weights_of(model), graph_config(model, materials)
    (folder / FP32_FILE).write_bytes(build_graph(weights, config, "fp32").SerializeToString(deterministic=True))
    (folder / INT8_FILE).write_bytes(int8_graph(weights, config, materials, materials.training.all))


def make_fp32_graph(materials: Materials, model_folder: Path, folder: Path) -> None:
    """The fp32 graph of a saved model alone."""
    model = load_model(model_folder)
    graph = build_graph(weights_of(model), graph_config(model, materials), "fp32")
    (folder / FP32_FILE).write_bytes(graph.SerializeToString(deterministic=True))


def int8_graph(
    weights: JointWeights, config: GraphConfig, materials: Materials, documents: Sequence[LabelledDocument]
) -> bytes:
    """The int8 graph, its activations smoothed by what windows of `documents` make of them."""
    settings = materials.recipe.int8
    if settings.smoothing:
        windows = sample_windows(materials, documents, settings.windows)
        weights = smooth(weights, activation_ranges(weights, config, windows), settings.smoothing)
    content: bytes = build_graph(weights, config, "int8").SerializeToString(deterministic=True)
    return content


def sample_windows(materials: Materials, documents: Sequence[LabelledDocument], count: int) -> list[Window]:
    """Up to `count` windows, one a document, as many documents of each source as can be."""
    rng = random.Random(materials.seed("int8"))  # noqa: S311
    by_source: dict[str, list[LabelledDocument]] = {}
    for document in sorted(documents, key=lambda d: d.id):
        by_source.setdefault(document.source, []).append(document)
    windows: list[Window] = []
    for number, own in enumerate(by_source.values(), start=1):
        wanted = (count - len(windows)) // (len(by_source) - number + 1)
        for document in rng.sample(own, min(wanted, len(own))):
            found = cut(tokenise(materials.tokenizer, materials.windowing, document.text), materials.windowing)
            windows += rng.sample(found, min(1, len(found)))
    return windows


def weights_of(model: JointModel) -> JointWeights:
    """The model's weights in numpy."""
    state = {name: tensor.numpy() for name, tensor in model.state_dict().items()}
    return from_state_dict(state, model.encoder.config.num_hidden_layers)


def graph_config(model: JointModel, materials: Materials) -> GraphConfig:
    """What the weights do not say."""
    config = model.encoder.config
    return GraphConfig(config.num_attention_heads, materials.windowing.max_tokens, config.layer_norm_eps)

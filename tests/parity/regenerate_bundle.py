"""Makes fixtures/bundle.npz: what torch says of our samples with the default bundle's own weights.

python -m tests.parity.regenerate_bundle      (extra [train]; after every change of the bundle)
"""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from docmill.bundle.load import default_bundle, load_bundle
from docmill.pipeline.window import Window, cut, tokenise
from docmill.runtime.dequantise import weights_of_graph
from docmill.runtime.weights import JointWeights, Linear, Norm

FIXTURE = Path(__file__).parent / "fixtures" / "bundle.npz"
SAMPLES = Path(__file__).parents[2] / "samples"
HEADS = 12
POSITIONS = 8  # tag logits are kept at so many tokens of a window


def sample_windows() -> dict[str, Window]:
    """The first and the last window of every text sample."""
    bundle = load_bundle(default_bundle())
    windows: dict[str, Window] = {}
    for path in sorted(SAMPLES.glob("[!b]*/*.txt")):
        cuts = cut(tokenise(bundle.tokenizer, bundle.windowing, path.read_text(encoding="utf-8")), bundle.windowing)
        windows |= {f"{path.stem}.first": cuts[0], f"{path.stem}.last": cuts[-1]}
    return windows


def bundle_weights() -> JointWeights:
    """The default bundle's weights, dequantised."""
    return weights_of_graph(onnx.load(str(load_bundle(default_bundle()).model_path)))


def kept(tags: NDArray[np.float32]) -> NDArray[np.float32]:
    """Tag logits [1, L, F, 3] at evenly spread tokens."""
    chosen: NDArray[np.float32] = tags[0, np.linspace(0, tags.shape[1] - 1, POSITIONS).astype(int)]
    return chosen


def torch_outputs(weights: JointWeights, windows: dict[str, Window]) -> dict[str, NDArray[Any]]:
    """`<window>.types`, `.tags` and `.pooled` as the torch network computes them."""
    import torch
    from transformers import BertConfig

    from docmill.training.model import JointModel

    labels, fields = weights.type_head.bias.size, weights.tag_head.bias.size // 3
    config = BertConfig(
        vocab_size=len(weights.words),
        hidden_size=weights.hidden_size,
        num_hidden_layers=len(weights.layers),
        num_attention_heads=HEADS,
        intermediate_size=weights.layers[0].intermediate.bias.size,
        max_position_embeddings=len(weights.positions),
        type_vocab_size=1,
    )
    model = JointModel(config, labels, fields).eval()
    model.load_state_dict({name: torch.tensor(array) for name, array in state_dict(weights).items()}, strict=False)
    outputs = {}
    with torch.no_grad():
        for name, window in windows.items():
            ids = torch.from_numpy(window.ids[None])
            pooled, tags = model(ids, torch.ones_like(ids))
            words = 0 if weights.type_words is None else torch.from_numpy(weights.type_words)[ids].mean(1)
            outputs[f"{name}.types"] = (model.type_logits(pooled) + words).numpy()
            outputs[f"{name}.pooled"] = pooled.numpy()
            outputs[f"{name}.tags"] = kept(tags.numpy())
    return outputs


def state_dict(weights: JointWeights) -> dict[str, NDArray[np.float32]]:
    """The inverse of `from_state_dict`."""
    state: dict[str, NDArray[np.float32]] = {
        "encoder.embeddings.word_embeddings.weight": weights.words,
        "encoder.embeddings.position_embeddings.weight": weights.positions,
        "encoder.embeddings.token_type_embeddings.weight": weights.token_type[None],
    }

    def linear(name: str, part: Linear) -> None:
        state[f"{name}.weight"] = np.ascontiguousarray(part.weight.T)
        state[f"{name}.bias"] = part.bias

    def norm(name: str, part: Norm) -> None:
        state[f"{name}.weight"] = part.scale
        state[f"{name}.bias"] = part.shift

    norm("encoder.embeddings.LayerNorm", weights.embedding_norm)
    for index, layer in enumerate(weights.layers):
        name = f"encoder.encoder.layer.{index}"
        linear(f"{name}.attention.self.query", layer.query)
        linear(f"{name}.attention.self.key", layer.key)
        linear(f"{name}.attention.self.value", layer.value)
        linear(f"{name}.attention.output.dense", layer.attention_output)
        norm(f"{name}.attention.output.LayerNorm", layer.attention_norm)
        linear(f"{name}.intermediate.dense", layer.intermediate)
        linear(f"{name}.output.dense", layer.output)
        norm(f"{name}.output.LayerNorm", layer.output_norm)
    linear("type_head", weights.type_head)
    linear("tag_head", weights.tag_head)
    return state


if __name__ == "__main__":
    np.savez_compressed(FIXTURE, **torch_outputs(bundle_weights(), sample_windows()))  # type: ignore[arg-type]
    print(f"{FIXTURE.name}: {FIXTURE.stat().st_size // 1024} KiB")

"""A BERT checkpoint of the smallest kind with random weights, written without torch."""

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from docmill.resources import resource

LAYERS, HIDDEN, INNER, HEADS, POSITIONS, MAX_TOKENS = 2, 32, 64, 4, 64, 48


def write_checkpoint(folder: Path) -> Path:
    """The layout of a packaged encoder of sentences, pooler and all. The same bytes each time."""
    described = json.loads((resource("bundles/mailroom-en") / "tokenizer.json").read_text(encoding="utf-8"))
    vocabulary = len(described["model"]["vocab"])
    described["added_tokens"] = [token for token in described["added_tokens"] if token["content"] not in "\n\t"]
    generator = np.random.default_rng(3)

    def normal(*shape: int) -> "np.typing.NDArray[np.float32]":
        return generator.normal(0, 0.1, shape).astype(np.float32)

    def linear(name: str, inputs: int, outputs: int) -> dict[str, "np.typing.NDArray[np.float32]"]:
        return {f"{name}.weight": normal(outputs, inputs), f"{name}.bias": normal(outputs)}

    def norm(name: str) -> dict[str, "np.typing.NDArray[np.float32]"]:
        return {f"{name}.weight": 1 + normal(HIDDEN), f"{name}.bias": normal(HIDDEN)}

    state = {
        "embeddings.word_embeddings.weight": normal(vocabulary, HIDDEN),
        "embeddings.position_embeddings.weight": normal(POSITIONS, HIDDEN),
        "embeddings.token_type_embeddings.weight": normal(2, HIDDEN),
        **norm("embeddings.LayerNorm"),
        **linear("pooler.dense", HIDDEN, HIDDEN),
    }
    for layer in (f"encoder.layer.{index}" for index in range(LAYERS)):
        for part in ("query", "key", "value"):
            state |= linear(f"{layer}.attention.self.{part}", HIDDEN, HIDDEN)
        state |= linear(f"{layer}.attention.output.dense", HIDDEN, HIDDEN) | norm(f"{layer}.attention.output.LayerNorm")
        state |= linear(f"{layer}.intermediate.dense", HIDDEN, INNER) | linear(f"{layer}.output.dense", INNER, HIDDEN)
        state |= norm(f"{layer}.output.LayerNorm")
    config = {
        "model_type": "bert",
        "hidden_act": "gelu",
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "layer_norm_eps": 1e-12,
    }
    folder.mkdir(parents=True, exist_ok=True)
    save_file(state, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    (folder / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": MAX_TOKENS}), encoding="utf-8")
    (folder / "tokenizer.json").write_text(json.dumps(described), encoding="utf-8")
    return folder

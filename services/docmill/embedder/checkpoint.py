"""A checkpoint in Hugging Face's layout to weights in numpy, without torch. Knows no graph.

Needs the package safetensors (extra `[rag]`).
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from docmill.errors import EmbedderError
from docmill.runtime.weights import EncoderWeights, encoder_from_checkpoint

CONFIG_FILE, WEIGHTS_FILE, TOKENIZER_FILE = "config.json", "model.safetensors", "tokenizer.json"
LENGTH_FILE = "sentence_bert_config.json"  # the length that the encoder was trained on as one of sentences
UNUSED = ("pooler.dense.weight", "pooler.dense.bias", "embeddings.position_ids")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A BERT encoder of sentences as it was published."""

    weights: EncoderWeights
    heads: int
    norm_epsilon: float
    max_tokens: int  # special tokens included
    tokenizer: str  # JSON
    sha256: str  # of its files


def checkpoint_sha256(folder: Path) -> str:
    """The digest of a checkpoint's files, without reading what they mean. Raises: EmbedderError."""
    digest = hashlib.sha256()
    for name in (CONFIG_FILE, LENGTH_FILE, TOKENIZER_FILE, WEIGHTS_FILE):
        try:
            with (folder / name).open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
        except OSError as error:
            raise EmbedderError(f"{folder} is no checkpoint of an encoder: {error}") from error
    return digest.hexdigest()


def read_checkpoint(folder: Path) -> Checkpoint:
    """Read and check a checkpoint.

    Raises:
        EmbedderError: a file is missing or is not what it should be, or the package safetensors is not installed.
    """
    try:
        from safetensors import SafetensorError  # noqa: PLC0415 - an extra
        from safetensors.numpy import load_file  # noqa: PLC0415
    except ImportError as error:
        raise EmbedderError(
            "the embedder is made with safetensors and onnx, which are not installed: pip install 'docmill[rag]'"
        ) from error
    sha256 = checkpoint_sha256(folder)
    try:
        config = json.loads((folder / CONFIG_FILE).read_text(encoding="utf-8"))
        length = json.loads((folder / LENGTH_FILE).read_text(encoding="utf-8"))
        if config["model_type"] != "bert" or config["hidden_act"] != "gelu":
            raise ValueError(f"a {config['model_type']} of {config['hidden_act']} is no BERT")
        weights = encoder_from_checkpoint(load_file(folder / WEIGHTS_FILE), config["num_hidden_layers"], UNUSED)
        return Checkpoint(
            weights=weights,
            heads=int(config["num_attention_heads"]),
            norm_epsilon=float(config["layer_norm_eps"]),
            max_tokens=min(int(length["max_seq_length"]), len(weights.positions)),
            tokenizer=(folder / TOKENIZER_FILE).read_text(encoding="utf-8"),
            sha256=sha256,
        )
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise EmbedderError(f"{folder} is no checkpoint of a BERT encoder: {error!r}") from error

"""A checkpoint to the embedder's folder: graph, tokenizer, and a manifest with their digests. Made once.

Needs the packages onnx and safetensors (extra `[rag]`). What is made is renamed into place, so a folder that is there
is whole, and two processes that make it at once do not meet.
"""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from docmill.embedder.checkpoint import Checkpoint, checkpoint_sha256, read_checkpoint
from docmill.embedder.manifest import MANIFEST_FILE, MODEL_FILE, TOKENIZER_FILE, Manifest
from docmill.errors import EmbedderError
from docmill.pipeline.window import Window
from docmill.resources import resource

NAME = "all-minilm-l6-v2-int8"
RECIPE = "1"  # raised by whoever changes what the graph computes: then it is another embedding
SMOOTHING = 0.8  # docs/decisions/0017-index.md
LOOKED_AT = "samples"  # the texts on which activations are measured, before they are smoothed
LEAST_CHARACTERS, CHARACTERS = 60, 900


def embedding_sha256(checkpoint: str) -> str:
    """The digest of an embedding: of the checkpoint and of all that is done to it, not of the bytes that come out.

    Smoothing measures activations on the machine that makes the graph, and their last bits differ from one to another:
    by a digest of the file no two replicas would agree that they have the same embedding, which they have.
    """
    return hashlib.sha256(f"{NAME}\n{RECIPE}\n{SMOOTHING}\n{checkpoint}".encode()).hexdigest()


def made_embedder(weights: Path, cache: Path) -> Path:
    """The folder of the embedder of these weights; makes it, some ten seconds, where it is not there.

    Raises:
        EmbedderError: the weights are none, a package is missing, or the folder cannot be written.
    """
    sha256 = embedding_sha256(checkpoint_sha256(weights))
    folder = cache / f"{NAME}-{sha256[:16]}"
    if not (folder / MANIFEST_FILE).exists():
        make_embedder(read_checkpoint(weights), folder)
    return folder


def make_embedder(checkpoint: Checkpoint, folder: Path) -> None:
    """Write the embedder; one that is there by now stays. Raises: EmbedderError."""
    model = _graph(checkpoint)
    manifest = Manifest(
        name=NAME,
        sha256=embedding_sha256(checkpoint.sha256),
        dimensions=checkpoint.weights.hidden_size,
        max_tokens=checkpoint.max_tokens,
        model_sha256=hashlib.sha256(model).hexdigest(),
        tokenizer_sha256=hashlib.sha256(checkpoint.tokenizer.encode()).hexdigest(),
    )
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as error:
        raise EmbedderError(f"the embedder cannot be kept in {folder.parent}: {error}") from error
    try:
        (made / MODEL_FILE).write_bytes(model)
        (made / TOKENIZER_FILE).write_text(checkpoint.tokenizer, encoding="utf-8")
        (made / MANIFEST_FILE).write_text(manifest.model_dump_json(indent=2) + "\n", encoding="utf-8")
        made.chmod(0o755)
        os.rename(made, folder)
    except OSError as error:
        if not (folder / MANIFEST_FILE).exists():  # else somebody else was faster
            raise EmbedderError(f"the embedder cannot be kept in {folder}: {error}") from error
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _graph(checkpoint: Checkpoint) -> bytes:
    try:
        from docmill.runtime.embedding_graph import smoothed_embedding_graph  # noqa: PLC0415 - needs onnx, an extra
        from docmill.runtime.graph import GraphConfig  # noqa: PLC0415
    except ImportError as error:
        raise EmbedderError("the embedder is made with onnx: pip install 'docmill[rag]'") from error
    config = GraphConfig(checkpoint.heads, checkpoint.max_tokens, checkpoint.norm_epsilon)
    return smoothed_embedding_graph(checkpoint.weights, config, _windows(checkpoint), SMOOTHING)


def _windows(checkpoint: Checkpoint) -> Sequence[Window]:
    """The beginning of each sample, and a stretch of its middle."""
    tokenizer = Tokenizer.from_str(checkpoint.tokenizer)
    tokenizer.no_padding()
    tokenizer.no_truncation()
    windows = []
    for file in sorted(resource(LOOKED_AT).rglob("*.txt")):
        text = file.read_text(encoding="utf-8", errors="replace")
        middle = len(text) // 2
        for part in (text[:CHARACTERS], text[middle : middle + CHARACTERS]):
            if len(part) >= LEAST_CHARACTERS:
                ids = tokenizer.encode(part).ids[: checkpoint.max_tokens]
                windows.append(Window(0, np.array(ids, dtype=np.int64)))
    return windows

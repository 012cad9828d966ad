"""One text in, one unit vector out, whatever else is embedded beside it. Does not know how the model came to be."""

import hashlib
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError
from tokenizers import Tokenizer

from docmill.embedder.manifest import MANIFEST_FILE, MODEL_FILE, TOKENIZER_FILE, Manifest
from docmill.errors import EmbedderError
from docmill.index.types import Embedding
from docmill.runtime.embedding_session import EmbeddingSession
from docmill.runtime.fair_pool import FairPool

CLS, SEP = "[CLS]", "[SEP]"
FRAME_TOKENS = 2
REMOVE = "remove the folder, and it will be made anew"


class Embedder:
    """The model in memory, and `threads` threads. May be used from several threads."""

    def __init__(self, folder: Path, threads: int = 1) -> None:
        """Read and check what `make.made_embedder` wrote.

        Raises:
            EmbedderError: a file is missing or altered, or ONNX Runtime cannot load the graph.
        """
        self.manifest = _read_manifest(folder)
        self._session = EmbeddingSession(folder / MODEL_FILE)
        self.tokenizer = Tokenizer.from_file(str(folder / TOKENIZER_FILE))
        self.tokenizer.no_padding()
        self.tokenizer.no_truncation()
        self._cls, self._sep = (self.tokenizer.token_to_id(token) for token in (CLS, SEP))
        if self._cls is None or self._sep is None:
            raise EmbedderError(f"{folder}: the tokenizer has no {CLS} and {SEP}: {REMOVE}")
        self._pool: FairPool[NDArray[np.float32]] = FairPool(threads, "embedder")

    @property
    def embedding(self) -> Embedding:
        """What its vectors are called."""
        return Embedding(self.manifest.name, self.manifest.sha256, self.manifest.dimensions)

    @property
    def max_tokens(self) -> int:
        """Of one text, without special tokens."""
        return self.manifest.max_tokens - FRAME_TOKENS

    def embed(self, texts: Sequence[str]) -> list[NDArray[np.float32]]:
        """A vector [dimensions] of length 1 for each text, read one by one and unpadded.

        Raises:
            ValueError: a text has more than `max_tokens` tokens: chunk it, or take `embed_document`.
        """
        encoded = [self._ids(text) for text in texts]
        for ids in encoded:
            if len(ids) > self.max_tokens:
                raise ValueError(f"a text of {len(ids)} tokens, at most {self.max_tokens} are read at once")
        return self._pool.run([partial(self._run, ids) for ids in encoded])

    def embed_document(self, text: str, max_windows: int = 4) -> NDArray[np.float32]:
        """A vector of a text of any length: the mean over its first windows, weighted by their tokens, of length 1."""
        ids = self._ids(text)[: max_windows * self.max_tokens]
        windows = [ids[start : start + self.max_tokens] for start in range(0, max(len(ids), 1), self.max_tokens)]
        vectors = self._pool.run([partial(self._run, window) for window in windows])
        mean = np.average(vectors, axis=0, weights=[len(window) + FRAME_TOKENS for window in windows])
        return np.asarray(mean / np.linalg.norm(mean), dtype=np.float32)

    def close(self) -> None:
        """End the threads."""
        self._pool.close()

    def _ids(self, text: str) -> list[int]:
        ids: list[int] = self.tokenizer.encode(text, add_special_tokens=False).ids
        return ids

    def _run(self, ids: Sequence[int]) -> NDArray[np.float32]:
        return self._session.run(np.array([self._cls, *ids, self._sep], dtype=np.int64))


def _read_manifest(folder: Path) -> Manifest:
    try:
        manifest = Manifest.model_validate_json((folder / MANIFEST_FILE).read_bytes())
        for name, expected in ((MODEL_FILE, manifest.model_sha256), (TOKENIZER_FILE, manifest.tokenizer_sha256)):
            if hashlib.sha256((folder / name).read_bytes()).hexdigest() != expected:
                raise EmbedderError(f"{folder / name} is not the file that was made: {REMOVE}")
    except (OSError, ValidationError) as error:
        raise EmbedderError(f"{folder} holds no embedder: {error}; {REMOVE}") from error
    return manifest

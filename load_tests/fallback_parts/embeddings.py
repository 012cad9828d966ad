"""Vectors of labelled documents by the frozen embedder, kept in the user's cache. Knows no labels.

A stopped run goes on where it was: what is embedded is written down every so many documents. A text is known by its
digest, so the files of the data sets may change their order.

    DOCMILL_DATA=FOLDER python -m load_tests.fallback_parts.embeddings mtsamples cfpb  # in advance; about 0.2 s each
"""

import hashlib
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from docmill.embedder.embedder import Embedder
from docmill.embedder.make import made_embedder
from docmill.embedder.paths import cache_folder, packaged_weights
from docmill.training.corpus import PARTS, part
from docmill.training.row import read_rows

WINDOWS = 4  # of a document, at most: the default of `Embedder.embed_document`
SAVE_EVERY = 100  # documents
Vectors = NDArray[np.float32]  # [D, 384], of length 1


class EmbeddingCache:
    """Vectors by the digest of their text, of one embedding, in one file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._vectors: dict[str, Vectors] = {}
        if path.exists():
            with np.load(path) as stored:
                self._vectors = dict(zip(stored["digests"].tolist(), stored["vectors"], strict=True))

    def fill(self, texts: Sequence[str], embedder: Embedder) -> None:
        """Embed the texts that are not there yet."""
        missing = {digest(text): text for text in texts if digest(text) not in self._vectors}
        for done, (key, text) in enumerate(missing.items(), start=1):
            self._vectors[key] = embedder.embed_document(text, WINDOWS)
            if done % SAVE_EVERY == 0 or done == len(missing):
                self._save()
                print(f"{done} of {len(missing)} embedded", file=sys.stderr)

    def of(self, texts: Sequence[str]) -> Vectors:
        """The vectors [D, 384] of texts that are all there. Raises: KeyError."""
        return np.stack([self._vectors[digest(text)] for text in texts])

    def _save(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        part = self._path.with_suffix(f".{os.getpid()}.part")
        with part.open("wb") as file:
            np.savez(file, digests=np.array(list(self._vectors)), vectors=np.stack(list(self._vectors.values())))
        part.rename(self._path)


def digest(text: str) -> str:
    """By which a text is known."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


@contextmanager
def packaged_embedder() -> Iterator[Embedder]:
    """The embedder of the packaged weights, made at first (two minutes), on one thread. Raises: EmbedderError."""
    embedder = Embedder(made_embedder(packaged_weights(), cache_folder()))
    try:
        yield embedder
    finally:
        embedder.close()


def cached(source: str, texts: Sequence[str]) -> Vectors:
    """The vectors [D, 384] of a source's texts; those that are not there yet are made. Raises: EmbedderError."""
    with packaged_embedder() as embedder:
        cache = EmbeddingCache(_path(source, embedder.manifest.sha256))
        cache.fill(texts, embedder)
    return cache.of(texts)


def timed(texts: Sequence[str]) -> list[tuple[float, float]]:
    """(wall, CPU of the process) of embedding each text, milliseconds. Raises: EmbedderError."""
    spent = []
    with packaged_embedder() as embedder:
        for text in texts:
            wall, cpu = time.perf_counter(), time.process_time()
            embedder.embed_document(text, WINDOWS)
            spent.append((1000 * (time.perf_counter() - wall), 1000 * (time.process_time() - cpu)))
    return spent


def _path(source: str, sha256: str) -> Path:
    return cache_folder().parent / f"fallback-eval/{source}-{sha256[:16]}-{WINDOWS}.npz"


def main() -> None:
    """Embed training and validation parts of the sources named."""
    data = Path(os.environ["DOCMILL_DATA"])
    for source in sys.argv[1:]:
        cached(source, [row.text for name in PARTS for row in read_rows(part(data, source, name))])


if __name__ == "__main__":
    main()

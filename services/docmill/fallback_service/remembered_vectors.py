"""Vectors of documents that may come round again: the embedding is most of what tier 1 takes, and does not change."""

import hashlib
import threading
from collections import OrderedDict

from docmill.fallback_service.retrieve import DocumentEmbedder
from docmill.index.types import Embedding, Vector

REMEMBERED = 20_000  # 30 MB of 384 numbers each


class RememberedVectors:
    """A DocumentEmbedder that embeds a text once, as long as it is among the last. For any number of threads."""

    def __init__(self, embedder: DocumentEmbedder, most: int = REMEMBERED) -> None:
        self._embedder = embedder
        self._most = most
        self._lock = threading.Lock()
        self._vectors: OrderedDict[bytes, Vector] = OrderedDict()  # by the text's SHA-256

    @property
    def embedding(self) -> Embedding:
        """See DocumentEmbedder."""
        return self._embedder.embedding

    def embed_document(self, text: str) -> Vector:
        """See DocumentEmbedder. The vector is not to be changed."""
        key = hashlib.sha256(text.encode()).digest()
        with self._lock:
            if key in self._vectors:
                self._vectors.move_to_end(key)
                return self._vectors[key]
        vector = self._embedder.embed_document(text)
        with self._lock:
            self._vectors[key] = vector
            while len(self._vectors) > self._most:
                self._vectors.popitem(last=False)
        return vector

    def close(self) -> None:
        """See DocumentEmbedder."""
        self._embedder.close()

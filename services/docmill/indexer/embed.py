"""A source text in chunks with vectors. Knows an embedder, no Kafka."""

from collections.abc import Callable, Sequence
from typing import Protocol

from docmill.errors import AbandonedError
from docmill.index.chunk import chunk
from docmill.index.decode import indexed_event
from docmill.index.types import Chunk, Embedding, Vector
from docmill.index.vectors import to_bytes
from docmill.pipeline.window import TextTokenizer
from docmill_schemas.events import KnowledgeIndexed, KnowledgeUpdated
from docmill_schemas.reasons import KnowledgeKind

CHUNKS_AT_ONCE = 32  # between two looks whether anybody still waits


class TextEmbedder(Protocol):
    """What is needed of `docmill.embedder.embedder.Embedder`. For any number of threads."""

    @property
    def embedding(self) -> Embedding:
        """What its vectors are called."""
        ...

    @property
    def tokenizer(self) -> TextTokenizer:
        """As the encoder reads texts."""
        ...

    @property
    def max_tokens(self) -> int:
        """Of one text, without special tokens."""
        ...

    def embed(self, texts: Sequence[str]) -> Sequence[Vector]:
        """A unit vector for each text of at most `max_tokens` tokens."""
        ...

    def embed_document(self, text: str) -> Vector:
        """A unit vector of a text of any length."""
        ...

    def close(self) -> None:
        """End its threads."""
        ...


def embed_source(
    updated: KnowledgeUpdated, embedder: TextEmbedder, abandoned: Callable[[], bool] = lambda: False
) -> KnowledgeIndexed:
    """Chunk along the text's structure and embed each chunk; an exemplar is one chunk, and its vector a document's.

    Exemplars are compared with documents as wholes: tier 1's figures rest on that (docs/decisions/0020).

    Raises:
        AbandonedError: `abandoned` says so, asked every 32 chunks.
    """
    if updated.kind == KnowledgeKind.EXEMPLAR:
        whole = Chunk(0, len(updated.text), to_bytes(embedder.embed_document(updated.text)))
        return indexed_event(updated, embedder.embedding, (whole,))
    pieces = chunk(updated.text, embedder.tokenizer, embedder.max_tokens)
    chunks: list[Chunk] = []
    for first in range(0, len(pieces), CHUNKS_AT_ONCE):
        if abandoned():
            raise AbandonedError("nobody waits for this source text any more")
        batch = pieces[first : first + CHUNKS_AT_ONCE]
        vectors = embedder.embed([updated.text[piece.start : piece.end] for piece in batch])
        chunks += [Chunk(p.start, p.end, to_bytes(vector)) for p, vector in zip(batch, vectors, strict=True)]
    return indexed_event(updated, embedder.embedding, tuple(chunks))

"""What the index holds and answers. Does not know how it is stored, nor how a record is spelled on the wire."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float32]  # [dimensions], of length 1


@dataclass(frozen=True, slots=True)
class Embedding:
    """What made a vector; vectors of two embeddings are never compared."""

    name: str
    sha256: str
    dimensions: int


@dataclass(frozen=True, slots=True)
class Source:
    """Of what a copy is a copy: one topic, as the broker knows it, in one embedding."""

    topic_id: str  # the broker's id, which a topic made anew does not share
    embedding: Embedding


@dataclass(frozen=True, slots=True)
class Chunk:
    """`text[start:end]` of its passage, in code points, and its vector as one signed byte a dimension."""

    start: int
    end: int
    vector: bytes


@dataclass(frozen=True, slots=True)
class Passage:
    """A source text with all its chunks."""

    passage_id: str
    kind: str
    title: str
    text: str
    embedding: Embedding
    chunks: tuple[Chunk, ...]
    document_type: str | None = None
    fields: tuple[tuple[str, tuple[str, ...]], ...] = ()  # values by name
    tenant: str | None = None  # None: every tenant's
    valid_from: date | None = None
    valid_until: date | None = None  # the last day
    metadata: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """A record of the topic: the passage under its id from now on, or None where it was deleted."""

    partition: int
    offset: int
    passage_id: str
    passage: Passage | None


@dataclass(frozen=True, slots=True)
class Applied:
    """What a batch came to."""

    written: int = 0
    deleted: int = 0
    skipped: int = 0  # seen before, or overtaken by a later record of the same batch


@dataclass(frozen=True, slots=True)
class CopyState:
    """How far a copy has come."""

    source: Source
    offsets: Mapping[int, int]  # the next offset to read, by partition
    complete_at_ms: int  # when it had last read to the end of the log; before that, when it began


@dataclass(frozen=True, slots=True)
class IndexStats:
    """How much a copy holds."""

    passages: int
    chunks: int
    by_kind: Mapping[str, int]  # passages
    file_bytes: int


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked for. Both ways of search see only passages that fit every condition."""

    text: str
    vector: Vector
    embedding: Embedding  # that of `vector`
    k: int
    kinds: frozenset[str] | None = None  # None: of any
    tenant: str | None = None  # whose passages are seen beside those of nobody
    valid_on: date | None = None  # None: whenever


@dataclass(frozen=True, slots=True)
class Score:
    """How a hit came to its place; None where that way of search did not find it."""

    fused: float
    cosine: float | None
    vector_rank: int | None  # from 1
    bm25: float | None  # larger is better
    text_rank: int | None  # from 1


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk found; `text` is `passage.text[start:end]`."""

    passage_id: str
    kind: str
    title: str
    text: str
    start: int
    end: int
    document_type: str | None
    fields: tuple[tuple[str, tuple[str, ...]], ...]
    score: Score


class LocalIndex(Protocol):
    """A local copy of the index. One process writes to it, several may search it."""

    def state(self) -> CopyState | None:
        """How far it has come; None where it is a copy of nothing yet. Raises: IndexUnavailableError."""
        ...

    def apply(
        self,
        changes: Sequence[Change],
        *,
        positions: Mapping[int, int] | None = None,
        complete_at_ms: int | None = None,
    ) -> Applied:
        """Write changes and offsets in one transaction; a change below its partition's offset is skipped.

        Args:
            positions: next offsets by partition, past what is no change, such as a transaction's markers.
            complete_at_ms: the time, where all partitions are now read to their ends.

        Raises:
            IndexEmbeddingError: a passage is of another embedding; nothing was written.
            IndexUnavailableError: the store is locked, full or broken; nothing was written.
        """
        ...

    def search(self, query: Query) -> list[Hit]:
        """At most `query.k` chunks, best first, the same for the same content.

        Raises:
            IndexEmbeddingError: the query's vector is of another embedding than the index.
            IndexUnavailableError: the store is locked or broken.
        """
        ...

    def rebuild(self, source: Source, at_ms: int) -> None:
        """Forget everything, offsets too, and be a copy of `source`. Raises: IndexUnavailableError."""
        ...

    def stats(self) -> IndexStats:
        """How much it holds. Raises: IndexUnavailableError."""
        ...

    def close(self) -> None:
        """Let go of the store."""
        ...

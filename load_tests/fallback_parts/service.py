"""The fallback's own slices on a small index, without Kafka: what it decides, asks and believes of single requests.

Nothing of the service is done over again here, so what is measured is the question, the checks and the rules that ship.
Does not know where requests and exemplars come from.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from prometheus_client import CollectorRegistry

from docmill.bundle.bundle import Bundle
from docmill.fallback.judge import GroupOf
from docmill.fallback.policy import Policy
from docmill.fallback_service.believe import Believer, Normalise
from docmill.fallback_service.generators import Asked
from docmill.fallback_service.publish import Publisher
from docmill.fallback_service.resolved import Resolved
from docmill.fallback_service.retrieve import DocumentEmbedder, Retriever
from docmill.fallback_service.slices import FallbackSlices, Surroundings
from docmill.index.decode import indexed_event, passage_of
from docmill.index.sqlite_index import SqliteIndex
from docmill.index.types import Change, Chunk, Embedding, Passage, Source, Vector
from docmill.index.vectors import to_bytes
from docmill.pipeline.normalise import normalise
from docmill.pipeline.types import GroupSpec
from docmill.telemetry.metrics import Metrics
from docmill_schemas.events import KNOWLEDGE_MAX_CHARACTERS, FallbackRequested, KnowledgeUpdated
from docmill_schemas.ids import sha256_hex
from docmill_schemas.reasons import KnowledgeKind
from docmill_schemas.topics import FALLBACK

PLACE = "evaluation"  # stands for the cluster and the topic where there are none


@dataclass(frozen=True, slots=True)
class Known:
    """What the service knows of the bundle whose requests it gets."""

    sha256: str
    labels: tuple[str, ...]
    group_of: GroupOf
    normalise: Normalise


@dataclass(frozen=True, slots=True)
class LocalRequest:
    """A record of documents.fallback that was on no broker."""

    value: bytes
    offset: int
    topic: str = FALLBACK.name
    partition: int = 0
    timestamp: int = 0
    key: bytes | None = None
    headers: tuple[tuple[str, bytes | None], ...] = ()


class KnownVectors:
    """A DocumentEmbedder of texts whose vectors were made before. For any number of threads."""

    def __init__(self, texts: Sequence[str], vectors: Sequence[Vector]) -> None:
        self._vectors = dict(zip(texts, vectors, strict=True))
        self._dimensions = len(vectors[0])

    @property
    def embedding(self) -> Embedding:
        """See DocumentEmbedder."""
        return Embedding(PLACE, sha256_hex(PLACE.encode()), self._dimensions)

    def embed_document(self, text: str) -> Vector:
        """See DocumentEmbedder. Other texts have one vector: code lists are looked up by them, and here are none."""
        known = self._vectors.get(text)
        return np.eye(1, self._dimensions, dtype=np.float32)[0] if known is None else known

    def close(self) -> None:
        """See DocumentEmbedder."""


def known_of(bundle: Bundle) -> Known:
    """As the fallback's process has it (fallback_service/app.py)."""
    kinds = {field.name: field for field in bundle.spec.fields}

    def group_of(label: str) -> GroupSpec | None:
        return bundle.spec.group_of(label) if label in bundle.spec.labels else None

    def typed(name: str, text: str) -> str | None:
        field = kinds.get(name)
        return None if field is None else normalise(field.kind, text, day_first=field.day_first)

    return Known(bundle.sha256, bundle.spec.labels, group_of, typed)


def exemplar_passage(
    passage_id: str, text: str, label: str, values: Mapping[str, tuple[str, ...]], vector: Vector, of: Embedding
) -> Passage:
    """A document that people decided, as arbiter and indexer put it into the index: one chunk, named by its label."""
    kept = text[:KNOWLEDGE_MAX_CHARACTERS]
    updated = KnowledgeUpdated(
        passage_id=passage_id,
        kind=KnowledgeKind.EXEMPLAR,
        title=label,
        text=kept,
        document_type=label,
        fields=dict(values),
    )
    return passage_of(indexed_event(updated, of, (Chunk(0, len(kept), to_bytes(vector)),)))


@contextmanager
def copy_of_index(passages: Sequence[Passage], embedding: Embedding) -> Iterator[SqliteIndex]:
    """The passages to be searched, for as long as the block lasts."""
    with TemporaryDirectory() as folder:
        index = SqliteIndex(Path(folder) / "copy.sqlite")
        try:
            index.rebuild(Source(PLACE, embedding), 0)
            index.apply([Change(0, place, one.passage_id, one) for place, one in enumerate(passages)])
            yield index
        finally:
            index.close()


class Service:
    """The fallback, asked about one request after the other. What no generator answers goes to a person at once."""

    def __init__(
        self,
        known: Known,
        policy: Policy,
        embedder: DocumentEmbedder,
        index: SqliteIndex,
        generator: Asked | None = None,
    ) -> None:
        self._offsets = itertools.count()
        self._slices = FallbackSlices(
            Surroundings(
                cluster_id=PLACE,
                retriever=Retriever(embedder, index),
                policy=policy,
                group_of=known.group_of,
                believer=Believer(policy, known.normalise),
                labels=lambda: known.labels,
                bundle_sha256=lambda: known.sha256,
                publisher=Publisher(PLACE, lambda: PLACE, include_text=False),
                generator=generator,
                max_hold_s=0.0,
                audit_share=0.0,
            ),
            Metrics(CollectorRegistry()),
        )

    def resolved(self, event: FallbackRequested) -> Resolved:
        """What becomes of a request, by itself: nobody else's question makes it wait."""
        value = event.model_dump_json(exclude_none=True).encode()
        [resolved] = self._slices.process([LocalRequest(value, next(self._offsets))], False, lambda: False)
        return resolved

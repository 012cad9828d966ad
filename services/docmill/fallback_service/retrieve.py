"""What the index has on a document: exemplars like it, code lists with its values, passages about its kind.

Knows an embedder and a copy of the index, no Kafka.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import zip_longest
from typing import Protocol

from docmill.fallback.types import Candidate, CodeList, Neighbour
from docmill.generator.types import Source
from docmill.index.types import Embedding, Hit, Query, Vector
from docmill_schemas.reasons import KnowledgeKind

NEIGHBOURS = 50  # retrieved; the policy says how many vote
CODE_LISTS = 10
CODE_LIST_CHUNKS = 20  # among which they are: a long list has many
PASSAGES = 3  # shown to a generator, and as many exemplars
QUERY_CHARACTERS = 2000  # of a document, for its rare words
VALUE_CHARACTERS = 500  # of all candidates together
LONGEST_VALUE = 60
EXEMPLAR = frozenset({KnowledgeKind.EXEMPLAR.value})
LISTS = frozenset({KnowledgeKind.CODE_LIST.value})
TOLD = frozenset({KnowledgeKind.POLICY.value, KnowledgeKind.PLAYBOOK.value})


class DocumentEmbedder(Protocol):
    """What is needed of `docmill.embedder.embedder.Embedder`."""

    @property
    def embedding(self) -> Embedding:
        """What its vectors are called."""
        ...

    def embed_document(self, text: str) -> Vector:
        """A unit vector of a text of any length."""
        ...

    def close(self) -> None:
        """End its threads."""
        ...


class Searchable(Protocol):
    """What is needed of `docmill.index.types.LocalIndex`."""

    def search(self, query: Query) -> list[Hit]:
        """See LocalIndex.search."""
        ...


@dataclass(frozen=True, slots=True)
class Retrieved:
    """What was found, best first."""

    neighbours: tuple[Neighbour, ...] = ()
    code_lists: tuple[CodeList, ...] = ()
    sources: tuple[Source, ...] = ()  # what a generator may cite


@dataclass(frozen=True, slots=True)
class Retriever:
    """For any number of threads."""

    embedder: DocumentEmbedder
    index: Searchable

    def retrieve(self, text: str, candidates: Sequence[Candidate], tenant: str | None, today: date) -> Retrieved:
        """What the index has on a document.

        Args:
            tenant: whose passages it may see beside those of nobody.
            today: only what holds on that day is seen.

        Raises:
            IndexUnavailableError: the copy is locked or broken.
            IndexEmbeddingError: it is of another embedding than the query's.
        """
        vector = self.embedder.embed_document(text)
        beginning = text[:QUERY_CHARACTERS]

        def search(words: str, of: Vector, k: int, kinds: frozenset[str]) -> list[Hit]:
            return self.index.search(Query(words, of, self.embedder.embedding, k, kinds, tenant, today))

        # No words: who votes is a matter of likeness alone.
        exemplars = [hit for hit in search("", vector, NEIGHBOURS, EXEMPLAR) if hit.score.cosine is not None]
        values = _values(candidates)
        listed = search(values, self.embedder.embed_document(values), CODE_LIST_CHUNKS, LISTS) if values else []
        listed = _once(listed)[:CODE_LISTS]
        told = search(beginning, vector, PASSAGES, TOLD)
        sources = (*exemplars[:PASSAGES], *told, *(hit for hit in listed if hit.score.text_rank is not None))
        return Retrieved(
            neighbours=tuple(_neighbour(hit) for hit in exemplars if hit.document_type is not None),
            code_lists=tuple(CodeList(hit.passage_id, dict(hit.fields)) for hit in listed),
            sources=tuple(_source(hit) for hit in _once(sources)),
        )


def _values(candidates: Sequence[Candidate]) -> str:
    """What may be a value, each once: the likeliest of every field first, then the second of each, and so on, so that
    many of one field hide none of another. Of a long one its beginning: what stands on lists is short.
    """
    by_field: dict[str, list[Candidate]] = {}
    for one in sorted(candidates, key=lambda one: (-one.confidence, one.start)):
        by_field.setdefault(one.field, []).append(one)
    in_turn = (one.text[:LONGEST_VALUE] for rank in zip_longest(*by_field.values()) for one in rank if one is not None)
    return "\n".join(dict.fromkeys(in_turn))[:VALUE_CHARACTERS]


def _once(hits: Iterable[Hit]) -> list[Hit]:
    """The best chunk of each passage."""
    best: dict[str, Hit] = {}
    for hit in hits:
        best.setdefault(hit.passage_id, hit)
    return list(best.values())


def _neighbour(hit: Hit) -> Neighbour:
    assert hit.document_type is not None
    assert hit.score.cosine is not None
    return Neighbour(hit.passage_id, hit.document_type, hit.score.cosine, dict(hit.fields))


def _source(hit: Hit) -> Source:
    return Source(hit.passage_id, hit.kind, hit.title, hit.text, hit.document_type, hit.fields)

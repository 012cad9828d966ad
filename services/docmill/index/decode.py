"""A record of knowledge.indexed to a change of the index, and back to what is published. Knows no Kafka client."""

import base64
import binascii

from pydantic import ValidationError

from docmill.errors import IndexRecordError
from docmill.index.types import Change, Chunk, Embedding, Passage
from docmill_schemas.events import EmbeddingRef, IndexedChunk, KnowledgeIndexed, KnowledgeUpdated
from docmill_schemas.problems import problems


def read_change(partition: int, offset: int, key: bytes | None, value: bytes | None) -> Change:
    """What a record does to the index; one without a value deletes.

    Raises:
        IndexRecordError: the record has no passage id as key, or its value is no KnowledgeIndexed.
    """
    where = f"knowledge.indexed-{partition} at offset {offset}"
    try:
        passage_id = (key or b"").decode()
        if not passage_id:
            raise IndexRecordError(f"{where} has no key: it names no passage")
        if value is None:
            return Change(partition, offset, passage_id, None)
        event = KnowledgeIndexed.model_validate_json(value)
        if event.passage_id != passage_id:
            raise IndexRecordError(f"{where} holds another passage than its key says")
        return Change(partition, offset, passage_id, passage_of(event))
    except ValidationError as error:
        raise IndexRecordError(f"{where} is no KnowledgeIndexed: {problems(error, KnowledgeIndexed)}") from error
    except ValueError as error:
        raise IndexRecordError(f"{where}: {error}") from error


def passage_of(event: KnowledgeIndexed) -> Passage:
    """The passage that an event describes.

    Raises:
        ValueError: a chunk lies outside the text, or its vector has not the dimensions that the event states.
    """
    embedding = Embedding(event.embedding.name, event.embedding.sha256, event.embedding.dimensions)
    return Passage(
        passage_id=event.passage_id,
        kind=event.kind,
        title=event.title,
        text=event.text,
        embedding=embedding,
        chunks=tuple(_chunk(chunk, len(event.text), embedding.dimensions) for chunk in event.chunks),
        document_type=event.document_type,
        fields=tuple(sorted(event.fields.items())),
        tenant=event.tenant,
        valid_from=event.valid_from,
        valid_until=event.valid_until,
        metadata=tuple(sorted(event.metadata.items())),
    )


def indexed_event(updated: KnowledgeUpdated, embedding: Embedding, chunks: tuple[Chunk, ...]) -> KnowledgeIndexed:
    """A source text with its chunks, as it is published."""
    return KnowledgeIndexed(
        **{name: getattr(updated, name) for name in KnowledgeUpdated.model_fields},
        embedding=EmbeddingRef(name=embedding.name, sha256=embedding.sha256, dimensions=embedding.dimensions),
        chunks=tuple(
            IndexedChunk(start=chunk.start, end=chunk.end, vector=base64.b64encode(chunk.vector).decode())
            for chunk in chunks
        ),
    )


def _chunk(chunk: IndexedChunk, characters: int, dimensions: int) -> Chunk:
    if not chunk.start < chunk.end <= characters:
        raise ValueError(f"chunk [{chunk.start}, {chunk.end}) of a text of {characters} characters")
    try:
        vector = base64.b64decode(chunk.vector, validate=True)
    except binascii.Error as error:
        raise ValueError("a vector is not base64") from error
    if len(vector) != dimensions or not any(vector):
        raise ValueError(f"a vector of {len(vector)} bytes, or of zeros alone, has not {dimensions} dimensions")
    return Chunk(chunk.start, chunk.end, vector)

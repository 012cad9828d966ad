"""A decided document as an exemplar: what the fallback retrieves for documents like it. Pure."""

import json

from docmill_schemas.events import (
    KNOWLEDGE_MAX_CHARACTERS,
    TITLE_MAX_CHARACTERS,
    DocumentProcessed,
    ExtractedField,
    KnowledgeUpdated,
)
from docmill_schemas.reasons import KnowledgeKind

PASSAGE_PREFIX = "decided/"  # before the request id; a later decision on the same request takes its place


def exemplar(
    result: DocumentProcessed, text: str, max_characters: int = KNOWLEDGE_MAX_CHARACTERS
) -> KnowledgeUpdated | None:
    """The exemplar of a person's result; None where the text is white space alone.

    A text that is longer than `max_characters` is cut, and `metadata` says so in `text_characters`, how many it had.
    It tells of nobody who decided: a `feedback_id` may be made of the reviewer's name, which could then be tried out.
    `entities`, in `metadata` too, are the fields that stand in what is left, as JSON: name, start, end and value.
    """
    kept = text[: min(max_characters, KNOWLEDGE_MAX_CHARACTERS)]
    if not kept.strip():
        return None
    metadata = {
        "request_id": result.request_id,
        "document_id": result.document_id,
        "content_sha256": result.content_sha256,
        "entities": json.dumps(_entities(result.fields, len(kept)), ensure_ascii=False, separators=(",", ":")),
    }
    if len(kept) < len(text):
        metadata["text_characters"] = str(len(text))
    label = result.document_type.label
    return KnowledgeUpdated(
        passage_id=PASSAGE_PREFIX + result.request_id,
        kind=KnowledgeKind.EXEMPLAR,
        title=label[:TITLE_MAX_CHARACTERS],
        text=kept,
        document_type=label,
        fields=_values(result.fields),
        tenant=result.tenant,
        metadata=metadata,
    )


def _entities(fields: tuple[ExtractedField, ...], characters: int) -> list[dict[str, str | int | None]]:
    return [
        {"name": field.name, "start": field.start, "end": field.end, "value": field.value}
        for field in fields
        if field.end <= characters
    ]


def _values(fields: tuple[ExtractedField, ...]) -> dict[str, tuple[str, ...]]:
    """By field, what was found: normalised, and as it stands in the text; each once."""
    values: dict[str, dict[str, None]] = {}
    for field in fields:
        of_field = values.setdefault(field.name, {})
        of_field.update((said, None) for said in (field.value, field.text) if said and said.strip())
    return {name: tuple(of_field) for name, of_field in values.items()}

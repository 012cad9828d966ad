"""A record of the topic is read as what was published, or refused with its place and without its text."""

import json
from datetime import date
from typing import Any

import pytest

from docmill.errors import IndexRecordError
from docmill.index.decode import indexed_event, read_change
from docmill.index.types import Change
from docmill_schemas.events import KnowledgeUpdated
from tests.unit.index.fakes import passage

SECRET = "secret\nERROR a forged line"
PASSAGE = passage(
    "p",
    "water rule",
    "fire rule",
    kind="a_later_kind",
    title="T",
    document_type="claim",
    tenant="acme",
    fields=(("code", ("A1", "A2")),),
    valid_from=date(2026, 1, 1),
    metadata=(("owner", "x"),),
)


def value(**changed: Any) -> bytes:
    updated = KnowledgeUpdated(
        passage_id="p",
        kind=PASSAGE.kind,
        title=PASSAGE.title,
        text=PASSAGE.text,
        document_type="claim",
        tenant="acme",
        fields=dict(PASSAGE.fields),
        valid_from=PASSAGE.valid_from,
        metadata=dict(PASSAGE.metadata),
    )
    event = indexed_event(updated, PASSAGE.embedding, PASSAGE.chunks)
    return json.dumps(json.loads(event.model_dump_json(exclude_none=True)) | changed).encode()


def test_what_was_published_is_read() -> None:
    assert read_change(3, 17, b"p", value(a_later_key=1)) == Change(3, 17, "p", PASSAGE)
    assert read_change(3, 18, b"p", None) == Change(3, 18, "p", None)


@pytest.mark.parametrize(
    ("key", "content", "problem"),
    [
        (None, None, "has no key"),
        (b"", value(), "has no key"),
        (b"\xff", None, "utf-8"),
        (b"q", value(), "another passage"),
        (b"p", b"{", "no KnowledgeIndexed"),
        (b"p", value(chunks="secret"), "no KnowledgeIndexed: chunks: tuple_type"),
        (b"p", value(metadata={SECRET: 1}), "no KnowledgeIndexed: metadata.…: string_type$"),
        (b"p", value(chunks=[{"start": 0, "end": 99, "vector": "AA=="}]), r"chunk \[0, 99\) of a text of 20"),
        (b"p", value(chunks=[{"start": 2, "end": 2, "vector": "AA=="}]), "chunk"),
        (b"p", value(chunks=[{"start": 0, "end": 2, "vector": "AQ=="}]), "1 bytes"),
        (b"p", value(chunks=[{"start": 0, "end": 2, "vector": "€"}]), "ASCII"),
        (b"p", value(chunks=[{"start": 0, "end": 2, "vector": "A"}]), "base64"),
    ],
)
def test_what_is_no_record_of_the_topic_is_refused_with_its_place(
    key: bytes | None, content: bytes | None, problem: str
) -> None:
    with pytest.raises(IndexRecordError, match=problem) as caught:
        read_change(3, 17, key, content)
    assert "knowledge.indexed-3 at offset 17" in str(caught.value)
    assert "secret" not in str(caught.value)
    assert "water" not in str(caught.value)

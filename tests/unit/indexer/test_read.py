"""What a record of knowledge.updated asks for, and what is refused without a word of its text."""

import json

import pytest

from docmill.indexer import read as read_module
from docmill.indexer.read import Deletion, Refused, read_record
from docmill_schemas.cloudevents import STRUCTURED
from docmill_schemas.events import KNOWLEDGE_MAX_CHARACTERS, KnowledgeUpdated
from tests.unit.indexer.fakes import record, updated

SECRET = "Ms Tan's diagnosis"


def test_a_source_text() -> None:
    read = read_record(record(updated(title="Payments")))
    assert isinstance(read, KnowledgeUpdated)
    assert (read.passage_id, read.kind, read.title) == ("handbook", "policy", "Payments")


def test_in_structured_mode() -> None:
    event = {"specversion": "1.0", "id": "1", "source": "s", "type": "t", "data": json.loads(updated())}
    headers = (("content-type", STRUCTURED.encode()),)
    assert isinstance(read_record(record(json.dumps(event).encode(), headers=headers)), KnowledgeUpdated)


def test_a_record_without_a_value_deletes() -> None:
    assert read_record(record(None)) == Deletion("handbook")


@pytest.mark.parametrize(
    ("value", "key", "why"),
    [
        (b"", b"handbook", "not a KnowledgeUpdated: event: json_invalid"),
        (SECRET.encode(), b"handbook", "not a KnowledgeUpdated: event: json_invalid"),
        (
            b'{"passage_id": "a\\u0000b", "kind": "policy", "text": "t"}',
            b"a\0b",
            "a passage id with control or invisible characters",
        ),
        (b'{"passage_id": "handbook", "text": "t"}', b"handbook", "not a KnowledgeUpdated: kind: missing"),
        (updated(), b"manual", "the key is another passage id than the event's"),
        (updated(), None, "no key: it names no passage"),
        (None, b"", "no key: it names no passage"),
        (None, b"\xff", "the key is not UTF-8"),
        (None, b"h" * 513, "a passage id of 513 characters, at most 512"),
        (updated(text=" \n\t"), b"handbook", "a text of white space alone"),
        (
            b'{"passage_id": "handbook", "kind": "policy", "text": "%s"}' % (b"a" * (KNOWLEDGE_MAX_CHARACTERS + 1)),
            b"handbook",
            "not a KnowledgeUpdated: text: string_too_long",
        ),
    ],
    ids=[
        "empty",
        "no JSON",
        "a NUL",
        "no kind",
        "other key",
        "no key",
        "empty key",
        "key",
        "long key",
        "blank",
        "too long",
    ],
)
def test_refused(value: bytes | None, key: bytes | None, why: str) -> None:
    read = read_record(record(value, key))
    assert read == Refused(why)


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"metadata": {f"{SECRET}\nERROR a forged line": 5}}, "metadata.…: string_type"),
        ({"fields": {f"{SECRET}\nERROR a forged line": ["a", 5]}}, "fields.….1: string_type"),
    ],
    ids=["metadata", "fields"],
)
def test_a_key_that_its_sender_chose_is_not_told(more: dict[str, object], why: str) -> None:
    value = json.dumps(json.loads(updated()) | more).encode()
    assert read_record(record(value)) == Refused(f"not a KnowledgeUpdated: {why}")


def test_no_structured_event_is_refused() -> None:
    read = read_record(record(SECRET.encode(), headers=(("content-type", STRUCTURED.encode()),)))
    assert read == Refused("structured event is not JSON: JSONDecodeError")


def test_what_nobody_foresaw_is_refused_with_its_place_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError(SECRET)

    monkeypatch.setattr(read_module, "read_content", fail)
    read = read_record(record(updated()))
    assert isinstance(read, Refused)
    assert read.unexpected is not None
    assert read.unexpected.startswith("ZeroDivisionError at test_read.py:")
    assert SECRET not in read.why

"""Every change of the AsyncAPI document that breaks somebody is found, by address, and what breaks nobody passes."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from docmill_schemas.asyncapi import asyncapi
from tests.contract.topic_compatibility import topic_breaks

Document = dict[str, Any]
Change = Callable[[Document], object]
RELEASED: Document = asyncapi("1")
STRUCTURED = ("components", "messages", "structuredDocument", "payload")


def at(document: Document, *steps: str) -> Any:
    node: Any = document
    for step in steps:
        node = node[step]
    return node


def message(document: Document, name: str) -> Any:
    return at(document, "components", "messages", name)


def topic(document: Document, channel: str) -> Any:
    return at(document, "channels", channel, "bindings", "kafka", "topicConfiguration")


BREAKS: dict[str, tuple[Change, str]] = {
    "structured subject required": (
        lambda d: at(d, *STRUCTURED, "required").append("subject"),
        "documents.received structuredDocument $.payload.subject: required",
    ),
    "structured data_base64 dropped": (
        lambda d: at(d, *STRUCTURED, "properties").pop("data_base64"),
        "documents.received structuredDocument $.payload.data_base64: property removed",
    ),
    "content type of a document": (
        lambda d: message(d, "pdfDocument").update(contentType="application/x-pdf"),
        "documents.received pdfDocument $.contentType: words",
    ),
    "content type of a result": (
        lambda d: message(d, "documentProcessed").update(contentType="application/avro"),
        "documents.processed documentProcessed $.contentType: words",
    ),
    "payload of a document": (
        lambda d: message(d, "pdfDocument").update(payload={"type": "integer"}),
        "documents.received pdfDocument $.payload: type",
    ),
    "part of a result": (
        lambda d: at(d, "components", "schemas", "ExtractedField", "properties").pop("text"),
        "documents.processed documentProcessed $.payload.fields[].text: property removed",
    ),
    "header of a result": (
        lambda d: at(message(d, "documentProcessed"), "headers", "required").remove("ce_id"),
        "documents.processed documentProcessed $.headers.ce_id: required",
    ),
    "key of a result": (
        lambda d: message(d, "documentProcessed")["bindings"]["kafka"].update(key={"type": "integer"}),
        "documents.processed documentProcessed $.key: type",
    ),
    "smaller records taken": (
        lambda d: topic(d, "documentsReceived").update({"max.message.bytes": 10}),
        "documents.received: $.max.message.bytes: value beyond",
    ),
    "larger records sent": (
        lambda d: topic(d, "documentsProcessed").update({"max.message.bytes": 2**30}),
        "documents.processed: $.max.message.bytes: value beyond",
    ),
    "results kept shorter": (
        lambda d: topic(d, "documentsProcessed").update({"retention.ms": 1}),
        "documents.processed: $.retention.ms: value beyond",
    ),
    "results compacted": (
        lambda d: topic(d, "documentsProcessed").update({"cleanup.policy": ["compact"]}),
        "documents.processed: $.cleanup.policy: words",
    ),
    "form no longer taken": (
        lambda d: at(d, "channels", "documentsReceived", "messages").pop("mailDocument"),
        "documents.received mailDocument: gone",
    ),
    "new form sent": (
        lambda d: at(d, "channels", "documentsProcessed", "messages").update(more={}),
        "documents.processed more: unknown to readers",
    ),
    "topic gone": (lambda d: at(d, "channels", "documentsRejected").update(address="x"), "documents.rejected: gone"),
    "topic turned round": (
        lambda d: at(d, "operations", "sendResult").update(action="receive"),
        "documents.processed: changed sides",
    ),
}
BREAKS_NOBODY: dict[str, Change] = {
    "nothing": lambda d: None,
    "larger records taken": lambda d: topic(d, "documentsReceived").update({"max.message.bytes": 2**30}),
    "smaller records sent": lambda d: topic(d, "documentsProcessed").update({"max.message.bytes": 10}),
    "results kept for ever": lambda d: topic(d, "documentsProcessed").update({"retention.ms": -1}),
    "documents kept shorter": lambda d: topic(d, "documentsReceived").update({"retention.ms": 1}),
    "new form taken": lambda d: at(d, "channels", "documentsReceived", "messages").update(more={}),
    "optional part of a result added": lambda d: at(
        d, "components", "schemas", "DocumentProcessed", "properties"
    ).update(more={"type": "string"}),
}


def changed(change: Change) -> Document:
    document = copy.deepcopy(RELEASED)
    change(document)
    return document


@pytest.mark.parametrize(("change", "expected"), BREAKS.values(), ids=BREAKS)
def test_what_breaks_somebody(change: Change, expected: str) -> None:
    found = topic_breaks(RELEASED, changed(change))
    assert any(one.startswith(expected) for one in found), found


@pytest.mark.parametrize("change", BREAKS_NOBODY.values(), ids=BREAKS_NOBODY)
def test_what_breaks_nobody(change: Change) -> None:
    assert topic_breaks(RELEASED, changed(change)) == []

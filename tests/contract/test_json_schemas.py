"""The JSON Schemas that other teams build against are those of the models, and real events satisfy them."""

import json
from collections.abc import Mapping

import pytest
from jsonschema import Draft202012Validator, ValidationError  # type: ignore[import-untyped]
from pydantic import BaseModel
from pydantic import ValidationError as ModelError

from docmill.kafka.outcomes import OutcomeKind, observe
from docmill.kafka.publish import Publisher, rejected_record
from docmill.pipeline.types import Deferral, Span
from docmill.processing import Outcome, Rejected
from docmill_schemas.catalogue import EVENTS
from docmill_schemas.events import (
    DocumentProcessed,
    DocumentReceived,
    DocumentRejected,
    FallbackRequested,
    KnowledgeIndexed,
    KnowledgeUpdated,
)
from docmill_schemas.examples import FEEDBACK, INDEXED, KNOWLEDGE, REVIEW
from docmill_schemas.generate import FOLDER, json_schema, rendered, schema_file
from docmill_schemas.message import as_json
from docmill_schemas.reasons import DeferralReason, RejectionReason
from docmill_schemas.review_events import FeedbackGiven, ReviewRequested
from tests.unit.kafka.fakes import SENT_AT, FakeRecord, bundle, decide, decode, record

RENEW = "if the change is meant and additive, run `python -m docmill_schemas.generate` and commit schemas/json"
DECODED = decode(record(b"on 3 May 2024", [("ce_subject", b"letter-9")]))
CLAIM_CHECK = {"uri": "s3://x", "sha256": "0" * 64, "size": 1, "media_type": "text/plain"}
DEFERRAL = Deferral((DeferralReason.MISSING_FIELD,), ("total",))
REJECTED = Rejected(RejectionReason.INTERNAL_ERROR, "unexpected exception", "KeyError")


def published(outcome: Outcome) -> object:
    outgoing, _ = Publisher(bundle(), "docmill/test", include_text=True).outgoing(DECODED, outcome, SENT_AT)
    return json.loads(outgoing.value or b"")


def dead_letter() -> Mapping[str, object] | None:
    letter = rejected_record(DECODED, REJECTED)
    return observe(OutcomeKind.REJECTED, FakeRecord(letter.value, tuple(letter.headers))).event


EXAMPLES: dict[type[BaseModel], list[object]] = {
    DocumentReceived: [
        {"text": "a letter"},
        {"document_id": "d", "tenant": "t", "text": "<p>x", "media_type": "text/html", "a_later_key": 1},
        {"base64": "eA==", "media_type": "text/plain"},
        {"text": None, "base64": "eA==", "media_type": "text/plain", "claim_check": None},
        {"claim_check": CLAIM_CHECK},
    ],
    DocumentProcessed: [published(decide(DECODED, spans=(Span("date", 3, 13, 0.9), Span("date", 0, 2, 0.9))))],
    FallbackRequested: [published(decide(DECODED, DEFERRAL, (Span("date", 3, 13, 0.9),)))],
    DocumentRejected: [dead_letter()],
    ReviewRequested: [as_json(REVIEW)],
    FeedbackGiven: [as_json(FEEDBACK)],
    KnowledgeUpdated: [
        {"passage_id": "p", "kind": "policy", "text": "a rule"},
        {"passage_id": "p", "kind": "a_later_kind", "text": "x", "valid_from": None, "a_later_key": 1},
        as_json(KNOWLEDGE),
    ],
    KnowledgeIndexed: [as_json(INDEXED)],
}


@pytest.mark.parametrize("event", EVENTS)
def test_the_snapshot_is_of_the_model(event: type[BaseModel]) -> None:
    assert schema_file(event).read_text(encoding="utf-8") == rendered(event), f"{event.__name__} changed: {RENEW}"


def test_there_is_no_snapshot_without_a_model() -> None:
    assert set(FOLDER.iterdir()) == {schema_file(event) for event in EVENTS}, RENEW


@pytest.mark.parametrize("event", EVENTS)
def test_the_schema_is_valid_and_events_satisfy_it(event: type[BaseModel]) -> None:
    schema = json_schema(event)
    Draft202012Validator.check_schema(schema)
    for example in EXAMPLES[event]:
        Draft202012Validator(schema).validate(example)
        event.model_validate(example)


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"document_id": "d"},
        {"text": None},
        {"text": "a", "base64": "eA==", "media_type": "text/plain"},
        {"text": "a", "base64": "eA=="},
        {"text": "a", "claim_check": CLAIM_CHECK},
        {"base64": "eA=="},
        {"base64": "eA==", "media_type": None},
        {"base64": "eA==", "media_type": "text/plain", "claim_check": CLAIM_CHECK},
    ],
)
def test_schema_and_model_refuse_what_is_not_one_form(document: dict[str, object]) -> None:
    assert not Draft202012Validator(json_schema(DocumentReceived)).is_valid(document)
    with pytest.raises(ModelError):
        DocumentReceived.model_validate(document)


@pytest.mark.parametrize("event", [DocumentProcessed, FallbackRequested, DocumentRejected])
def test_the_schema_rejects_an_event_without_its_request(event: type[BaseModel]) -> None:
    [example] = EXAMPLES[event]
    assert isinstance(example, dict)
    without = {name: value for name, value in example.items() if name != "request_id"}
    with pytest.raises(ValidationError):
        Draft202012Validator(json_schema(event)).validate(without)

"""The AsyncAPI document is the generated one, valid, and true of the records that docmill really reads and writes."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator, Draft202012Validator  # type: ignore[import-untyped]
from pydantic import create_model
from referencing import Registry
from referencing.jsonschema import DRAFT7

from docmill.ingest import FORMATS
from docmill.ingest.media_types import UNKNOWN
from docmill.kafka.publish import PASSED_ON, OutgoingRecord, Publisher, rejected_record
from docmill.kafka.read_paths import SourceDocument
from docmill.kafka.received_record import received_record
from docmill.pipeline.types import Deferral, Span
from docmill.processing import Outcome, ReceivedDocument, Rejected
from docmill_schemas.asyncapi import asyncapi, channel_id, component_schemas
from docmill_schemas.catalogue import EVENTS
from docmill_schemas.events import DocumentProcessed, DocumentReceived, DocumentRejected, EventType
from docmill_schemas.examples import REQUEST_ID
from docmill_schemas.generate import ASYNCAPI_FILE, json_schema, rendered_asyncapi
from docmill_schemas.reasons import DeferralReason, RejectionReason
from docmill_schemas.review_events import ReviewRequested
from docmill_schemas.topics import FEEDBACK, KNOWLEDGE_UPDATED, RECEIVED, REJECTED, TOPICS, TopicSpec
from tests.contract.compatibility import Rule, Side, breaks
from tests.unit.kafka.fakes import SENT_AT, Headers, bundle, decide, decode, record

OFFICIAL = json.loads(Path(__file__).with_name("asyncapi-3.0.0.schema.json").read_text(encoding="utf-8"))
RENEW = "if the change is meant and additive, run `python -m docmill_schemas.generate` and commit schemas/asyncapi.yaml"
DOCUMENT = yaml.safe_load(ASYNCAPI_FILE.read_text(encoding="utf-8"))
MESSAGES = DOCUMENT["components"]["messages"]
EXAMPLES = [(name, example) for name, message in MESSAGES.items() for example in message["examples"]]
REGISTRY: Registry[Any] = Registry().with_resource("urn:document", DRAFT7.create_resource(DOCUMENT))
TAKEN_IN = (RECEIVED, FEEDBACK, KNOWLEDGE_UPDATED)
TRACE = [(name, b"x") for name in PASSED_ON]
SENT = [("ce_id", b"1"), ("ce_source", b"scanner"), ("ce_subject", b"letter-9"), *TRACE]
BROKEN = Rejected(RejectionReason.INTERNAL_ERROR, "unexpected exception", "KeyError")
DEFERRED = Deferral((DeferralReason.MISSING_FIELD,), ("total",))


def errors(pointer: str, instance: object) -> list[str]:
    """What a schema in the document has against an instance."""
    validator = Draft7Validator({"$ref": f"urn:document#{pointer}"}, registry=REGISTRY)
    return [error.message for error in validator.iter_errors(instance)]


def is_message(name: str, headers: Mapping[str, str], value: object = None) -> bool:
    """Whether a record is of a kind; a value that is None is not looked at."""
    message = f"/components/messages/{name}"
    return not errors(f"{message}/headers", headers) and (value is None or not errors(f"{message}/payload", value))


def messages_of(topic: TopicSpec) -> list[str]:
    return list(DOCUMENT["channels"][channel_id(topic)]["messages"])


def references(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def test_the_snapshot_is_of_the_models() -> None:
    assert ASYNCAPI_FILE.read_text(encoding="utf-8") == rendered_asyncapi(), RENEW


def test_it_is_valid_by_the_official_schema() -> None:
    Draft7Validator.check_schema(OFFICIAL)
    assert [error.message for error in Draft7Validator(OFFICIAL).iter_errors(DOCUMENT)] == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("operations", "sendResult", "action"), "publish"),
        (("channels", "documentsReceived", "bindings", "kafka", "topicConfiguration", "cleanup.policy"), "delete"),
        (("components", "messages", "deadLetter", "headers", "type"), "dict"),
        (("servers", "kafka", "protocol"), None),
    ],
)
def test_the_official_schema_refuses_what_is_wrong(path: tuple[str, ...], value: object) -> None:
    broken = asyncapi("1")
    node = broken
    for step in path[:-1]:
        node = node[step]
    node[path[-1]] = value
    assert not Draft7Validator(OFFICIAL).is_valid(broken)


def test_every_reference_leads_somewhere() -> None:
    found = set(references(DOCUMENT))
    assert found
    for reference in found:
        node = DOCUMENT
        for step in reference.removeprefix("#/").split("/"):
            node = node[step]


def test_every_topic_is_there_with_its_configuration() -> None:
    addresses = {channel["address"]: channel for channel in DOCUMENT["channels"].values()}
    assert addresses.keys() == {topic.name for topic in TOPICS}
    for topic in TOPICS:
        channel = addresses[topic.name]
        binding = channel["bindings"]["kafka"]
        stated = {
            name: ",".join(value) if isinstance(value, list) else str(value)
            for name, value in binding["topicConfiguration"].items()
        }
        assert stated == {"retention.ms": "-1"} | topic.config()
        assert binding["topic"] == topic.name
        assert topic.key in channel["description"]


def test_docmill_receives_documents_decisions_and_knowledge_and_sends_the_others() -> None:
    actions = {operation["channel"]["$ref"]: operation["action"] for operation in DOCUMENT["operations"].values()}
    assert actions == {
        f"#/channels/{channel_id(topic)}": "receive" if topic in TAKEN_IN else "send" for topic in TOPICS
    }


def test_a_prefix_is_part_of_every_address() -> None:
    document = asyncapi("1", "claims.")
    assert Draft7Validator(OFFICIAL).is_valid(document)
    for channel in document["channels"].values():
        assert channel["address"].startswith(("claims.documents.", "claims.knowledge."))
        assert channel["bindings"]["kafka"]["topic"] == channel["address"]


def test_every_event_and_event_type_is_there() -> None:
    types = {
        word
        for message in MESSAGES.values()
        for schema in [message["headers"]["properties"].get("ce_type", {})]
        for word in [schema.get("const"), *schema.get("examples", [])]
    }
    assert set(EventType) <= types
    payloads = {message["payload"].get("$ref") for message in MESSAGES.values()}
    for event in EVENTS:
        if event is DocumentRejected:
            headers = MESSAGES["deadLetterPointer"]["headers"]["properties"]
            assert {f"docmill_{name}" for name in event.model_fields} <= headers.keys()
        else:
            assert f"#/components/schemas/{event.__name__}" in payloads


@pytest.mark.parametrize("topic", [topic for topic in TOPICS if topic not in TAKEN_IN])
def test_readers_are_told_their_duty(topic: TopicSpec) -> None:
    channel = DOCUMENT["channels"][channel_id(topic)]
    assert channel["x-consumer-config"]["isolation.level"] == "read_committed"
    [operation] = [o for o in DOCUMENT["operations"].values() if o["channel"]["$ref"].endswith(channel_id(topic))]
    for place in (channel, operation):
        assert "isolation.level=read_committed" in place["description"]


@pytest.mark.parametrize("event", [event for event in EVENTS if event is not DocumentRejected])
def test_an_embedded_schema_says_what_the_json_schema_says(event: Any) -> None:
    """Both ways, with three exceptions: where a part may be null, the embedded schema has it absent; it has no default
    beside a reference; and which keys go together is said in the JSON Schema alone.
    """
    document = {"components": {"schemas": component_schemas()}}
    embedded = document["components"]["schemas"][event.__name__]
    standalone = json_schema(event)
    together = standalone.pop("oneOf", None)
    stricter = breaks(embedded, standalone, Side.CONSUMER, (document, standalone))
    looser = breaks(standalone, embedded, Side.CONSUMER, (standalone, document))
    assert (together is not None) is (event is DocumentReceived)
    nullable = {DocumentReceived: "$.claim_check", ReviewRequested: "$.published"}.get(event)
    assert [str(one) for one in stricter if one.rule is not Rule.DEFAULT] == (
        [f"{nullable}: type that the reader does not allow: null"] if nullable else []
    )
    assert [one for one in looser if one.rule is not Rule.DEFAULT] == []
    assert {one.path for one in (*stricter, *looser)} - {nullable} == (
        {"$.cost"} if event in (DocumentProcessed, ReviewRequested) else set()
    )


def test_two_parts_of_one_name_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second would silently take the place of the first."""
    same = create_model("Cost", euros=(int, ...))
    monkeypatch.setattr("docmill_schemas.asyncapi.EVENTS", (DocumentProcessed, create_model("Other", cost=(same, ...))))
    with pytest.raises(ValueError, match="named Cost"):
        component_schemas()


@pytest.mark.parametrize(("name", "example"), EXAMPLES)
def test_an_example_satisfies_its_message(name: str, example: dict[str, Any]) -> None:
    message = f"/components/messages/{name}"
    assert errors(f"{message}/headers", example["headers"]) == []
    if "payload" in example:
        assert errors(f"{message}/payload", example["payload"]) == []
        schema = MESSAGES[name]["payload"].get("$ref", "").rpartition("/")[2]
        for event in EVENTS:
            if event.__name__ == schema:
                Draft202012Validator(json_schema(event)).validate(example["payload"])
    content_type = example["headers"].get("content-type", MESSAGES[name]["contentType"])
    if name not in ("bareDocument", "deadLetter"):  # of any
        assert content_type == MESSAGES[name]["contentType"]


@pytest.mark.parametrize(
    ("name", "example"), [(name, example) for name, example in EXAMPLES if name in messages_of(RECEIVED)]
)
def test_an_example_of_a_received_record_is_read_as_a_document(name: str, example: dict[str, Any]) -> None:
    value = example.get("payload", "%PDF-")
    data = (value if isinstance(value, str) else json.dumps(value)).encode()
    headers = [(header, text.encode()) for header, text in example["headers"].items()]
    decoded = decode(record(data, headers, b"receipt-17"))
    assert isinstance(decoded.document, ReceivedDocument)
    assert decoded.document_id == "receipt-17"
    assert (decoded.request_id == REQUEST_ID) is (name != "bareDocument")
    assert [n for n in messages_of(RECEIVED) if is_message(n, example["headers"], value)] == [name]


@pytest.mark.parametrize(
    "headers",
    [
        {"ce_id": "1"},
        {"ce_source": "scanner"},
        {"ce_id": "", "ce_source": "scanner", "ce_subject": "letter-9"},
        {"ce_id": "1", "ce_source": ""},
        {"ce_id": "1", "content-type": "text/plain"},
    ],
)
def test_half_an_event_id_is_a_bare_document(headers: dict[str, str]) -> None:
    decoded = decode(record(b"a letter", [(name, text.encode()) for name, text in headers.items()]))
    assert isinstance(decoded.document, ReceivedDocument)
    assert decoded.request_id == decode(record(b"a letter")).request_id
    assert [name for name in messages_of(RECEIVED) if is_message(name, headers)] == ["bareDocument"]


@pytest.mark.parametrize("media_type", [*FORMATS, UNKNOWN, "application/json"])
def test_a_published_document_of_every_media_type_is_one_message(media_type: str) -> None:
    """What `docmill publish` sends."""
    document = SourceDocument("letter-9", b"{}", f"{media_type}; charset=utf-8")
    headers = as_text(received_record(document, "scanner", "1", SENT_AT).headers)
    [name] = [name for name in messages_of(RECEIVED) if is_message(name, headers)]
    assert headers.keys() <= MESSAGES[name]["headers"]["properties"].keys()


def as_text(headers: Headers) -> dict[str, str]:
    return {name: (value or b"").decode() for name, value in headers}


def published(outcome: Outcome | None, headers: Headers, *, include_text: bool = False) -> OutgoingRecord:
    decoded = decode(record(b"on 3 May 2024", headers))
    publisher = Publisher(bundle(), "docmill/test", include_text=include_text)
    outgoing, _ = publisher.outgoing(decoded, outcome or decide(decoded, None, (Span("date", 3, 13, 0.9),)), SENT_AT)
    return outgoing


def deferred() -> OutgoingRecord:
    decoded = decode(record(b"on 3 May 2024", SENT))
    outcome = decide(decoded, DEFERRED, (Span("date", 3, 13, 0.9),))
    return Publisher(bundle(), "docmill/test", include_text=True).outgoing(decoded, outcome, SENT_AT)[0]


def key_of(outgoing: OutgoingRecord) -> str | None:
    return None if outgoing.key is None else outgoing.key.decode("latin-1")


def dead_letters() -> Iterator[tuple[str, OutgoingRecord]]:
    """With an exception and without, put back once, of nothing; without its value, with a key and without, without its
    key.
    """
    first = published(BROKEN, SENT)
    yield "deadLetter", first
    yield "deadLetter", published(Rejected(RejectionReason.NO_TEXT, "3 bytes hold no text"), [])
    yield "deadLetter", rejected_record(decode(record(first.value, first.headers)), BROKEN)
    yield "deadLetter", rejected_record(decode(record(None, SENT)), BROKEN)
    large = b"".join(n.to_bytes(4, "big") for n in range(0, 2**32, 3001))
    yield "deadLetterPointer", rejected_record(decode(record(large, SENT)), BROKEN)
    yield "deadLetterPointer", rejected_record(decode(record(large, SENT, b"letter-9")), BROKEN)
    yield "deadLetterPointer", rejected_record(decode(record(b"", SENT, large)), BROKEN)


OUTGOING = [
    *(
        ("documentProcessed", published(None, headers, include_text=text))
        for headers in ([], SENT)
        for text in (False, True)
    ),
    ("fallbackRequested", deferred()),
    *dead_letters(),
]


@pytest.mark.parametrize(("name", "outgoing"), OUTGOING)
def test_what_docmill_writes_is_what_the_document_says(name: str, outgoing: OutgoingRecord) -> None:
    headers = as_text(outgoing.headers)
    message = f"/components/messages/{name}"
    assert errors(f"{message}/headers", headers) == []
    own = {header for header in headers if not header.startswith("ce_") or outgoing.topic != REJECTED.name}
    assert own <= MESSAGES[name]["headers"]["properties"].keys()
    [topic] = [topic for topic in TOPICS if topic.name == outgoing.topic]
    assert [one for one in messages_of(topic) if not errors(f"/components/messages/{one}/headers", headers)] == [name]
    value = None if outgoing.value is None else outgoing.value.decode("latin-1")
    is_letter = topic is REJECTED
    assert errors(f"{message}/payload", value if is_letter else json.loads(value or "")) == []
    assert errors(f"{message}/bindings/kafka/key", key_of(outgoing)) == []


@pytest.mark.parametrize("name", ["deadLetter", "deadLetterPointer"])
def test_all_that_the_document_says_of_dead_letters_is_written(name: str) -> None:
    """So no header is listed that nothing writes; the records above show the other way."""
    written = {header for kind, letter in dead_letters() if kind == name for header, _ in letter.headers}
    assert MESSAGES[name]["headers"]["properties"].keys() <= written


def test_a_dead_letter_with_its_value_is_no_pointer() -> None:
    """By its payload too, so that a reader who looks there alone is not misled."""
    assert errors("/components/messages/deadLetterPointer/payload", "a letter") != []


@pytest.mark.parametrize("name", ["documentProcessed", "fallbackRequested"])
def test_all_that_the_document_says_of_an_event_is_written(name: str) -> None:
    written = {header for kind, outgoing in OUTGOING if kind == name for header, _ in outgoing.headers}
    assert MESSAGES[name]["headers"]["properties"].keys() == written

"""The topics, headers and events as one AsyncAPI 3 document. Does not know YAML or files.

The events are embedded as AsyncAPI Schema Objects, their parts as components of their own: parsers refuse a 2020-12
`$defs` inside the document, and generators name their classes after components (docs/decisions/0007-contracts.md).
Source: https://www.asyncapi.com/docs/reference/specification/v3.0.0, Kafka bindings 0.5.0.
"""

from collections.abc import Mapping
from typing import Any

from docmill_schemas.catalogue import EVENTS
from docmill_schemas.events import DocumentRejected
from docmill_schemas.headers import JsonSchema
from docmill_schemas.knowledge_messages import KNOWLEDGE_MESSAGES
from docmill_schemas.message import JSON, Example, Message
from docmill_schemas.published_messages import PUBLISHED_MESSAGES
from docmill_schemas.received_messages import RECEIVED_MESSAGES
from docmill_schemas.review_messages import REVIEW_MESSAGES
from docmill_schemas.topics import (
    FALLBACK,
    FEEDBACK,
    KNOWLEDGE_INDEXED,
    KNOWLEDGE_UPDATED,
    PROCESSED,
    RECEIVED,
    REJECTED,
    REVIEW,
    TOPICS,
    TopicSpec,
)

MESSAGES = (*RECEIVED_MESSAGES, *PUBLISHED_MESSAGES, *REVIEW_MESSAGES, *KNOWLEDGE_MESSAGES)
BINDING_VERSION = "0.5.0"
COMPONENTS = "#/components/schemas/"
GROUPS = {  # of the topics that docmill takes in
    RECEIVED: "docmill-processor",
    FEEDBACK: "docmill-arbiter",
    KNOWLEDGE_UPDATED: "docmill-indexer",
}
READ = (
    "Consumers must read with isolation.level=read_committed, else they see what aborted transactions left behind. "
    "They dedupe on {once}, and commit an offset after their own work on it"
)
SEND = {
    RECEIVED: "Producers use acks=all, idempotence and the document id as the key; the same (ce_source, ce_id) is one "
    "request",
    FEEDBACK: "Producers use acks=all, idempotence and the request id as the key: a review's first record counts",
    KNOWLEDGE_UPDATED: "Producers use acks=all, idempotence and the passage id as the key: its last record counts",
}
ONCE = {
    PROCESSED: "(request_id, decided_by, revision)",
    FALLBACK: "request_id",
    REJECTED: "(docmill_request_id, docmill_attempt)",
    REVIEW: "key: the last record of one is its state",
    KNOWLEDGE_INDEXED: "key: the last record of one is its state",
}
CONSUMER_CONFIG = {"isolation.level": "read_committed", "enable.auto.commit": False}
PRODUCER_CONFIG = {"acks": "all", "enable.idempotence": True}
OPERATIONS = {
    "receiveDocument": (RECEIVED, "take a document in"),
    "sendResult": (PROCESSED, "publish what passed its certified thresholds"),
    "sendDeferral": (FALLBACK, "ask the fallback about what did not"),
    "sendDeadLetter": (REJECTED, "set aside what cannot be processed, and say why"),
    "sendReview": (REVIEW, "ask a person, and say when it is decided"),
    "receiveFeedback": (FEEDBACK, "take in what a person decided"),
    "receiveKnowledge": (KNOWLEDGE_UPDATED, "take in a source text for the fallback"),
    "sendKnowledge": (KNOWLEDGE_INDEXED, "publish it in chunks with vectors, for every copy of the index"),
}


def asyncapi(version: str, topic_prefix: str = "") -> dict[str, Any]:
    """The document of a deployment; its operations are those of docmill: a team that reads what docmill sends
    consumes.
    """
    return {
        "asyncapi": "3.0.0",
        "id": "urn:docmill:processor",
        "info": {
            "title": "docmill",
            "version": version,
            "description": "A digital mailroom: documents in, one outcome each. Changes are additive: ignore keys, "
            "headers, reasons and deciders that you do not know.",
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": JSON,
        "x-topic-prefix": {
            "value": topic_prefix,
            "description": "DOCMILL_TOPIC_PREFIX of the deployment, part of every address here. "
            "`python -m docmill_schemas.generate --topic-prefix PREFIX` prints this document for another one",
        },
        "servers": {
            "kafka": {
                "host": "{bootstrap}",
                "protocol": "kafka",
                "description": "any broker of the cluster: KAFKA_BOOTSTRAP_SERVERS",
                "variables": {"bootstrap": {"default": "localhost:9092", "description": "host:port"}},
            }
        },
        "channels": {channel_id(topic): _channel(topic, topic_prefix) for topic in TOPICS},
        "operations": {id: _operation(topic, summary) for id, (topic, summary) in OPERATIONS.items()},
        "components": {
            "schemas": component_schemas(),
            "messages": {message.id: _message(message) for message in MESSAGES},
            "correlationIds": {
                "correlationId": {
                    "location": "$message.header#/correlation_id",
                    "description": "the sender's own, on every outcome of its document",
                }
            },
        },
    }


def channel_id(topic: TopicSpec) -> str:
    """`documents.received` -> `documentsReceived`: a name that is one in every language."""
    first, *others = topic.name.split(".")
    return first + "".join(other.capitalize() for other in others)


def component_schemas() -> dict[str, JsonSchema]:
    """Every event with a value of its own, and every part of one, under its name.

    Which keys go together stays in the JSON Schemas: generators make a union without a class of an object's `oneOf`.
    """
    schemas: dict[str, JsonSchema] = {}
    for event in EVENTS:
        if event is not DocumentRejected:  # its fields are headers
            schema = event.model_json_schema(ref_template=COMPONENTS + "{model}")
            parts = schema.pop("$defs", {})
            schema.pop("oneOf", None)
            for name, part in {**parts, event.__name__: schema}.items():
                given = _embedded(part)
                if schemas.setdefault(name, given) != given:
                    raise ValueError(f"two different schemas are named {name}")
    return schemas


def _embedded(schema: Any) -> Any:
    """The same schema in the words that generators turn into types.

    Nothing stands beside a `$ref` (draft 7, which AsyncAPI builds on, ignores it; tools differ), and what may be null
    is a list of types: an `anyOf` becomes an Object in Java.
    """
    if isinstance(schema, list):
        return [_embedded(item) for item in schema]
    if not isinstance(schema, Mapping):
        return schema
    match schema.get("anyOf"):
        case [{"$ref": reference}, {"type": "null"}]:
            return {"$ref": reference}  # absent, then, rather than null
        case [{"type": str(type)} as form, {"type": "null"}] if not {"enum", "const"} & form.keys():
            rest = {name: value for name, value in schema.items() if name != "anyOf"}
            return _embedded({**form, **rest, "type": [type, "null"]})
    if "$ref" in schema:
        return {"$ref": schema["$ref"]}
    return {name: _embedded(value) for name, value in schema.items()}


def _channel(topic: TopicSpec, topic_prefix: str) -> dict[str, Any]:
    configuration: dict[str, Any] = {
        "cleanup.policy": [topic.cleanup.value],
        "retention.ms": -1 if topic.retention_ms is None else topic.retention_ms,
        "max.message.bytes": topic.max_bytes,
    }
    return {
        "address": topic_prefix + topic.name,
        "summary": topic.holds,
        "description": f"{_duty(topic)}. Key: {topic.key}.",
        "messages": {m.id: {"$ref": f"#/components/messages/{m.id}"} for m in MESSAGES if m.topic is topic},
        "bindings": _kafka(topic=topic_prefix + topic.name, topicConfiguration=configuration),
    } | ({"x-producer-config": PRODUCER_CONFIG} if topic in SEND else {"x-consumer-config": CONSUMER_CONFIG})


def _duty(topic: TopicSpec) -> str:
    """What the other side of the topic has to do."""
    return SEND[topic] if topic in SEND else READ.format(once=ONCE[topic])


def _operation(topic: TopicSpec, summary: str) -> dict[str, Any]:
    channel = f"#/channels/{channel_id(topic)}"
    messages = [{"$ref": f"{channel}/messages/{m.id}"} for m in MESSAGES if m.topic is topic]
    common = {"channel": {"$ref": channel}, "summary": summary, "messages": messages}
    if topic not in GROUPS:
        return {"action": "send", **common, "description": f"{_duty(topic)}."}
    group = {"type": "string", "default": GROUPS[topic], "description": "DOCMILL_GROUP"}
    return {
        "action": "receive",
        **common,
        "bindings": _kafka(groupId=group),
        "x-consumer-config": CONSUMER_CONFIG,
    }


def _message(message: Message) -> dict[str, Any]:
    value = message.value
    return {
        "name": message.id,
        "title": message.title,
        "summary": message.summary,
        "contentType": message.content_type,
        "correlationId": {"$ref": "#/components/correlationIds/correlationId"},
        "headers": {"title": f"{message.id[0].upper()}{message.id[1:]}Headers", **message.headers},
        "payload": {"$ref": COMPONENTS + value.__name__} if isinstance(value, type) else value,
        "bindings": _kafka(key=message.key),
        "examples": [_example(example) for example in message.examples],
    }


def _example(example: Example) -> dict[str, Any]:
    shown = {"name": example.name, "headers": dict(example.headers)}
    return shown if example.value is None else shown | {"payload": example.value}


def _kafka(**binding: Any) -> dict[str, Any]:
    return {"kafka": {**binding, "bindingVersion": BINDING_VERSION}}

"""The broker's id of a topic: one that is deleted and made anew under the same name has another.

aiokafka 0.14 speaks metadata requests up to version 5; ids came with version 10 (KIP-516).
Source: the Kafka protocol guide, Metadata v12, which brokers speak since 3.1.
"""

import uuid
from io import BytesIO
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import NoError, for_code
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import (
    AbstractType,
    Boolean,
    CompactArray,
    CompactString,
    Int16,
    Int32,
    Schema,
    TaggedFields,
)

from docmill.errors import ConfigurationError

METADATA, VERSION = 3, 12
NO_ID = uuid.UUID(int=0)
TEXT, TAGS = CompactString("utf-8"), ("tags", TaggedFields)
NUMBERS = CompactArray(Int32)


class _Uuid(AbstractType):  # type: ignore[misc]
    @classmethod
    def encode(cls, value: uuid.UUID) -> bytes:
        return value.bytes

    @classmethod
    def decode(cls, data: BytesIO) -> uuid.UUID:
        return uuid.UUID(bytes=data.read(16))


class _MetadataResponse(Response):  # type: ignore[misc]
    API_KEY, API_VERSION = METADATA, VERSION
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("brokers", CompactArray(("node_id", Int32), ("host", TEXT), ("port", Int32), ("rack", TEXT), TAGS)),
        ("cluster_id", TEXT),
        ("controller_id", Int32),
        (
            "topics",
            CompactArray(
                ("error_code", Int16),
                ("name", TEXT),
                ("topic_id", _Uuid),
                ("is_internal", Boolean),
                (
                    "partitions",
                    CompactArray(
                        ("error_code", Int16),
                        ("partition", Int32),
                        ("leader", Int32),
                        ("leader_epoch", Int32),
                        ("replicas", NUMBERS),
                        ("isr", NUMBERS),
                        ("offline", NUMBERS),
                        TAGS,
                    ),
                ),
                ("authorized_operations", Int32),
                TAGS,
            ),
        ),
        TAGS,
    )


class _MetadataRequestV12(RequestStruct):  # type: ignore[misc]
    API_KEY, API_VERSION, FLEXIBLE_VERSION = METADATA, VERSION, True
    RESPONSE_TYPE = _MetadataResponse
    SCHEMA = Schema(
        ("topics", CompactArray(("topic_id", _Uuid), ("name", TEXT), TAGS)),
        ("allow_auto_topic_creation", Boolean),
        ("include_topic_authorized_operations", Boolean),
        TAGS,
    )


class _MetadataRequest(Request[_MetadataRequestV12]):  # type: ignore[misc]
    API_KEY = METADATA

    def __init__(self, topic: str) -> None:
        self._topic = topic

    def build(self, request_struct_class: Any) -> Any:
        return request_struct_class([(NO_ID, self._topic, {})], False, False, {})


async def topic_id(admin: AIOKafkaAdminClient, topic: str) -> str:
    """The id of a topic, by its full name; the admin client has started.

    Raises:
        KafkaError: the broker does not answer, there is no such topic, or it may not be described.
        ConfigurationError: the broker is older than 3.1.
    """
    try:
        response = await admin._send_request(_MetadataRequest(topic))
    except NotImplementedError as error:
        raise ConfigurationError("the broker is older than Kafka 3.1 and gives topics no ids: upgrade it") from error
    [(code, _, found, *_)] = response.topics
    if for_code(code) is not NoError:
        raise for_code(code)(f"id of topic {topic}")
    return str(found)

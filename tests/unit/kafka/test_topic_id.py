"""The id of a topic is asked for in the one version of the request that gives it."""

import uuid
from io import BytesIO
from typing import Any, cast

import pytest
from aiokafka.errors import UnknownTopicOrPartitionError

from docmill.errors import ConfigurationError
from docmill.kafka.topic_id import METADATA, VERSION, _MetadataRequest, _MetadataResponse, topic_id

ID = uuid.UUID("12345678-1234-5678-1234-567812345678")


class FakeAdmin:
    """Answers with one topic; speaks versions up to `newest`."""

    def __init__(self, code: int = 0, newest: int = VERSION) -> None:
        self._code = code
        self._newest = newest

    async def _send_request(self, request: _MetadataRequest) -> Any:
        asked = request.prepare({METADATA: (0, self._newest)})
        [(_, name, _)] = asked.topics
        partition: Any = (0, 0, 1, 5, [1], [1], [], {})
        topic: Any = (self._code, name, ID, False, [partition], 0, {})
        answer = _MetadataResponse(0, [(1, "localhost", 9092, None, {})], "cluster", 1, [topic], {})
        return _MetadataResponse.decode(BytesIO(answer.encode()))


async def test_the_id_is_read() -> None:
    assert await topic_id(cast(Any, FakeAdmin()), "claims.knowledge.indexed") == str(ID)


async def test_a_topic_that_is_not_there_is_the_brokers_error() -> None:
    with pytest.raises(UnknownTopicOrPartitionError):
        await topic_id(cast(Any, FakeAdmin(code=3)), "nowhere")


async def test_a_broker_that_knows_no_ids_is_named() -> None:
    with pytest.raises(ConfigurationError, match=r"older than Kafka 3\.1"):
        await topic_id(cast(Any, FakeAdmin(newest=8)), "claims.knowledge.indexed")

"""What brokers refuse, told with what to do; what they do not answer is in tests/integration/test_security.py."""

import asyncio

import pytest
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    KafkaConnectionError,
    KafkaError,
    RequestTimedOutError,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
)

from docmill.errors import BrokerError, ConfigurationError
from docmill.kafka import refusals
from docmill.kafka.refusals import explained, refused, told
from docmill.settings import load_settings


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (TopicAuthorizationFailedError("a.documents.rejected"), "on topic a.documents.rejected: "),
        (TopicAuthorizationFailedError({"b", "a"}), "on topic a, b: "),
        (TopicAuthorizationFailedError(), "on topic of docmill: "),
        (GroupAuthorizationFailedError("docmill-processor"), "Read on group docmill-processor"),
        (GroupAuthorizationFailedError(), "Read on group of DOCMILL_GROUP"),
        (TransactionalIdAuthorizationFailed("g:t:0"), "Write on transactional id g:t:0"),
        (ClusterAuthorizationFailedError(), "on the cluster"),
    ],
)
def test_a_right_that_is_missing_is_named(error: KafkaError, said: str) -> None:
    assert f"a right is missing, {said}" in told(error)
    assert "docs/security.md" in told(error)
    problem = refused("it failed", error)
    assert isinstance(problem, ConfigurationError)
    assert str(problem).startswith("it failed: a right is missing, ")


def test_a_right_that_is_missing_is_found_behind_what_came_of_it() -> None:
    outer = KafkaError("Unexpected error during batch delivery")
    outer.__cause__ = TopicAuthorizationFailedError()
    assert "on topic a.documents.received: " in str(refused("it failed", outer, topic="a.documents.received"))


def test_anything_else_may_succeed_another_time() -> None:
    problem = refused("it failed", RequestTimedOutError())
    assert isinstance(problem, BrokerError)
    assert "RequestTimedOut" in str(problem)


async def test_every_address_is_asked_again() -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        settings = load_settings(kafka_bootstrap_servers=f"127.0.0.1:1,127.0.0.1:{port}")
        problem = await explained(settings, KafkaConnectionError("unable to bootstrap"))
    assert str(problem).startswith(f"the broker at 127.0.0.1:{port} closed the connection: it may want TLS")
    nobody = await explained(load_settings(kafka_bootstrap_servers="127.0.0.1:1"), KafkaConnectionError("x"))
    assert "no broker answers at 127.0.0.1:1 (" in str(nobody)


async def test_an_address_that_no_host_can_have_is_told() -> None:
    """A broker may give one for itself."""
    said = await refusals._ask(load_settings(), "broker..example", 9092)
    assert isinstance(said, str)
    assert said.startswith("no broker answers at broker..example:9092 (")

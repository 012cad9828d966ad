"""Brokers too old for exactly_once are refused with the reason, and at_least_once asks none.

aiokafka's own client asks listeners that answer its first two requests as brokers do: so what docmill reads inside that
client is read here too, and a release that moves it is seen.
"""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from aiokafka.client import AIOKafkaClient, ConnectionGroup
from aiokafka.protocol.admin import ApiVersionRequest, ApiVersionResponse_v0
from aiokafka.protocol.api import Response
from aiokafka.protocol.metadata import MetadataRequest, MetadataResponse_v1
from aiokafka.protocol.transaction import EndTxnRequest

from docmill.errors import BrokerError, ConfigurationError
from docmill.kafka import service
from docmill.kafka.broker_version import END_TXN_OF_4_0, require_exactly_once
from docmill.kafka.connection import client_options
from docmill.settings import Settings, load_settings
from docmill_schemas.topics import TopicSpec

HOST = "127.0.0.1"
NOBODY = 1  # a port that nothing listens on
OLDER = END_TXN_OF_4_0 - 1
HEADER = struct.Struct(">hhi")  # API key, its version, correlation id; the client's name follows
CLOSED_S = 10.0


class FakeCluster:
    """Brokers, by id from 1, that say which versions they speak and who they are.

    `conversations`: one task for each connection, done when the client has closed it.
    """

    def __init__(self) -> None:
        self.ports: dict[int, int] = {}
        self.conversations: list[asyncio.Task[Any]] = []

    @property
    def settings(self) -> Settings:
        """Of a client that knows the first one alone."""
        return load_settings(kafka_bootstrap_servers=f"{HOST}:{self.ports[1]}")

    async def add(self, newest_end_txn: int | None) -> asyncio.Server:
        """A broker; None: it knows no transactions at all."""
        versions = [(MetadataRequest.API_KEY, 1, 1)]
        if newest_end_txn is not None:
            versions.append((EndTxnRequest.API_KEY, 0, newest_end_txn))

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            self.conversations.append(task)
            while size := await reader.read(4):
                api_key, _, correlation_id = HEADER.unpack_from(await reader.readexactly(int.from_bytes(size)))
                body = struct.pack(">i", correlation_id) + self._answer(api_key, versions).encode()
                writer.write(struct.pack(">i", len(body)) + body)
            writer.close()

        server = await asyncio.start_server(answer, HOST, 0)
        self.ports[len(self.ports) + 1] = server.sockets[0].getsockname()[1]
        return server

    def _answer(self, api_key: int, versions: list[tuple[int, int, int]]) -> Response:
        if api_key == ApiVersionRequest.API_KEY:
            return ApiVersionResponse_v0(0, versions)
        assert api_key == MetadataRequest.API_KEY
        return MetadataResponse_v1([(number, HOST, port, None) for number, port in self.ports.items()], 1, [])

    async def all_closed(self) -> None:
        """Wait for it. Raises: TimeoutError: the client has left a connection open."""
        async with asyncio.timeout(CLOSED_S):
            await asyncio.gather(*self.conversations)


@asynccontextmanager
async def brokers(*newest_end_txn: int | None) -> AsyncIterator[FakeCluster]:
    """One for each, which must be rid of its clients at the end."""
    cluster = FakeCluster()
    async with AsyncExitStack() as stack:
        for newest in newest_end_txn:
            await stack.enter_async_context(await cluster.add(newest))
        yield cluster
        await cluster.all_closed()


async def test_brokers_of_4_0_and_later_will_do() -> None:
    async with brokers(END_TXN_OF_4_0, END_TXN_OF_4_0 + 1) as cluster:
        await require_exactly_once(cluster.settings)
        assert len(cluster.conversations) == 3  # to get to know them, and with each


@pytest.mark.parametrize(
    ("newest", "number"),
    [((OLDER,), 1), ((0,), 1), ((None,), 1), ((END_TXN_OF_4_0, OLDER), 2)],
    ids=["3.9", "0.11", "0.10", "one of two"],
)
async def test_an_older_broker_is_named_with_the_reason_and_what_to_do(
    newest: tuple[int | None, ...], number: int
) -> None:
    async with brokers(*newest) as cluster:
        with pytest.raises(ConfigurationError) as told:
            await require_exactly_once(cluster.settings)
    said = str(told.value)
    assert f"broker {number} of {HOST}:{cluster.ports[1]} is older than Kafka 4.0" in said
    assert "the offsets of a transaction become visible too late for exactly_once" in said
    assert said.endswith("set DOCMILL_DELIVERY=at_least_once, or upgrade it")


async def test_a_broker_that_cannot_be_asked_is_named() -> None:
    async with brokers(END_TXN_OF_4_0) as cluster:
        cluster.ports[2] = NOBODY
        with pytest.raises(BrokerError, match=rf"broker 2 of {HOST}:\d+ does not answer"):
            await require_exactly_once(cluster.settings)


async def test_where_no_broker_answers_it_says_how_to_get_one() -> None:
    with pytest.raises(BrokerError, match=f"no broker answers at {HOST}:{NOBODY} "):
        await require_exactly_once(load_settings(kafka_bootstrap_servers=f"{HOST}:{NOBODY}"))


async def test_only_exactly_once_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    async def all_there(settings: Settings, topics: list[TopicSpec]) -> list[Any]:
        return []

    async def known(settings: Settings) -> str:
        return "a cluster"

    monkeypatch.setattr(service, "verify_topics", all_there)
    monkeypatch.setattr(service, "cluster_id", known)
    async with brokers(OLDER) as cluster:
        settings = cluster.settings
        assert settings.delivery == "exactly_once"
        with pytest.raises(ConfigurationError, match=r"older than Kafka 4\.0"):
            await service.checked_cluster(settings, [])
        asked = len(cluster.conversations)
        older = settings.model_copy(update={"delivery": "at_least_once"})
        assert await service.checked_cluster(older, []) == "a cluster"
        assert len(cluster.conversations) == asked > 0


async def test_aiokafka_keeps_what_a_broker_speaks_where_it_is_read() -> None:
    """Its client has no public way to ask. Where this fails after an upgrade, broker_version.py must read elsewhere."""
    async with brokers(OLDER) as cluster:
        client = AIOKafkaClient(**client_options(cluster.settings))
        try:
            await client.bootstrap()
            assert await client.ready(1)
            assert set(client._conns) == {(1, ConnectionGroup.DEFAULT)}
            versions = client._conns[1, ConnectionGroup.DEFAULT]._versions
            assert versions == {MetadataRequest.API_KEY: (1, 1), EndTxnRequest.API_KEY: (0, OLDER)}
        finally:
            await client.close()

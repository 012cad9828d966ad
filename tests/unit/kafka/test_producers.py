"""Producers end in bounded time, whatever the broker does."""

import asyncio
import logging
from typing import Any, cast

import pytest
from aiokafka.errors import KafkaConnectionError

from docmill.errors import BrokerError
from docmill.kafka.producers import abandon_producer, close_producer, new_producer, start_producer
from docmill.settings import Settings


class FakeProducer:
    def __init__(self, error: Exception | None = None, *, hang: bool = False) -> None:
        self.error, self.hang = error, hang
        self.failed: list[Exception] = []
        self.ended = False
        self._message_accumulator = self
        self._txn_manager = None
        self._batches: dict[str, Any] = {}
        self._pending_batches = ()

    def fail_all(self, error: Exception) -> None:
        self.failed.append(error)

    async def start(self) -> None:
        await self.stop()

    async def stop(self) -> None:
        if self.hang:
            await asyncio.Event().wait()
        if self.error is not None:
            raise self.error
        self.ended = True


def fake(error: Exception | None = None, *, hang: bool = False) -> Any:
    return cast(Any, FakeProducer(error, hang=hang))


async def test_a_start_that_hangs_or_fails_is_the_brokers_fault() -> None:
    unnamed = AssertionError("Did we not perform bootstrap?")  # aiokafka of a broker that has just begun
    for producer in (fake(KafkaConnectionError()), fake(unnamed), fake(hang=True)):
        with pytest.raises(BrokerError, match="cannot start"):
            await start_producer(producer, 0.01)
    await start_producer(fake(), 5)


async def test_closing_never_raises_and_never_hangs(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        await close_producer(fake(KafkaConnectionError()), 5)
        await close_producer(fake(hang=True), 0.01)
    assert ["not stop cleanly" in m or "in time" in m for m in caplog.messages] == [True, True]


async def test_what_an_abandoned_producer_holds_fails_at_once() -> None:
    producer = fake()
    await abandon_producer(producer)
    assert [type(error) for error in producer.failed] == [BrokerError]
    assert producer.ended


async def test_only_a_transactional_producer_has_transactions() -> None:
    settings = Settings(transaction_timeout_ms=7000)
    plain, transactional = new_producer(settings), new_producer(settings, "an id")
    assert plain._txn_manager.transactional_id is None
    assert transactional._txn_manager.transactional_id == "an id"
    assert transactional._txn_manager.transaction_timeout_ms == 7000
    for producer in (plain, transactional):
        await producer.stop()

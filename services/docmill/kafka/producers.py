"""Producers as docmill needs them, started and closed in bounded time. Does not know what is sent."""

import asyncio
import logging
from collections.abc import Sequence

from aiokafka import AIOKafkaProducer
from aiokafka.errors import IllegalOperation, KafkaError

from docmill.errors import BrokerError
from docmill.kafka.connection import client_options
from docmill.kafka.publish import MAX_REQUEST_BYTES
from docmill.kafka.refusals import refused
from docmill.settings import Settings

log = logging.getLogger(__name__)

GOODBYE_S = 5.0  # to close a producer: with the broker away it may hang
REQUEST_TIMEOUT_MS = 15_000
# Of a transaction. What its state does not allow, since something failed before, aiokafka asserts or calls illegal.
FAILURES = (KafkaError, IllegalOperation, TimeoutError, AssertionError)


def new_producer(settings: Settings, transactional_id: str | None = None) -> AIOKafkaProducer:
    """A producer that is not started; with a transactional id it has to begin and end transactions.

    Our own, since FastStream's takes headers as a dict, and a dead letter keeps them exactly as received.
    """
    transactions = {}
    if transactional_id is not None:
        transactions = {
            "transactional_id": transactional_id,
            "transaction_timeout_ms": settings.transaction_timeout_ms,
        }
    return AIOKafkaProducer(
        **client_options(settings),
        client_id="docmill",
        acks="all",
        enable_idempotence=True,
        compression_type="gzip",
        max_request_size=MAX_REQUEST_BYTES,
        request_timeout_ms=REQUEST_TIMEOUT_MS,
        linger_ms=2,
        **transactions,
    )


async def start_producer(producer: AIOKafkaProducer, timeout_s: float) -> None:
    """Start it, which asks for a producer id without end.

    Raises:
        BrokerError: the broker does not answer in time, or refuses.
        ConfigurationError: a right is missing.
    """
    try:
        async with asyncio.timeout(timeout_s):
            await producer.start()
    except FAILURES as error:  # a broker that has just begun may name none, which aiokafka asserts
        raise refused("a producer cannot start", error) from error


async def close_producer(producer: AIOKafkaProducer, timeout_s: float = GOODBYE_S) -> None:
    """Close it in bounded time; what it still holds is never acknowledged."""
    try:
        async with asyncio.timeout(timeout_s):
            await producer.stop()
    except TimeoutError:
        log.warning("a producer did not stop in time; what it still held was never acknowledged")
    except Exception as error:
        log.warning("a producer did not stop cleanly: %r", error)


async def abandon_producer(producer: AIOKafkaProducer) -> None:
    """Close one whose transaction is not to end: the broker aborts it, at the latest after its timeout.

    aiokafka's `stop` waits until everything that was sent is acknowledged, which may be never.
    """
    accumulator = producer._message_accumulator
    batches = [*(batch for queued in accumulator._batches.values() for batch in queued), *accumulator._pending_batches]
    accumulator.fail_all(BrokerError("abandoned"))
    await close_producer(producer)
    # Nobody awaits these any more, and asyncio would log each that failed.
    for batch in batches:
        failure_of(batch._drain_waiter)
    transaction_failure(producer)


def first_failure(
    producer: AIOKafkaProducer, acks: Sequence["asyncio.Future[object]"], error: BaseException
) -> BaseException:
    """What a transaction failed of first, of which `error` only follows: a record's failure or, where a partition was
    refused, that of the transaction itself, of which aiokafka tells no record.
    """
    for ack in acks:
        ack.add_done_callback(failure_of)  # of those that fail later nobody else takes note
    failures = [*map(failure_of, acks), transaction_failure(producer)]
    return next(filter(None, failures), error)


def transaction_failure(producer: AIOKafkaProducer) -> BaseException | None:
    """What a producer's transaction failed of, if it has."""
    manager = producer._txn_manager
    return None if manager is None else failure_of(manager._transaction_waiter)


def failure_of(future: "asyncio.Future[object] | None") -> BaseException | None:
    """What a future failed of, if it has; asyncio then knows that somebody looked."""
    return future.exception() if future is not None and future.done() and not future.cancelled() else None

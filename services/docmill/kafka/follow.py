"""Outcomes from their topics as they come, without a consumer group. Leaves no trace on the broker."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError

from docmill.kafka.connection import client_options
from docmill.kafka.outcomes import KIND_OF_TOPIC, Observed, OutcomeKind, observe
from docmill.kafka.put_back import was_put_back
from docmill.kafka.refusals import explained
from docmill.kafka.stop_consumer import stop_consumer
from docmill.kafka.topics import require_topics
from docmill.settings import Settings
from docmill_schemas.topics import FALLBACK, PROCESSED, REJECTED

POLL_MS = 500
Outcomes = AsyncIterator[Observed]


@dataclass(frozen=True, slots=True)
class OutcomeCounts:
    """How a set of requests came out."""

    processed: int
    fallback: int
    rejected: int
    missing: frozenset[str]  # request ids without an outcome so far


@asynccontextmanager
async def follow_outcomes(settings: Settings, *, from_beginning: bool) -> AsyncIterator[Outcomes]:
    """An endless iterator over the committed outcomes of all partitions; inside the block its start is fixed: now, or
    the beginning of the log.

    Order holds within a partition only. What cannot be read is yielded too, without a request id.

    Raises:
        BrokerError: the broker does not answer, or a topic is missing.
    """
    await require_topics(settings, (PROCESSED, FALLBACK, REJECTED))
    prefix = settings.topic_prefix
    consumer = AIOKafkaConsumer(
        *(prefix + name for name in KIND_OF_TOPIC),
        **client_options(settings),
        client_id="docmill-follow",
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
    )
    try:
        await consumer.start()
        await (consumer.seek_to_beginning() if from_beginning else consumer.seek_to_end())
        async with aclosing(_outcomes(consumer, prefix)) as outcomes:
            yield outcomes
    except KafkaError as error:
        raise await explained(settings, error) from error
    finally:
        await stop_consumer(consumer)


async def count_outcomes(
    outcomes: Outcomes,
    request_ids: Collection[str],
    timeout_s: float,
    on_seen: Callable[[int], None] = lambda seen: None,
) -> OutcomeCounts:
    """Read until every request has an outcome or the time is over. The first outcome of a request counts: a
    processor may deliver one twice, and the fallback decides some again.
    """
    missing = set(request_ids)
    counts: Counter[OutcomeKind] = Counter()
    try:
        async with asyncio.timeout(timeout_s):
            while missing:
                outcome = await anext(outcomes)
                if outcome.request_id in missing:
                    missing.remove(outcome.request_id)
                    counts[outcome.kind] += 1
                    on_seen(len(request_ids) - len(missing))
    except (TimeoutError, StopAsyncIteration):
        pass
    return OutcomeCounts(
        processed=counts[OutcomeKind.PROCESSED],
        fallback=counts[OutcomeKind.FALLBACK],
        rejected=counts[OutcomeKind.REJECTED],
        missing=frozenset(missing),
    )


async def _outcomes(consumer: AIOKafkaConsumer, prefix: str) -> AsyncGenerator[Observed, None]:
    while True:
        polled = await consumer.getmany(timeout_ms=POLL_MS)
        for partition, records in polled.items():
            kind = KIND_OF_TOPIC[partition.topic.removeprefix(prefix)]
            for record in records:
                if not was_put_back(record):
                    yield observe(kind, record)

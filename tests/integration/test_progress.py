"""Our own log of offsets on a real broker: committed, aborted, open, and far behind others' records."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.structs import OffsetAndMetadata

from docmill.errors import BrokerError
from docmill.kafka.progress import Progress, ProgressLog, new_progress_consumer
from docmill.settings import Settings, load_settings
from tests.integration.topics import PROGRESS, Topics

pytestmark = pytest.mark.kafka
KEY = b"mill:documents.received:1"
PATIENCE_S = 20.0


def at(offset: int) -> Progress:
    return Progress(OffsetAndMetadata(offset, ""))


@pytest.fixture
async def settings(kafka_bootstrap: str, topic_prefix: str) -> Settings:
    await Topics(kafka_bootstrap, topic_prefix).create()
    return load_settings(kafka_bootstrap_servers=kafka_bootstrap, topic_prefix=topic_prefix)


@asynccontextmanager
async def producer(settings: Settings, id: str) -> AsyncIterator[AIOKafkaProducer]:
    async with AIOKafkaProducer(
        bootstrap_servers=settings.kafka_bootstrap_servers, transactional_id=settings.topic_prefix + id
    ) as made:
        yield made


@asynccontextmanager
async def log_of(settings: Settings, timeout_s: float = PATIENCE_S) -> AsyncIterator[ProgressLog]:
    log = ProgressLog(partial(new_progress_consumer, settings), settings.topic_prefix + PROGRESS, timeout_s)
    try:
        yield log
    finally:
        await log.close()


async def write(by: AIOKafkaProducer, settings: Settings, said: Progress, key: bytes = KEY) -> None:
    await by.send_and_wait(settings.topic_prefix + PROGRESS, said.as_value(), key=key, partition=1)


async def test_an_empty_log(settings: Settings) -> None:
    async with log_of(settings) as log:
        assert await log.last(KEY, 1) is None


async def test_the_last_that_was_committed(settings: Settings) -> None:
    async with producer(settings, "ours") as ours, log_of(settings) as log:
        for offset in (4, 9):
            async with ours.transaction():
                await write(ours, settings, at(offset))
        for _ in range(12):  # more than the first look sees
            await ours.begin_transaction()
            await write(ours, settings, at(77))
            await ours.abort_transaction()
        assert await log.last(KEY, 1) == at(9)
        async with ours.transaction():
            await write(ours, settings, at(12))
        assert await log.last(KEY, 1) == at(12)  # the same consumer, asked again


async def test_far_behind_the_records_of_others(settings: Settings) -> None:
    async with producer(settings, "ours") as ours, log_of(settings) as log:
        async with ours.transaction():
            await write(ours, settings, at(4))
        async with ours.transaction():
            for _ in range(600):
                await ours.send(settings.topic_prefix + PROGRESS, at(50).as_value(), key=b"another", partition=1)
        assert await log.last(KEY, 1) == at(4)
        assert await log.last(b"another", 1) == at(50)
        assert await log.last(b"nobody", 1) is None


async def test_behind_the_open_transaction_of_another(settings: Settings) -> None:
    """What we committed after it began counts, and can only be seen when it ends."""
    async with producer(settings, "ours") as ours, producer(settings, "theirs") as theirs, log_of(settings) as log:
        async with ours.transaction():
            await write(ours, settings, at(4))
        await theirs.begin_transaction()
        await write(theirs, settings, at(50), b"another")
        async with ours.transaction():
            await write(ours, settings, at(12))
        async with log_of(settings, timeout_s=1.0) as hasty:
            with pytest.raises(BrokerError, match="cannot read"):
                await hasty.last(KEY, 1)
        asking = asyncio.create_task(log.last(KEY, 1))
        await asyncio.wait({asking}, timeout=0.5)
        assert not asking.done()
        await theirs.commit_transaction()
        async with asyncio.timeout(PATIENCE_S):
            assert await asking == at(12)

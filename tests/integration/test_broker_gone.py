"""Followers of outcomes whose broker dies: they end as asked and tell what they saw."""

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer
from typer.testing import CliRunner

from docmill.cli import app
from docmill.kafka.follow import OutcomeCounts, Outcomes, count_outcomes, follow_outcomes
from docmill.local_kafka import EmbeddedBroker, embedded_broker
from docmill.settings import load_settings
from tests.integration.topics import Topics

pytestmark = pytest.mark.kafka

WAIT_S = 4.0  # longer than it takes to see the broker go
PATIENCE_S = 60.0


@pytest.fixture
async def broker() -> AsyncIterator[EmbeddedBroker]:
    """A broker of the test's own, to be killed, with all topics."""
    with embedded_broker(ephemeral=True) as own:
        await Topics(own.bootstrap_servers, "").create()
        yield own


@pytest.fixture(autouse=True)
def at_the_worst_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """aiokafka's `stop()` lets a CancelledError out if its fetch task is about to ask again: mostly, here always."""
    stop = AIOKafkaConsumer.stop

    async def stopped(self: AIOKafkaConsumer) -> None:
        await stop(self)
        raise asyncio.CancelledError

    monkeypatch.setattr(AIOKafkaConsumer, "stop", stopped)


async def test_following_ends_as_asked(broker: EmbeddedBroker) -> None:
    settings = load_settings(kafka_bootstrap_servers=broker.bootstrap_servers, topic_prefix="")
    async with follow_outcomes(settings, from_beginning=True) as outcomes:
        await asyncio.to_thread(broker.kill)
        counts = await count_outcomes(outcomes, ["a"], WAIT_S)
    assert counts.missing == {"a"}


async def test_publish_tells_what_is_missing(
    broker: EmbeddedBroker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    acknowledged = threading.Event()

    async def counted(outcomes: Outcomes, *arguments: Any) -> OutcomeCounts:
        acknowledged.set()
        return await count_outcomes(outcomes, *arguments)

    monkeypatch.setattr("docmill.kafka.follow.count_outcomes", counted)
    letter = tmp_path / "letter.txt"
    letter.write_text("first")
    runner = CliRunner(env={"KAFKA_BOOTSTRAP_SERVERS": broker.bootstrap_servers, "DOCMILL_TOPIC_PREFIX": ""})
    words = ["publish", str(letter), "--wait", "--timeout", str(WAIT_S)]
    running = asyncio.create_task(asyncio.to_thread(runner.invoke, app, words))
    assert await asyncio.to_thread(acknowledged.wait, PATIENCE_S)
    await asyncio.to_thread(broker.kill)
    result = await asyncio.wait_for(running, PATIENCE_S)
    assert result.exit_code == 1, result.exception
    assert "sent 1, failed 0" in result.stdout
    assert "missing 1" in result.stdout

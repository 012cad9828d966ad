"""`docmill topics` on a real broker: made once, left alone after, and what is off is said."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from typer.testing import CliRunner, Result

from docmill.cli import app
from docmill.kafka.topics import cluster_id, create_topics, max_message_bytes, verify_topics
from docmill.settings import load_settings
from docmill_schemas.topics import FALLBACK, OWN_TOPICS, PROCESSOR_TOPICS, RECEIVED, TOPICS

pytestmark = pytest.mark.kafka
MADE = (*TOPICS, *OWN_TOPICS)

Command = Callable[..., Result]
Found = TypeVar("Found")


@pytest.fixture
def topics(kafka_bootstrap: str, topic_prefix: str) -> Command:
    """Runs `docmill topics WORDS` under the test's own prefix."""

    def run(*words: str) -> Result:
        environ = {"KAFKA_BOOTSTRAP_SERVERS": kafka_bootstrap, "COLUMNS": "200"}
        return CliRunner(env=environ).invoke(app, ["topics", *words, "--topic-prefix", topic_prefix])

    return run


async def alter(servers: str, topic: str, config: dict[str, str]) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    try:
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, config)])
    finally:
        await admin.close()


async def create_by_hand(servers: str, topic: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, 1, 1, topic_configs={"max.message.bytes": "1000"})])
    finally:
        await admin.close()


async def until(ask: Callable[[], Awaitable[Found]], fits: Callable[[Found], bool]) -> Found:
    """The first answer that fits: a change of configuration takes its time to be seen."""
    async with asyncio.timeout(10):
        while not fits(found := await ask()):  # noqa: ASYNC110  the broker tells nobody
            await asyncio.sleep(0.02)
    return found


def test_verify_names_every_missing_topic(topics: Command, topic_prefix: str) -> None:
    result = topics("verify")
    assert result.exit_code == 1
    assert result.output.count("missing") >= len(MADE)
    assert all(topic_prefix + spec.name in result.output for spec in MADE)
    assert "docmill topics create" in result.output


def test_created_topics_verify_and_a_second_create_changes_nothing(topics: Command) -> None:
    created = topics("create", "--partitions", "3")
    assert created.exit_code == 0, created.output
    assert created.output.count("created") == len(MADE)
    verified = topics("verify")
    assert verified.exit_code == 0, verified.output
    assert verified.output.count("ok") == len(MADE)
    again = topics("create", "--partitions", "5")
    assert again.exit_code == 0
    assert again.output.count("unchanged") == len(MADE)


async def test_the_replication_factor_can_be_left_to_the_broker(kafka_bootstrap: str, topic_prefix: str) -> None:
    settings = load_settings(
        kafka_bootstrap_servers=kafka_bootstrap, topic_prefix=topic_prefix, replication_factor=-1, partitions=2
    )
    assert all(row.created for row in await create_topics(settings))
    assert [check.partitions for check in await verify_topics(settings)] == [2] * len(PROCESSOR_TOPICS)


async def test_a_topic_that_was_there_stays_and_verify_says_what_is_off(
    kafka_bootstrap: str, topic_prefix: str, topics: Command
) -> None:
    name = topic_prefix + RECEIVED.name
    await create_by_hand(kafka_bootstrap, name)
    settings = load_settings(kafka_bootstrap_servers=kafka_bootstrap, topic_prefix=topic_prefix)
    made = {row.topic: row.created for row in await create_topics(settings)}
    assert made.pop(name) is False
    assert all(made.values())
    assert await max_message_bytes(settings, RECEIVED) == 1000
    result = await asyncio.to_thread(topics, "verify")
    assert result.exit_code == 1
    assert f"max.message.bytes is 1000, must be at least {RECEIVED.max_bytes}" in result.output


async def test_more_than_needed_is_fine_and_less_is_not(kafka_bootstrap: str, topic_prefix: str) -> None:
    settings = load_settings(kafka_bootstrap_servers=kafka_bootstrap, topic_prefix=topic_prefix)
    await create_topics(settings)
    name = topic_prefix + FALLBACK.name
    await alter(kafka_bootstrap, name, {"retention.ms": "-1", "max.message.bytes": "9000000"})
    await until(lambda: max_message_bytes(settings, FALLBACK), lambda found: found == 9_000_000)
    assert all(check.ok for check in await verify_topics(settings))
    await alter(kafka_bootstrap, name, {"retention.ms": "1000", "cleanup.policy": "compact"})
    checks = await until(lambda: verify_topics(settings), lambda found: not all(check.ok for check in found))
    [off] = [check for check in checks if not check.ok]
    assert off.topic == name
    assert off.problem is not None
    assert "cleanup.policy is compact" in off.problem
    assert off.note is not None
    assert "retention.ms is 1000" in off.note


async def test_the_cluster_has_an_id(kafka_bootstrap: str) -> None:
    first = await cluster_id(load_settings(kafka_bootstrap_servers=kafka_bootstrap))
    assert first
    assert first == await cluster_id(load_settings(kafka_bootstrap_servers=kafka_bootstrap))

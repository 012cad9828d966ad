"""A real broker for the tests that need one, and names on it that no other test uses.

DOCMILL_TEST_KAFKA decides which: the address of a broker with OWN_SETTINGS, `testcontainers` for the official image, or
unset for a broker from the jars. KAFKA_BOOTSTRAP_SERVERS is never read: it may name a production cluster.
"""

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from docmill.local_kafka import embedded_broker
from docmill.local_kafka.jars import kafka_version
from docmill.local_kafka.node import Node, render_properties
from docmill.local_kafka.ports import HOST, free_port
from docmill.local_kafka.runtime import locked_jars
from tests.integration.processor_process import ProcessorProcess, Start
from tests.integration.topics import Topics
from tests.tiny_bundle import build_tiny_bundle

OWN_SETTINGS = {"group.min.session.timeout.ms": "2000"}  # see SOON_MISSED


@pytest.fixture(scope="session")
def kafka_bootstrap() -> Iterator[str]:
    """The address of a broker shared by the session; a test hurts only brokers that it started itself."""
    configured = os.environ.get("DOCMILL_TEST_KAFKA", "")
    if configured == "testcontainers":
        with official_image() as servers:
            yield servers
    elif configured:
        yield configured
    else:
        with embedded_broker(ephemeral=True, settings=OWN_SETTINGS) as broker:
            yield broker.bootstrap_servers


@pytest.fixture
def topic_prefix() -> str:
    """A prefix for topics and groups that is new in each test."""
    return f"test-{secrets.token_hex(6)}."


@pytest.fixture(scope="session")
def tiny_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle that is quick to load and right about documents of tests.tiny_bundle."""
    return build_tiny_bundle(tmp_path_factory.mktemp("bundles") / "tiny-en")


@pytest.fixture
async def topics(kafka_bootstrap: str, topic_prefix: str) -> Topics:
    """All topics of docmill, three partitions each, for one test."""
    made = Topics(kafka_bootstrap, topic_prefix)
    await made.create()
    return made


@pytest.fixture
def start(topics: Topics, tiny_bundle: Path, tmp_path: Path) -> Start:
    """Starts a processor on the test's topics; a further one gets a log of its own."""
    started: list[ProcessorProcess] = []

    def start_one(**options: str) -> ProcessorProcess:
        log = tmp_path / f"processor-{len(started)}.log"
        started.append(ProcessorProcess(topics.bootstrap, topics.prefix, tiny_bundle, log, **options))
        return started[-1]

    return start_one


@contextlib.contextmanager
def official_image() -> Iterator[str]:
    """Runs apache/kafka in the version and with the settings of the local broker.

    testcontainers' own KafkaContainer fits another vendor's image only.
    """
    from testcontainers.core.container import DockerContainer
    from testcontainers.core.wait_strategies import LogMessageWaitStrategy

    port, data = free_port(), Path("/var/lib/kafka/data")
    node = Node(data_dir=data, log_file=data / "unused.log", port=port, controller_port=9093, settings=OWN_SETTINGS)
    container = DockerContainer(f"apache/kafka:{kafka_version(locked_jars())}").with_bind_ports(port, port)
    for line in render_properties(node).splitlines():
        key, is_property, value = line.partition("=")
        if is_property and not line.startswith("#"):
            container.with_env(f"KAFKA_{key.upper().replace('.', '_')}", value)
    # Published ports do not reach the container's own loopback address.
    container.with_env("KAFKA_LISTENERS", f"PLAINTEXT://:{port},CONTROLLER://{HOST}:9093")
    with container.waiting_for(LogMessageWaitStrategy("Kafka Server started")):
        yield f"{HOST}:{port}"

"""The local broker for real: transactions, crashes, two at once, and the `docmill kafka` commands."""

import asyncio
import os
import shutil
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from typer.testing import CliRunner, Result

from docmill.cli.kafka import EXIT_NOT_RUNNING, app
from docmill.local_kafka import EmbeddedBroker, bootstrap_servers, embedded_broker
from docmill.local_kafka.paths import user_paths
from docmill.local_kafka.ports import DEFAULT_PORT, free_port, is_free
from docmill.local_kafka.probe import Answer, probe
from docmill.local_kafka.process import start_time
from docmill.local_kafka.runtime import get_jars
from docmill.local_kafka.state import JarsBroker, read_state

pytestmark = pytest.mark.kafka

HOLDER = """
import time
from docmill.local_kafka import embedded_broker
with embedded_broker() as broker:
    print(broker.pid, broker.node.data_dir.parent, flush=True)
    time.sleep(600)
"""


@pytest.fixture(scope="module")
def broker() -> Iterator[EmbeddedBroker]:
    """A broker that these tests may hurt."""
    with embedded_broker(ephemeral=True) as broker:
        yield broker


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A DOCMILL_HOME of its own, but for the jars: those are the user's, which need no second fetch."""
    jars = user_paths({"DOCMILL_HOME": str(tmp_path)}).jars
    jars.parent.mkdir(parents=True)
    jars.symlink_to(get_jars()[0].parent)
    return tmp_path


@asynccontextmanager
async def producer_on(servers: str, transactional_id: str | None = None) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(bootstrap_servers=servers, acks="all", transactional_id=transactional_id)
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


async def create_topic(servers: str, name: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, num_partitions=1, replication_factor=1)])
    finally:
        await admin.close()


async def topics(servers: str) -> list[str]:
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    try:
        return list(await admin.list_topics())
    finally:
        await admin.close()


async def read_committed(servers: str, topic: str, count: int) -> list[bytes]:
    """Reads `count` values from the start, and fails if there is one more."""
    consumer = AIOKafkaConsumer(
        topic, bootstrap_servers=servers, auto_offset_reset="earliest", isolation_level="read_committed"
    )
    await consumer.start()
    try:
        async with asyncio.timeout(30):
            values = [(await consumer.getone()).value for _ in range(count)]
        assert await consumer.getmany(timeout_ms=300) == {}
        return [value for value in values if value is not None]
    finally:
        await consumer.stop()


async def test_a_transaction_moves_records_and_offsets_together(kafka_bootstrap: str, topic_prefix: str) -> None:
    source, target, group = f"{topic_prefix}in", f"{topic_prefix}out", f"{topic_prefix}group"
    await create_topic(kafka_bootstrap, source)
    await create_topic(kafka_bootstrap, target)
    partition = TopicPartition(source, 0)
    async with producer_on(kafka_bootstrap, f"{topic_prefix}tx") as producer:
        async with producer.transaction():
            await producer.send_and_wait(source, b"request")
        await producer.begin_transaction()
        await producer.send_and_wait(target, b"aborted")
        await producer.send_offsets_to_transaction({partition: 7}, group)
        await producer.abort_transaction()
        async with producer.transaction():
            await producer.send_and_wait(target, b"result")
            await producer.send_offsets_to_transaction({partition: 1}, group)
    assert await read_committed(kafka_bootstrap, source, 1) == [b"request"]
    assert await read_committed(kafka_bootstrap, target, 1) == [b"result"]
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka_bootstrap)
    await admin.start()
    offsets = await admin.list_consumer_group_offsets(group)
    await admin.close()
    assert offsets[partition].offset == 1


async def test_a_misspelt_topic_is_not_created(broker: EmbeddedBroker, topic_prefix: str) -> None:
    async with producer_on(broker.bootstrap_servers) as producer:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(producer.partitions_for(f"{topic_prefix}documents.recieved"), 1)
    assert f"{topic_prefix}documents.recieved" not in await topics(broker.bootstrap_servers)


async def test_acknowledged_records_survive_kill_and_restart(broker: EmbeddedBroker, topic_prefix: str) -> None:
    topic, servers, first_pid = f"{topic_prefix}kept", broker.bootstrap_servers, broker.pid
    await create_topic(servers, topic)
    async with producer_on(servers) as producer:
        await producer.send_and_wait(topic, b"before the crash")
    await asyncio.to_thread(broker.kill)
    assert not broker.is_running
    assert probe(servers) is Answer.SILENT
    await asyncio.to_thread(broker.start)
    assert broker.bootstrap_servers == servers
    assert broker.pid != first_pid
    async with producer_on(servers) as producer:
        await producer.send_and_wait(topic, b"after the crash")
    await asyncio.to_thread(broker.restart)
    assert await read_committed(servers, topic, 2) == [b"before the crash", b"after the crash"]


async def test_a_second_broker_at_once_is_another_world(broker: EmbeddedBroker, topic_prefix: str) -> None:
    topic = f"{topic_prefix}here"
    await create_topic(broker.bootstrap_servers, topic)
    with embedded_broker(ephemeral=True, settings={"message.max.bytes": "2000000"}) as second:
        assert second.bootstrap_servers != broker.bootstrap_servers
        assert topic not in await topics(second.bootstrap_servers)
        home = second.node.data_dir.parent
        assert home.exists()
    assert not home.exists()
    assert probe(broker.bootstrap_servers) is Answer.READY


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it outlives a killed parent")
def test_an_embedded_broker_dies_with_a_killed_parent() -> None:
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen([sys.executable, "-c", HOLDER], stdout=subprocess.PIPE, env=environ, text=True) as holder:
        assert holder.stdout is not None
        pid_text, home = holder.stdout.readline().split()
        pid = int(pid_text)
        assert start_time(pid) is not None
        holder.kill()
    deadline = time.monotonic() + 10
    while start_time(pid) is not None:
        assert time.monotonic() < deadline, "the broker outlived its parent"
        time.sleep(0.02)
    shutil.rmtree(home)  # the parent did not live to do it


async def test_up_detaches_data_stay_and_down_ends_exactly_that_process(
    home: Path, broker: EmbeddedBroker, topic_prefix: str
) -> None:
    topic, port = f"{topic_prefix}kept", str(free_port())

    def docmill_kafka(*words: str) -> Result:
        environ = {"DOCMILL_HOME": str(home), "KAFKA_BOOTSTRAP_SERVERS": "", "COLUMNS": "200"}
        return CliRunner(env=environ).invoke(app, list(words))

    started = await asyncio.to_thread(docmill_kafka, "up", "--engine", "jars", "--port", port)
    assert started.exit_code == 0, started.output
    first = read_state(user_paths({"DOCMILL_HOME": str(home)}).state_file)
    try:
        assert isinstance(first, JarsBroker)
        servers = bootstrap_servers({"DOCMILL_HOME": str(home)})
        assert servers == f"127.0.0.1:{port}"
        shown = docmill_kafka("status")
        assert shown.exit_code == 0
        assert all(part in shown.output for part in (servers, str(first.pid), str(first.data_dir), str(first.log_file)))
        assert "Kafka Server started" in first.log_file.read_text()

        again = await asyncio.to_thread(docmill_kafka, "up", "--engine", "jars")
        assert again.exit_code == 0
        assert read_state(user_paths({"DOCMILL_HOME": str(home)}).state_file) == first

        await create_topic(servers, topic)
        async with producer_on(servers) as producer:
            await producer.send_and_wait(topic, b"kept")
    finally:
        ended = await asyncio.to_thread(docmill_kafka, "down")
    assert ended.exit_code == 0
    assert start_time(first.pid) is None
    assert broker.is_running
    assert docmill_kafka("status").exit_code == EXIT_NOT_RUNNING

    try:
        resumed = await asyncio.to_thread(docmill_kafka, "up", "--engine", "jars")
        assert resumed.exit_code == 0, resumed.output
        servers = bootstrap_servers({"DOCMILL_HOME": str(home)})  # the port may be another, the data are not
        assert await read_committed(servers, topic, 1) == [b"kept"]
    finally:
        assert docmill_kafka("down").exit_code == 0


def test_an_ephemeral_broker_takes_its_data_along(home: Path) -> None:
    environ = {"DOCMILL_HOME": str(home), "KAFKA_BOOTSTRAP_SERVERS": ""}
    runner = CliRunner(env=environ)
    default_was_free = is_free(DEFAULT_PORT)
    started = runner.invoke(app, ["up", "--engine", "jars", "--ephemeral"])
    assert started.exit_code == 0, started.output
    state = read_state(user_paths(environ).state_file)
    assert isinstance(state, JarsBroker)
    assert state.bootstrap_servers.endswith(f":{DEFAULT_PORT}") == default_was_free
    assert (state.data_dir / "meta.properties").exists()
    assert runner.invoke(app, ["down"]).exit_code == 0
    assert not state.data_dir.exists()

"""`docmill load` on a real broker, with a real processor, without one, and with one that dies."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import CorruptRecordException
from typer.testing import CliRunner, Result

from docmill.cli import app
from docmill.errors import BrokerError
from docmill.kafka.drive import Shipment, open_drive
from docmill.kafka.outcomes import OutcomeKind
from docmill.kafka.topics import create_topics
from docmill.load.report import LoadReport
from docmill.local_kafka import embedded_broker
from docmill.settings import Settings, load_settings
from docmill_schemas.topics import MIB
from tests.integration.processor_process import PATIENCE_S, ProcessorProcess
from tests.integration.topics import PROCESSED, RECEIVED, Topics
from tests.tiny_bundle import build_tiny_bundle

pytestmark = pytest.mark.kafka

Command = Callable[..., Result]
MIX = ("--mix", "receipts=3,complaints=1")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_tiny_bundle(tmp_path_factory.mktemp("bundle") / "tiny")


@pytest.fixture
async def settings(kafka_bootstrap: str, topic_prefix: str) -> Settings:
    """A deployment of its own, topics made."""
    settings = load_settings(kafka_bootstrap_servers=kafka_bootstrap, topic_prefix=topic_prefix, partitions=3)
    await create_topics(settings)
    return settings


@pytest.fixture
def docmill_load(settings: Settings) -> Command:
    """Runs `docmill load WORDS` against that deployment."""

    def run(*words: str | Path) -> Result:
        environ = {
            "KAFKA_BOOTSTRAP_SERVERS": settings.kafka_bootstrap_servers,
            "DOCMILL_TOPIC_PREFIX": settings.topic_prefix,
        }
        return CliRunner(env=environ).invoke(app, ["load", *(str(word) for word in words)])

    return run


@pytest.fixture
async def processor(settings: Settings, bundle: Path, tmp_path: Path) -> AsyncIterator[ProcessorProcess]:
    """A running processor with the tiny bundle."""
    log = tmp_path / "processor.log"
    with ProcessorProcess(settings.kafka_bootstrap_servers, settings.topic_prefix, bundle, log) as process:
        await asyncio.to_thread(process.ready)
        yield process


def metrics_url(processor: ProcessorProcess) -> str:
    [address] = re.findall(r"probes and metrics on (http://[\d.]+:\d+)", processor.log_text)
    return f"{address}/metrics"


async def test_every_document_finds_its_outcome(
    docmill_load: Command, processor: ProcessorProcess, tmp_path: Path
) -> None:
    file, url = tmp_path / "load.json", metrics_url(processor)
    words = (
        "--rate",
        "10",
        "--duration",
        "4",
        "--warm-up",
        "1",
        "--target",
        "30",
        *MIX,
    )  # what is slow here is not ours
    result = await asyncio.to_thread(docmill_load, *words, "--metrics", url, "--json", file)
    assert result.exit_code == 0, result.output
    report = LoadReport.model_validate_json(file.read_text())
    step = report.answer
    assert step is not None
    assert (step.latency.documents, step.missing, step.duplicates, step.refused) == (40, 0, 0, 0)
    assert sum(outcome.documents for outcome in step.by_outcome.values()) == 40
    assert {kind: latency.documents for kind, latency in step.by_kind.items()} == {"complaints": 10, "receipts": 30}
    assert 0 < (step.latency.p50_s or 0) <= (step.latency.max_s or 0) < 30
    assert step.usage is not None
    assert step.usage.cpu_s > 0
    assert 0 < step.usage.documents <= 50
    assert (report.processors, report.foreign_outcomes, report.duplicates) == (1, 0, 0)
    assert report.bundle is not None
    assert "Held 10 documents/s" in result.stdout


async def test_a_processor_that_is_killed_shows_as_missing(
    docmill_load: Command, processor: ProcessorProcess, tmp_path: Path
) -> None:
    file = tmp_path / "load.json"
    words = ("--rate", "10", "--duration", "60", "--warm-up", "1", "--grace", "2", "--json", file, *MIX)
    running = asyncio.create_task(asyncio.to_thread(docmill_load, *words))
    consumed = "docmill_records_consumed_total"
    await asyncio.to_thread(processor.wait_for, lambda: processor.metric(consumed) >= 15, "15 documents consumed")
    processor.process.kill()
    result = await asyncio.wait_for(running, PATIENCE_S)
    assert result.exit_code == 1
    assert "documents have no outcome: is a processor running, and has it failed?" in " ".join(result.stdout.split())
    [step] = LoadReport.model_validate_json(file.read_text()).steps
    assert step.ended_early  # a minute of it would have shown nothing more
    assert step.missing > 0
    assert sum(outcome.documents for outcome in step.by_outcome.values()) > 0


async def test_without_a_processor_a_search_ends_at_once(docmill_load: Command) -> None:
    result = await asyncio.to_thread(docmill_load, "--warm-up", "0", "--step", "5", "--grace", "1", *MIX)
    assert result.exit_code == 1
    assert "No rate held" in result.stdout
    assert "step 1: " in result.stderr
    assert "step 2: " not in result.stderr


def test_missing_topics_are_told(kafka_bootstrap: str, topic_prefix: str) -> None:
    environ = {"KAFKA_BOOTSTRAP_SERVERS": kafka_bootstrap, "DOCMILL_TOPIC_PREFIX": topic_prefix}
    result = CliRunner(env=environ).invoke(app, ["load", "--rate", "1"])
    assert result.exit_code == 1
    assert "docmill topics create" in str(result.exception)


class Told:
    """What a drive tells."""

    def __init__(self) -> None:
        self.outcomes: list[tuple[bytes | None, OutcomeKind]] = []
        self.refused: dict[int, str] = {}
        self.sent: list[int] = []
        self.something = asyncio.Event()

    def on_outcome(self, key: bytes | None, kind: OutcomeKind, at_s: float) -> None:
        self.outcomes.append((key, kind))
        self.something.set()

    def on_refused(self, index: int, problem: str) -> None:
        self.refused[index] = problem
        self.something.set()

    def on_sent(self, index: int, at_s: float) -> None:
        self.sent.append(index)


async def test_a_drive_sends_to_the_partition_asked_for_and_refuses_what_is_too_large(settings: Settings) -> None:
    told, topics = Told(), Topics(settings.kafka_bootstrap_servers, settings.topic_prefix)
    documents = [
        Shipment(0.0, "to-2", b"x" * 300_000, "text/plain", partition=2),
        Shipment(0.0, "too-large", b"x" * (MIB + 1), "text/plain"),
        Shipment(0.01, "also-to-2", b"x", "text/plain", partition=2),
    ]
    async with open_drive(settings, told.on_outcome) as drive:
        await drive.send(documents, asyncio.get_running_loop().time(), told.on_sent, told.on_refused)
        async with asyncio.timeout(PATIENCE_S):
            await told.something.wait()
            while len(records := await topics.read(RECEIVED)) < 2:
                pass
        drive.check()
    assert {(record.key, record.partition) for record in records} == {(b"to-2", 2), (b"also-to-2", 2)}
    assert list(told.refused) == [1]
    assert str(MIB) in told.refused[1]
    assert told.sent == [0, 1, 2]


async def test_a_drive_sees_what_comes_after_it_was_opened(settings: Settings) -> None:
    told, topics = Told(), Topics(settings.kafka_bootstrap_servers, settings.topic_prefix)
    await publish(topics, b"before")
    async with open_drive(settings, told.on_outcome):
        await publish(topics, b"after")
        async with asyncio.timeout(PATIENCE_S):
            await told.something.wait()
    assert told.outcomes == [(b"after", OutcomeKind.PROCESSED)]


async def publish(topics: Topics, key: bytes) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=topics.bootstrap)
    await producer.start()
    try:
        await producer.send_and_wait(topics.prefix + PROCESSED, b"{}", key=key)
    finally:
        await producer.stop()


async def test_a_broker_that_is_not_there_is_told(settings: Settings) -> None:
    nowhere = settings.model_copy(update={"kafka_bootstrap_servers": "127.0.0.1:1"})
    with pytest.raises(BrokerError, match="no broker answers at 127"):
        async with open_drive(nowhere, Told().on_outcome):
            pass


async def test_a_drive_that_can_no_longer_read_says_so(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = asyncio.Event()

    async def getmany(self: AIOKafkaConsumer, **options: object) -> None:
        asked.set()
        raise CorruptRecordException("Invalid CRC")

    monkeypatch.setattr(AIOKafkaConsumer, "getmany", getmany)
    async with open_drive(settings, Told().on_outcome) as drive:
        async with asyncio.timeout(PATIENCE_S):
            await asked.wait()
        await asyncio.sleep(0)  # the task's end is told in the loop's next turn
        with pytest.raises(BrokerError, match=r"reading outcomes failed.*Invalid CRC"):
            drive.check()


async def test_a_broker_that_dies_shows_as_missing_and_nothing_hangs(tmp_path: Path) -> None:
    with embedded_broker(ephemeral=True) as broker:
        settings = load_settings(kafka_bootstrap_servers=broker.bootstrap_servers, topic_prefix="", partitions=1)
        await create_topics(settings)
        words = ["load", "--rate", "10", "--duration", "30", "--warm-up", "0", "--grace", "1", *MIX]
        runner = CliRunner(env={"KAFKA_BOOTSTRAP_SERVERS": broker.bootstrap_servers, "DOCMILL_TOPIC_PREFIX": ""})
        running = asyncio.create_task(asyncio.to_thread(runner.invoke, app, words))
        topics = Topics(broker.bootstrap_servers, "")
        async with asyncio.timeout(PATIENCE_S):
            while not await topics.read(RECEIVED):
                pass
        broker.kill()
        result = await asyncio.wait_for(running, PATIENCE_S)
    assert result.exit_code == 1
    assert "documents have no outcome" in " ".join(result.stdout.split())

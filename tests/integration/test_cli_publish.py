"""`docmill publish` and `docmill tail` on a real broker, with a processor that rejects everything it reads."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from typer.testing import CliRunner, Result

from docmill.cli import app
from docmill.kafka.decode_record import decode_record
from docmill.kafka.publish import rejected_record
from docmill.kafka.read_paths import SourceDocument
from docmill.kafka.send import NotSent, SendResult, Sent, send_documents
from docmill.kafka.topics import create_topics
from docmill.processing import ReceivedDocument, Rejected
from docmill.settings import Settings, load_settings
from docmill_schemas.reasons import RejectionReason
from docmill_schemas.topics import MIB, OWN_TOPICS, RECEIVED, TOPICS
from tests.unit.kafka.fakes import record

pytestmark = pytest.mark.kafka

Command = Callable[..., Result]


@pytest.fixture
async def settings(kafka_bootstrap: str, topic_prefix: str) -> Settings:
    """A deployment of its own, topics made."""
    settings = load_settings(kafka_bootstrap_servers=kafka_bootstrap, topic_prefix=topic_prefix, partitions=2)
    await create_topics(settings)
    return settings


@pytest.fixture
def docmill(settings: Settings) -> Command:
    """Runs `docmill WORDS` against that deployment."""

    def run(*words: str) -> Result:
        environ = {
            "KAFKA_BOOTSTRAP_SERVERS": settings.kafka_bootstrap_servers,
            "DOCMILL_TOPIC_PREFIX": settings.topic_prefix,
        }
        return CliRunner(env=environ).invoke(app, list(words))

    return run


@contextlib.asynccontextmanager
async def rejecter(settings: Settings) -> AsyncIterator[list[ReceivedDocument]]:
    """Reads received documents and makes each a dead letter; the list fills with what it read."""
    servers, seen = settings.kafka_bootstrap_servers, list[ReceivedDocument]()
    consumer = AIOKafkaConsumer(
        settings.topic_prefix + RECEIVED.name, bootstrap_servers=servers, auto_offset_reset="earliest"
    )
    producer = AIOKafkaProducer(bootstrap_servers=servers, max_request_size=2 * MIB)

    async def work() -> None:
        async for received in consumer:
            decoded = decode_record(received, "test", MIB)
            rejected = Rejected(RejectionReason.NO_TEXT, "nothing is good enough")
            if isinstance(decoded.document, ReceivedDocument):
                seen.append(decoded.document)
            letter = rejected_record(decoded, rejected)
            topic = settings.topic_prefix + letter.topic
            await producer.send_and_wait(topic, letter.value, key=letter.key, headers=letter.headers)

    await consumer.start()
    await producer.start()
    task = asyncio.create_task(work())
    try:
        yield seen
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await producer.stop()
        await consumer.stop()


async def test_what_is_published_comes_out_and_is_counted(settings: Settings, docmill: Command, tmp_path: Path) -> None:
    folder = tmp_path / "mail"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.txt").write_text("first")
    (folder / "sub" / "b.html").write_text("<p>second</p>")
    (folder / "empty.txt").write_bytes(b"")  # a dead letter before anyone looks into it
    (folder / ".hidden").write_text("never")
    rows = tmp_path / "rows.jsonl"
    rows.write_text(
        json.dumps({"id": "row-1", "text": "third", "label": "secret"}) + "\n"
        + json.dumps({"document_id": "row-2", "base64": "Zm91cnRo", "media_type": "text/plain"}) + "\n"
    )  # fmt: skip
    async with rejecter(settings) as seen:
        result = await asyncio.to_thread(
            docmill, "publish", str(folder), str(rows), "--wait", "--timeout", "30", "--source-name", "test"
        )
    assert result.exit_code == 0, result.output
    assert "sent 5, failed 0" in result.stdout
    assert "processed 0, fallback 0, rejected 5, missing 0" in result.stdout
    documents = {document.document_id: document for document in seen}
    assert {name: d.content for name, d in documents.items()} == {
        "mail/a.txt": b"first",
        "mail/sub/b.html": b"<p>second</p>",
        "row-1": b"third",
        "row-2": b"fourth",
    }
    assert documents["mail/sub/b.html"].media_type == "text/html"

    told = await asyncio.to_thread(docmill, "tail", "--from-beginning", "--json", "--limit", "5", "--timeout", "30")
    assert told.exit_code == 0, told.output
    events = [json.loads(line) for line in told.stdout.splitlines()]
    assert {event["document_id"] for event in events} == {*documents, "mail/empty.txt"}
    assert all(event["outcome"] == "rejected" and event["reason"] == "no_text" for event in events)


async def test_without_a_processor_the_outcomes_are_missing(docmill: Command, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("first")
    result = await asyncio.to_thread(docmill, "publish", str(tmp_path / "a.txt"), "--wait", "--timeout", "0.5")
    assert result.exit_code == 1
    assert "sent 1, failed 0" in result.stdout
    assert "missing 1" in result.stdout
    assert "no outcome: a.txt" in result.stderr


async def test_a_document_too_large_is_told_and_the_next_ones_follow(docmill: Command, tmp_path: Path) -> None:
    (tmp_path / "1.txt").write_bytes(b"a" * (MIB - 10_000))
    (tmp_path / "2.txt").write_bytes(b"b" * (MIB + 1))
    (tmp_path / "3.txt").write_bytes(b"c")
    result = await asyncio.to_thread(docmill, "publish", str(tmp_path))
    assert result.exit_code == 1
    assert "sent 2, failed 1" in result.stdout
    assert f"{tmp_path.name}/2.txt" in result.stderr
    assert str(MIB) in result.stderr


async def test_the_largest_document_that_is_sent_is_taken_by_the_broker(settings: Settings) -> None:
    results: list[SendResult] = []
    sizes = range(MIB - 700, MIB)
    await send_documents(
        settings, [SourceDocument(str(n), b"x" * n, "text/plain") for n in sizes[::50]], results.append
    )
    assert {type(result) for result in results} == {Sent, NotSent}
    assert all("with its headers more than" in result.problem for result in results if isinstance(result, NotSent))


async def test_a_rate_is_kept(settings: Settings) -> None:
    loop, results = asyncio.get_running_loop(), list[SendResult]()
    started = loop.time()
    documents = [SourceDocument(str(n), b"x", "text/plain") for n in range(11)]
    await send_documents(settings, documents, results.append, rate=20)
    assert len(results) == 11
    assert loop.time() - started >= 0.5


def test_missing_topics_are_told_and_none_is_made(kafka_bootstrap: str, topic_prefix: str, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("first")
    environ = {"KAFKA_BOOTSTRAP_SERVERS": kafka_bootstrap, "DOCMILL_TOPIC_PREFIX": topic_prefix}
    runner = CliRunner(env=environ)
    for words in (["publish", str(tmp_path)], ["tail"]):
        result = runner.invoke(app, words)
        assert result.exit_code == 1
        assert "docmill topics create" in str(result.exception)
    verified = runner.invoke(app, ["topics", "verify"])
    assert verified.output.count("missing, or") == len(TOPICS) + len(OWN_TOPICS)


async def test_a_dead_letter_of_next_to_nothing_reaches_its_topic(settings: Settings, docmill: Command) -> None:
    headers: list[tuple[str, bytes | None]] = [("x", None), ("x", b"\xff"), ("", b"")]
    decoded = decode_record(record(None, headers), "test", MIB)
    letter = rejected_record(decoded, Rejected(RejectionReason.EMPTY_VALUE, "the record has no value"))
    producer = AIOKafkaProducer(bootstrap_servers=settings.kafka_bootstrap_servers)
    await producer.start()
    try:
        topic = settings.topic_prefix + letter.topic
        await producer.send_and_wait(topic, letter.value, key=letter.key, headers=letter.headers)
    finally:
        await producer.stop()
    told = await asyncio.to_thread(docmill, "tail", "--from-beginning", "--limit", "1", "--timeout", "30")
    assert told.exit_code == 0, told.output
    assert "rejected" in told.stdout
    assert "empty_value: the record has no value" in told.stdout

"""`docmill trace` on a real broker, behind a real processor: whatever became of a document is told."""

import asyncio
import json
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from typer.testing import CliRunner, Result

from docmill.cli import app
from docmill.kafka.publish import OutgoingRecord
from docmill.kafka.send_feedback import feedback_record
from docmill.kafka.topics import cluster_id
from docmill.settings import load_settings
from docmill_schemas import examples
from docmill_schemas.ids import bare_request_id, request_id
from tests.integration.processor_process import SOON_MISSED, ProcessorProcess
from tests.integration.topics import FALLBACK, FEEDBACK, PROCESSED, RECEIVED, REVIEW, Sent, Topics
from tests.tiny_bundle import build_tiny_bundle, text_of
from tests.unit.kafka.reviews import TRACE, closed, human_result, opened

pytestmark = pytest.mark.kafka

Trace = Callable[..., Result]
JSON = ("content-type", b"application/json")
TRACEPARENT = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.fixture(scope="session")
def tiny_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_tiny_bundle(tmp_path_factory.mktemp("bundles") / "tiny-en")


@pytest.fixture
async def topics(kafka_bootstrap: str, topic_prefix: str) -> Topics:
    made = Topics(kafka_bootstrap, topic_prefix)
    await made.create()
    return made


@pytest.fixture
def trace(topics: Topics) -> Trace:
    """Runs `docmill trace WORDS` against the test's topics."""

    def run(*words: str) -> Result:
        environ = {
            "KAFKA_BOOTSTRAP_SERVERS": topics.bootstrap,
            "DOCMILL_TOPIC_PREFIX": topics.prefix,
            "DOCMILL_GROUP": f"{topics.prefix}processor",
        }
        return CliRunner(env=environ).invoke(app, ["trace", *words])

    return run


def cloud(source: str, id: str, *further: tuple[str, bytes]) -> list[tuple[str, bytes]]:
    return [("ce_source", source.encode()), ("ce_id", id.encode()), *further]


def ways(result: Result) -> list[dict[str, Any]]:
    """The lines of --json."""
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def went(way: dict[str, Any]) -> list[str]:
    return [step["what"] for step in way["steps"]]


async def test_every_way_is_told(topics: Topics, trace: Trace, tiny_bundle: Path, tmp_path: Path) -> None:
    receipt = text_of("receipt", 3)
    event = json.dumps({"document_id": "json-Ü", "text": text_of("receipt", 4)}).encode()
    twice = Sent(text_of("receipt", 5).encode(), b"twice", cloud("erp", "5"))
    quiet = {"DOCMILL_AUDIT_SHARE": "0"}  # the records that are looked through are counted below
    with ProcessorProcess(topics.bootstrap, topics.prefix, tiny_bundle, tmp_path / "log", **quiet) as processor:
        processor.ready()
        await topics.send(
            [
                *(Sent(text_of("receipt", n).encode(), f"other-{n}".encode()) for n in range(100, 120)),
                Sent(
                    receipt.encode(),
                    b"straight",
                    cloud("erp", "1", ("traceparent", TRACEPARENT), ("correlation_id", b"c-1")),
                ),
                Sent(text_of("contract", 1).encode(), b"unsure", cloud("erp", "2")),
                Sent(b" \n ", b"blank", cloud("erp", "3")),
                Sent(event, b"another key", [JSON]),
                twice,
                twice,
                Sent(text_of("receipt", 6).encode(), b"again", cloud("erp", "6")),
                Sent(text_of("receipt", 6).encode(), b"again", cloud("erp", "7")),
                Sent(text_of("receipt", 7).encode(), b"bare", partition=0),
            ]
        )
        await topics.outcomes(29)
        await topics.all_committed(f"{topics.prefix}processor", 29)
        assert processor.terminate() == 0
    await topics.send([Sent(text_of("receipt", 8).encode(), b"unread-1", partition=1)])
    await topics.send([Sent(text_of("receipt", 9).encode(), b"unread-2", cloud("erp", "9"), 1)])

    def traced(*words: str) -> list[dict[str, Any]]:
        return ways(trace(*words, "--json"))

    [straight] = await asyncio.to_thread(traced, "straight")
    assert (straight["state"], went(straight)) == ("published", ["received", "processed"])
    assert straight["verdict"].startswith("straight through in ")
    assert (straight["traceparent"], straight["correlation_id"]) == (TRACEPARENT.decode(), "c-1")
    assert straight["request_id"] == request_id("erp", "1")
    came, result = straight["steps"]
    assert (came["bytes"], came["media_type"], came["ce_source"]) == (len(receipt), "text/plain", "erp")
    assert (result["label"], result["fields"], result["topic"]) == ("receipt", 3, topics.prefix + PROCESSED)
    assert 0 == came["ms"] < result["ms"]
    assert await asyncio.to_thread(traced, request_id("erp", "1")) == [straight]

    [unsure] = await asyncio.to_thread(traced, "unsure")
    assert (unsure["state"], went(unsure)) == ("in_fallback", ["received", "fallback"])
    assert unsure["steps"][1]["reasons"] == ["not_certified"]

    [blank] = await asyncio.to_thread(traced, "blank")
    assert (blank["state"], went(blank)) == ("rejected", ["received", "rejected"])
    assert blank["verdict"].startswith("dead letter: no_text: ")

    [by_json] = await asyncio.to_thread(traced, "json-Ü")
    assert (by_json["state"], went(by_json)) == ("published", ["received", "processed"])
    assert (await asyncio.to_thread(trace, "another key")).exit_code == 1  # a key is not the id where JSON names one

    [sent_twice] = await asyncio.to_thread(traced, "twice")
    assert went(sent_twice) == ["received", "received", "processed", "processed"]
    assert sent_twice["notes"] == ["received 2 times with the same ce_source and ce_id: its sender sent it again"]

    assert [w["request_id"] for w in await asyncio.to_thread(traced, "again")] == [
        request_id("erp", "6"),
        request_id("erp", "7"),
    ]

    [bare] = await asyncio.to_thread(traced, "bare")
    settings = load_settings(kafka_bootstrap_servers=topics.bootstrap, topic_prefix=topics.prefix)
    [place] = [r for r in await topics.read(RECEIVED) if r.key == b"bare"]
    here = bare_request_id(await cluster_id(settings), place.topic, 0, place.offset, place.timestamp)
    assert (bare["request_id"], await asyncio.to_thread(traced, here)) == (here, [bare])

    [first] = await asyncio.to_thread(traced, "unread-1")
    [second] = await asyncio.to_thread(traced, request_id("erp", "9"))
    assert (first["state"], second["state"]) == ("waiting", "waiting")
    assert "it is the next record that" in first["verdict"]
    assert "has 1 record of partition 1 to read before it; no processor runs in that group" in second["verdict"]

    shown = await asyncio.to_thread(trace, "straight")
    assert "straight through in " in shown.stdout
    assert receipt.split()[0] not in shown.stdout + json.dumps(straight)
    assert "31 records looked through" not in shown.stderr  # outcomes count, too
    assert "60 records looked through" in shown.stderr


async def test_a_redelivery_is_named_as_such(topics: Topics, trace: Trace, tiny_bundle: Path, tmp_path: Path) -> None:
    """A processor that dies between publishing and committing; the next one publishes again."""
    await topics.send([Sent(text_of("receipt", 1).encode(), b"r", cloud("erp", "1"))])
    start = partial(
        ProcessorProcess,
        topics.bootstrap,
        topics.prefix,
        tiny_bundle,
        tmp_path / "log",
        DOCMILL_DELIVERY="at_least_once",
    )
    with start(DOCMILL_FAILPOINT="published", **SOON_MISSED) as killed:
        assert killed.exit_code() == -9
    with start() as processor:
        await topics.all_committed(f"{topics.prefix}processor", 1)
        assert processor.terminate() == 0
    [way] = ways(await asyncio.to_thread(trace, "r", "--json"))
    assert went(way) == ["received", "processed", "processed"]
    assert way["notes"][0].startswith("result of model (revision 1) published 2 times: under at_least_once")


async def test_what_people_are_asked_and_decide_is_told(topics: Topics, trace: Trace) -> None:
    async def put(topic: str, outgoing: OutgoingRecord) -> None:
        await topics.send_to(topic, [Sent(outgoing.value, outgoing.key, outgoing.headers)])

    document = examples.REVIEW.document_id
    await put(REVIEW, opened())
    [asked] = ways(await asyncio.to_thread(trace, document, "--json"))
    assert (asked["state"], went(asked)) == ("in_review", ["review"])
    assert asked["verdict"].startswith(f"a person is asked ({examples.REVIEW.review_reasons[0].value}) since ")
    await put(FEEDBACK, feedback_record(examples.FEEDBACK, examples.REVIEW, TRACE))
    [sent] = ways(await asyncio.to_thread(trace, document, "--json"))
    assert (sent["state"], went(sent)) == ("in_review", ["review", "feedback"])
    assert "a decision was sent on " in sent["verdict"]
    await put(PROCESSED, human_result(examples.FEEDBACK))
    await put(REVIEW, closed())
    [decided] = ways(await asyncio.to_thread(trace, examples.REQUEST_ID, "--json"))
    assert (decided["state"], went(decided)) == ("published", ["review", "feedback", "processed", "review_ended"])
    assert examples.TEXT not in json.dumps([asked, sent, decided])


async def test_only_committed_records_count_and_markers_at_the_end_do_not_hold_it_up(
    topics: Topics, trace: Trace
) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=topics.bootstrap, transactional_id=f"{topics.prefix}t")
    await producer.start()
    try:
        for commits in (True, False):
            await producer.begin_transaction()
            key = b"committed" if commits else b"aborted"
            await producer.send_and_wait(topics.prefix + RECEIVED, b"text", key=key, partition=0)
            await (producer.commit_transaction() if commits else producer.abort_transaction())
    finally:
        await producer.stop()
    [way] = ways(await asyncio.to_thread(trace, "committed", "--json"))
    assert way["state"] == "waiting"
    aborted = await asyncio.to_thread(trace, "aborted")
    assert aborted.exit_code == 1
    assert "among 1 records" in aborted.stderr


async def test_since_leaves_out_what_is_older(topics: Topics, trace: Trace) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=topics.bootstrap)
    await producer.start()
    try:
        an_hour_ago = int(time.time() * 1000) - 3_600_000
        await producer.send_and_wait(topics.prefix + RECEIVED, b"text", key=b"d", partition=0, timestamp_ms=an_hour_ago)
        await producer.send_and_wait(topics.prefix + RECEIVED, b"text", key=b"d", partition=1)
    finally:
        await producer.stop()
    assert len(ways(await asyncio.to_thread(trace, "d", "--json"))) == 2
    assert len(ways(await asyncio.to_thread(trace, "d", "--json", "--since", "2h"))) == 2
    [recent] = ways(await asyncio.to_thread(trace, "d", "--json", "--since", "30m"))
    assert recent["steps"][0]["partition"] == 1


async def test_what_is_not_there_is_said_with_where_it_was_looked_for(topics: Topics, trace: Trace) -> None:
    result = await asyncio.to_thread(trace, "nobody")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "nothing of 'nobody' among 0 records" in result.stderr
    await topics.send([Sent(b"text", b"somebody")])
    result = await asyncio.to_thread(trace, "nobody", "--json")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "nothing of 'nobody' among 1 records" in result.stderr
    for topic in (RECEIVED, FALLBACK):
        assert topics.prefix + topic in result.stderr
    assert f"now '{topics.prefix}'" in result.stderr


def test_missing_topics_are_named(kafka_bootstrap: str, topic_prefix: str) -> None:
    environ = {"KAFKA_BOOTSTRAP_SERVERS": kafka_bootstrap, "DOCMILL_TOPIC_PREFIX": topic_prefix}
    result = CliRunner(env=environ).invoke(app, ["trace", "d"])
    assert result.exit_code == 1
    assert "docmill topics create" in str(result.exception)

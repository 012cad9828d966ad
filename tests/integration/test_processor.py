"""The processor against a real broker: every record gets one outcome, whatever it is and whatever happens."""

import asyncio
import json
from collections import Counter
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.structs import TopicPartition

from tests.integration.processor_process import SOON_MISSED, ProcessorProcess, Start
from tests.integration.topics import (
    FALLBACK,
    MIB,
    PROCESSED,
    RECEIVED,
    REJECTED,
    Sent,
    Topics,
    header,
    keys,
    receipt,
)
from tests.tiny_bundle import text_of

pytestmark = pytest.mark.kafka


async def test_every_document_gets_its_outcome(topics: Topics, start: Start) -> None:
    trace = [("traceparent", b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"), ("correlation_id", b"c-1")]
    html = f"<html><body><p>{text_of('receipt', 900)}</p></body></html>".encode()
    event = json.dumps({"document_id": "json-1", "tenant": "t", "text": text_of("complaint.mortgage", 1)}).encode()
    with start() as processor:
        processor.ready()
        await topics.send(
            [
                *(receipt(n) for n in range(40)),
                receipt(40, headers=trace),
                *(Sent(text_of("contract", n).encode(), key=f"contract-{n}".encode()) for n in range(5)),
                Sent(html, key=b"page", headers=[("content-type", b"text/html; charset=utf-8")]),
                Sent(event, headers=[("content-type", b"application/json")]),
            ]
        )
        outcomes = await topics.outcomes(48)
        processor.wait_for(lambda: processor.metric("docmill_records_consumed_total") == 48, "all accounted for")
        assert processor.metric("docmill_results_published_total", decided_by="model") == 43
        assert processor.metric("docmill_fallback_total", reason="not_certified") == 5
        processor.wait_for(lambda: processor.metric("docmill_consumer_lag_records") == 0, "without lag")
        assert processor.terminate() == 0
    assert keys(outcomes[PROCESSED]) == sorted([*(f"receipt-{n}" for n in range(41)), "page", "json-1"])
    assert keys(outcomes[FALLBACK]) == [f"contract-{n}" for n in range(5)]
    assert outcomes[REJECTED] == []
    for record in outcomes[PROCESSED]:
        result = json.loads(record.value)
        assert header(record, "ce_type") == "docmill.document.processed.v1"
        assert header(record, "ce_subject") == record.key.decode() == result["document_id"]
        assert result["decided_by"] == "model"
        assert result["revision"] == 1
    by_id = {record.key.decode(): record for record in outcomes[PROCESSED]}
    result = json.loads(by_id["receipt-3"].value)
    text = text_of("receipt", 3)
    assert result["document_type"]["label"] == "receipt"
    assert {field["name"] for field in result["fields"]} == {"company", "date", "total"}
    assert all(text[field["start"] : field["end"]] == field["text"] for field in result["fields"])
    assert [(k, v) for k, v in by_id["receipt-40"].headers if k in dict(trace)] == trace
    assert json.loads(by_id["json-1"].value)["tenant"] == "t"
    deferred = json.loads(outcomes[FALLBACK][0].value)
    assert deferred["text"] == text_of("contract", int(deferred["document_id"].removeprefix("contract-")))
    assert deferred["reasons"] == ["not_certified"]


async def test_broken_records_are_dead_letters_between_good_ones(topics: Topics, start: Start) -> None:
    broken = {
        "empty_value": Sent(None, key=b"empty", partition=0),
        "invalid_event": Sent(b'{"txt": 1}', b"wrong", [("content-type", b"application/json")], 0),
        "undecodable_text": Sent(b"\xff\x00\x01\x02\x03\x81", key=b"binary", partition=0),
        "unsupported_media_type": Sent(b"PK", b"zip", [("content-type", b"application/zip")], 0),
        "no_text": Sent(b" \n\t ", key=b"blank", partition=0),
        "unsupported_claim_check": Sent(
            json.dumps(
                {"claim_check": {"uri": "s3://b/k", "sha256": "0" * 64, "size": 1, "media_type": "text/plain"}}
            ).encode(),
            b"claim",
            [("content-type", b"application/json"), ("twice", b"1"), ("twice", None)],
            0,
        ),
    }
    records: list[Sent] = []
    for number, sent in enumerate(broken.values()):
        records += [receipt(number, partition=0), sent]
    with start() as processor:
        processor.ready()
        await topics.send([*records, receipt(99, partition=0)])
        outcomes = await topics.outcomes(len(records) + 1)
        assert processor.terminate() == 0
    assert keys(outcomes[PROCESSED]) == sorted([*(f"receipt-{n}" for n in range(len(broken))), "receipt-99"])
    letters = {header(record, "docmill_reason"): record for record in outcomes[REJECTED]}
    assert letters.keys() == broken.keys()
    for reason, sent in broken.items():
        letter = letters[reason]
        assert (letter.value, letter.key) == (sent.value, sent.key)
        assert list(letter.headers)[: len(sent.headers)] == list(sent.headers)
        assert header(letter, "docmill_origin_topic") == topics.prefix + RECEIVED
        assert header(letter, "docmill_attempt") == "1"


async def test_unreadable_headers_cost_no_neighbour(topics: Topics, start: Start) -> None:
    """FastStream's own parser drops the whole poll, all partitions of it, at such a header."""
    odd = [("x", b"\xff\xfe"), ("y", None), ("ce_id", b"\xff")]
    records = [receipt(n, partition=n % 3, headers=odd if n == 10 else ()) for n in range(30)]
    await topics.send(records)  # before the start, so that the first poll spans all three partitions
    with start() as processor:
        outcomes = await topics.outcomes(30)
        assert processor.terminate() == 0
    assert keys(outcomes[PROCESSED]) == sorted(f"receipt-{n}" for n in range(30))


async def test_a_reply_to_header_chooses_no_topic(topics: Topics, start: Start) -> None:
    with start() as processor:
        processor.ready()
        await topics.send([receipt(1, headers=[("reply_to", (topics.prefix + FALLBACK).encode())])])
        outcomes = await topics.outcomes(1)
        assert processor.terminate() == 0
    assert keys(outcomes[PROCESSED]) == ["receipt-1"]
    assert await topics.read(FALLBACK) == []


async def test_the_largest_record_and_its_dead_letter(topics: Topics, start: Start) -> None:
    """The largest record that the topic takes, once as text for the fallback, once rejected with its headers."""
    word = b"unheard-of "
    room = MIB - 2000
    text = word * (room // len(word))
    binary = bytes(range(256)) * (room // 256)
    compressible = b"\x00\x01" * (2 * MIB)  # far over the limit before compression, far below after it
    over = b"a" * (5 * MIB)
    with start() as processor:
        processor.ready()
        await topics.send([Sent(text, b"text"), Sent(binary, b"binary")])
        await topics.send([Sent(compressible, b"zeros"), Sent(over, b"over")], compression_type="gzip")
        outcomes = await topics.outcomes(4)
        assert processor.terminate() == 0
    assert keys(outcomes[FALLBACK]) == ["text"]
    letters = {record.key.decode(): record for record in outcomes[REJECTED]}
    assert {key: header(letter, "docmill_reason") for key, letter in letters.items()} == {
        "binary": "undecodable_text",
        "zeros": "undecodable_text",
        "over": "document_too_large",
    }
    assert letters["binary"].value == binary
    assert letters["zeros"].value == compressible


# Three partitions are acquired, with a transaction each for their marks; the fourth is the first slice's.
EXACTLY_ONCE_STEPS = (
    "fenced:2",
    "located:2",
    "begun:2",
    "computed",
    "begun:4",
    "sent:4",
    "offsets_added:5",
    "ended:4",
    "committed:2",
)


@pytest.mark.parametrize("step", EXACTLY_ONCE_STEPS)
async def test_a_kill_at_any_step_leaves_every_result_once(topics: Topics, start: Start, step: str) -> None:
    await topics.send([receipt(n, partition=0) for n in range(60)])
    with start(DOCMILL_FAILPOINT=step, DOCMILL_MAX_SLICE_TOKENS="256", **SOON_MISSED) as killed:
        assert killed.exit_code() == -9
    with start() as processor:
        processor.ready()  # the one before may have committed all: nothing else tells that this one heeds signals
        await topics.all_committed(f"{topics.prefix}processor", 60)
        assert processor.terminate() == 0
    assert keys((await topics.outcomes(60))[PROCESSED]) == sorted(f"receipt-{n}" for n in range(60))


async def test_a_kill_after_the_last_word_leaves_every_result_once(topics: Topics, start: Start) -> None:
    await topics.send([receipt(n, partition=0) for n in range(60)])
    with start(DOCMILL_FAILPOINT="released", DOCMILL_MAX_SLICE_TOKENS="256", **SOON_MISSED) as killed:
        killed.wait_for(lambda: killed.metric("docmill_records_consumed_total") > 0, "at work")
        assert killed.terminate() == -9
    with start() as processor:
        processor.ready()
        await topics.all_committed(f"{topics.prefix}processor", 60)
        assert processor.terminate() == 0
    assert keys((await topics.outcomes(60))[PROCESSED]) == sorted(f"receipt-{n}" for n in range(60))


@pytest.mark.parametrize("step", ["computed", "published", "committed"])
async def test_at_least_once_a_kill_loses_nothing(topics: Topics, start: Start, step: str) -> None:
    await topics.send([receipt(n, partition=0) for n in range(60)])
    once = {"DOCMILL_DELIVERY": "at_least_once"}
    with start(**once, DOCMILL_FAILPOINT=step, DOCMILL_MAX_SLICE_TOKENS="256", **SOON_MISSED) as killed:
        assert killed.exit_code() == -9
    before = await topics.outcomes(0)
    committed = await topics.committed(f"{topics.prefix}processor")
    assert (sum(max(0, o) for o in committed.values()) == 0) == (step != "committed")
    assert bool(before[PROCESSED]) == (step != "computed")
    with start(**once) as processor:
        await topics.all_committed(f"{topics.prefix}processor", 60)
        assert processor.terminate() == 0
    counts = Counter(keys((await topics.outcomes(60))[PROCESSED]))
    assert set(counts) == {f"receipt-{n}" for n in range(60)}
    if step != "published":
        assert sum(counts.values()) == 60


async def test_a_graceful_stop_finishes_the_slice_in_hand(topics: Topics, start: Start) -> None:
    """Stopped in the middle of a backlog and started again."""
    await topics.send([receipt(n) for n in range(400)])
    with start(DOCMILL_MAX_SLICE_TOKENS="256") as stopped:
        stopped.wait_for(lambda: stopped.metric("docmill_records_consumed_total") > 0, "at work")
        assert stopped.terminate() == 0
    first = len(await topics.read(PROCESSED))
    assert sum((await topics.committed(f"{topics.prefix}processor")).values()) == first
    with start() as processor:
        outcomes = await topics.outcomes(400)
        assert processor.terminate() == 0
    assert keys(outcomes[PROCESSED]) == sorted(f"receipt-{n}" for n in range(400))


async def test_a_rebalance_while_processing_loses_nothing(topics: Topics, start: Start) -> None:
    with start(DOCMILL_MAX_SLICE_TOKENS="256", **SOON_MISSED) as first:
        first.ready()
        await topics.send([receipt(n) for n in range(300)])
        with start(DOCMILL_MAX_SLICE_TOKENS="256") as second:
            second.ready()
            await topics.send([receipt(n) for n in range(300, 600)])
            first.wait_for(lambda: first.metric("docmill_rebalances_total") >= 2, "rebalanced")
            second.wait_for(lambda: second.metric("docmill_assigned_partitions") > 0, "given a partition")
            first.process.kill()  # and the survivor takes over without a leave
            outcomes = await topics.outcomes(600)
            second.wait_for(lambda: second.metric("docmill_assigned_partitions") == 3, "alone")
            await topics.all_committed(f"{topics.prefix}processor", 600)
            outcomes = await topics.outcomes(600)
            assert second.terminate() == 0
    assert keys(outcomes[PROCESSED]) == sorted(f"receipt-{n}" for n in range(600))


async def test_records_deleted_before_they_were_read_stop_the_service(topics: Topics, start: Start) -> None:
    await topics.send([receipt(n, partition=0) for n in range(20)])
    with start() as processor:
        await topics.outcomes(20)
        assert processor.terminate() == 0
    await topics.send([receipt(n, partition=0) for n in range(20, 40)])
    admin = AIOKafkaAdminClient(bootstrap_servers=topics.bootstrap)
    await admin.start()
    try:
        partition = TopicPartition(topics.prefix + RECEIVED, 0)
        await admin.delete_records({partition: RecordsToDelete(before_offset=30)})
    finally:
        await admin.close()
    with start() as processor:
        assert processor.exit_code() == 1
    assert "offsets 20 to 29 were deleted by retention" in processor.log_text


async def test_missing_topics_are_named(
    kafka_bootstrap: str, topic_prefix: str, tiny_bundle: Path, tmp_path: Path
) -> None:
    with ProcessorProcess(kafka_bootstrap, topic_prefix, tiny_bundle, tmp_path / "log") as processor:
        assert processor.exit_code() == 1
    assert "docmill topics create" in processor.log_text


async def test_no_broker_is_a_clear_error(topic_prefix: str, tiny_bundle: Path, tmp_path: Path) -> None:
    with ProcessorProcess("127.0.0.1:1", topic_prefix, tiny_bundle, tmp_path / "log") as processor:
        assert processor.exit_code() == 1
    assert "127.0.0.1:1" in processor.log_text
    assert "Traceback" not in processor.log_text


async def test_results_are_seen_by_a_plain_group_consumer(topics: Topics, start: Start) -> None:
    """What docs/read.md tells downstream teams to do."""
    with start() as processor:
        processor.ready()
        await topics.send([receipt(1)])
        consumer = AIOKafkaConsumer(
            topics.prefix + PROCESSED,
            bootstrap_servers=topics.bootstrap,
            group_id=f"{topics.prefix}downstream",
            isolation_level="read_committed",
            auto_offset_reset="earliest",
        )
        await consumer.start()
        try:
            record = await asyncio.wait_for(consumer.getone(), 60)
        finally:
            await consumer.stop()
        assert processor.terminate() == 0
    assert record.key == b"receipt-1"

"""Dead letters go back once, as they came, whatever the run that puts them back dies of."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections import Counter

import pytest
from aiokafka import AIOKafkaProducer

from docmill.errors import BrokerError
from docmill.kafka import redrive as module
from docmill.kafka.redrive import Redrive, Selection, redrive
from docmill.kafka.topics import create_topics
from docmill.settings import Settings, load_settings
from docmill_schemas.topics import REDRIVEN
from tests.integration.processor_process import Start
from tests.integration.topics import RECEIVED, REJECTED, Sent, Topics, header, keys, receipt

pytestmark = pytest.mark.kafka


@pytest.fixture
async def settings(topics: Topics) -> Settings:
    found = load_settings(kafka_bootstrap_servers=topics.bootstrap, topic_prefix=topics.prefix)
    await create_topics(found)  # the ledger; the others are there
    return found


def broken(number: int) -> Sent:
    return Sent(b"\xff\x00\x01\x02\x81", key=f"broken-{number}".encode(), partition=number % 3)


async def run(settings: Settings, dry_run: bool = False, **selection: object) -> Redrive:
    return await redrive(settings, Selection(**selection), dry_run=dry_run)  # type: ignore[arg-type]


async def test_letters_go_back_once_with_the_same_request(topics: Topics, start: Start, settings: Settings) -> None:
    await topics.send([*(broken(n) for n in range(6)), receipt(1), Sent(b" \n ", key=b"blank")])
    with start() as processor:
        letters = (await topics.outcomes(8))[REJECTED]
        looked = await run(settings, dry_run=True, reasons=frozenset({"undecodable_text"}))
        assert (len(looked.wanted), looked.put_back) == (6, 0)
        assert len(await topics.read(RECEIVED)) == 8
        first = await run(settings, reasons=frozenset({"undecodable_text"}))
        assert (first.put_back, first.already_back) == (6, 0)
        again = await run(settings, reasons=frozenset({"undecodable_text"}), most_attempts=1)
        assert (again.put_back, again.already_back) == (0, 6)
        back = (await topics.outcomes(14))[REJECTED]  # rejected a second time
        assert processor.terminate() == 0
    received = [record for record in await topics.read(RECEIVED) if header(record, "docmill_attempt")]
    assert Counter(record.key for record in received) == Counter(f"broken-{n}".encode() for n in range(6))
    assert {record.partition: record.value for record in received} == {n: broken(n).value for n in range(3)}
    attempts = {(header(r, "docmill_request_id"), header(r, "docmill_attempt")) for r in back if r.key != b"blank"}
    requests = {header(r, "docmill_request_id") for r in letters if r.key != b"blank"}
    assert attempts == {(request, attempt) for request in requests for attempt in ("1", "2")}
    notes = [json.loads(record.value) for record in await topics.read(REDRIVEN.name)]
    assert {(note["request_id"], note["attempt"]) for note in notes} == {(request, 2) for request in requests}


async def test_a_run_that_dies_is_gone_on_with(
    topics: Topics, start: Start, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of three transactions the second is broken off after its records were sent."""
    await topics.send([broken(n) for n in range(6)])
    with start() as processor:
        await topics.outcomes(6)
        assert processor.terminate() == 0
    monkeypatch.setattr(module, "TRANSACTION_LETTERS", 2)
    commits = 0
    commit = AIOKafkaProducer.commit_transaction

    async def dying(producer: AIOKafkaProducer) -> None:
        nonlocal commits
        commits += 1
        if commits == 2:
            raise AssertionError("killed here")
        await commit(producer)

    monkeypatch.setattr(AIOKafkaProducer, "commit_transaction", dying)
    with pytest.raises(BrokerError, match=r"after 2 letters that are back.*run it again"):
        await run(settings)
    monkeypatch.setattr(AIOKafkaProducer, "commit_transaction", commit)
    found = await run(settings)
    assert (found.put_back, found.already_back) == (4, 2)
    back = [record for record in await topics.read(RECEIVED) if header(record, "docmill_attempt")]
    assert keys(back) == [f"broken-{n}" for n in range(6)]


def command(topics: Topics, **environment: str) -> subprocess.CompletedProcess[str]:
    """`docmill redrive --all` in a process of its own."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("DOCMILL_", "KAFKA_"))}
    servers = {"KAFKA_BOOTSTRAP_SERVERS": topics.bootstrap, "DOCMILL_TOPIC_PREFIX": topics.prefix}
    return subprocess.run(
        [sys.executable, "-m", "docmill", "redrive", "--all"],
        env={**inherited, **servers, **environment},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


@pytest.mark.parametrize("failpoint", ["ended", "sent:2"])
@pytest.mark.usefixtures("settings")
async def test_a_process_that_is_killed_is_gone_on_with(topics: Topics, failpoint: str) -> None:
    """Between two transactions, and within the second."""
    first, rest = module.TRANSACTION_LETTERS, 20
    why = {
        "reason": "undecodable_text",
        "origin_topic": topics.prefix + RECEIVED,
        "origin_partition": "0",
        "attempt": "1",
    }
    common = [(f"docmill_{name}", value.encode()) for name, value in why.items()]
    letters = []
    for n in range(first + rest):
        own = {"request_id": f"{n:032x}", "origin_offset": str(n)}
        headers = [*common, *((f"docmill_{name}", value.encode()) for name, value in own.items())]
        letters.append(Sent(b"\xff", str(n).encode(), headers, partition=0))
    await topics.send_to(REJECTED, letters)
    died = await asyncio.to_thread(command, topics, DOCMILL_FAILPOINT=failpoint)
    assert died.returncode == -signal.SIGKILL, died.stderr
    again = await asyncio.to_thread(command, topics)
    assert again.returncode == 0, again.stderr
    assert again.stdout.splitlines() == [
        f"{rest} put back (undecodable_text {rest})",
        f"{first} were back already",
    ]
    back = await topics.read(RECEIVED)
    assert [record.key for record in back] == [letter.key for letter in letters]
    assert len(await topics.read(REDRIVEN.name)) == first + rest


async def test_a_limit_leaves_the_rest_for_later(topics: Topics, start: Start, settings: Settings) -> None:
    await topics.send([broken(n) for n in range(5)])
    with start() as processor:
        await topics.outcomes(5)
        assert processor.terminate() == 0
    counts = []
    for _ in range(3):
        found = await run(settings, limit=2)
        counts.append((found.put_back, found.more))
    assert counts == [(2, True), (2, True), (1, False)]


async def test_a_letter_without_its_value_goes_back_from_its_origin(topics: Topics, settings: Settings) -> None:
    """As docmill writes one of a record that does not fit beside its own headers."""
    await topics.send([Sent(b"first", partition=0), Sent(b"large", b"large", [("note", b"kept")], partition=0)])
    why = {
        "request_id": "a" * 32,
        "reason": "document_too_large",
        "origin_topic": topics.prefix + RECEIVED,
        "origin_partition": "0",
        "origin_offset": "1",
        "attempt": "1",
        "value_omitted": "true",
    }
    at_origin = (await topics.read(RECEIVED))[1]
    why["origin_timestamp"] = str(at_origin.timestamp)
    headers = [(f"docmill_{name}", value.encode()) for name, value in why.items()]
    other = [*headers, ("docmill_origin_timestamp", b"5")]  # as after the topic was made anew
    gone = [*headers, ("docmill_origin_offset", b"7")]
    await topics.send_to(
        REJECTED, [Sent(None, b"large", headers), Sent(None, b"gone", gone), Sent(None, b"other", other)]
    )
    found = await run(settings)
    assert (found.put_back, [letter.document_id for letter in found.gone]) == (1, ["gone"])
    assert [letter.document_id for letter in found.replaced] == ["other"]
    back = (await topics.read(RECEIVED))[-1]
    assert (back.value, back.key, header(back, "note")) == (b"large", b"large", "kept")
    assert header(back, "docmill_request_id") == "a" * 32
    assert (await run(settings)).put_back == 0


async def test_records_that_are_no_letters_stay_where_they_are(topics: Topics, settings: Settings) -> None:
    strange = [("docmill_reason", b"no_text"), ("docmill_request_id", b"a" * 32), ("docmill_attempt", b"1")]
    elsewhere = [
        ("docmill_origin_topic", b"payments"),
        ("docmill_origin_partition", b"0"),
        ("docmill_origin_offset", b"0"),
    ]
    await topics.send_to(REJECTED, [Sent(b"x", b"1", strange), Sent(b"x", b"2", [*strange, *elsewhere])])
    found = await run(settings)
    assert (found.put_back, found.strangers) == (0, 2)


async def test_without_its_ledger_nothing_goes_back(topics: Topics) -> None:
    bare = load_settings(kafka_bootstrap_servers=topics.bootstrap, topic_prefix=topics.prefix)
    with pytest.raises(BrokerError, match=r"documents\.redriven .*run `docmill topics create`"):
        await run(bare)

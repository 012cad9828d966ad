"""The short profiles of the chaos driver: every fault strikes at least once, and no document is the worse for it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from docmill.local_kafka.ports import free_port
from docmill.resources import resource
from load_tests.chaos_parts.coordinator import PROBES, commits, is_served
from load_tests.chaos_parts.documents import make_document
from load_tests.chaos_parts.ledger import Ledger
from load_tests.chaos_parts.oracle import NUMBER_HEADER, judge
from load_tests.chaos_parts.read_out import read_topics
from tests.integration.topics import PROCESSED, RECEIVED, Sent, Topics

pytestmark = pytest.mark.kafka
PARTITIONS = 3  # of the fixture's topics
# Only there so that a run that hangs ends, and tells where. The smoke is meant to take less than three minutes on two
# quiet cores; five times that is more than a machine with other work needed, and no test here fails for being slow.
LONGEST_S = 900
LOG_LINES = 40  # of each, where a run fails


def chaos(work: Path, *options: str) -> dict[str, Any]:
    """The report of a run that went as it is meant to; of any other the test says all that the driver and the workers
    said.
    """
    command = [sys.executable, "-m", "load_tests.chaos", *options, "--work", str(work)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as driver:
        try:
            said, _ = driver.communicate(timeout=LONGEST_S)
        except subprocess.TimeoutExpired:
            driver.kill()
            said, _ = driver.communicate()
            pytest.fail(f"not done after {LONGEST_S} s:\n{said}\n{last_lines(work)}", pytrace=False)
        except BaseException:
            driver.kill()
            raise
    if driver.returncode:
        pytest.fail(f"exit code {driver.returncode}:\n{said}\n{last_lines(work)}", pytrace=False)
    report: dict[str, Any] = json.loads((work / "chaos.json").read_text())
    return report


def last_lines(work: Path) -> str:
    """Of the workers' logs, and the broker's."""
    logs = [*sorted(work.glob("worker-*.log")), *work.glob("kafka/kafka.log")]
    return "\n".join(
        "\n".join([f"{log.name}:", *log.read_text(errors="replace").splitlines()[-LOG_LINES:]]) for log in logs
    )


def test_chaos_smoke(tmp_path: Path) -> None:
    report = chaos(tmp_path, "--profile", "smoke")
    assert report["accepted"] >= 1000
    assert set(report["faults"].values()) == {0}
    assert report["strange_ends"] == []
    assert (tmp_path / "chaos.png").stat().st_size > 10_000


def test_chaos_of_the_fallback(tmp_path: Path) -> None:
    """Three rounds, a minute and a half: what is put back to wait for the generator outlives deaths as well."""
    report = chaos(tmp_path, "--profile", "fallback-brief")
    assert report["accepted"] >= 100
    assert set(report["faults"].values()) == {0}
    assert "left waiting" in report["faults"]
    assert report["put_back"] > 0
    assert min(report["results_by_topic"].values()) > 0
    assert report["strange_ends"] == []


def test_the_oracle_convicts_a_naive_worker(tmp_path: Path) -> None:
    """FastStream's default acknowledgement, and two deaths. If that went unseen, the runs above would prove nothing."""
    report = chaos(tmp_path, "--control", "ack_first", "--brief")
    assert report["worker_kills"] == 2
    assert report["faults"]["lost"] + report["faults"]["duplicated"] > 0
    assert report["faults"]["corrupt"] == 0  # what it did publish is right: the oracle sees no more than there is


async def test_a_broker_serves_its_coordinators_or_is_told_apart(topics: Topics) -> None:
    assert await is_served(topics.bootstrap, 60)
    nowhere = f"127.0.0.1:{free_port()}"
    assert not await is_served(nowhere, 0.1)
    assert not await commits(nowhere, PROBES[0])
    template = resource("deploy/kafka/server.properties.template").read_text(encoding="utf-8")
    for setting in ("offsets.topic.num.partitions", "transaction.state.log.num.partitions"):
        assert f"{setting}={len(PROBES)}\n" in template
    assert {java_hash(probe) % len(PROBES) for probe in PROBES} == set(range(len(PROBES)))


def java_hash(name: str) -> int:
    """Its absolute value, by which Kafka finds the partition of a name. Source: java.lang.String.hashCode."""
    value = 0
    for letter in name:
        value = (31 * value + ord(letter)) % 2**32
    return min(value, 2**32 - value)


async def test_the_read_out_sees_what_is_committed_and_the_oracle_believes_it(topics: Topics) -> None:
    """Five documents; the results of a transaction that was aborted are no results."""
    documents = [make_document(1, number, 3, PARTITIONS, poison_share=0) for number in range(5)]
    await topics.send(
        [
            Sent(d.value, d.entry.path.encode(), [(NUMBER_HEADER, str(d.entry.number).encode())], d.entry.partition)
            for d in documents
        ]
    )
    producer = AIOKafkaProducer(bootstrap_servers=topics.bootstrap, transactional_id=f"{topics.prefix}results")
    await producer.start()
    try:
        for goes_through in (False, True):
            await producer.begin_transaction()
            for d in documents:
                event = {"document_id": d.entry.path, "content_sha256": d.entry.sha256}
                await producer.send(
                    topics.prefix + PROCESSED,
                    json.dumps(event).encode(),
                    key=d.entry.path.encode(),
                    headers=[(NUMBER_HEADER, str(d.entry.number).encode())],
                )
            await (producer.commit_transaction() if goes_through else producer.abort_transaction())
    finally:
        await producer.stop()
    received = await read_topics(topics.bootstrap, [topics.prefix + RECEIVED], PARTITIONS)
    results = await read_topics(topics.bootstrap, [topics.prefix + PROCESSED], PARTITIONS)
    ledger = Ledger({d.entry.number: d.entry for d in documents}, frozenset(range(5)))
    verdict = judge(ledger, received, results)
    assert verdict.holds, verdict
    assert verdict.results == 5
    assert len(judge(ledger, received, results[1:]).lost) == 1

"""The clients of docs/clients against a running processor, each a process that cannot import docmill."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient

from docmill_schemas.ids import request_id
from tests.integration.processor_process import Start
from tests.integration.topics import FALLBACK, PATIENCE_S, PROCESSED, RECEIVED, Topics, header, keys
from tests.tiny_bundle import text_of

pytestmark = pytest.mark.kafka

CLIENTS = Path(__file__).parents[2] / "docs" / "clients"
ALONE = """
import runpy, sys
sys.modules["docmill"] = sys.modules["docmill_schemas"] = None
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def alone(script: Path, *arguments: str) -> list[str]:
    """A command that runs a script where docmill cannot be imported."""
    return [sys.executable, "-c", ALONE, str(script), *arguments]


def send(topics: Topics, files: list[Path]) -> list[str]:
    """Run upstream.py to its end; what it prints."""
    command = alone(CLIENTS / "upstream.py", topics.bootstrap, topics.prefix + RECEIVED, *map(str, files))
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


class Downstream:
    """downstream.py at work; its results.db is in `folder`."""

    def __init__(self, topics: Topics, group: str, folder: Path) -> None:
        self._topics = topics
        self._group = topics.prefix + group
        self._output = folder / f"{group}.out"
        command = alone(CLIENTS / "downstream.py", topics.bootstrap, topics.prefix + PROCESSED, self._group)
        with self._output.open("wb") as output:
            self.process = subprocess.Popen(command, cwd=folder, stdout=output, stderr=output)

    @property
    def lines(self) -> list[str]:
        """What it has printed so far."""
        return self._output.read_text().splitlines()

    async def committed(self) -> None:
        """Wait until its group has committed all that it can read; markers of transactions take offsets too."""
        ends: dict[int, int] = {}
        for record in await self._topics.read(PROCESSED):
            ends[record.partition] = max(record.offset + 1, ends.get(record.partition, 0))
        deadline = time.monotonic() + PATIENCE_S
        while not _reached(found := await self._offsets(), ends):
            assert self.process.poll() is None, "\n".join(self.lines)
            assert time.monotonic() < deadline, f"{found} of {ends} committed:\n" + "\n".join(self.lines)
            await asyncio.sleep(0.1)

    async def _offsets(self) -> dict[int, int]:
        admin = AIOKafkaAdminClient(bootstrap_servers=self._topics.bootstrap)
        await admin.start()
        try:
            offsets = await admin.list_consumer_group_offsets(self._group)
        finally:
            await admin.close()
        return {partition.partition: entry.offset for partition, entry in offsets.items()}


def _reached(offsets: dict[int, int], ends: dict[int, int]) -> bool:
    return all(offsets.get(partition, 0) >= end for partition, end in ends.items())


@contextmanager
def downstream(topics: Topics, group: str, folder: Path) -> Iterator[Downstream]:
    running = Downstream(topics, group, folder)
    try:
        yield running
    finally:
        running.process.kill()
        running.process.wait()


@pytest.fixture
def receipts(tmp_path: Path) -> list[Path]:
    """Files that go straight through."""
    files = [tmp_path / f"receipt-{number}.txt" for number in range(5)]
    for number, file in enumerate(files):
        file.write_text(text_of("receipt", number))
    return files


async def test_documents_go_up_and_their_results_come_down_once(
    topics: Topics, start: Start, receipts: list[Path], tmp_path: Path
) -> None:
    contract = tmp_path / "contract.txt"
    contract.write_text(text_of("contract", 1))
    names = [file.name for file in receipts]
    with start() as processor:
        processor.ready()
        printed = send(topics, [*receipts, contract])
        assert [line.split(" is at ")[0] for line in printed] == [*names, contract.name]
        send(topics, receipts)  # again, as after a crash
        outcomes = await topics.outcomes(11)
        assert processor.terminate() == 0
    assert keys(outcomes[PROCESSED]) == sorted(names * 2)
    assert keys(outcomes[FALLBACK]) == [contract.name]
    expected = {
        f"{name} receipt {request_id('example/upstream', header(record, 'ce_id') or '')} model 1"
        for record in await topics.read(RECEIVED)
        if (name := record.key.decode()) in names
    }
    assert len(expected) == len(names)
    with downstream(topics, "first", tmp_path) as first:
        await first.committed()
        assert sorted(first.lines) == sorted(expected)
    with downstream(topics, "again", tmp_path) as again:  # everything once more, as after a crash before the commit
        await again.committed()
        assert again.lines == []


async def test_what_upstream_sends_is_a_cloud_event_with_its_key(topics: Topics, receipts: list[Path]) -> None:
    page = receipts[0].with_suffix(".html")
    page.write_text("<p>x")
    send(topics, [receipts[0], page])
    records = {record.key.decode(): record for record in await topics.read(RECEIVED)}
    assert records[page.name].value == b"<p>x"
    for name, media_type in ((receipts[0].name, "text/plain"), (page.name, "text/html")):
        assert header(records[name], "content-type") == media_type
        assert header(records[name], "ce_subject") == name
        assert header(records[name], "ce_specversion") == "1.0"


async def test_downstream_sees_no_aborted_result_and_bears_with_later_versions(topics: Topics, tmp_path: Path) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=topics.bootstrap, transactional_id=f"{topics.prefix}writer")
    await producer.start()
    try:
        for document_id in ("aborted", "committed"):
            event = {
                "request_id": document_id,
                "decided_by": "oracle",
                "revision": 1,
                "document_id": document_id,
                "document_type": {"label": "receipt", "since_v9": 1},
                "a_later_key": {},
            }
            await producer.begin_transaction()
            await producer.send_and_wait(topics.prefix + PROCESSED, json.dumps(event).encode(), partition=0)
            await (producer.abort_transaction() if document_id == "aborted" else producer.commit_transaction())
    finally:
        await producer.stop()
    with downstream(topics, "downstream", tmp_path) as running:
        await running.committed()
        assert running.lines == ["committed receipt committed oracle 1"]


@pytest.mark.parametrize("module", ["docmill", "docmill_schemas"])
def test_the_clients_run_where_docmill_cannot_be_imported(module: str, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(f"import {module}.events")
    done = subprocess.run(alone(script), capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert "ModuleNotFoundError" in done.stderr

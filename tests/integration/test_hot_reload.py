"""Bundles change while documents flow: nothing is lost or doubled, and every slice is of one bundle."""

import asyncio
import hashlib
import json
import shutil
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from tests.integration.processor_process import SOON_MISSED, ProcessorProcess, Start
from tests.integration.topics import FALLBACK, PROCESSED, REJECTED, Topics, keys, receipt
from tests.tiny_bundle import build_tiny_bundle

pytestmark = pytest.mark.kafka
SMALL_SLICES = {"DOCMILL_MAX_SLICE_TOKENS": "256"}


def sha256_of(folder: Path) -> str:
    return hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Three bundles that differ in their version."""
    folder = tmp_path_factory.mktemp("sound")
    return [build_tiny_bundle(folder / version, version) for version in ("1", "2", "3")]


@pytest.fixture
def broken(sound: list[Path], tmp_path: Path) -> Path:
    """A copy with another version, and one byte of its model flipped."""
    folder = Path(shutil.copytree(sound[1], tmp_path / "broken"))
    manifest = folder / "manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "version": "broken"}))
    content = bytearray((folder / "model.int8.onnx").read_bytes())
    content[len(content) // 2] ^= 1
    (folder / "model.int8.onnx").write_bytes(bytes(content))
    return folder


class Link:
    """What DOCMILL_BUNDLE names: a symlink that is pointed elsewhere in one step."""

    def __init__(self, path: Path, first: Path) -> None:
        self.path = path
        path.symlink_to(first)

    def point_to(self, folder: Path) -> None:
        part = self.path.with_name("part")
        part.symlink_to(folder)
        part.replace(self.path)


@pytest.fixture
def link(sound: list[Path], tmp_path: Path) -> Link:
    return Link(tmp_path / "bundle", sound[0])


class Flow:
    """Receipts, one after the other, until the block ends."""

    def __init__(self) -> None:
        self.sent = 0


@asynccontextmanager
async def flowing(topics: Topics) -> AsyncIterator[Flow]:
    """All to one partition of the input: then whoever publishes their results is one producer."""
    flow, stop = Flow(), asyncio.Event()

    async def send() -> None:
        while not stop.is_set():
            await topics.send([receipt(flow.sent + n, partition=0) for n in range(5)])
            flow.sent += 5

    sending = asyncio.create_task(send())
    try:
        yield flow
    finally:
        stop.set()
        await sending


async def wait_for(processor: ProcessorProcess, condition: Callable[[], bool], what: str) -> None:
    """While documents flow."""
    await asyncio.to_thread(processor.wait_for, condition, what)


async def some_more(processor: ProcessorProcess) -> None:
    """Wait until some slices that begin now are committed."""
    before = await asyncio.to_thread(processor.metric, "docmill_records_consumed_total")
    await wait_for(
        processor, lambda: processor.metric("docmill_records_consumed_total") >= before + 40, "at work still"
    )


def checks(processor: ProcessorProcess) -> dict[str, Any]:
    checks: dict[str, Any] = processor.readiness()[1]["checks"]
    return checks


async def decides(processor: ProcessorProcess, folder: Path) -> None:
    sha256 = sha256_of(folder)
    await wait_for(processor, lambda: checks(processor)["bundle_sha256"] == sha256, f"deciding with {folder.name}")


def bundle_of(record: Any) -> str:
    return str(json.loads(record.value)["bundle"]["sha256"])


def slices_of(records: Sequence[Any]) -> list[list[Any]]:
    """One producer's records by transaction: in each partition that it wrote, its marker takes the offset after it."""
    ordered = sorted(records, key=lambda record: (record.partition, record.offset))
    numbered = enumerate(ordered)
    by_run = groupby(numbered, key=lambda one: (one[1].partition, one[1].offset - one[0]))
    return [[record for _, record in run] for _, run in by_run]


async def test_bundles_are_swapped_and_refused_under_load(
    topics: Topics, start: Start, link: Link, sound: list[Path], broken: Path
) -> None:
    with start(DOCMILL_BUNDLE=str(link.path), DOCMILL_BUNDLE_POLL_S="0.2", **SMALL_SLICES) as processor:
        processor.ready()
        async with flowing(topics) as flow:
            await some_more(processor)
            link.point_to(sound[1])
            await decides(processor, sound[1])
            await some_more(processor)

            link.point_to(broken)
            await wait_for(processor, lambda: checks(processor)["bundle_refused"] is not None, "refused")
            await some_more(processor)
            status, said = await asyncio.to_thread(processor.readiness)
            assert (status, said["ok"]) == (200, True)
            assert "model.int8.onnx is not the file that the manifest lists" in said["checks"]["bundle_refused"]
            assert said["checks"]["bundle_sha256"] == sha256_of(sound[1])
            assert processor.metric("docmill_bundle_reloads_total", outcome="refused") == 1
            assert processor.metric("docmill_bundle_info", version="2") == 1

            link.point_to(sound[2])
            await decides(processor, sound[2])
            assert checks(processor)["bundle_refused"] is None
            await some_more(processor)
        outcomes = await topics.outcomes(flow.sent)
        assert processor.metric("docmill_bundle_reloads_total", outcome="loaded") == 2
        assert processor.metric("docmill_bundle_reloads_total", outcome="refused") == 1
        assert processor.metric("docmill_bundle_info") == processor.metric("docmill_bundle_info", version="3") == 1
        await topics.all_committed(f"{topics.prefix}processor", flow.sent)
        assert processor.terminate() == 0
    results = outcomes[PROCESSED]
    assert (outcomes[FALLBACK], outcomes[REJECTED]) == ([], [])
    assert keys(results) == sorted(f"receipt-{n}" for n in range(flow.sent))
    in_order = sorted(results, key=lambda record: int(record.key.decode().removeprefix("receipt-")))
    assert [sha256 for sha256, _ in groupby(map(bundle_of, in_order))] == [sha256_of(folder) for folder in sound]
    slices = slices_of(results)
    assert len(slices) > 10
    assert max(map(len, slices)) > 1
    assert all(len({bundle_of(record) for record in one}) == 1 for one in slices)
    assert processor.log_text.count("is refused") == 1
    assert processor.log_text.count("is closed: no slice needs it") == 2


async def test_on_sighup_it_looks_at_once(topics: Topics, start: Start, link: Link, sound: list[Path]) -> None:
    """And only then, where the interval is 0."""
    with start(DOCMILL_BUNDLE=str(link.path), DOCMILL_BUNDLE_POLL_S="0") as processor:
        processor.ready()
        link.point_to(sound[1])
        processor.process.send_signal(signal.SIGHUP)
        await decides(processor, sound[1])
        await topics.send([receipt(0)])
        outcomes = await topics.outcomes(1)
        assert processor.terminate() == 0
    assert [bundle_of(record) for record in outcomes[PROCESSED]] == [sha256_of(sound[1])]


async def test_suspects_are_tried_by_the_bundle_in_use_whatever_the_folder_holds(
    topics: Topics, start: Start, link: Link, sound: list[Path], broken: Path
) -> None:
    """A replica dies in the middle of a slice; the one that takes over has a broken bundle in its folder."""
    with start(DOCMILL_BUNDLE=str(link.path), DOCMILL_BUNDLE_POLL_S="0.2") as survivor:
        survivor.ready()
        link.point_to(broken)
        survivor.wait_for(lambda: checks(survivor)["bundle_refused"] is not None, "refused")
        with start(DOCMILL_BUNDLE=str(sound[0]), DOCMILL_FAILPOINT="computed", **SOON_MISSED) as mortal:
            survivor.wait_for(lambda: survivor.metric("docmill_rebalances_total") >= 2, "joined by another")
            await topics.send([receipt(n, partition=n % 3) for n in range(30)])
            assert mortal.exit_code() == -9
            await topics.all_committed(f"{topics.prefix}processor", 30)
        assert "is tried in a child first" in survivor.log_text
        assert survivor.terminate() == 0
    outcomes = await topics.outcomes(30)
    assert keys(outcomes[PROCESSED]) == sorted(f"receipt-{n}" for n in range(30))
    assert {bundle_of(record) for record in outcomes[PROCESSED]} == {sha256_of(sound[0])}

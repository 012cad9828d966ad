"""Which bundles are taken and which refused, with real folders, real children and a real model."""

import asyncio
import hashlib
import json
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from docmill.bundle.files import BundleFiles, read_files
from docmill.bundle.save import save_bundle
from docmill.bundle.watch import BundleWatch
from docmill.errors import BundleError, DependencyError
from docmill.ingest import InThread
from docmill.kafka import bundle_child
from docmill.kafka.reload import Reloader
from docmill.kafka.serving import InUse, Serving, Surroundings
from docmill.processing import Silent
from docmill.settings import Settings
from docmill.telemetry.metrics import Metrics
from tests.tiny_bundle import build_tiny_bundle, tiny_manifest, tiny_outlier

PATIENCE_S = 60.0


@dataclass
class Bench:
    """A reloader of one folder, a symlink as careful operators have it."""

    folder: Path
    bundles: InUse
    metrics: Metrics
    reloader: Reloader

    def look(self, times: int = 2) -> None:
        for _ in range(times):
            self.reloader.look()

    def point_to(self, folder: Path) -> None:
        link = self.folder.with_name("next")
        link.symlink_to(folder)
        link.replace(self.folder)

    @property
    def gauge(self) -> float | None:
        return self.metrics.registry.get_sample_value("docmill_bundle_refused")

    @property
    def version(self) -> str:
        return self.bundles.current.bundle.version

    def counted(self, outcome: str) -> float | None:
        return self.metrics.registry.get_sample_value("docmill_bundle_reloads_total", {"outcome": outcome})


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Sound bundles by version."""
    folder = tmp_path_factory.mktemp("good")
    return {version: build_tiny_bundle(folder / version, version) for version in ("1", "2", "3")}


@pytest.fixture
def make(good: dict[str, Path], tmp_path: Path) -> Iterator[Callable[..., Bench]]:
    made: list[Bench] = []

    def one(check: Callable[[BundleFiles], None] | None = None) -> Bench:
        folder = tmp_path / "bundle"
        folder.symlink_to(good["1"])
        surroundings = Surroundings(Settings(threads=1, parsers=1), "cluster", 1, Silent(), InThread())
        files = read_files(folder)
        bundles = InUse(surroundings.serving(files))
        metrics = Metrics(CollectorRegistry())
        watch = BundleWatch(folder, files.sha256)
        made.append(Bench(folder, bundles, metrics, Reloader(watch, bundles, surroundings, metrics, check)))
        return made[-1]

    yield one
    for bench in made:
        bench.reloader.close()
        bench.bundles.close()


def accept(_: BundleFiles) -> None:
    """A check that passes everything."""


def described(folder: Path, **changes: object) -> None:
    path = folder / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def replaced(folder: Path, name: str, content: bytes) -> None:
    """Exchange a file, and its sha256 in the manifest."""
    (folder / name).write_bytes(content)
    files = json.loads((folder / "manifest.json").read_text())["files"]
    described(folder, files={**files, name: hashlib.sha256(content).hexdigest()})


def altered(folder: Path) -> None:
    content = bytearray((folder / "model.int8.onnx").read_bytes())
    content[len(content) // 2] ^= 1
    (folder / "model.int8.onnx").write_bytes(bytes(content))


def nested(path: Path) -> None:
    path.write_text("[" * 100_000)


def piped(path: Path) -> None:
    """Nobody ever writes into it: who opens it waits."""
    path.unlink()
    os.mkfifo(path)


def other_golden(folder: Path) -> None:
    content = (folder / "golden.jsonl").read_text().replace('"label": "receipt"', '"label": "contract"')
    replaced(folder, "golden.jsonl", content.encode())


BROKEN: dict[str, tuple[Callable[[Path], None], str]] = {
    "altered model": (altered, "not the file that the manifest lists"),
    "half a file": (lambda folder: os.truncate(folder / "tokenizer.json", 100), "not the file"),
    "a file missing": (lambda folder: (folder / "outlier.npz").unlink(), "cannot be read"),
    "no manifest": (lambda folder: (folder / "manifest.json").unlink(), "no readable manifest"),
    "half a manifest": (lambda folder: os.truncate(folder / "manifest.json", 100), "not JSON"),
    "a hostile manifest": (lambda folder: nested(folder / "manifest.json"), "not JSON"),
    "a pipe for a manifest": (lambda folder: piped(folder / "manifest.json"), "not a regular file"),
    "a manifest without end": (lambda folder: os.truncate(folder / "manifest.json", 2**40), "larger than"),
    "a pipe for a model": (lambda folder: piped(folder / "model.int8.onnx"), "not a regular file"),
    "a later format": (lambda folder: described(folder, format_version=2), "this docmill reads format 1"),
    "no model": (lambda folder: replaced(folder, "model.int8.onnx", b"no graph"), "cannot load"),
    "fields of another training": (lambda folder: described(folder, fields=[]), "fields"),
    "other golden documents": (other_golden, "fails its golden documents"),
}


def test_a_sound_bundle_is_taken_whole(make: Callable[..., Bench], good: dict[str, Path]) -> None:
    bench = make()
    first = bench.bundles.current
    bench.point_to(good["2"])
    bench.look(1)
    assert bench.version == "1"  # it may be half a copy
    bench.look(1)
    assert bench.version == "2"
    assert bench.bundles.current.work.publisher._ref.version == "2"
    assert (bench.counted("loaded"), bench.counted("refused")) == (1, 0)
    [sample] = [s for f in bench.metrics.registry.collect() if f.name == "docmill_bundle" for s in f.samples]
    assert (sample.labels["version"], sample.value) == ("2", 1)
    labels = {"doc_type": "receipt", "decided_by": "model"}
    assert bench.metrics.registry.get_sample_value("docmill_results_published_total", labels) == 0
    with pytest.raises(RuntimeError, match="closed"):
        first.inference.warm_up()
    bench.look(3)
    assert bench.counted("loaded") == 1


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_bundle_is_refused_once_and_the_old_one_goes_on(
    make: Callable[..., Bench], good: dict[str, Path], tmp_path: Path, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    break_it, why = BROKEN[what]
    bench = make()
    before = bench.bundles.current
    broken = Path(shutil.copytree(good["2"], tmp_path / "broken"))
    break_it(broken)
    bench.point_to(broken)
    bench.look(5)
    assert bench.bundles.current is before
    before.inference.warm_up()
    assert bench.reloader.refused is not None
    assert why in bench.reloader.refused
    assert (bench.counted("loaded"), bench.counted("refused"), bench.gauge) == (0, 1, 1)
    assert len([record for record in caplog.records if "is refused" in record.message]) == 1
    bench.point_to(good["3"])
    bench.look()
    assert (bench.version, bench.gauge) == ("3", 0)
    assert bench.reloader.refused is None


def test_back_to_the_bundle_in_use_takes_the_refusal_back(
    make: Callable[..., Bench], good: dict[str, Path], tmp_path: Path
) -> None:
    bench = make()
    before = bench.bundles.current
    bench.point_to(tmp_path / "nowhere")
    bench.look()
    assert "no bundle folder" in (bench.reloader.refused or "")
    bench.point_to(good["1"])
    bench.look(1)
    assert (bench.reloader.refused, bench.gauge) == (None, 0)
    assert bench.bundles.current is before
    assert bench.counted("loaded") == 0


def test_a_copy_that_pauses_too_long_is_refused_and_taken_when_it_is_whole(
    make: Callable[..., Bench], good: dict[str, Path], tmp_path: Path
) -> None:
    bench = make()
    slow = Path(shutil.copytree(good["2"], tmp_path / "slow"))
    (slow / "model.int8.onnx").unlink()
    bench.point_to(slow)
    bench.look()
    assert bench.reloader.refused is not None
    shutil.copy(good["2"] / "model.int8.onnx", slow)
    bench.look()
    assert bench.version == "2"
    assert bench.reloader.refused is None


def test_a_folder_that_changes_while_it_is_read_is_no_refusal(
    make: Callable[..., Bench], good: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pointed to another bundle between manifest and files."""
    bench = make(accept)
    bench.point_to(good["2"])
    bench.look(1)

    def swapped(folder: Path) -> BundleFiles:
        monkeypatch.undo()
        bench.point_to(good["3"])
        raise BundleError("the model is not the file that the manifest lists")

    monkeypatch.setattr("docmill.kafka.reload.read_files", swapped)
    bench.look(1)
    assert bench.reloader.refused is None
    bench.look(2)
    assert bench.version == "3"
    assert bench.counted("refused") == 0


def test_a_folder_that_came_back_since_the_look_is_nothing_new(
    make: Callable[..., Bench], good: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = make(accept)
    before = bench.bundles.current
    bench.point_to(good["2"])
    bench.look(1)
    monkeypatch.setattr("docmill.kafka.reload.read_files", lambda _: read_files(good["1"]))
    bench.look(1)
    assert bench.bundles.current is before
    assert (bench.counted("loaded"), bench.counted("refused")) == (0, 0)


def test_another_vocabulary_of_types_and_fields_comes_with_the_bundle(
    make: Callable[..., Bench], good: dict[str, Path], tmp_path: Path
) -> None:
    """Labels renamed, another window size: nothing of the old bundle is left anywhere."""
    bench = make()
    manifest = tiny_manifest()
    labels = tuple(label.replace("complaint.mortgage", "complaint.home_loan") for label in manifest.labels)
    changes = {"labels": labels, "max_tokens": 16, "stride": 4, "version": "4"}
    save_bundle(
        tmp_path / "renamed",
        manifest.model_copy(update=changes),
        model=(good["1"] / "model.int8.onnx").read_bytes(),
        tokenizer=(good["1"] / "tokenizer.json").read_text(),
        outlier=tiny_outlier(),
    )
    bench.point_to(tmp_path / "renamed")
    bench.look()
    mill = bench.bundles.current.work.mill
    assert mill.bundle.spec.labels == labels
    assert mill.bundle.windowing.max_tokens == 16
    series = {"doc_type": "complaint.home_loan", "decided_by": "model"}
    assert bench.metrics.registry.get_sample_value("docmill_results_published_total", series) == 0


@pytest.mark.parametrize(
    ("script", "how"),
    [("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "SIGSEGV"), ("raise SystemExit(3)", "exit code 3")],
)
def test_a_bundle_that_kills_who_loads_it_is_refused(
    make: Callable[..., Bench], good: dict[str, Path], monkeypatch: pytest.MonkeyPatch, script: str, how: str
) -> None:
    bench = make()
    monkeypatch.setattr(bundle_child, "CHILD", (sys.executable, "-c", script))
    bench.point_to(good["2"])
    bench.look(3)
    assert bench.version == "1"
    assert how in (bench.reloader.refused or "")
    assert bench.counted("refused") == 1


def test_without_a_child_nothing_is_refused_and_it_is_tried_again(
    make: Callable[..., Bench], good: dict[str, Path]
) -> None:
    failures: list[Exception] = [DependencyError("no process left")]

    def check(_: BundleFiles) -> None:
        if failures:
            raise failures.pop()

    bench = make(check)
    bench.point_to(good["2"])
    bench.look()
    assert (bench.version, bench.reloader.refused) == ("1", None)
    bench.look(1)
    assert bench.version == "2"


def test_what_nobody_foresaw_is_the_bundles_fault(make: Callable[..., Bench], good: dict[str, Path]) -> None:
    def check(_: BundleFiles) -> None:
        raise ZeroDivisionError("a text of a golden document")

    bench = make(check)
    bench.point_to(good["2"])
    bench.look()
    refused = bench.reloader.refused or ""
    assert "ZeroDivisionError at test_reload.py" in refused
    assert "golden document" not in refused


def test_a_look_that_fails_is_one_look_less(
    make: Callable[..., Bench], good: dict[str, Path], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    bench = make(accept)
    bench.point_to(good["2"])
    with monkeypatch.context() as patch:
        patch.setattr("docmill.bundle.watch.read_manifest", lambda _: 1 / 0)
        bench.look(1)
    assert "ZeroDivisionError" in caplog.text
    bench.look()
    assert bench.version == "2"


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[Serving]:
    """Every bundle that is loaded from now on."""
    found: list[Serving] = []
    load = Surroundings.serving

    def recorded(surroundings: Surroundings, files: BundleFiles) -> Serving:
        found.append(load(surroundings, files))
        return found[-1]

    monkeypatch.setattr(Surroundings, "serving", recorded)
    return found


def test_a_bundle_that_is_not_taken_after_all_is_closed(
    make: Callable[..., Bench], good: dict[str, Path], opened: list[Serving], monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = make(accept)
    del opened[:]
    monkeypatch.setattr(bench.metrics, "expect", lambda _: 1 / 0)
    bench.point_to(good["2"])
    bench.look()
    assert "ZeroDivisionError" in (bench.reloader.refused or "")
    [new] = opened
    with pytest.raises(RuntimeError, match="closed"):
        new.inference.warm_up()
    bench.bundles.current.inference.warm_up()


def test_a_bundle_that_comes_when_all_is_closed_is_closed_too(
    make: Callable[..., Bench], good: dict[str, Path], opened: list[Serving], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the last question whether the service stops and the exchange."""
    bench = make(accept)
    del opened[:]
    monkeypatch.setattr(bench.metrics, "expect", lambda _: bench.bundles.close())
    bench.point_to(good["2"])
    bench.look()
    assert (bench.version, bench.counted("loaded"), bench.reloader.refused) == ("1", 0, None)
    [new] = opened
    with pytest.raises(RuntimeError, match="closed"):
        new.inference.warm_up()


def test_told_to_look_it_takes_what_is_there_and_tries_again_what_it_refused(
    make: Callable[..., Bench], good: dict[str, Path], tmp_path: Path
) -> None:
    bench = make(accept)
    broken = Path(shutil.copytree(good["2"], tmp_path / "broken"))
    altered(broken)
    bench.point_to(broken)
    bench.reloader.look(at_once=True)
    bench.reloader.look(at_once=True)
    assert bench.counted("refused") == 2
    bench.point_to(good["3"])
    bench.reloader.look(at_once=True)
    assert bench.version == "3"


async def test_it_looks_by_itself(make: Callable[..., Bench], good: dict[str, Path]) -> None:
    bench = make(accept)
    running = asyncio.create_task(bench.reloader.run(poll_s=0.01))
    bench.point_to(good["2"])
    await until(lambda: bench.version == "2")
    running.cancel()


async def test_without_an_interval_it_looks_when_asked(make: Callable[..., Bench], good: dict[str, Path]) -> None:
    bench = make(accept)
    running = asyncio.create_task(bench.reloader.run(poll_s=0))
    bench.point_to(good["2"])
    for _ in range(100):
        await asyncio.sleep(0)
    assert bench.version == "1"
    bench.reloader.ask()
    await until(lambda: bench.version == "2")
    running.cancel()


def test_closing_ends_a_check_under_way(
    make: Callable[..., Bench], good: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = make()
    monkeypatch.setattr(bundle_child, "CHILD", (sys.executable, "-c", "import time; time.sleep(600)"))
    bench.point_to(good["2"])
    looking = threading.Thread(target=bench.look)
    looking.start()
    deadline = time.monotonic() + PATIENCE_S
    while bench.reloader._child is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process = bench.reloader._child.process
    bench.reloader.close()
    looking.join(PATIENCE_S)
    assert not looking.is_alive()
    assert process.poll() == -signal.SIGKILL
    assert (bench.version, bench.counted("refused")) == ("1", 0)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110 -- the condition is in the code under test
            await asyncio.sleep(0.01)

"""Suspects are tried in real child processes; who is condemned, and who must not be."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from docmill.bundle.files import BundleFiles, read_files
from docmill.errors import DependencyError
from docmill.ingest.parser_process import ENVIRONMENT
from docmill.kafka import bundle_child
from docmill.kafka import trial as trial_module
from docmill.kafka.decode_record import DecodedRecord, Record
from docmill.kafka.trial import Trials
from docmill.processing import Rejected
from docmill.settings import Settings
from docmill_schemas.reasons import RejectionReason
from tests.integration.altered_processor import ALTERATIONS
from tests.tiny_bundle import build_tiny_bundle, text_of
from tests.unit.kafka.fakes import FakeRecord

MORTAL = (sys.executable, "-m", "tests.integration.altered_processor", "trial")
DEADLY = "do not open"
SLOW = "take your time"
ENDLESS = "read me for ever"
SECRET = "open-sesame"
UNPARSED = "nobody parses this"
PATIENCE_S = 30.0
LOADS_AND_GOES = """
import json, os, socket, sys
from docmill.ingest.messages import Frame, receive, send
connection = socket.socket(fileno=int(sys.argv[1]))
for _ in json.loads(receive(connection).head)["names"]:
    receive(connection)
send(connection, Frame(b"", b""))
receive(connection)
{how}
"""


SETTINGS = Settings(threads=1, parsers=1)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> BundleFiles:
    """Of a folder that is gone when a child is to read it."""
    folder = build_tiny_bundle(tmp_path_factory.mktemp("bundles") / "tiny-en")
    files = read_files(folder)
    shutil.rmtree(folder)
    return files


class Bench(Trials):
    """Trials by one bundle, unless told otherwise."""

    def __init__(self, files: BundleFiles, command: tuple[str, ...], settings: Settings = SETTINGS) -> None:
        super().__init__(settings, "cluster", command)
        self.files = files

    def try_all(self, records: Sequence[Record]) -> dict[int, DecodedRecord]:
        return self.condemned(records, self.files)

    @property
    def process(self) -> "subprocess.Popen[bytes] | None":
        return None if self._child is None else self._child._process


@pytest.fixture
def trials(files: BundleFiles, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setenv("TEST_DEADLY_TEXT", DEADLY)
    monkeypatch.setattr("docmill.kafka.bundle_child.ENVIRONMENT", (*ENVIRONMENT, *ALTERATIONS))
    trials = Bench(files, MORTAL)
    yield trials
    trials.close()
    trials._end_child()


def record(offset: int, more: str = "", **kwargs: Any) -> FakeRecord:
    return FakeRecord(f"{text_of('receipt', offset)} {more}".encode(), offset=offset, **kwargs)


def deadly(offset: int, **kwargs: Any) -> FakeRecord:
    return record(offset, DEADLY, **kwargs)


def test_innocents_share_a_child(trials: Bench) -> None:
    assert trials.try_all([record(n) for n in range(5)]) == {}
    first = trials.process
    assert trials.try_all([record(9), FakeRecord(None, offset=10), FakeRecord(b"\xff\x00", offset=11)]) == {}
    assert trials.process is first


@pytest.mark.skipif(sys.platform != "linux", reason="no /proc shows a process")
def test_a_child_knows_no_secret(files: BundleFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings are read from the environment in any case, and so is what others put there."""
    for name in ("DOCMILL_SASL_PASSWORD", "docmill_sasl_password", "Docmill_Sasl_Password", "SOMEBODYS_TOKEN"):
        monkeypatch.setenv(name, SECRET)
    settings = Settings(threads=1, parsers=1, security_protocol="SASL_SSL", sasl_username="me")
    assert settings.sasl_password is not None
    assert settings.sasl_password.get_secret_value() == SECRET
    trials = Bench(files, bundle_child.CHILD, settings)
    try:
        assert trials.try_all([record(0)]) == {}
        assert trials.process is not None
        shown = Path(f"/proc/{trials.process.pid}")
        assert SECRET.encode() not in (shown / "environ").read_bytes()
        assert SECRET.encode() not in (shown / "cmdline").read_bytes()
        assert b"PATH=" in (shown / "environ").read_bytes()
    finally:
        trials._end_child()


@pytest.mark.skipif(not Path("/proc/self/oom_score_adj").exists(), reason="Linux alone has a killer that asks")
def test_where_memory_runs_out_the_child_goes_first(trials: Bench) -> None:
    assert trials.try_all([record(0)]) == {}
    assert trials.process is not None
    assert Path(f"/proc/{trials.process.pid}/oom_score_adj").read_text().strip() == "1000"


def test_a_slice_of_another_bundle_gets_a_child_of_that_bundle(trials: Bench, tmp_path: Path) -> None:
    assert trials.try_all([record(0)]) == {}
    first = trials.process
    other = read_files(build_tiny_bundle(tmp_path / "tiny-en", version="0.0.2"))
    assert trials.condemned([record(1)], other) == {}
    assert trials.process is not first
    assert trials._child is not None
    assert trials._child.files is other
    assert first is not None
    assert first.poll() is not None


def test_the_killer_is_condemned_and_no_neighbour(trials: Bench) -> None:
    suspects = [record(0), deadly(1, headers=(("ce_source", b"s"), ("ce_id", b"1"), ("ce_subject", b"doc"))), record(2)]
    condemned = trials.try_all(suspects)
    assert condemned.keys() == {1}
    document = condemned[1].document
    assert isinstance(document, Rejected)
    assert document.reason is RejectionReason.PROCESS_KILLED
    assert "SIGKILL" in document.detail
    assert condemned[1].document_id == "doc"
    assert trials.try_all([record(3)]) == {}


def test_the_ids_are_those_that_the_processor_would_have_found(trials: Bench) -> None:
    """Of an event in structured mode they stand in the value, which the parent does not look into."""
    event = (
        f'{{"specversion": "1.0", "id": "1", "source": "s", "subject": "inside", "type": "t",'
        f'"datacontenttype": "text/plain", "data": "{DEADLY}"}}'
    )
    headers = (("content-type", b"application/cloudevents+json"),)
    ((_, found),) = trials.try_all([FakeRecord(event.encode(), headers, b"outside", offset=7)]).items()
    assert found.document_id == "inside"
    assert found.request_id != found.document_id


def test_one_death_of_a_child_condemns_nobody(trials: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody kills the child while it is at work, once."""
    monkeypatch.setenv("TEST_SLOW_S", "1")
    killed = threading.Event()

    def kill_once() -> None:
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline and not killed.is_set():
            process = trials.process
            if process is not None and trials._trying:
                process.kill()
                killed.set()
            time.sleep(0.01)

    killer = threading.Thread(target=kill_once)
    killer.start()
    assert trials.try_all([record(0, SLOW)]) == {}
    killer.join()
    assert killed.is_set()


@pytest.mark.skipif(sys.platform != "linux", reason="no /proc tells the child's processor time")
def test_a_record_that_never_ends_is_condemned(trials: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_ENDLESS_TEXT", ENDLESS)
    monkeypatch.setattr(trial_module, "TRIAL_TIMEOUT_S", 3.0)
    monkeypatch.setattr(trial_module, "TRIAL_CPU_S", 0.1)
    ((_, found),) = trials.try_all([record(0, ENDLESS)]).items()
    assert isinstance(found.document, Rejected)
    assert "more than 0.1 s of processor time" in found.document.detail


def test_a_record_that_is_not_let_compute_is_not_condemned(trials: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_SLOW_S", "60")
    monkeypatch.setattr(trial_module, "TRIAL_TIMEOUT_S", 0.5)
    with pytest.raises(DependencyError, match="not tried in"):
        trials.try_all([record(0, SLOW)])
    assert trials.process is None  # it would answer the next question with this one


def test_a_child_that_cannot_try_condemns_nobody(trials: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_UNPARSED_TEXT", UNPARSED)
    for _ in range(2):
        with pytest.raises(DependencyError, match="cannot be tried: DependencyError: no parser process"):
            trials.try_all([record(0, UNPARSED)])
    assert trials.try_all([record(1)]) == {}


def test_a_bug_of_the_child_condemns_nobody_and_quotes_nothing(trials: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def nonsense(_: Record) -> list[object]:
        return ["a text", "too many"]

    monkeypatch.setattr(trial_module, "_as_json", nonsense)
    with pytest.raises(DependencyError, match=r"cannot be tried: TypeError at trial_child\.py:\d+$"):
        trials.try_all([record(0)])


@pytest.mark.parametrize(
    ("how", "condemned"),
    [("sys.exit()", False), ("1 / 0", False), ("os._exit(3)", True), ("os.abort()", True)],
)
def test_ends_that_prove_something(files: BundleFiles, how: str, condemned: bool) -> None:
    """Of a child that has read its bundle, and goes when it gets a record."""
    trials = Bench(files, (sys.executable, "-c", LOADS_AND_GOES.format(how=how)))
    if condemned:
        assert trials.try_all([record(0)]).keys() == {0}
    else:
        with pytest.raises(DependencyError, match="tried suspected records ended by exit code"):
            trials.try_all([record(0)])


@pytest.mark.parametrize(
    "command",
    [
        ("/nowhere/python",),
        (sys.executable, "-c", "raise SystemExit(3)"),
        (sys.executable, "-c", "import os; os.abort()"),
    ],
)
def test_a_child_that_does_not_start_condemns_nobody(files: BundleFiles, command: tuple[str, ...]) -> None:
    trials = Bench(files, command)
    with pytest.raises(DependencyError, match="suspected records"):
        trials.try_all([record(0, SLOW)])


def test_closing_ends_a_trial_and_its_child(trials: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_SLOW_S", "60")
    errors: list[BaseException] = []

    def run() -> None:
        try:
            trials.try_all([record(0, SLOW)])
        except DependencyError as error:
            errors.append(error)

    running = threading.Thread(target=run)
    running.start()
    wait_for(lambda: trials._trying)
    process = trials.process
    assert process is not None
    trials.close()
    running.join(PATIENCE_S)
    assert "closed" in str(errors[0])
    assert process.poll() == -signal.SIGKILL
    with pytest.raises(DependencyError, match="closed"):
        trials.try_all([record(1)])


def test_an_idle_child_is_let_go(trials: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    assert trials.try_all([record(0)]) == {}
    process = trials.process
    assert process is not None
    trials.tidy()
    assert process.poll() is None
    monkeypatch.setattr(trial_module, "IDLE_S", 0.0)
    trials.tidy()
    assert process.poll() is not None
    assert trials.try_all([record(0)]) == {}


@pytest.mark.skipif(sys.platform != "linux", reason="the death signal is Linux's")
def test_no_child_outlives_its_parent(tmp_path: Path) -> None:
    folder = build_tiny_bundle(tmp_path / "tiny-en")
    script = (
        "import sys, time; from pathlib import Path; from docmill.bundle.files import read_files;"
        "from tests.unit.kafka.test_trial import MORTAL, Bench, record;"
        f"t = Bench(read_files(Path({str(folder)!r})), MORTAL);"
        "t.try_all([record(0)]); print(t.process.pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    try:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        os.kill(parent.pid, signal.SIGKILL)
        parent.wait(PATIENCE_S)
        wait_for(lambda: not is_running(child))
    finally:
        parent.kill()
        parent.wait()
        assert parent.stdout is not None
        parent.stdout.close()


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)

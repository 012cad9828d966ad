"""A run of the chaos driver that is broken off goes on where it was, by a limit as by a death.

Broker, workers and faults are fakes; plan, state, ledger, sender, oracle and report are the driver's own.
"""

import asyncio
import hashlib
import json
import shutil
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from load_tests import chaos
from load_tests.chaos_parts import run as run_module
from load_tests.chaos_parts import sender as sender_module
from load_tests.chaos_parts.driven import Driven
from load_tests.chaos_parts.faults import Scene
from load_tests.chaos_parts.fleet import Cause, End
from load_tests.chaos_parts.ledger import ENTRIES_FILE, read_ledger
from load_tests.chaos_parts.oracle import NUMBER_HEADER, RESULT_TOPICS
from load_tests.chaos_parts.plan import PROFILES, Fault, Profile, plan
from load_tests.chaos_parts.read_out import ReadRecord
from load_tests.chaos_parts.state import State, load_state
from load_tests.chaos_parts.throughput import BIN_S, Throughput

SMALL = Profile("smoke", documents=200, rate=1_000, calm_s=0.02, recovery_s=0, poison=False)
SEED = 3
SOON_S = 0.01
PLANNED = [fault for round_ in plan(SMALL, SEED) for fault in round_]


class FakeProducer:
    """The sender's: what it sends is on the broker, and acknowledged."""

    def __init__(self, broker: "FakeBroker") -> None:
        self._broker = broker

    async def start(self) -> None: ...
    async def stop(self) -> None: ...

    async def send(
        self, topic: str, value: bytes, *, key: bytes, partition: int, headers: Sequence[tuple[str, bytes]]
    ) -> "asyncio.Future[object]":
        said = {name: header.decode() for name, header in headers}
        self._broker.received.append(ReadRecord(topic, partition, len(self._broker.received), key, value, said))
        self._broker.has_some.set()
        ack: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        ack.set_result(None)
        return ack


@dataclass
class FakeBroker:
    """What came in; every document has its result."""

    received: list[ReadRecord] = field(default_factory=list)
    has_some: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def numbers(self) -> list[int]:
        """Of the documents that came in."""
        return [int(record.headers[NUMBER_HEADER]) for record in self.received]

    async def read(self, bootstrap: str, topics: Sequence[str], partitions: int) -> list[ReadRecord]:
        return [_result(record) for record in self.received] if RESULT_TOPICS[0] in topics else self.received


def _result(of: ReadRecord) -> ReadRecord:
    assert of.key is not None
    event = {"document_id": of.key.decode(), "content_sha256": hashlib.sha256(of.value or b"").hexdigest()}
    return ReadRecord(RESULT_TOPICS[0], of.partition, of.offset, of.key, json.dumps(event).encode(), of.headers)


class FakeFleet:
    """Workers that are ready at once, and end in good order."""

    def __init__(
        self, command: object, environment: object, folder: Path, on_end: Callable[[End], None], *, probes: bool
    ) -> None:
        self.slots: list[int] = []
        self._on_end = on_end

    def start(self, slot: int) -> None:
        self.slots.append(slot)

    async def watch(self) -> None:
        await asyncio.Event().wait()

    async def all_ready(self, patience_s: float) -> bool:
        return True

    async def stop(self) -> bool:
        for slot in self.slots:
            self._on_end(End(slot, 0, Cause.TERMINATED))
        return True

    def kill_all(self) -> None: ...


class FakeThroughput(Throughput):
    """Sees an outcome every hundredth of a second."""

    async def run(self) -> None:
        while True:
            self._count(1)
            await asyncio.sleep(SOON_S)


@dataclass
class Faults:
    """Each strikes, unless it is among `misses`, which do so at their second time; `deadly` ends the driver."""

    done: list[Fault] = field(default_factory=list)
    misses: list[Fault] = field(default_factory=list)
    deadly: Fault | None = None
    on_death: Callable[[], Awaitable[None]] | None = None

    async def carry_out(self, fault: Fault, scene: Scene) -> float | None:
        self.done.append(fault)
        if fault == self.deadly and self.on_death is not None:
            await self.on_death()
            raise ZeroDivisionError
        if fault in self.misses:
            self.misses.remove(fault)
            return None
        return time.monotonic()


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> FakeBroker:
    """Stands in for Kafka, and with it fakes of what else runs in processes of its own."""

    @contextmanager
    def cluster(folder: Path, paths: int) -> Iterator[Any]:
        yield SimpleNamespace(bootstrap="here:1", broker=SimpleNamespace(is_running=False))

    async def drained(bootstrap: str, topic: str, partitions: int) -> Mapping[int, int]:
        return {}

    made = FakeBroker()
    monkeypatch.setitem(PROFILES, SMALL.name, SMALL)
    monkeypatch.setattr(chaos, "running_cluster", cluster)
    monkeypatch.setattr(chaos, "create_topics", lambda cluster, partitions: None)
    monkeypatch.setattr(chaos, "driven_by", lambda *_: Driven((), lambda cluster, slot: {}))
    monkeypatch.setattr(sender_module, "AIOKafkaProducer", lambda **_: FakeProducer(made))
    monkeypatch.setattr(sender_module, "TICK_S", SOON_S)
    monkeypatch.setattr(run_module, "LOOK_EVERY_S", SOON_S)
    monkeypatch.setattr(run_module, "Fleet", FakeFleet)
    monkeypatch.setattr(run_module, "Throughput", FakeThroughput)
    monkeypatch.setattr(run_module, "drain", drained)
    monkeypatch.setattr(run_module, "read_topics", made.read)
    return made


@pytest.fixture
def faults(monkeypatch: pytest.MonkeyPatch) -> Faults:
    made = Faults()
    monkeypatch.setattr(run_module, "carry_out", made.carry_out)
    return made


def chaos_run(work: Path, *words: str) -> int:
    return chaos.main(["--profile", SMALL.name, "--seed", str(SEED), "--work", str(work), *words])


def state_in(work: Path) -> State:
    return load_state(work, SMALL.name, SEED, None)


def test_a_run_that_is_broken_off_goes_on_with_the_next_round_and_document(
    broker: FakeBroker, faults: Faults, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sent = []
    for number in (1, 2):  # the limit is over at once: one round each
        assert chaos_run(tmp_path, "--limit-s", "0") == chaos.BROKEN_OFF == 3
        assert "broken off; the same command goes on" in capsys.readouterr().err
        assert state_in(tmp_path).next_round == number
        assert not (tmp_path / "chaos.json").exists()
        sent.append(len(broker.numbers))
    before = state_in(tmp_path)
    assert 0 < sent[0] < sent[1]
    assert chaos_run(tmp_path) == 0

    after = state_in(tmp_path)
    assert faults.done == PLANNED
    assert [one.name for one in after.happened] == [fault.name for fault in PLANNED]
    assert after.happened[: len(before.happened)] == before.happened
    assert [end.slot for end in after.ends] == [0, 1] * 3
    assert after.bins[: len(before.bins)] == before.bins
    assert after.happened[len(before.happened)].calm_s >= len(before.bins) * BIN_S  # the clock has gone on

    ledger = read_ledger(tmp_path)
    assert broker.numbers == list(range(len(broker.numbers)))
    assert len(broker.numbers) >= SMALL.documents
    assert set(ledger.entries) == ledger.acknowledged == set(broker.numbers)
    report = json.loads((tmp_path / "chaos.json").read_text())
    assert report["accepted"] == len(broker.numbers)


def test_what_did_not_strike_before_the_break_is_repeated_after_the_plan(
    broker: FakeBroker, faults: Faults, tmp_path: Path
) -> None:
    missed = PLANNED[:2]
    faults.misses = list(missed)
    assert chaos_run(tmp_path, "--limit-s", "0") == chaos.BROKEN_OFF
    assert [one.struck for one in state_in(tmp_path).happened] == [False, False]
    assert chaos_run(tmp_path) == 0
    assert faults.done[: len(PLANNED)] == PLANNED
    assert sorted(fault.name for fault in faults.done[len(PLANNED) :]) == sorted(fault.name for fault in missed)


def test_a_run_that_died_goes_on_from_what_was_on_the_disk(broker: FakeBroker, faults: Faults, tmp_path: Path) -> None:
    """The work folder is copied in the midst of the third round, with a line of the ledger cut short: what the death
    of the driver leaves. The broker has what it had then.
    """
    work, left = tmp_path / "work", tmp_path / "left"
    there: list[ReadRecord] = []

    async def leave() -> None:
        await broker.has_some.wait()
        there.extend(broker.received)
        shutil.copytree(work, left)

    faults.deadly, faults.on_death = plan(SMALL, SEED)[2][0], leave
    with pytest.raises(ExceptionGroup):
        chaos_run(work)
    faults.deadly, faults.done, broker.received = None, [], there
    with (left / ENTRIES_FILE).open("ab") as file:
        file.write(b'{"number": 1000000, "path": "in')
    known = read_ledger(left).entries
    assert known.keys() >= set(broker.numbers)
    assert state_in(left).next_round == 2
    before = len(broker.received)

    assert chaos_run(left) == 0
    assert faults.done == PLANNED[sum(map(len, plan(SMALL, SEED)[:2])) :]
    assert [one.name for one in state_in(left).happened] == [fault.name for fault in PLANNED]
    assert broker.numbers[before] == max(known) + 1
    assert len(set(broker.numbers)) == len(broker.numbers)
    assert read_ledger(left).entries.keys() >= set(broker.numbers)


def test_a_limit_needs_a_folder_to_go_on_in(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        chaos.main(["--limit-s", "5"])
    assert ended.value.code == 2
    assert "--limit-s needs --work" in capsys.readouterr().err


def test_a_fleet_that_is_not_whole_again_ends_the_run(
    broker: FakeBroker, faults: Faults, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Lame(FakeFleet):
        async def all_ready(self, patience_s: float) -> bool:
            return not faults.done  # at the start it is

        def told_unready(self) -> str:
            return "not ready: worker 1"

    monkeypatch.setattr(run_module, "Fleet", Lame)
    with pytest.raises(ExceptionGroup) as failed:
        chaos_run(tmp_path)
    assert failed.group_contains(
        run_module.NotWholeError, match=f"after {PLANNED[0].name}.* the broker has died; not ready: worker 1"
    )
    assert faults.done == list(plan(SMALL, SEED)[0])
    assert not (tmp_path / "chaos.json").exists()

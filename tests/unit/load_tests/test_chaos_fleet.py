"""The fleet's processes, here of a worker that does as little as one can."""

import sys
import time
from pathlib import Path

import pytest

from load_tests.chaos_parts import fleet as fleet_module
from load_tests.chaos_parts.fleet import Cause, End, Fleet

DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"


@pytest.fixture
def ends() -> list[End]:
    return []


def fleet(tmp_path: Path, ends: list[End], *command: str, probes: bool = False) -> Fleet:
    return Fleet([sys.executable, *command], lambda slot: {}, tmp_path, ends.append, probes=probes)


async def test_a_worker_that_has_to_be_killed_at_the_end_is_told_even_if_nobody_watches(
    tmp_path: Path, ends: list[End], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fleet_module, "TERM_PATIENCE_S", 0.05)
    workers = fleet(tmp_path, ends, "-c", DEAF)
    worker = workers.start(0)
    try:
        while worker.process.poll() is None and "deaf" not in (tmp_path / "worker-0.log").read_text():
            time.sleep(0.02)  # noqa: ASYNC251 - nothing else runs
        assert not await workers.stop()
    finally:
        workers.kill_all()
    assert ends == [End(0, -9, Cause.ITSELF)]
    assert not workers.workers


@pytest.mark.parametrize("probes", [True, False])
async def test_who_is_not_ready_is_told_though_it_says_nothing(tmp_path: Path, ends: list[End], probes: bool) -> None:
    workers = fleet(tmp_path, ends, "-c", "", probes=probes)
    worker = workers.start(3)
    worker.process.wait()
    assert workers.told_unready().startswith("not ready: worker 3 (")

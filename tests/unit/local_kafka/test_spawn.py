"""The two ways of life of a broker's process; the processes here are `sleep`."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from docmill.local_kafka.process import start_time, terminate
from docmill.local_kafka.spawn import spawn_detached, spawn_tied

SLEEP = ["/bin/sleep", "60"]
# Spawns from a thread that ends at once: the child must not end with it.
PARENT = """
import sys, threading, time
from pathlib import Path
from docmill.local_kafka.spawn import spawn_tied
def spawn():
    print(spawn_tied(["/bin/sleep", "60"], Path(sys.argv[1])).pid, flush=True)
thread = threading.Thread(target=spawn)
thread.start()
thread.join()
time.sleep(60)
"""


def wait_until(condition: Callable[[], bool], timeout_s: float = 10) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true"
        time.sleep(0.01)


def test_a_detached_process_is_nobodys_child_and_leads_a_session(tmp_path: Path) -> None:
    pid = spawn_detached(SLEEP, tmp_path / "out")
    started = start_time(pid)
    assert started is not None
    try:
        with pytest.raises(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)
        assert os.getsid(pid) != os.getsid(0)
    finally:
        terminate(pid, started, grace_s=5)
    assert start_time(pid) is None


def test_a_tied_process_is_our_child_outside_our_session(tmp_path: Path) -> None:
    process = spawn_tied(SLEEP, tmp_path / "out")
    assert os.getsid(process.pid) != os.getsid(0)
    process.kill()
    assert process.wait() == -signal.SIGKILL


def test_a_program_that_is_not_there_leaves_the_reason_in_the_output(tmp_path: Path) -> None:
    assert spawn_tied(["/no/such/java"], tmp_path / "out").wait() != 0
    assert "/no/such/java" in (tmp_path / "out").read_text() or "FileNotFoundError" in (tmp_path / "out").read_text()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it outlives a killed parent")
def test_a_tied_process_outlives_its_thread_but_not_a_killed_parent(tmp_path: Path) -> None:
    source = str(Path(sys.modules["docmill"].__path__[0]).parent)
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([source, os.environ.get("PYTHONPATH", "")])}
    command = [sys.executable, "-c", PARENT, str(tmp_path / "out")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        wait_until(lambda: Path(f"/proc/{pid}/comm").read_text() == "sleep\n")
        time.sleep(0.1)  # the thread has ended; a signal from its end would have come by now
        assert start_time(pid) is not None
        parent.kill()
        parent.wait()
        wait_until(lambda: start_time(pid) is None)

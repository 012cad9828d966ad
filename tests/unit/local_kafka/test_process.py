"""A process is named by pid and start time, and only that one is ever ended."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from docmill.local_kafka.process import is_same, start_time, terminate

# Prints once it is deaf to SIGTERM.
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(60)"


@pytest.fixture
def sleeper() -> Iterator["subprocess.Popen[bytes]"]:
    with subprocess.Popen(["sleep", "60"]) as process:
        yield process
        process.kill()


def test_a_living_process_keeps_its_start_time(sleeper: "subprocess.Popen[bytes]") -> None:
    started = start_time(sleeper.pid)
    assert started is not None
    assert is_same(sleeper.pid, started)
    assert not is_same(sleeper.pid, started + "0")


def test_a_zombie_and_a_reaped_process_are_gone(sleeper: "subprocess.Popen[bytes]") -> None:
    sleeper.kill()
    os.waitid(os.P_PID, sleeper.pid, os.WEXITED | os.WNOWAIT)  # dead, and not reaped
    assert start_time(sleeper.pid) is None
    sleeper.wait()
    assert start_time(sleeper.pid) is None


def test_it_is_ended(sleeper: "subprocess.Popen[bytes]") -> None:
    terminate(sleeper.pid, start_time(sleeper.pid) or "", grace_s=10)
    assert start_time(sleeper.pid) is None


def test_one_that_ignores_sigterm_is_ended_by_force() -> None:
    with subprocess.Popen([sys.executable, "-c", STUBBORN], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        terminate(process.pid, start_time(process.pid) or "", grace_s=0.2)
        assert process.wait() < 0


def test_a_process_that_took_over_the_pid_is_left_alone(sleeper: "subprocess.Popen[bytes]") -> None:
    terminate(sleeper.pid, "an earlier life of this pid", grace_s=0.1)
    assert sleeper.poll() is None

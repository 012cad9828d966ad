"""Starts the broker's process in one of two ways of life: tied to this process, or detached from it."""

import atexit
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from docmill.errors import LocalKafkaError

_LAUNCH = (sys.executable, "-I", "-S", str(Path(__file__).with_name("launch.py")))


def spawn_tied(command: Sequence[str], output: Path) -> "subprocess.Popen[bytes]":
    """Starts ``command`` as a child that dies with this process, however this process ends (Linux).

    Elsewhere it dies with an orderly exit only. Ctrl-C at the terminal does not reach it.
    """
    born: list[subprocess.Popen[bytes]] = []
    started = threading.Event()

    def live_with_it() -> None:
        # The kernel sends the death signal when the *thread* that forked ends: this one ends with the child.
        try:
            born.append(_popen(["tied", str(os.getpid()), *command], output, stdout=None))
        finally:
            started.set()
        born[0].wait()

    threading.Thread(target=live_with_it, daemon=True, name="kafka-child").start()
    started.wait()
    if not born:
        raise LocalKafkaError(f"cannot start {sys.executable}: see the traceback above")
    if sys.platform != "linux":
        atexit.register(born[0].kill)
    return born[0]


def spawn_detached(command: Sequence[str], output: Path) -> int:
    """Starts ``command`` as a process of its own that outlives this one; returns its pid."""
    with _popen(["detached", "-", *command], output, stdout=subprocess.PIPE) as launcher:
        printed, _ = launcher.communicate(timeout=30)
    if launcher.returncode != 0:
        raise LocalKafkaError(f"cannot start the broker's process: see {output}")
    return int(printed)


def _popen(arguments: Sequence[str], output: Path, stdout: int | None) -> "subprocess.Popen[bytes]":
    with output.open("ab") as file:
        return subprocess.Popen(  # noqa: S603
            [*_LAUNCH, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=stdout if stdout is not None else file,
            stderr=file,
            start_new_session=True,
        )

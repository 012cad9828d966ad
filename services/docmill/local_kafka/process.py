"""Identity and end of a process that is not ours to wait for.

A pid alone may by now be somebody else's; pid and start time together name one process.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def start_time(pid: int) -> str | None:
    """Returns when process ``pid`` began, as text to compare only; None if it is gone or a zombie."""
    return _start_from_proc(pid) if sys.platform == "linux" else _start_from_ps(pid)


def is_same(pid: int, started: str) -> bool:
    """Says whether ``pid`` still is the process that began at ``started``."""
    return start_time(pid) == started


def terminate(pid: int, started: str, grace_s: float) -> None:
    """Ends exactly that process and returns when it is gone: SIGTERM, and SIGKILL after ``grace_s``."""
    for number, patience_s in ((signal.SIGTERM, grace_s), (signal.SIGKILL, 10.0)):
        if not is_same(pid, started):
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        deadline = time.monotonic() + patience_s
        while is_same(pid, started) and time.monotonic() < deadline:
            time.sleep(0.05)


def _start_from_proc(pid: int) -> str | None:
    # Source: proc(5). The command, in parentheses, may hold anything; after it come state (field 3) and,
    # as field 22, the start in clock ticks since boot. Ticks repeat after a reboot, hence the boot id.
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    boot_id = _BOOT_ID.read_text(encoding="ascii").strip() if _BOOT_ID.exists() else ""
    fields = stat.rpartition(")")[2].split()
    state, ticks = fields[0], fields[19]
    return None if state in "ZX" else f"{boot_id}:{ticks}"


def _start_from_ps(pid: int) -> str | None:
    shown = subprocess.run(  # noqa: S603
        ["ps", "-o", "stat=,lstart=", "-p", str(pid)],  # noqa: S607 - where ps lies differs
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "LC_ALL": "C"},
    )
    state, _, began = shown.stdout.strip().partition(" ")
    return None if not began or state.startswith("Z") else began.strip()

"""What a process takes, as Linux tells it. Does not know what the process does."""

import os
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class ProcessUsage:
    """Processor time so far, user and system, and the memory that is resident now."""

    cpu_s: float = 0.0
    resident_bytes: int = 0


def is_told(proc: Path = PROC) -> bool:
    """Whether this system tells."""
    return (proc / "self/stat").exists()


def usage_of(pid: int, proc: Path = PROC) -> ProcessUsage | None:
    """What a process takes, one that has ended and was not waited for among them; None: there is none, or no /proc.

    Source: proc(5), /proc/pid/stat: utime (14) and stime (15) in clock ticks, rss (24) in pages.
    """
    try:
        stat = (proc / f"{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = stat.rpartition(")")[2].split()  # from field 3 on: the command before may hold anything
    ticks = int(fields[11]) + int(fields[12])
    return ProcessUsage(ticks / os.sysconf("SC_CLK_TCK"), int(fields[21]) * os.sysconf("SC_PAGE_SIZE"))

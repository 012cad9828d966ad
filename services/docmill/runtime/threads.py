"""How many inference threads and parser processes suit this machine. Does not know what they run."""

import math
import os
import sys
from pathlib import Path

SPARE_PARSERS = 2  # some wait rather than compute, and a document that hangs must not hold up other partitions
CGROUP_CPU_MAX = Path("/sys/fs/cgroup/cpu.max")  # cgroup v2, as a container sees its own


def default_threads(cpu_max: Path = CGROUP_CPU_MAX) -> int:
    """Usable cores, at least one: those of the affinity mask, no more than a container's quota pays for."""
    return max(1, min(_affinity(), _quota(cpu_max) or sys.maxsize))


def default_parsers(cpu_max: Path = CGROUP_CPU_MAX) -> int:
    """Usable cores, and two more."""
    return default_threads(cpu_max) + SPARE_PARSERS


def _affinity() -> int:
    if sys.version_info >= (3, 13):
        return os.process_cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):  # not on macOS and Windows
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _quota(cpu_max: Path) -> int | None:
    """Cores of a cgroup v2 quota, rounded up; None where there is none.

    Source: kernel.org, "Control Group v2", cpu.max: "$MAX $PERIOD" in microseconds, or "max $PERIOD".
    """
    try:
        quota_us, period_us = cpu_max.read_text(encoding="ascii").split()
        return None if quota_us == "max" else math.ceil(int(quota_us) / int(period_us))
    except (OSError, ValueError, ZeroDivisionError):
        return None

"""The processor that a speed belongs to, in words."""

import os
import platform
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")


def processor(cpuinfo: Path = CPUINFO) -> str:
    """Model and cores that this process may use."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    model = _model(cpuinfo.read_text(encoding="utf-8")) if cpuinfo.exists() else None
    return f"{model or platform.processor() or platform.machine()}, {cores} core{'s' if cores > 1 else ''}"


def _model(text: str) -> str | None:
    told = (line.partition(":") for line in text.splitlines())
    return next((value.strip() for name, _, value in told if name.strip() == "model name"), None)

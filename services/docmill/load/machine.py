"""The machine that a load test ran on, as far as speed depends on it."""

import os
import platform
from dataclasses import dataclass
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")
VNNI = ("avx512_vnni", "avx_vnni")  # 8-bit products in one instruction; without one they take three


@dataclass(frozen=True, slots=True)
class Machine:
    """A processor and how much of it may be used."""

    cpu: str
    cores: int  # that this process may use
    vnni: tuple[str, ...] | None  # those of VNNI that it has; None: not known on this system
    system: str

    def __str__(self) -> str:
        known = "VNNI not known" if self.vnni is None else ", ".join(self.vnni) or "no VNNI"
        return f"{self.cpu}, {self.cores} core{'s' if self.cores > 1 else ''}, {known}"


def this_machine(cpuinfo: Path = CPUINFO) -> Machine:
    """The machine that this runs on."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    cpu, vnni = read_cpuinfo(cpuinfo.read_text()) if cpuinfo.exists() else (None, None)
    return Machine(cpu or platform.processor() or platform.machine(), cores, vnni, platform.system())


def read_cpuinfo(text: str) -> tuple[str | None, tuple[str, ...] | None]:
    """Model name and VNNI features of the first processor in Linux's /proc/cpuinfo; None for what it does not tell."""
    lines = (line.partition(":") for line in text.partition("\n\n")[0].splitlines())
    told = {name.strip(): value.strip() for name, _, value in lines}
    flags = told.get("flags")
    return told.get("model name"), None if flags is None else tuple(name for name in VNNI if name in flags.split())

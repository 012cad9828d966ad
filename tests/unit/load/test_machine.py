"""The processor that figures were measured on."""

import os
from pathlib import Path

import pytest

from docmill.load.machine import Machine, read_cpuinfo, this_machine

XEON = """processor\t: 0
model name\t: Intel(R) Xeon(R) Platinum 8481C CPU @ 2.70GHz
flags\t\t: fpu avx2 avx512f avx512_vnni avx_vnni amx_int8

processor\t: 1
model name\t: something else
"""
EPYC = "processor: 0\nmodel name: AMD EPYC\nflags: fpu avx2 vaes\n"
ARM = "processor\t: 0\nBogoMIPS\t: 50.00\nFeatures\t: fp asimd\n"


@pytest.mark.parametrize(
    ("text", "cpu", "vnni"),
    [
        (XEON, "Intel(R) Xeon(R) Platinum 8481C CPU @ 2.70GHz", ("avx512_vnni", "avx_vnni")),
        (EPYC, "AMD EPYC", ()),
        (ARM, None, None),
        ("", None, None),
    ],
)
def test_linux_tells_model_and_features(text: str, cpu: str | None, vnni: tuple[str, ...] | None) -> None:
    assert read_cpuinfo(text) == (cpu, vnni)


@pytest.mark.parametrize(
    ("machine", "shown"),
    [
        (Machine("AMD EPYC", 2, (), "Linux"), "AMD EPYC, 2 cores, no VNNI"),
        (Machine("Xeon", 1, ("avx512_vnni", "avx_vnni"), "Linux"), "Xeon, 1 core, avx512_vnni, avx_vnni"),
        (Machine("arm64", 8, None, "Darwin"), "arm64, 8 cores, VNNI not known"),
    ],
)
def test_a_machine_is_shown_in_words(machine: Machine, shown: str) -> None:
    assert str(machine) == shown


def test_this_machine_has_a_name_on_any_system(tmp_path: Path) -> None:
    machine = this_machine(tmp_path / "no-cpuinfo")
    assert machine.cpu
    assert 1 <= machine.cores <= (os.cpu_count() or 1)
    assert machine.vnni is None


def test_this_machine_is_read_from_linux(tmp_path: Path) -> None:
    (tmp_path / "cpuinfo").write_text(EPYC)
    assert this_machine(tmp_path / "cpuinfo").cpu == "AMD EPYC"

from pathlib import Path

from docmill.training.report.machine import processor

CPUINFO = "processor\t: 0\nmodel name\t: Abacus 3000\nflags\t\t: fpu\n\nprocessor\t: 1\nmodel name\t: other\n"


def test_the_first_processor_is_named_with_its_cores(tmp_path: Path) -> None:
    path = tmp_path / "cpuinfo"
    path.write_text(CPUINFO)
    assert processor(path).startswith("Abacus 3000, ")
    assert processor(path).endswith((" core", " cores"))


def test_a_system_that_does_not_tell_is_named_by_its_kind(tmp_path: Path) -> None:
    assert processor(tmp_path / "nothing").partition(",")[0] != ""

import os
from pathlib import Path

import pytest

from docmill.runtime.threads import default_parsers, default_threads

USABLE = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def test_all_usable_cores_where_there_is_no_quota(tmp_path: Path) -> None:
    assert default_threads(tmp_path / "absent") == USABLE


@pytest.mark.parametrize(
    ("cpu_max", "expected"),
    [
        ("max 100000\n", USABLE),
        ("100000 100000\n", 1),
        ("50000 100000\n", 1),  # half a core still needs a thread
        ("110000 100000\n", min(2, USABLE)),
        (f"{100_000 * (USABLE + 5)} 100000\n", USABLE),
        ("nonsense", USABLE),
        ("100000 0\n", USABLE),
    ],
)
def test_a_quota_limits_them(tmp_path: Path, cpu_max: str, expected: int) -> None:
    file = tmp_path / "cpu.max"
    file.write_text(cpu_max, encoding="ascii")
    assert default_threads(file) == expected


def test_at_least_one_thread() -> None:
    assert default_threads() >= 1


def test_parsers_are_two_more(tmp_path: Path) -> None:
    (tmp_path / "cpu.max").write_text("100000 100000\n", encoding="ascii")
    assert default_parsers(tmp_path / "cpu.max") == 3
    assert default_parsers() == default_threads() + 2

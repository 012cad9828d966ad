import os
import resource
import sys
from pathlib import Path

import pytest

from docmill.ingest.process_usage import ProcessUsage, is_told, usage_of

STAT = (
    "7 (a (b) c) S 1 7 7 0 -1 4194560 900 0 0 0 {utime} {stime} 0 0 20 0 1 0 5000 99 {rss} 18446744073709551615 1 1\n"
)


def test_a_process_as_the_kernel_writes_it(tmp_path: Path) -> None:
    (tmp_path / "7").mkdir()
    (tmp_path / "7/stat").write_text(STAT.format(utime=150, stime=50, rss=3))
    ticks, page = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")
    assert usage_of(7, tmp_path) == ProcessUsage(200 / ticks, 3 * page)


def test_a_process_that_is_not_there(tmp_path: Path) -> None:
    assert usage_of(7, tmp_path) is None


def test_a_system_that_does_not_tell(tmp_path: Path) -> None:
    assert not is_told(tmp_path)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
def test_this_process() -> None:
    assert is_told()
    usage = usage_of(os.getpid())
    assert usage is not None
    spent = resource.getrusage(resource.RUSAGE_SELF)
    assert 0 < usage.cpu_s <= spent.ru_utime + spent.ru_stime + 0.1
    assert usage.resident_bytes > 1_000_000

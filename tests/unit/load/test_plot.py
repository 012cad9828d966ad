"""The picture is drawn from any report, and only then is matplotlib imported."""

import subprocess
import sys
from pathlib import Path

import pytest

from docmill.load.judge import Latency, WhyNot
from docmill.load.plot import can_plot, write_plot
from docmill.load.report import LoadReport
from tests.unit.load.fakes import result
from tests.unit.load.test_report import report, search_report

NOTHING_CAME = Latency(3, None, None, None, None)
REPORTS = {
    "search": search_report(),
    "none held": report(result(8.0, WhyNot.TOO_SLOW), sustained=None),
    "nothing came": report(result(8.0, WhyNot.MISSING, latency=NOTHING_CAME, at_target_s=None), sustained=None),
    "no steps": report(sustained=None, shown=None, timeline=None),
}


@pytest.mark.parametrize("name", REPORTS)
def test_a_picture_of_every_report(name: str, tmp_path: Path) -> None:
    picture: LoadReport = REPORTS[name]
    write_plot(picture, tmp_path / "load.png")
    content = (tmp_path / "load.png").read_bytes()
    assert content.startswith(b"\x89PNG")
    width, height = (int.from_bytes(content[at : at + 4]) for at in (16, 20))
    assert width > 1000
    assert height > 500


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="nowhere"):
        write_plot(search_report(), tmp_path / "nowhere" / "load.png")


def test_nothing_imports_matplotlib_before_it_draws() -> None:
    code = "import sys, docmill.load.plot, docmill.load.run, docmill.cli.load; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=120, check=False).returncode == 0
    assert can_plot()

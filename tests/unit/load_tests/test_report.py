"""A report begins with what it is of, is written whole, and still holds what the published files hold."""

import json
import os
import sys
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from io import StringIO
from pathlib import Path

import pytest

from docmill.load.machine import this_machine
from load_tests.answers import AnswersReport
from load_tests.delivery_parts.report import DeliveryReport
from load_tests.freshness import FreshnessReport
from load_tests.report import Report, command_line, report_console, write_report

PUBLISHED = Path(__file__).parents[3] / "docs" / "load"


class Counted(Report):
    documents: int


def test_what_is_not_given_is_found_when_the_report_is_made() -> None:
    before = os.getloadavg()
    report = Counted(command="c", load_average=(1.26, 0, 0), documents=3)
    assert report.docmill == version("docmill")
    assert timedelta(0) <= datetime.now(UTC) - report.at < timedelta(minutes=1)
    assert report.machine == this_machine()
    assert report.load_average == (1.26, 0, 0)
    assert report.load_average_after in (before, os.getloadavg())


def test_load_averages_are_told_over_one_minute() -> None:
    report = Counted(command="c", load_average=(1.26, 5, 5), load_average_after=(2, 7, 7), documents=3)
    assert report.load_told == "load average 1.3 before, 2.0 after"


def test_the_command_can_be_given_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["/somewhere/answers.py", "--json", "of mine.json"])
    assert command_line("load_tests.answers") == "python -m load_tests.answers --json 'of mine.json'"


def test_it_is_written_whole_into_a_folder_that_is_not_there_yet(tmp_path: Path) -> None:
    report = Counted(command="für", load_average=(1, 0, 0), documents=3)
    path = tmp_path / "new" / "report.json"
    write_report(report, path, indent=1)
    text = path.read_text(encoding="utf-8")
    assert text.startswith('{\n "format": 1,\n "docmill": ')
    assert text.endswith("\n")
    assert "für" in text
    assert Counted.model_validate_json(text) == report


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("out", "widths"), [(StringIO(), [140, 180]), (Terminal(), [97, 97])], ids=["file", "terminal"]
)
def test_tables_are_as_wide_as_the_terminal_or_as_asked(
    out: StringIO, widths: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE"):  # either makes a terminal of a file
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "97")
    monkeypatch.setenv("LINES", "40")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stdout", out)
    assert [report_console().width, report_console(180).width] == widths


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("answers", AnswersReport),
        ("delivery", DeliveryReport),
        ("delivery-64", DeliveryReport),
        ("delivery-partitions", DeliveryReport),
        ("freshness", FreshnessReport),
    ],
)
def test_nothing_of_a_published_file_is_lost(name: str, model: type[Report]) -> None:
    published = json.loads((PUBLISHED / f"{name}.json").read_text(encoding="utf-8"))
    written = json.loads(model.model_validate(published).model_dump_json())
    assert {key: written.get(key) for key in published} == published

"""Tables say in words what happened to each step."""

import io

import pytest
from rich.console import Console

from docmill.load.judge import StepResult, WhyNot
from docmill.load.search import Purpose
from docmill.load.show import HEADINGS, line_of, print_report, step_cells, verdict
from tests.unit.load.fakes import result
from tests.unit.load.test_report import report, search_report


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (result(), "yes"),
        (result(purpose=Purpose.CONFIRM), "yes, confirmed"),
        (result(8, WhyNot.TOO_SLOW), "no: too slow"),
        (result(8, WhyNot.TOO_SLOW, ended_early=True), "no: too slow, ended early"),
        (result(8, WhyNot.MISSING, missing=3), "no: 3 missing"),
        (result(8, WhyNot.REFUSED, refused=2, refusal="too large"), "no: 2 refused (too large)"),
        (result(8, WhyNot.TOO_SLOW, WhyNot.GENERATOR_LATE), "no: too slow, generator late"),
    ],
)
def test_the_verdict_gives_the_reasons(step: StepResult, said: str) -> None:
    assert verdict(step) == said


def test_every_heading_has_its_cell() -> None:
    cells = dict(zip(HEADINGS, step_cells(result(12.345, missing=1, duplicates=2)), strict=True))
    assert cells["rate/s"] == "12.35"
    assert (cells["p50"], cells["p95"], cells["p99"], cells["max"]) == ("0.20", "1.00", "1.50", "2.50")
    assert (cells["processed"], cells["fallback"], cells["rejected"]) == ("100", "0", "0")
    assert (cells["missing"], cells["twice"], cells["gen. CPU"]) == ("1", "2", "3%")


def test_a_report_is_printed_whole() -> None:
    out = io.StringIO()
    print_report(Console(file=out, width=200), search_report())
    text = out.getvalue()
    assert "yes, confirmed" in text
    assert "never" in text  # the p95 of the step that was ended
    assert "At 15.00/s, by kind of document and by outcome" in text
    assert "864,000 a day for a core" in text


def test_a_report_without_an_answer_has_no_table_of_kinds() -> None:
    out = io.StringIO()
    print_report(Console(file=out, width=200), report(result(8, WhyNot.TOO_SLOW), sustained=None))
    assert "by kind of document" not in out.getvalue()
    assert "No rate held" in out.getvalue()


def test_one_line_is_enough_while_one_waits() -> None:
    assert line_of(result(8)) == "8.00/s for 20 s, 100 documents: p50 0.20, p95 1.00, max 2.50 (seconds); held: yes"

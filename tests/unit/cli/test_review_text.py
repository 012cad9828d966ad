"""How much of a long text is shown, and that what is left out is said. test_review_view.py has the marks' colours."""

import re
from typing import Any

import pytest

from docmill.cli.review_text import marks
from docmill.cli.review_view import print_review
from docmill_schemas.events import ExtractedField
from tests.unit.cli.test_review_view import NOW
from tests.unit.kafka.reviews import review

MEGABYTE = 1_000_000
LEFT_OUT = re.compile(r"… ([\d,]+) (lines|characters); docmill review show --full shows them")


def span(text: str, of: str, name: str = "total") -> ExtractedField:
    start = text.index(of)
    return ExtractedField(name=name, text=of, start=start, end=start + len(of), confidence=0.9)


def shown(capsys: pytest.CaptureFixture[str], text: str, *fields: ExtractedField, full: bool = False) -> str:
    nothing: dict[str, Any] = {"candidates": (), "similar": (), "citations": ()}
    print_review(review(text=text, fields=fields, **nothing), NOW, full=full)
    return capsys.readouterr().out


def left_out(out: str) -> list[tuple[int, str]]:
    return [(int(count.replace(",", "")), what) for count, what in LEFT_OUT.findall(out)]


def test_of_a_line_of_a_megabyte_the_beginning_and_the_stretches_around_fields_are_shown(
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = "first " + "x" * MEGABYTE + " Total 41.50 and " + "y" * MEGABYTE + "\nlast line"
    out = shown(capsys, text, span(text, "41.50"))
    assert len(out) < 4000
    assert "1  first xxx" in out
    assert "xxx Total 41.50 and yyy" in out
    assert "2  last line" in out
    line = len(text) - len("\nlast line")
    start = text.index("41.50")
    assert left_out(out) == [(start - 100 - 400, "characters"), (line - (start + 5 + 100), "characters")]
    whole = shown(capsys, text, span(text, "41.50"), full=True)
    assert left_out(whole) == []
    assert min(whole.count("x"), whole.count("y")) >= MEGABYTE


def test_a_field_at_the_end_of_a_long_line_leaves_nothing_out_behind_it(capsys: pytest.CaptureFixture[str]) -> None:
    text = "x" * 5000 + "41.50"
    assert left_out(shown(capsys, text, span(text, "41.50"))) == [(4500, "characters")]


def test_a_field_of_a_megabyte_is_cut_too(capsys: pytest.CaptureFixture[str]) -> None:
    text = "begin" + "x" * MEGABYTE + "end."
    out = shown(capsys, text, span(text, text))
    assert len(out) < 4000
    assert left_out(out) == [(len(text) - 400 - 300, "characters")]
    assert out.rstrip().endswith("xend.")


def test_a_line_that_may_be_looked_through_is_shown_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    for characters, cut in ((1000, []), (1001, [(601, "characters")])):
        assert left_out(shown(capsys, "x" * characters)) == cut


def test_marks_in_other_lines_show_nothing_of_a_long_one(capsys: pytest.CaptureFixture[str]) -> None:
    text = "Total 41.50\n" + "x" * 2000 + "\nDate 12/03/2018"
    out = shown(capsys, text, span(text, "41.50"), span(text, "12/03/2018", "date"))
    assert left_out(out) == [(1600, "characters")]


def test_of_a_field_of_many_lines_its_first_and_last_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    lines = [f"line {number}" for number in range(1, 2001)]
    text = "\n".join(lines)
    field = span(text, "\n".join(lines[99:1900]), "address")
    out = shown(capsys, text, field)
    numbers = [int(row.split()[0]) for row in out.splitlines() if re.match(r" *\d+  line", row)]
    assert numbers == [*range(1, 41), *range(98, 112), *range(1889, 1903)]
    assert left_out(out) == [(57, "lines"), (1777, "lines"), (98, "lines")]


def test_each_place_of_a_field_is_marked_once_as_proposed_where_it_is() -> None:
    text = "Total 41.50"
    one = span(text, "41.50")
    found = marks(review(text=text, fields=(one,), candidates=(one.model_copy(update={"confidence": 0.1}),)))
    assert found == [(one, True)]

"""No stranger steers the terminal."""

import json

import pytest

from docmill.cli.printable import in_place, json_line, one_line


def test_line_ends_and_controls_become_blanks() -> None:
    assert one_line("a\tb\x1b[2J\r\nc\u200bd ") == "a b [2J c d"


def test_other_words_stay() -> None:
    assert one_line("Schäden 2024, 日本") == "Schäden 2024, 日本"


def test_a_text_keeps_every_place_and_its_line_ends() -> None:
    text = "a\tb\x1b[2J\r\nc\u200bd\u00a0\ud800 Sch\u00e4den"
    assert in_place(text) == "a b\ufffd[2J \nc\ufffdd \ufffd Sch\u00e4den"
    assert len(in_place(text)) == len(text)


@pytest.mark.parametrize(
    "odd",
    ["\x7f", "\u009b2J", "\u009d0;x\u009c", "\u0085", "\u2028", "\u202e", "\u200b", "\ud800", "\U000e0041", "\ue000"],
)
def test_json_says_the_same_and_steers_no_terminal(odd: str) -> None:
    line = json.dumps({"text": f"a{odd}b \x1b"}, ensure_ascii=False)
    assert json.loads(json_line(line)) == json.loads(line)
    assert json_line(line).isprintable()


def test_json_that_steers_nothing_stays() -> None:
    line = '{"text": "Sch\u00e4den\u00a02024, \u65e5\u672c\u3000\U0001f60a"}'
    assert json_line(line) == line

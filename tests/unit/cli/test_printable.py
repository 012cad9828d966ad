"""No stranger steers the terminal."""

from docmill.cli.printable import in_place, one_line


def test_line_ends_and_controls_become_blanks() -> None:
    assert one_line("a\tb\x1b[2J\r\nc\u200bd ") == "a b [2J c d"


def test_other_words_stay() -> None:
    assert one_line("Schäden 2024, 日本") == "Schäden 2024, 日本"


def test_a_text_keeps_every_place_and_its_line_ends() -> None:
    text = "a\tb\x1b[2J\r\nc\u200bd\u00a0\ud800 Sch\u00e4den"
    assert in_place(text) == "a b\ufffd[2J \nc\ufffdd \ufffd Sch\u00e4den"
    assert len(in_place(text)) == len(text)

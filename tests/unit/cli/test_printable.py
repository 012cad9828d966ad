"""No stranger steers the terminal."""

from docmill.cli.printable import one_line


def test_line_ends_and_controls_become_blanks() -> None:
    assert one_line("a\tb\x1b[2J\r\nc\u200bd ") == "a b [2J c d"


def test_other_words_stay() -> None:
    assert one_line("Schäden 2024, 日本") == "Schäden 2024, 日本"

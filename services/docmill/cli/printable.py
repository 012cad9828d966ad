"""What may be shown on a terminal, and how it goes into a file. Does not know what it means."""

import json
import unicodedata

import typer
from rich.console import Console, RenderableType

SHOWN_CHARACTERS = 120


def one_line(text: str) -> str:
    """Text without line ends, tabs and the control characters that could steer a terminal."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def shortened(text: str) -> str:
    """A line that is not too long to be looked at."""
    line = one_line(text)
    return line if len(line) <= SHOWN_CHARACTERS else line[: SHOWN_CHARACTERS - 1] + "…"


def in_place(text: str) -> str:
    """The same of a whole text, character for character, so that places in it stay what they are: line ends are kept,
    other white space is a blank, and what cannot be seen becomes a replacement character.
    """
    return "".join(c if c.isprintable() or c == "\n" else " " if c.isspace() else "\ufffd" for c in text)


def print_trimmed(console: Console, renderable: RenderableType) -> None:
    """Print without the blanks that rich fills lines up with."""
    with console.capture() as captured:
        console.print(renderable)
    typer.echo("\n".join(line.rstrip() for line in captured.get().splitlines()))


def json_line(line: str) -> str:
    """A line of JSON that says the same, in which what could steer a terminal or turn its text is escaped.

    JSON's own escapes leave out the controls from U+007F on, line separators, marks of direction and surrogates.
    """
    steering = {c for c in set(line) if not c.isprintable() and unicodedata.category(c) != "Zs"}
    return line.translate({ord(c): json.dumps(c)[1:-1] for c in steering})

"""A document's text with the proposals marked in it, in as much of a terminal as a person can look through.

Of many lines the first ones and those around spans are shown, and likewise of a line of many characters: a document may
be a megabyte without a line end.
"""

from collections.abc import Iterable, Iterator, Mapping

from rich.table import Table
from rich.text import Text

from docmill.cli.printable import in_place
from docmill_schemas.events import ExtractedField
from docmill_schemas.review_events import ReviewRequested

SHOWN_LINES = 120  # of a text, unless all is asked for
FIRST_LINES = 40  # where it has more
LINES_AROUND = 2  # a span
LINES_OF_SPAN = 10  # at its beginning, and as many at its end
SHOWN_CHARACTERS = 1000  # of a line, likewise
FIRST_CHARACTERS = 400
CHARACTERS_AROUND = 100
CHARACTERS_OF_SPAN = 200
Stretch = tuple[int, int]  # [start, end) of lines, or of a line's characters


def marks(review: ReviewRequested) -> list[tuple[ExtractedField, bool]]:
    """Each place of a field once, in the order of the text; whether it is proposed rather than a candidate."""
    found: dict[tuple[str, int, int], tuple[ExtractedField, bool]] = {}
    for proposed, fields in ((True, review.fields), (False, review.candidates)):
        for one in fields:
            found.setdefault((one.name, one.start, one.end), (one, proposed))
    return sorted(found.values(), key=lambda mark: (mark[0].start, mark[0].end, mark[0].name))


def text_table(review: ReviewRequested, styles: Mapping[str, str], *, full: bool) -> Table:
    """The lines of the text by number, each span in its field's colour: proposed ones filled, others underlined."""
    text = Text(in_place(review.text))
    spans = marks(review)
    for one, proposed in sorted(spans, key=lambda mark: mark[1]):  # the last one shows: what is proposed
        colour = styles[one.name]
        text.stylize(f"bold black on {colour}" if proposed else f"underline {colour}", one.start, one.end)
    places = [(one.start, one.end) for one, _ in spans]
    lines = text.split("\n")
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(justify="right", style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    starts = _line_starts(review.text)
    done = 0
    for first, end in [(0, len(lines))] if full or len(lines) <= SHOWN_LINES else _shown_lines(review.text, places):
        _add_left_out(table, first - done)
        for number in range(first, min(end, len(lines))):
            line = lines[number]
            table.add_row(str(number + 1), line if full else _cut(line, starts[number], places))
        done = min(end, len(lines))
    _add_left_out(table, len(lines) - done)
    return table


def _line_starts(text: str) -> list[int]:
    starts = [0]
    while (at := text.find("\n", starts[-1])) >= 0:
        starts.append(at + 1)
    return starts


def _shown_lines(text: str, places: Iterable[Stretch]) -> list[Stretch]:
    """The first lines, and those around each span; numbers from 0."""
    wanted = [(0, FIRST_LINES)]
    for start, end in places:
        lines = text.count("\n", 0, start), text.count("\n", 0, end) + 1
        wanted += _ends_of(lines, LINES_OF_SPAN, LINES_AROUND)
    return _merged(wanted)


def _cut(line: Text, line_start: int, places: Iterable[Stretch]) -> Text:
    """The line, of a long one its beginning and what is around its spans."""
    if len(line) <= SHOWN_CHARACTERS:
        return line
    wanted = [(0, FIRST_CHARACTERS)]
    for start, end in places:
        in_line = max(0, start - line_start), min(len(line), end - line_start)
        if in_line[0] < in_line[1]:
            wanted += _ends_of(in_line, CHARACTERS_OF_SPAN, CHARACTERS_AROUND)
    shown, done = Text(), 0
    for first, end in _merged(wanted):
        if first > done:
            shown.append_text(_left_out(first - done, "characters", after=" … "))
        shown.append_text(line[first : min(end, len(line))])
        done = min(end, len(line))
    if done < len(line):
        shown.append_text(_left_out(len(line) - done, "characters"))
    return shown


def _ends_of(stretch: Stretch, most: int, around: int) -> Iterator[Stretch]:
    """What is shown of a stretch: all of it, or its beginning and its end, with what is around them."""
    start, end = stretch
    yield max(0, start - around), min(end, start + most) + around
    yield max(0, max(start, end - most) - around), end + around


def _merged(stretches: Iterable[Stretch]) -> list[Stretch]:
    """In order, those that touch or overlap made one."""
    merged: list[Stretch] = []
    for start, end in sorted(stretches):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged


def _add_left_out(table: Table, lines: int) -> None:
    if lines > 0:
        table.add_row("", _left_out(lines, "lines"))


def _left_out(count: int, what: str, after: str = "") -> Text:
    return Text(f"… {count:,} {what}; docmill review show --full shows them{after}", style="dim")

"""A source text into chunks along its structure. Pure: knows a tokenizer, no model and no store.

Lines -> blocks (a heading, a paragraph, a row of a list, a table or a code list) -> chunks of whole blocks, as many as
fit. A heading opens a chunk where the one before is at least a third full, and stays with what follows it. A block that
does not fit is cut at the ends of sentences, else between words.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass

from docmill.pipeline.window import TextTokenizer

FULL_ENOUGH = 1 / 3  # of the budget: a heading opens a new chunk from here on
PLAIN_HEADING_CHARACTERS = 80
LOOK_AHEAD = 200  # characters of the line under a heading
LINE = re.compile(r"[^\n]*\n?")
HEADING = re.compile(r"\s{0,3}#{1,6}\s")
RULED_OFF = re.compile(r"\s{0,3}(=+|-{3,})\s*$")  # under a heading, or between sections
NUMBERED = re.compile(
    r"\s*((Section|Article|Part|Chapter|Appendix)\s+)?(\d+\.)*\d+\.?\s+[A-Z][^.;:!?]*$", re.IGNORECASE
)
# A code is short. Two unbounded stretches over the same characters would try all their divisions: a line of digits
# without a space, 262,144 of them, would hold the process for an hour.
ROW = re.compile(
    r"\s*([-*+•|]\s*\S|\(?\w{1,3}[.)]\s"
    r"|[A-Z0-9][A-Z0-9._/-]{0,39}\d[A-Z0-9._/-]{0,39}\s*(\t|[-:=;,|]|\s{2}))"
)
SENTENCE_END = re.compile(r"[.!?;:]['\")\]]*\s+")


@dataclass(frozen=True, slots=True)
class Piece:
    """`text[start:end]`, in code points."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Block:
    start: int
    end: int
    heading: bool = False


def chunk(text: str, tokenizer: TextTokenizer, max_tokens: int) -> list[Piece]:
    """Chunks in order, none longer than `max_tokens`; every character but white space is in exactly one.

    Args:
        max_tokens: of a chunk alone, without special tokens. With some 20,000 it cuts a long source into sections.
    """
    counts = _Counts(text, tokenizer)
    pieces = [piece for packed in _pack(text, counts, max_tokens) for piece in _cut(text, packed, counts, max_tokens)]
    # Tokens of a text are not always those of its parts, whatever the tokenizer: each chunk is counted alone.
    return [fitting for piece in pieces for fitting in _halved(text, piece, tokenizer, max_tokens)]


class _Counts:
    """How many tokens of the whole text begin in a stretch of it."""

    def __init__(self, text: str, tokenizer: TextTokenizer) -> None:
        self._starts = [start for start, _ in tokenizer.encode(text, add_special_tokens=False).offsets]

    def of(self, start: int, end: int) -> int:
        return bisect_left(self._starts, end) - bisect_left(self._starts, start)

    def reach(self, start: int, tokens: int) -> int | None:
        """Where the token begins that is one too many; None where the text ends before."""
        index = bisect_left(self._starts, start) + tokens
        return self._starts[index] if index < len(self._starts) else None


def _blocks(text: str) -> Iterator[_Block]:
    """Lines that belong together, without white space around them."""
    paragraph: list[_Block] = []
    blank_before = True
    for match in LINE.finditer(text):
        line = match.group()
        block = _stripped(text, match.start(), match.end())
        if block is None:
            yield from _joined(paragraph)
            paragraph, blank_before = [], True
            continue
        heading = bool(HEADING.match(line) or RULED_OFF.match(line))
        heading = heading or (blank_before and _is_plain_heading(line, text[match.end() : match.end() + LOOK_AHEAD]))
        if heading or ROW.match(line):
            yield from _joined(paragraph)
            paragraph = []
        if heading:
            yield _Block(block.start, block.end, heading=True)
        else:
            paragraph.append(block)
        blank_before = False
    yield from _joined(paragraph)


def _stripped(text: str, start: int, end: int) -> _Block | None:
    line = text[start:end]
    if not line or line.isspace():
        return None
    return _Block(start + len(line) - len(line.lstrip()), start + len(line.rstrip()))


def _joined(lines: list[_Block]) -> Iterator[_Block]:
    if lines:
        yield _Block(lines[0].start, lines[-1].end)


def _is_plain_heading(line: str, after: str) -> bool:
    """A short line by itself in capitals or with a number, or one that is underlined."""
    stripped = line.strip()
    if len(stripped) > PLAIN_HEADING_CHARACTERS or (ROW.match(line) and not NUMBERED.match(line)):
        return False
    following = after.partition("\n")[0]
    if following.strip() and RULED_OFF.match(following):
        return True
    capitals = stripped.isupper() and sum(map(str.isalpha, stripped)) > 3
    return not following.strip() and (capitals or bool(NUMBERED.match(line)))


def _pack(text: str, counts: _Counts, max_tokens: int) -> Iterator[list[_Block]]:
    """Runs of blocks, each within the budget but for a block that alone is beyond it."""
    run: list[_Block] = []
    for block in _blocks(text):
        if run:
            held = counts.of(run[0].start, run[-1].end)
            opens = block.heading and held >= FULL_ENOUGH * max_tokens and not run[-1].heading
            if opens or counts.of(run[0].start, block.end) > max_tokens:
                kept = _without_last_headings(run)
                if kept:
                    yield kept
                run = run[len(kept) :]
        run.append(block)
    if run:
        yield run


def _without_last_headings(run: list[_Block]) -> list[_Block]:
    """All but the headings at its end, which go with what follows."""
    end = len(run)
    while end and run[end - 1].heading:
        end -= 1
    return run[:end]


def _cut(text: str, run: list[_Block], counts: _Counts, max_tokens: int) -> Iterator[Piece]:
    """A run as one piece, or as several where it is beyond the budget."""
    start, end = run[0].start, run[-1].end
    while start < end:
        limit = counts.reach(start, max_tokens)
        if limit is None or limit >= end:
            yield Piece(start, end)
            return
        at = _place_to_cut(text, start, limit)
        piece = _stripped(text, start, at)
        if piece is not None:
            yield Piece(piece.start, piece.end)
        rest = _stripped(text, at, end)
        start = end if rest is None else rest.start


def _place_to_cut(text: str, start: int, limit: int) -> int:
    """The end of the last sentence in the second half of [start, limit), else of the last word, else the limit."""
    stretch = text[start:limit]
    for ends in (
        [match.end() for match in SENTENCE_END.finditer(stretch)],
        [match.end() for match in re.finditer(r"\s+", stretch)],
    ):
        if ends and ends[-1] > len(stretch) // 2:
            return start + ends[-1]
    return max(limit, start + 1)


def _halved(text: str, piece: Piece, tokenizer: TextTokenizer, max_tokens: int) -> Iterator[Piece]:
    """The piece, or halves of it until each fits alone. A single character is left as it is."""
    alone = len(tokenizer.encode(text[piece.start : piece.end], add_special_tokens=False).ids)
    if alone <= max_tokens or piece.end - piece.start == 1:
        yield piece
        return
    middle = (piece.start + piece.end) // 2
    for start, end in ((piece.start, middle), (middle, piece.end)):
        half = _stripped(text, start, end)
        if half is not None:
            yield from _halved(text, Piece(half.start, half.end), tokenizer, max_tokens)

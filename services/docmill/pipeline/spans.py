"""Tag probabilities of one field to its spans, and which of these are its values. Does not know other fields."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from docmill.pipeline.normalise import DIGIT, FieldKind, normalise
from docmill.pipeline.types import FieldSpec, Span
from docmill.pipeline.window import Tokens

OUTSIDE, BEGIN, INSIDE = 0, 1, 2
LIKELY = 0.5  # calibrated confidence of a span among several, where the field does not say
POSSIBLE = 0.35  # of a span that is the only one, likewise: see field_spans
WORD = re.compile(r"\w+")
COLUMN_GAP = re.compile(r"\t|[^\S\n]{2,}|\n[^\S\n]*\n")
IDENTIFIER_MARKS = "-/."
LONGEST_IDENTIFIER = 64  # characters that it grows by at most
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Cut:
    """A span before it is read as a value; `tokens` that its confidence is the mean of."""

    start: int
    end: int
    confidence: float
    tokens: int


def field_spans(
    text: str, tokens: Tokens, raw: Floats, calibrated: Floats, field: FieldSpec, start_date: str | None = None
) -> list[Span]:
    """Spans of one field from its tag probabilities [T, 3].

    Boundaries are drawn as the head was trained to draw them (`raw`), confidence is calibrated. Of a field that a
    document may hold several times all that are likely enough, each value once (see FieldSpec on `nested`). Else the
    most confident one, of those that can be read as a value of the field's kind where there are any, if it is likely
    enough that showing it does more good than harm; whether it is sure enough is the route's to say.

    Source: F1 is highest where one accepts from half its own value on, Lipton et al., "Optimal Thresholding of
    Classifiers to Maximize F1 Measure", ECML PKDD 2014. Fields have an F1 of 0.7 as a rule: 0.35.
    """
    spans = spans_below(0.5, text, tokens, raw, calibrated, field, start_date)
    least = field.min_confidence
    if field.many:
        enough = LIKELY if least is None else least
        values = each_value_once([span for span in spans if span.confidence >= enough], text, field)
        return values if field.nested else without_parts(values, text)
    best = max(spans, key=lambda span: (span.readable, span.confidence, -span.start), default=None)
    return [best] if best is not None and best.confidence >= (POSSIBLE if least is None else least) else []


def spans_below(
    limit: float,
    text: str,
    tokens: Tokens,
    raw: Floats,
    calibrated: Floats,
    field: FieldSpec,
    start_date: str | None = None,
) -> list[Span]:
    """All spans of one field, in text order, of tokens whose raw probability of "outside" is below `limit`.

    `start_date`: ISO date from which a period in them counts.
    """
    inside = raw[:, OUTSIDE] < limit
    if not inside.any():
        return []
    begins = inside & (raw[:, BEGIN] > raw[:, INSIDE])
    begins |= inside & ~np.concatenate(([False], inside[:-1]))
    if field.within_column:
        begins |= _begins_column(text, tokens, inside)
    firsts = np.flatnonzero(begins)
    last_inside = np.flatnonzero(inside & ~np.concatenate((inside[1:], [False])))
    cuts: list[_Cut] = []
    for i, first in enumerate(firsts):
        limit = firsts[i + 1] - 1 if i + 1 < len(firsts) else len(raw) - 1
        last = min(int(last_inside[np.searchsorted(last_inside, first)]), int(limit))
        start, end = _trim(text, int(tokens.starts[first]), int(tokens.ends[last]))
        if field.kind is FieldKind.IDENTIFIER:
            start, end = _whole_identifier(text, start, end)
        if start < end:
            own = _Cut(start, end, float(1 - calibrated[first : last + 1, OUTSIDE].mean()), last + 1 - int(first))
            if cuts and start < cuts[-1].end:  # two beginnings within one word are one span
                cuts[-1] = _Cut(cuts[-1].start, end, max(own.confidence, cuts[-1].confidence), cuts[-1].tokens)
            elif cuts and field.joined and _is_joint(text, cuts[-1].end, start):
                cuts[-1] = _joined(cuts[-1], own)
            else:
                cuts.append(own)
    spans = []
    for cut in cuts:
        words = text[cut.start : cut.end]
        value = normalise(field.kind, words, day_first=field.day_first, start_date=start_date)
        confidence = min(1.0, cut.confidence)
        spans.append(Span(field.name, cut.start, cut.end, confidence, value is not None, start_date))
    return spans


def each_value_once(spans: Sequence[Span], text: str, field: FieldSpec) -> list[Span]:
    """Of the spans of a field that have one value the surest, of equally sure ones the first; in text order."""
    surest: dict[str, Span] = {}
    for span in spans:
        value = value_key(span, text, field)
        if value not in surest or span.confidence > surest[value].confidence:
            surest[value] = span
    return sorted(surest.values(), key=lambda span: span.start)


def without_parts(spans: Sequence[Span], text: str) -> list[Span]:
    """Those whose words do not stand within another's, whatever their case and what is between them."""
    words = [" ".join([*WORD.findall(text[span.start : span.end].casefold()), ""]) for span in spans]
    ends = {own[place.start() :] for own in words for place in WORD.finditer(own) if place.start()}
    tails = sorted({*words, *ends})
    kept = []
    for span, own in zip(spans, words, strict=True):
        following = bisect_right(tails, own)  # where what begins with these words would stand
        is_part = own in ends or (following < len(tails) and tails[following].startswith(own))
        if not own or not is_part:
            kept.append(span)
    return kept


def value_key(span: Span, text: str, field: FieldSpec) -> str:
    """Equal for spans of a field that have one value; case and white space do not make another."""
    words = " ".join(text[span.start : span.end].split())
    value = normalise(field.kind, words, day_first=field.day_first, start_date=span.start_date)
    return (value or words).casefold()


def _begins_column(text: str, tokens: Tokens, inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which tokens of a span stand at the beginning of a column, a cell or a paragraph."""
    begins = np.zeros(len(inside), dtype=bool)
    for place in np.flatnonzero(inside[1:] & inside[:-1]) + 1:
        start = int(tokens.starts[place])
        before = int(place) - 1
        while before > 0 and text[tokens.starts[before] : tokens.ends[before]].isspace():
            before -= 1
        is_white = text[start : tokens.ends[place]].isspace()
        begins[place] = not is_white and COLUMN_GAP.search(text, int(tokens.ends[before]), start) is not None
    return begins


def _whole_identifier(text: str, start: int, end: int) -> tuple[int, int]:
    """Grow [start, end) along letters, digits and the marks between them; nothing, where there is no digit."""
    first, last = max(0, start - LONGEST_IDENTIFIER), min(len(text), end + LONGEST_IDENTIFIER)
    while start > first and _is_identifying(text[start - 1]):
        start -= 1
    while end < last and _is_identifying(text[end]):
        end += 1
    while start < end and not text[start].isalnum():
        start += 1
    while start < end and not text[end - 1].isalnum():
        end -= 1
    return (start, end) if DIGIT.search(text, start, end) else (start, start)


def _is_identifying(character: str) -> bool:
    return character.isalnum() or character in IDENTIFIER_MARKS


def _is_joint(text: str, end: int, start: int) -> bool:
    """Whether no more than one white space stands there."""
    return start - end <= 1 and not text[end:start].strip()


def _joined(one: _Cut, other: _Cut) -> _Cut:
    """Both, as sure as their tokens are on average."""
    tokens = one.tokens + other.tokens
    confidence = (one.confidence * one.tokens + other.confidence * other.tokens) / tokens
    return _Cut(one.start, other.end, confidence, tokens)


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    """Shrink [start, end) past white space, then grow it to whole words: a part of a word is nobody's value."""
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    while start < end and start > 0 and text[start].isalnum() and text[start - 1].isalnum():
        start -= 1
    while start < end < len(text) and text[end - 1].isalnum() and text[end].isalnum():
        end += 1
    return start, end

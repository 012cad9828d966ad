"""Tag probabilities of one field to its spans, and which of these are its values. Does not know other fields."""

import math
import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace

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
PIECE_BEFORE = re.compile(r"(?<![^\W_])([^\W_]{1,64})[-/._\u2010\u2011]\Z")
PIECE_AFTER = re.compile(r"[-/._\u2010\u2011]([^\W_]{1,64})(?![^\W_])")
IDENTIFIER_GROWTH = 64  # characters that it goes on for at most, to either side
LEAST_DOUBT = 1e-6  # of a confidence of 1, whose odds would be without end
LONGEST_VALUE = 400  # characters: what is longer is no candidate, and holds no value within it
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Cut:
    """A span before it is read as a value, and how many tokens it is of."""

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
    enough that showing it does more good than harm; whether it is sure enough is the route's to say, and where the
    field is exclusive its rivals have a say in how sure it is.

    Source: F1 is highest where one accepts from half its own value on, Lipton et al., "Optimal Thresholding of
    Classifiers to Maximize F1 Measure", ECML PKDD 2014. Fields have an F1 of 0.7 as a rule: 0.35.
    """
    spans = spans_below(0.5, text, tokens, raw, calibrated, field, start_date)
    least = field.min_confidence
    if field.many:
        enough = LIKELY if least is None else least
        values = each_value_once([span for span in spans if span.confidence >= enough], text, field)
        return values if field.nested else without_parts(values, text)
    enough = POSSIBLE if least is None else least
    best = max(spans, key=lambda span: (span.readable, span.confidence, -span.start), default=None)
    if best is None or best.confidence < enough:
        return []
    return [among_rivals(best, spans, text, field) if field.exclusive else best]


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

    They are of whole words. An identifier's goes on along its marks, and is left out without a digit.
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
    cuts = _whole_words(text, tokens, calibrated, firsts, last_inside)
    if field.kind is FieldKind.IDENTIFIER:
        cuts = _identifiers(text, cuts)
    if field.joined:
        cuts = _joined(text, cuts, within_column=field.within_column)
    spans = []
    for cut in cuts:
        words = text[cut.start : cut.end]
        value = normalise(field.kind, words, day_first=field.day_first, start_date=start_date)
        confidence = min(1.0, cut.confidence)
        spans.append(Span(field.name, cut.start, cut.end, confidence, value is not None, start_date))
    return spans


def among_rivals(one: Span, spans: Sequence[Span], text: str, field: FieldSpec) -> Span:
    """One of `spans`, as sure as that its value is the document's own, and no other value of them.

    One of the values is right, or none is. If a head's confidences p are independent opinions of each, that it is value
    i has odds of p_i / (1 - p_i) against none; so its probability is these odds over one plus those of all. A value
    that stands in several places counts once, where it is surest; what cannot be read as a value of the field's kind is
    no rival of what can. Two names that are both likely to be the claimant are neither of them certain, as sure of each
    as the head may be.

    Measured: docs/decisions/0025-rivals.md.
    """
    if len(spans) == 1:
        return one
    own = value_key(one, text, field)
    rivals: dict[str, float] = {}
    for span in spans:
        value = value_key(span, text, field)
        if value != own and (span.readable or not one.readable):
            rivals[value] = max(_odds(span), rivals.get(value, 0.0))
    odds = _odds(one)
    return replace(one, confidence=odds / (1 + odds + math.fsum(rivals.values())))


def _odds(span: Span) -> float:
    return span.confidence / max(1 - span.confidence, LEAST_DOUBT)


def each_value_once(spans: Sequence[Span], text: str, field: FieldSpec) -> list[Span]:
    """Of the spans of a field that have one value the surest, of equally sure ones the first; in text order."""
    surest: dict[str, Span] = {}
    for span in spans:
        value = value_key(span, text, field)
        if value not in surest or span.confidence > surest[value].confidence:
            surest[value] = span
    return sorted(surest.values(), key=lambda span: span.start)


def without_parts(spans: Sequence[Span], text: str) -> list[Span]:
    """Those whose words do not stand within another's, whatever their case and what is between them.

    What is longer than any value holds none of them within it.
    """
    words = [_words_of(span, text) for span in spans]
    values = [own for own in words if len(own) <= LONGEST_VALUE]
    ends = {own[place.start() :] for own in values for place in WORD.finditer(own) if place.start()}
    tails = sorted({*values, *ends})
    kept = []
    for span, own in zip(spans, words, strict=True):
        following = bisect_right(tails, own)  # where what begins with these words would stand
        is_part = own in ends or (following < len(tails) and tails[following].startswith(own))
        if not own or not is_part:
            kept.append(span)
    return kept


def is_nested(one: Span, other: Span, text: str) -> bool:
    """Whether the words of one stand within the other's; a span without a word stands in none."""
    shorter, longer = sorted((_words_of(one, text), _words_of(other, text)), key=len)
    return bool(shorter) and f" {shorter}" in f" {longer}"


def _words_of(span: Span, text: str) -> str:
    """Each with a blank behind it."""
    return "".join(f"{word} " for word in WORD.findall(text[span.start : span.end].casefold()))


def value_key(span: Span, text: str, field: FieldSpec) -> str:
    """Equal for spans of a field that have one value; case and white space do not make another."""
    words = " ".join(text[span.start : span.end].split())
    value = normalise(field.kind, words, day_first=field.day_first, start_date=span.start_date)
    return (value or words).casefold()


def _begins_column(text: str, tokens: Tokens, inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which tokens of a span stand at the beginning of a column, a cell or a paragraph."""
    begins = np.zeros(len(inside), dtype=bool)
    before, end = -1, None  # the token inside before this one; where the last of the same stretch ends that one can see
    for place in np.flatnonzero(inside).tolist():
        if place != before + 1:
            end = None
        before = place
        start, stop = int(tokens.starts[place]), int(tokens.ends[place])
        if not text[start:stop].isspace():
            begins[place] = end is not None and COLUMN_GAP.search(text, end, start) is not None
            end = stop
    return begins


def _whole_words(
    text: str, tokens: Tokens, calibrated: Floats, firsts: NDArray[np.intp], last_inside: NDArray[np.intp]
) -> list[_Cut]:
    """Stretches of tokens without white space at their ends, grown to whole words: a part of one is nobody's value."""
    cuts: list[_Cut] = []
    for i, first in enumerate(firsts):
        limit = firsts[i + 1] - 1 if i + 1 < len(firsts) else len(calibrated) - 1
        last = min(int(last_inside[np.searchsorted(last_inside, first)]), int(limit))
        start, end = _trim(text, int(tokens.starts[first]), int(tokens.ends[last]))
        if start == end:
            continue
        confidence = float(1 - calibrated[first : last + 1, OUTSIDE].mean())
        count = last + 1 - int(first)
        if cuts and start < cuts[-1].end:  # two beginnings within one word are one span
            end = _word_end(text, end) if end > cuts[-1].end else cuts[-1].end
            confidence = max(confidence, cuts[-1].confidence)
            cuts[-1] = _Cut(cuts[-1].start, end, confidence, cuts[-1].tokens + count)
        else:
            cuts.append(_Cut(_word_start(text, start), _word_end(text, end), confidence, count))
    return cuts


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


def _word_start(text: str, start: int) -> int:
    while start > 0 and text[start].isalnum() and text[start - 1].isalnum():
        start -= 1
    return start


def _word_end(text: str, end: int) -> int:
    while end < len(text) and text[end - 1].isalnum() and text[end].isalnum():
        end += 1
    return end


def _identifiers(text: str, cuts: Sequence[_Cut]) -> list[_Cut]:
    """Those with a digit, as far as codes and single marks between them go."""
    grown: list[_Cut] = []
    for cut in cuts:
        start, end = _within_marks(text, cut.start, cut.end)
        taken = grown[-1].end if grown else 0
        if start < taken:  # two pieces of one
            one = grown.pop()
            end = _identifier_end(text, end) if end > taken else taken
            grown.append(_Cut(one.start, end, max(cut.confidence, one.confidence), one.tokens + cut.tokens))
        elif start < end:
            start, end = _identifier_start(text, start, taken), _identifier_end(text, end)
            grown.append(_Cut(start, end, cut.confidence, cut.tokens))
    return [cut for cut in grown if DIGIT.search(text, cut.start, cut.end)]


def _within_marks(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and not text[start].isalnum():
        start += 1
    marks = "" if text.find("(", start, end) < 0 else ")"  # that may end it
    while start < end and not text[end - 1].isalnum() and text[end - 1] not in marks:
        end -= 1
    return start, end


def _identifier_start(text: str, start: int, taken: int) -> int:
    least = max(taken, start - IDENTIFIER_GROWTH)
    while (piece := PIECE_BEFORE.search(text, least, start)) and _is_code(piece[1]):
        start = piece.start()
    return start


def _identifier_end(text: str, end: int) -> int:
    most = end + IDENTIFIER_GROWTH
    while (piece := PIECE_AFTER.match(text, end)) and piece.end() <= most and _is_code(piece[1]):
        end = piece.end()
    return end


def _is_code(piece: str) -> bool:
    """Whether it looks like a part of a number ("POL", "17"), and not like a word ("No" in "No.4587")."""
    return piece.upper() == piece


def _joined(text: str, cuts: Sequence[_Cut], *, within_column: bool) -> list[_Cut]:
    """Those that no more than one white space parts as one, as sure as their tokens are on average."""
    found: list[_Cut] = []
    for cut in cuts:
        if not found or not _is_joint(text, found[-1].end, cut.start, within_column=within_column):
            found.append(cut)
            continue
        one = found.pop()
        tokens = one.tokens + cut.tokens
        confidence = (one.confidence * one.tokens + cut.confidence * cut.tokens) / tokens
        found.append(_Cut(one.start, cut.end, confidence, tokens))
    return found


def _is_joint(text: str, end: int, start: int, *, within_column: bool) -> bool:
    gap = text[end:start] if start - end <= 1 else None
    return gap is not None and not gap.strip() and not (within_column and COLUMN_GAP.search(gap))

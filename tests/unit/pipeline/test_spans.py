import math
import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from docmill.pipeline.normalise import FieldKind
from docmill.pipeline.spans import (
    IDENTIFIER_GROWTH,
    LONGEST_VALUE,
    among_rivals,
    field_spans,
    is_nested,
    spans_below,
    without_parts,
)
from docmill.pipeline.types import FieldSpec, Span
from docmill.pipeline.window import Tokens, tokenise
from tests.unit.pipeline.fakes import FourCharacterTokenizer, tokens_of_length, windowing

ONE = FieldSpec("date", FieldKind.DATE, many=False)
MANY = replace(ONE, many=True)
O, B, I = (0.9, 0.05, 0.05), (0.1, 0.8, 0.1), (0.1, 0.1, 0.8)  # noqa: E741
TAGS = st.sampled_from([O, B, I])


def spans_of(text: str, rows: Sequence[tuple[float, ...]], field: FieldSpec = MANY) -> list[str]:
    tokens = tokenise(FourCharacterTokenizer(), windowing(), text)
    tags = np.array(rows, dtype=np.float32)
    found = field_spans(text, tokens, tags, tags, field)
    return [text[span.start : span.end] for span in found]


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ([O, O, O, O], []),
        ([O, B, O, O], ["bb"]),
        ([O, B, I, O], ["bb cc"]),
        ([O, I, I, O], ["bb cc"]),  # a span that no B opens
        ([B, B, I, O], ["aa", "bb cc"]),  # two that touch
        ([B, I, I, I], ["aa bb cc dd"]),
        ([O, O, O, B], ["dd"]),
        ([B, O, I, O], ["aa", "cc"]),
        ([B, B, B, B], ["aa", "bb", "cc", "dd"]),
    ],
)
def test_tags_to_spans(tags: list[tuple[float, ...]], expected: list[str]) -> None:
    assert spans_of("aa bb cc dd", tags) == expected


def test_a_single_field_keeps_the_surest_span_and_of_equals_the_first() -> None:
    surer = (0.02, 0.9, 0.08)
    assert spans_of("aa bb cc dd", [B, O, surer, O], ONE) == ["cc"]
    assert spans_of("aa bb cc dd", [B, O, B, O], ONE) == ["aa"]


def test_a_single_field_keeps_what_can_be_read_over_what_is_surer() -> None:
    text, surer = "soon then 1/2/2021 now", (0.02, 0.9, 0.08)
    assert spans_of(text, [surer, O, B, I, O], ONE) == ["1/2/2021"]
    assert spans_of(text, [surer, O, O, O, O], ONE) == ["soon"]  # shown as found, without a value
    anything = replace(ONE, kind=FieldKind.TEXT)
    assert spans_of(text, [surer, O, B, I, O], anything) == ["soon"]


def test_spans_do_not_begin_or_end_in_white_space() -> None:
    assert spans_of("aa\nbb\ncc", [B, I, I, I, O]) == ["aa\nbb"]
    assert spans_of("\naa", [B, I]) == ["aa"]
    assert spans_of("aa\nbb", [O, B, O]) == []  # nothing but a line break


def test_confidence_is_the_mean_probability_of_not_outside() -> None:
    tokens = tokens_of_length(3)
    tags = np.array([(0.2, 0.7, 0.1), (0.4, 0.1, 0.5), O], dtype=np.float32)
    (span,) = field_spans("a b c", tokens, tags, tags, MANY)
    assert span.confidence == pytest.approx(0.7)


def test_boundaries_are_the_heads_and_confidence_is_calibrated() -> None:
    """A calibration that doubts every token must not cut a span to pieces."""
    tokens = tokens_of_length(3)
    raw = np.array([B, I, O], dtype=np.float32)
    doubtful = np.array([(0.7, 0.1, 0.2), (0.5, 0.3, 0.2), O], dtype=np.float32)
    (span,) = field_spans("a b c", tokens, raw, doubtful, ONE)
    assert (span.start, span.end) == (0, 3)
    assert span.confidence == pytest.approx(0.4)
    assert field_spans("a b c", tokens, raw, doubtful, MANY) == []  # of several, only those likelier than not


def test_of_several_spans_with_one_value_the_surest_is_kept_and_of_equals_the_first() -> None:
    party = replace(MANY, kind=FieldKind.TEXT)
    surer = (0.02, 0.9, 0.08)
    text = "Acme by ACME and Bolt of Acme"  # Acme by ACME and Bolt of Acme
    tokens = tokenise(FourCharacterTokenizer(), windowing(), text)
    for rows, starts in (([B, O, surer, O, B, O, B], [8, 17]), ([B, O, B, O, B, O, B], [0, 17])):
        tags = np.array(rows, dtype=np.float32)
        assert [span.start for span in field_spans(text, tokens, tags, tags, party)] == starts


def test_a_value_is_one_however_it_is_written() -> None:
    assert spans_of("on 1/2/2021 or 01/02/2021", [O, B, I, O, B, I, I]) == ["1/2/2021"]


def test_what_is_rather_wrong_than_right_is_no_value() -> None:
    tokens = tokens_of_length(2)
    raw = np.array([B, O], dtype=np.float32)
    for outside, found in ((0.65, 1), (0.66, 0)):
        calibrated = np.array([(outside, 1 - outside, 0), O], dtype=np.float32)
        assert len(field_spans("a b", tokens, raw, calibrated, ONE)) == found


ONLY = replace(ONE, kind=FieldKind.TEXT, exclusive=True)
SURE, FAIR = (0.1, 0.8, 0.1), (0.25, 0.65, 0.1)  # begins: 0.9 and 0.75, odds of 9 and 3
SURE_ON, FAIR_ON = (0.1, 0.1, 0.8), (0.25, 0.1, 0.65)  # goes on


@pytest.mark.parametrize(
    ("text", "tags", "expected"),
    [
        ("aa bb cc dd", [SURE, O, O, O], 0.9),  # no rival, no difference
        ("aa bb cc dd", [SURE, O, SURE, O], 9 / 19),
        ("aa bb cc dd", [SURE, O, FAIR, O], 9 / 13),
        ("aa bb cc dd", [SURE, O, FAIR, SURE], 9 / 22),
        ("aa bb AA dd", [SURE, O, FAIR, O], 0.9),  # another place of the value is no rival
        ("aa bb AA dd", [FAIR, O, SURE, FAIR], 9 / 13),  # the value counts once, where it is surest
        ("aa bb cc cc", [SURE, O, FAIR, FAIR], 9 / 13),  # and so does a rival
    ],
)
def test_a_value_is_as_sure_as_its_rivals_leave_it(text: str, tags: list[tuple[float, ...]], expected: float) -> None:
    tokens = tokenise(FourCharacterTokenizer(), windowing(), text)
    rows = np.array(tags, dtype=np.float32)
    (span,) = field_spans(text, tokens, rows, rows, ONLY)
    assert span.confidence == pytest.approx(expected, abs=1e-6)
    (span,) = field_spans(text, tokens, rows, rows, replace(ONLY, exclusive=False))
    assert span.confidence == pytest.approx(0.9)


def test_rivals_do_not_decide_which_value_is_shown_nor_whether() -> None:
    assert spans_of("aa bb cc dd", [SURE, SURE, SURE, SURE], ONLY) == ["aa"]


def test_what_cannot_be_read_is_no_rival_of_what_can() -> None:
    dated = replace(ONE, exclusive=True)
    for text, tags, expected in (
        ("soon 1/2/2021", [SURE, FAIR, FAIR_ON], ("1/2/2021", 0.75)),
        ("1/3/2021 1/2/2021", [SURE, SURE_ON, FAIR, FAIR_ON], ("1/3/2021", 9 / 13)),
        ("soon then", [SURE, FAIR], ("soon", 9 / 13)),  # of what cannot be read either
    ):
        tokens = tokenise(FourCharacterTokenizer(), windowing(), text)
        rows = np.array(tags, dtype=np.float32)
        (span,) = field_spans(text, tokens, rows, rows, dated)
        assert text[span.start : span.end] == expected[0]
        assert span.confidence == pytest.approx(expected[1], abs=1e-6)


def test_certainty_has_rivals_too() -> None:
    certain = (0.0, 1.0, 0.0)
    text = "aa bb cc dd"
    tokens = tokenise(FourCharacterTokenizer(), windowing(), text)
    for tags, expected in (([certain, O, O, O], 1.0), ([certain, O, certain, O], 0.5)):
        rows = np.array(tags, dtype=np.float32)
        (span,) = field_spans(text, tokens, rows, rows, ONLY)
        assert span.confidence == pytest.approx(expected, abs=1e-5)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=6))
def test_of_values_that_exclude_each_other_the_confidences_add_up_to_one_at_most(own: list[float]) -> None:
    text = "abcdef"
    spans = [Span("name", i, i + 1, confidence, True) for i, confidence in enumerate(own)]
    found = [among_rivals(span, spans, text, ONLY).confidence for span in spans]
    assert math.fsum(found) <= 1 + 1e-9
    assert all(0 <= now <= before + 1e-5 for now, before in zip(found, own, strict=True))
    in_order = [now for _, now in sorted(zip(own, found, strict=True))]
    assert all(less <= more + 1e-12 for less, more in pairwise(in_order))


@pytest.mark.parametrize(
    ("one", "other", "nested"),
    [
        ("Haynes", "Haynes International", True),
        ("haynes", "HAYNES", True),
        ("John Smith", "Jane Jones", False),  # as long as each other
        ("Hay", "Haynes", False),
        ("--", "Haynes", False),
    ],
)
def test_a_value_is_nested_where_its_words_stand_within_the_other(one: str, other: str, nested: bool) -> None:
    text = f"{one} {other}"
    first, second = Span("party", 0, len(one), 0.9), Span("party", len(one) + 1, len(text), 0.9)
    assert is_nested(first, second, text) is nested
    assert is_nested(second, first, text) is nested


@pytest.mark.parametrize(("least", "single", "several"), [(None, True, False), (0.3, True, True), (0.6, False, False)])
def test_a_field_may_say_how_sure_a_value_is_to_be(least: float | None, single: bool, several: bool) -> None:
    """Its span has a confidence of 0.45: the boundaries are the head's own, so the head alone is no obstacle."""
    text = "soon then"
    tokens = tokenise(FourCharacterTokenizer(), windowing(50), text)
    raw = np.array([(0.2, 0.7, 0.1), *[O] * (len(tokens) - 1)], dtype=np.float32)
    calibrated = np.array([(0.55, 0.4, 0.05), *[O] * (len(tokens) - 1)], dtype=np.float32)
    for field, is_shown in ((ONE, single), (MANY, several)):
        spans = field_spans(text, tokens, raw, calibrated, replace(field, min_confidence=least))
        assert [text[span.start : span.end] for span in spans] == (["soon"] if is_shown else [])


def test_spans_grow_to_whole_words_and_meet_within_one() -> None:
    assert spans_of("ab abcdefgh ij", [O, B, O, O]) == ["abcdefgh"]
    assert spans_of("ab abcdefgh ij", [O, B, B, O]) == ["abcdefgh"]
    assert spans_of("ab abcdefgh ij", [O, O, I, O]) == ["abcdefgh"]


@given(text=st.text(alphabet="ab \nß𝔘", max_size=40), data=st.data())
def test_spans_lie_in_the_text_and_apart(text: str, data: st.DataObject) -> None:
    tokens = tokenise(FourCharacterTokenizer(), windowing(), text)
    rows = data.draw(st.lists(TAGS, min_size=len(tokens), max_size=len(tokens)))
    tags = np.array(rows, dtype=np.float32).reshape(-1, 3)
    spans = spans_below(0.5, text, tokens, tags, tags, MANY)
    for span in spans:
        found = text[span.start : span.end]
        assert found == found.strip() != ""
        assert 0.5 < span.confidence <= 1
    for left, right in pairwise(spans):
        assert left.end <= right.start
    inside = {i for i, row in enumerate(rows) if row != O and not text[tokens.starts[i] : tokens.ends[i]].isspace()}
    covered = {
        i for i in range(len(tokens)) for span in spans if span.start <= tokens.starts[i] and tokens.ends[i] <= span.end
    }
    assert inside <= covered
    several, single = (field_spans(text, tokens, tags, tags, field) for field in (MANY, ONE))
    values = [text[span.start : span.end] for span in several]
    assert len(set(values)) == len(values)
    assert {" ".join(text[span.start : span.end].split()).casefold() for span in spans} == {
        " ".join(value.split()).casefold() for value in values
    }
    assert len(single) == min(1, len(spans))
    assert {*several, *single} <= set(spans)


NAME = FieldSpec("party", FieldKind.TEXT, many=True)


@pytest.mark.parametrize(
    ("text", "rows", "expected"),
    [
        ("Acme Inc.", [B, B, I], ["Acme Inc."]),  # Acme Inc .
        ("Acme\nInc.", [B, I, B, I], ["Acme\nInc."]),
        ("Acme  Inc.", [B, B, I], ["Acme", "Inc."]),
        ("Acme\n\nInc.", [B, I, B, I], ["Acme", "Inc."]),
        ("Acme, Inc.", [B, O, B, I], ["Acme", "Inc."]),  # what stands between is no white space
        ("Acme Inc. Bolt", [B, B, I, B], ["Acme Inc. Bolt"]),
    ],
)
def test_joined_spans_are_one_where_no_more_than_a_white_space_parts_them(
    text: str, rows: list[tuple[float, ...]], expected: list[str]
) -> None:
    rows = rows[: len(tokenise(FourCharacterTokenizer(), windowing(), text))]
    assert spans_of(text, rows, replace(NAME, joined=True)) == expected
    assert len(spans_of(text, rows, NAME)) > 1


def test_joined_spans_are_as_sure_as_their_tokens() -> None:
    tags = np.array([(0.1, 0.8, 0.1), (0.4, 0.5, 0.1), (0.1, 0.1, 0.8), O], dtype=np.float32)
    (span,) = field_spans("a b c d", tokens_of_length(4), tags, tags, replace(NAME, joined=True))
    assert (span.start, span.end) == (0, 5)
    assert span.confidence == pytest.approx(1 - (0.1 + 0.4 + 0.1) / 3)


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        (["Haynes International, Inc", "HAYNES"], ["Haynes International, Inc"]),
        (["International", "Haynes International, Inc"], ["Haynes International, Inc"]),
        (["Inc", "Haynes International, Inc"], ["Haynes International, Inc"]),
        (
            ["Haynes International Inc", "Haynes International, Inc"],
            ["Haynes International Inc", "Haynes International, Inc"],
        ),
        (["Hay", "Haynes International, Inc"], ["Hay", "Haynes International, Inc"]),  # no word of it
        (["Haynes Inc", "Haynes International, Inc"], ["Haynes Inc", "Haynes International, Inc"]),
        (["...", "Haynes International, Inc"], ["...", "Haynes International, Inc"]),
    ],
)
def test_what_stands_within_another_value_is_none_of_its_own(words: list[str], kept: list[str]) -> None:
    text = " | ".join(words)
    places = [text.index(f" | {word}") + 3 if number else 0 for number, word in enumerate(words)]
    spans = [Span("party", place, place + len(word), 0.9) for place, word in zip(places, words, strict=True)]
    assert [text[span.start : span.end] for span in without_parts(spans, text)] == kept


def test_a_field_says_whether_values_nest() -> None:
    text, rows = "Acme Bolt or Bolt", [B, I, O, B]
    assert spans_of(text, rows, NAME) == ["Acme Bolt", "Bolt"]
    assert spans_of(text, rows, replace(NAME, nested=False)) == ["Acme Bolt"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Anna Berg", ["Anna Berg"]),
        ("Anna  Berg", ["Anna", "Berg"]),
        ("Anna\tBerg", ["Anna", "Berg"]),
        ("Anna\nBerg", ["Anna\nBerg"]),
        ("Anna\n \nBerg", ["Anna", "Berg"]),
    ],
)
def test_a_value_ends_where_its_column_does(text: str, expected: list[str]) -> None:
    """Whether line breaks and tabs are tokens, as in bundles, or nothing."""
    field = replace(NAME, within_column=True)
    found = [match.span() for match in re.finditer(r"[\n\t]|\w+", text)]
    for places in (found, [place for place in found if not text[slice(*place)].isspace()]):
        starts, ends = np.array(places, dtype=np.int32).T
        tokens = Tokens(np.arange(len(places)) + 3, starts, ends)
        tags = np.array([B, *[I] * (len(places) - 1)], dtype=np.float32)
        spans = field_spans(text, tokens, tags, tags, field)
        assert [text[span.start : span.end] for span in spans] == expected
        assert len(field_spans(text, tokens, tags, tags, NAME)) == 1


def test_a_tab_parts_what_would_be_joined_where_it_parts_columns() -> None:
    text, places = "12.00\t15.00", [(0, 5), (5, 6), (6, 11)]
    starts, ends = np.array(places, dtype=np.int32).T
    tags = np.array([B, I, I], dtype=np.float32)
    tokens = Tokens(np.arange(3), starts, ends)
    for within_column, expected in ((True, ["12.00", "15.00"]), (False, ["12.00\t15.00"])):
        field = replace(NAME, joined=True, within_column=within_column)
        spans = field_spans(text, tokens, tags, tags, field)
        assert [text[span.start : span.end] for span in spans] == expected


def test_a_word_of_two_tokens_weighs_two() -> None:
    """Two beginnings within one word, and a joined one behind it."""
    tokens = Tokens(np.arange(3), np.array([0, 2, 5], dtype=np.int32), np.array([2, 4, 7], dtype=np.int32))
    tags = np.array([(0.1, 0.8, 0.1), (0.1, 0.8, 0.1), (0.4, 0.5, 0.1)], dtype=np.float32)
    (span,) = field_spans("abcd ef", tokens, tags, tags, replace(NAME, joined=True))
    assert span.confidence == pytest.approx(0.8)


def test_what_is_longer_than_any_value_holds_none() -> None:
    text = "Acme " * LONGEST_VALUE + "| Acme"
    spans = [Span("party", 0, text.index("|") - 1, 0.9), Span("party", len(text) - 4, len(text), 0.9)]
    assert without_parts(spans, text) == spans


IDENTIFIER = FieldSpec("policy", FieldKind.IDENTIFIER, many=True)


@pytest.mark.parametrize(
    ("text", "marked", "expected"),
    [
        ("no. POL-17/2830-A, from", "2830", ["POL-17/2830-A"]),
        ("(POL.L.4587)", "L.4587", ["POL.L.4587"]),
        ("see 28-721.", "721", ["28-721"]),  # the end of a sentence is none of it
        ("-6494 720", "6494", ["6494"]),
        ("policy n/a", "n/a", []),  # nothing without a digit
        ("policy --", "--", []),
        ("Policy No.4587", "4587", ["4587"]),  # no word
        ("paid 28-721.The rest", "721", ["28-721"]),
        ("number......4587", "4587", ["4587"]),  # nor across more than one mark
        ("Claimant/Ref/4587", "4587", ["4587"]),
        ("see AB-123(4).", "AB-123(4)", ["AB-123(4)"]),
        ("PN\u20112830\u2010A", "2830", ["PN\u20112830\u2010A"]),
        ("Policy\n17-A", "\n", []),  # nothing of what was not tagged
        ("1" * 200, "1" * 100, ["1" * 200]),  # one word, whatever its length
        ("1/" * 100, "1/" * 2, [("1/" * 100)[: IDENTIFIER_GROWTH + 3]]),
        ("A1/" + "2" * 70, "A1", ["A1"]),  # a piece that is too long is left out, not cut
        ("A1/" + "2" * 60 + "/" + "3" * 60, "A1", ["A1/" + "2" * 60]),
    ],
)
def test_an_identifier_is_read_whole_and_has_a_digit(text: str, marked: str, expected: list[str]) -> None:
    start = text.index(marked)
    tokens = Tokens(np.array([3]), np.array([start], dtype=np.int32), np.array([start + len(marked)], dtype=np.int32))
    tags = np.array([B], dtype=np.float32)
    spans = field_spans(text, tokens, tags, tags, IDENTIFIER)
    assert [text[span.start : span.end] for span in spans] == expected


@given(
    text=st.text(alphabet="a1 -/.\t\n", max_size=40),
    data=st.data(),
    kind=st.sampled_from([FieldKind.TEXT, FieldKind.IDENTIFIER]),
    joined=st.booleans(),
    within_column=st.booleans(),
)
def test_however_they_are_cut_spans_lie_in_the_text_and_apart(
    text: str, data: st.DataObject, kind: FieldKind, joined: bool, within_column: bool
) -> None:
    tokens = tokenise(FourCharacterTokenizer(), windowing(), text)
    rows = data.draw(st.lists(TAGS, min_size=len(tokens), max_size=len(tokens)))
    tags = np.array(rows, dtype=np.float32).reshape(-1, 3)
    field = FieldSpec("any", kind, many=True, joined=joined, within_column=within_column)
    spans = spans_below(0.5, text, tokens, tags, tags, field)
    for span in spans:
        found = text[span.start : span.end]
        assert found == found.strip() != ""
        assert 0.5 < span.confidence <= 1
        assert not (within_column and re.search(r"\t|  |\n\s*\n", found))
        assert kind is FieldKind.TEXT or re.search(r"\d", found)
        assert any(
            span.start < end and start < span.end and not text[start:end].isspace()
            for start, end, row in zip(tokens.starts, tokens.ends, rows, strict=True)
            if row != O
        )
    for left, right in pairwise(spans):
        assert left.end <= right.start
    kept = without_parts(spans, text)
    assert set(kept) <= set(spans)
    assert bool(kept) == bool(spans)

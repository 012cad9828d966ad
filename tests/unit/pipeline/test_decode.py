from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from docmill.pipeline.decode import field_spans, merge, merge_tags, outlier_distance, read_off, spans_below
from docmill.pipeline.n_best import n_best
from docmill.pipeline.normalise import FieldKind
from docmill.pipeline.types import FieldSpec, Prediction, WindowOutput
from docmill.pipeline.window import Window, cut, tokenise
from tests.unit.pipeline.fakes import (
    FourCharacterTokenizer,
    model_spec,
    tokens_of_length,
    window_output,
    windowing,
)

ONE = FieldSpec("date", FieldKind.DATE, many=False)
MANY = replace(ONE, many=True)
O, B, I = (0.9, 0.05, 0.05), (0.1, 0.8, 0.1), (0.1, 0.1, 0.8)  # noqa: E741
TAGS = st.sampled_from([O, B, I])


def spans_of(text: str, rows: list[tuple[float, ...]], field: FieldSpec = MANY) -> list[str]:
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


EFFECTIVE = FieldSpec("effective", FieldKind.DATE, many=False)
AGREED = FieldSpec("agreed", FieldKind.DATE, many=False)
ENDS = FieldSpec("ends", FieldKind.END_DATE, many=False, counts_from=("effective", "agreed"))


@pytest.mark.parametrize(
    ("tagged", "start"),
    [
        ({"effective": "1/2/2020", "agreed": "1/2/2021"}, "2020-01-02"),  # the first that it counts from
        ({"agreed": "1/2/2021"}, "2021-01-02"),
        ({"effective": "soon", "agreed": "1/2/2021"}, "2021-01-02"),  # what is no date starts nothing
        ({}, None),
    ],
)
def test_a_period_counts_from_another_field(tagged: dict[str, str], start: str | None) -> None:
    text = "1/2/2020 1/2/2021 soon for two years"
    tokens, spec = tokenise(FourCharacterTokenizer(), windowing(50), text), model_spec([EFFECTIVE, AGREED, ENDS])
    logits = np.zeros((len(tokens) + 2, 3, 3), np.float32)
    logits[:, :, 0] = 5
    for column, field in enumerate(spec.fields):
        if words := {**tagged, "ends": "two years"}.get(field.name):
            first = text.index(words)
            inside = (tokens.starts >= first) & (tokens.ends <= first + len(words))
            logits[1:-1, column][inside] = (0, 0, 10)
    outputs = [WindowOutput(np.array([5, 0, 0], np.float32), logits, np.zeros(2, np.float32))]
    merged = merge(tokens, cut(tokens, windowing(50)), outputs, spec)
    for spans in (read_off(text, tokens, merged, spec).spans, n_best(text, tokens, merged, spec).spans):
        (ends,) = [span for span in spans if span.field == "ends"]
        assert text[ends.start : ends.end] == "two years"
        assert (ends.start_date, ends.readable) == (start, start is not None)


def test_a_candidate_counts_from_what_is_published_not_from_a_doubtful_date() -> None:
    text = "1/2/2020 1/2/2021 soon for two years"
    tokens, spec = tokenise(FourCharacterTokenizer(), windowing(50), text), model_spec([EFFECTIVE, AGREED, ENDS])
    logits = np.zeros((len(tokens) + 2, 3, 3), np.float32)
    logits[:, :, 0] = 9
    for column, words, inside in ((0, "1/2/2020", 6.8), (1, "1/2/2021", 18), (2, "two years", 18)):
        first = text.index(words)
        logits[1:-1, column, 2][(tokens.starts >= first) & (tokens.ends <= first + len(words))] = inside
    outputs = [WindowOutput(np.array([5, 0, 0], np.float32), logits, np.zeros(2, np.float32))]
    merged = merge(tokens, cut(tokens, windowing(50)), outputs, spec)
    published, candidates = read_off(text, tokens, merged, spec).spans, n_best(text, tokens, merged, spec).spans
    assert [span.field for span in published] == ["agreed", "ends"]
    assert "effective" in {span.field for span in candidates}  # that doubtful
    assert {span.start_date for span in (*published, *candidates) if span.field == "ends"} == {"2021-01-02"}


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


def marked(windows: list[Window]) -> list[WindowOutput]:
    """Outputs whose every tag logit is the number of its window."""
    return [
        WindowOutput(np.zeros(3, np.float32), np.full((len(w.ids), 1, 3), number, np.float32), np.zeros(2, np.float32))
        for number, w in enumerate(windows)
    ]


def context(window: Window, position: int, total: int) -> float:
    """Tokens between a position and the nearest edge of its window that is not the document's own."""
    left = position - window.first if window.first > 0 else float("inf")
    last = window.first + window.length - 1
    right = last - position if last < total - 1 else float("inf")
    return min(left, right)


@given(total=st.integers(1, 120), max_tokens=st.integers(3, 16), data=st.data())
def test_each_token_is_taken_from_the_window_that_sees_most_around_it(
    total: int, max_tokens: int, data: st.DataObject
) -> None:
    stride = data.draw(st.integers(0, max_tokens - 3))
    windows = cut(tokens_of_length(total), windowing(max_tokens, stride))
    merged = merge_tags(total, windows, marked(windows), [0])
    assert merged.shape == (total, 1, 3)
    for position in range(total):
        chosen = windows[int(merged[position, 0, 0])]
        holders = [w for w in windows if w.first <= position < w.first + w.length]
        assert chosen in holders
        assert context(chosen, position, total) == max(context(w, position, total) for w in holders)


def test_merging_keeps_the_columns_asked_for_in_their_order() -> None:
    (window,) = cut(tokens_of_length(2), windowing())
    tag_logits = np.arange(4 * 3 * 3, dtype=np.float32).reshape(4, 3, 3)
    output = WindowOutput(np.zeros(3, np.float32), tag_logits, np.zeros(2, np.float32))
    assert (merge_tags(2, [window], [output], [2, 0]) == tag_logits[1:3, [2, 0]]).all()


def prediction_of(text: str, logits: list[tuple[float, float, float]]) -> Prediction:
    """Decode windows of six tokens whose type logits are those given; the first token of the text is a date."""
    tokens = tokenise(FourCharacterTokenizer(), windowing(), text)
    windows = cut(tokens, windowing())
    outputs = [
        window_output(
            window, [(0, 9, 0), *[(9, 0, 0)] * (window.length - 1)] if number == 0 else (), type_logits=of_type
        )
        for number, (window, of_type) in enumerate(zip(windows, logits, strict=True))
    ]
    spec = model_spec([ONE])
    return read_off(text, tokens, merge(tokens, windows, outputs, spec), spec)


def test_the_type_is_pooled_over_the_first_windows_only() -> None:
    text = " ".join("abcdefghijklmn")
    prediction = prediction_of(text, [(4, 0, 0), (2, 0, 0), (0, 90, 0)])
    expected = np.exp(3) / (np.exp(3) + 2)  # of the mean logits (3, 0, 0)
    assert prediction.label == "receipt"
    assert prediction.probability == pytest.approx(expected)
    assert [label for label, _ in prediction.alternatives] == ["letter.short", "letter.long"]
    assert prediction.probability + sum(p for _, p in prediction.alternatives) == pytest.approx(1)


def test_only_fields_of_the_labels_group_are_read_off() -> None:
    as_receipt = prediction_of("2018 x", [(5, 0, 0)])
    assert [(span.field, span.start, span.end) for span in as_receipt.spans] == [("date", 0, 4)]
    assert prediction_of("2018 x", [(0, 5, 0)]).spans == ()


def test_merged_outputs_are_read_off_as_the_windows_themselves() -> None:
    """Whatever further fields were merged: what a document says does not depend on them."""
    other = FieldSpec("party", FieldKind.TEXT, many=True)
    spec = model_spec([other, ONE])
    group = replace(spec.groups["receipt"], fields=("date",))
    spec = replace(spec, groups=spec.groups | {"receipt": group})
    text = "2018 x"
    tokens = tokenise(FourCharacterTokenizer(), windowing(), text)
    windows = cut(tokens, windowing())
    tags = np.zeros((4, 2, 3), np.float32)
    tags[1, :, 1], tags[2, :, 0] = 9, 9
    outputs = [WindowOutput(np.array([5, 0, 0], np.float32), tags, np.zeros(2, np.float32))]
    alone, both = merge(tokens, windows, outputs, spec), merge(tokens, windows, outputs, spec, ["party"])
    assert (alone.columns, both.columns) == ((1,), (0, 1))
    prediction = read_off(text, tokens, alone, spec)
    assert [span.field for span in prediction.spans] == ["date"]
    assert read_off(text, tokens, both, spec) == prediction


def test_the_nearest_centroid_counts() -> None:
    outlier = model_spec().outlier  # centroids at (0, 0) and (10, 0)
    assert outlier_distance(np.array([9, 2], dtype=np.float32), outlier) == pytest.approx(5)
    assert outlier_distance(np.array([1, 0], dtype=np.float32), outlier) == pytest.approx(1)

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from docmill.pipeline.decode import merge, merge_tags, outlier_distance, read_off
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

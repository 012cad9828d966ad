from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from docmill.pipeline.decode import merge, read_off
from docmill.pipeline.n_best import SPANS_PER_FIELD, NBest, n_best
from docmill.pipeline.normalise import FieldKind
from docmill.pipeline.spans import LONGEST_VALUE
from docmill.pipeline.types import FieldSpec, ModelSpec, Prediction, WindowOutput
from docmill.pipeline.window import Window, cut, tokenise
from tests.unit.pipeline.fakes import FourCharacterTokenizer, model_spec, windowing

ONE = FieldSpec("date", FieldKind.DATE, many=False)
O, B, I = (0.98, 0.01, 0.01), (0.1, 0.8, 0.1), (0.1, 0.1, 0.8)  # noqa: E741
HALF = (0.3, 0.6, 0.1)  # begins, less surely
DOUBT = (0.8, 0.15, 0.05)  # rather outside


def read(text: str, rows: Sequence[tuple[float, ...]], spec: ModelSpec | None = None) -> tuple[Prediction, NBest]:
    """A receipt whose tokens have these tag probabilities."""
    spec = spec or model_spec([ONE])
    tokens = tokenise(FourCharacterTokenizer(), windowing(max_tokens=500), text)
    windows: list[Window] = cut(tokens, windowing(max_tokens=500))
    tags = np.zeros((len(tokens) + 2, 1, 3), np.float32)
    tags[1:-1, 0] = np.log(rows)
    outputs = [WindowOutput(np.array([2, 1, 0], np.float32), tags, np.zeros(2, np.float32))]
    merged = merge(tokens, windows, outputs, spec)
    return read_off(text, tokens, merged, spec), n_best(text, tokens, merged, spec)


def texts(text: str, found: NBest) -> list[str]:
    return [text[span.start : span.end] for span in found.spans]


def test_every_label_is_there_likeliest_first() -> None:
    prediction, found = read("aa", [O])
    assert [label for label, _ in found.labels] == ["receipt", "letter.short", "letter.long"]
    assert sum(probability for _, probability in found.labels) == pytest.approx(1)
    assert found.labels[0][0] == prediction.label
    assert found.labels[0][1] == pytest.approx(prediction.probability)


def test_spans_that_were_not_published_come_after_the_one_that_was() -> None:
    prediction, found = read("aa bb cc dd", [HALF, O, B, I])
    assert [(span.start, span.end) for span in prediction.spans] == [(6, 11)]
    assert texts("aa bb cc dd", found) == ["cc dd", "aa"]
    assert found.spans[0] == prediction.spans[0]


def test_a_candidate_of_an_exclusive_field_is_as_sure_as_it_is_by_itself() -> None:
    """Whoever weighs evidence for each would else count its rivals twice."""
    spec = model_spec([replace(ONE, exclusive=True)])
    prediction, found = read("aa bb cc dd", [HALF, O, B, DOUBT], spec)
    assert texts("aa bb cc dd", found) == ["cc", "aa", "dd"]
    assert [span.confidence for span in found.spans] == pytest.approx([0.9, 0.7, 0.2])
    assert prediction.spans == (replace(found.spans[0], confidence=prediction.spans[0].confidence),)
    assert prediction.spans[0].confidence == pytest.approx(9 / (1 + 7 / 3 + 9))


def test_a_value_that_stands_in_several_places_is_one_candidate() -> None:
    """Else a total that is printed five times would be all that a judge has to choose from."""
    prediction, found = read("aa bb AA cc aa", [HALF, DOUBT, B, HALF, DOUBT])
    assert [(span.start, span.end) for span in prediction.spans] == [(6, 8)]
    assert texts("aa bb AA cc aa", found) == ["AA", "cc", "bb"]
    assert found.spans[0] == prediction.spans[0]


def test_a_looser_cut_does_not_find_another_place_of_a_value_again() -> None:
    """With a word more it would be a value of its own, and no doubtful one."""
    _, found = read("aa dd bb AA ee", [HALF, (0.8, 0.05, 0.15), O, B, O])
    assert texts("aa dd bb AA ee", found) == ["AA"]


def test_where_all_is_outside_the_least_doubtful_are_found() -> None:
    prediction, found = read("aa bb cc", [O, DOUBT, O])
    assert prediction.spans == ()
    assert texts("aa bb cc", found) == ["bb"]
    assert found.spans[0].confidence == pytest.approx(0.2, abs=1e-3)


def test_a_looser_cut_finds_elsewhere_only() -> None:
    """Around a span that was found the looser cut would find a longer one."""
    _, found = read("aa bb cc dd ee", [B, DOUBT, O, DOUBT, O])
    assert texts("aa bb cc dd ee", found) == ["aa", "bb", "dd"]
    _, longer = read("aa bb", [B, (0.8, 0.05, 0.15)])
    assert texts("aa bb", longer) == ["aa"]


def test_no_more_than_so_many_and_the_best_of_them() -> None:
    text = " ".join("abcdefghi")
    doubts = [(0.5 + 0.04 * n, 0.3, 0.2 - 0.04 * n if n < 5 else 0.001) for n in range(9)]
    _, found = read(text, [(o, 1 - o - 0.001, 0.001) for o, _, _ in doubts])
    assert texts(text, found) == list("abcde")
    assert len(found.spans) == SPANS_PER_FIELD
    assert [span.confidence for span in found.spans] == sorted((s.confidence for s in found.spans), reverse=True)


def test_a_span_too_long_to_be_a_value_is_left_out() -> None:
    text = " ".join(["abcd"] * 90)
    assert len(text) > LONGEST_VALUE
    _, found = read(text, [B, *[I] * 89])
    assert found.spans == ()


def test_confidence_is_calibrated_as_that_of_published_spans() -> None:
    hot = replace(model_spec([ONE]), tag_temperature=2.0, type_temperature=2.0)
    prediction, found = read("aa bb", [B, I], hot)
    assert found.spans == prediction.spans
    assert found.labels[0][1] == pytest.approx(prediction.probability)


def test_a_broken_window_does_not_break_it() -> None:
    _, found = read("aa bb", [(float("nan"),) * 3, O])
    assert found.spans == ()
    assert len(found.labels) == 3


def test_a_part_of_a_candidate_is_none_where_values_do_not_nest() -> None:
    names = FieldSpec("date", FieldKind.TEXT, many=True)
    text, rows = "Acme Bolt or Bolt", [B, I, O, DOUBT]
    assert texts(text, read(text, rows, model_spec([names]))[1]) == ["Acme Bolt", "Bolt"]
    assert texts(text, read(text, rows, model_spec([replace(names, nested=False)]))[1]) == ["Acme Bolt"]
    doubtful = "Bolt or Acme Bolt"
    for rows in ([B, O, DOUBT, DOUBT], [DOUBT, O, B, I]):
        found = texts(doubtful, read(doubtful, rows, model_spec([replace(names, nested=False)]))[1])
        assert found == (["Bolt", "Acme"] if rows[0] == B else ["Acme Bolt"])  # the surer of the two Bolts

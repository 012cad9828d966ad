from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docmill.pipeline.window import Windowing, cut, tokenise
from tests.unit.pipeline.fakes import CLS, NEWLINE, SEP, FourCharacterTokenizer, tokens_of_length, windowing


@st.composite
def windowings(draw: st.DrawFn) -> Windowing:
    max_tokens = draw(st.integers(3, 20))
    return windowing(max_tokens, draw(st.integers(0, max_tokens - 3)))


@given(total=st.integers(0, 200), cutting=windowings())
def test_windows_cover_every_token_in_order(total: int, cutting: Windowing) -> None:
    tokens = tokens_of_length(total)
    covered: set[int] = set()
    for window in cut(tokens, cutting):
        inside = range(window.first, window.first + window.length)
        assert window.ids[1:-1].tolist() == tokens.ids[inside.start : inside.stop].tolist()
        covered.update(inside)
    assert covered == set(range(total))


@given(total=st.integers(1, 200), cutting=windowings())
def test_windows_are_framed_and_full(total: int, cutting: Windowing) -> None:
    windows = cut(tokens_of_length(total), cutting)
    for window in windows:
        assert (window.ids[0], window.ids[-1]) == (CLS, SEP)
        assert window.length == min(total, cutting.max_tokens - 2)


@given(total=st.integers(1, 200), cutting=windowings())
def test_neighbours_share_the_stride_and_each_adds_something(total: int, cutting: Windowing) -> None:
    windows = cut(tokens_of_length(total), cutting)
    for left, right in pairwise(windows):
        shared = left.first + left.length - right.first
        assert cutting.stride <= shared < right.length
    for left, right in pairwise(windows[:-1]):
        assert left.first + left.length - right.first == cutting.stride  # only the last one shares more


def test_no_tokens_no_windows() -> None:
    assert cut(tokens_of_length(0), windowing()) == []


@pytest.mark.parametrize("stride", [-1, 6, 7])
def test_a_stride_that_never_advances_is_refused(stride: int) -> None:
    with pytest.raises(ValueError, match="stride"):
        windowing(max_tokens=8, stride=stride)


@given(st.text(alphabet="ab \n\té𝔘", max_size=60))
def test_offsets_are_code_points_of_the_text(text: str) -> None:
    tokens = tokenise(FourCharacterTokenizer(), windowing(), text)
    pieces = [text[start:end] for start, end in zip(tokens.starts, tokens.ends, strict=True)]
    assert [piece for piece in pieces if piece != "\n"] == [piece for piece in _pieces(text) if piece != "\n"]


@given(st.text(alphabet="ab \n", max_size=60))
def test_a_run_of_line_breaks_is_one_token(text: str) -> None:
    tokens = tokenise(FourCharacterTokenizer(), windowing(), text)
    pairs = list(zip(tokens.ids, tokens.ids[1:], strict=False))
    assert (NEWLINE, NEWLINE) not in pairs
    assert (NEWLINE in tokens.ids) == ("\n" in text)


def _pieces(text: str) -> list[str]:
    encoding = FourCharacterTokenizer().encode(text, add_special_tokens=False)
    return [text[start:end] for start, end in encoding.offsets]

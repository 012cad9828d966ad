"""What a person sees of a text, and where a direction makes it read otherwise."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docmill.pipeline.visible import is_overridden, visible


@given(st.text())
def test_what_is_left_is_seen(text: str) -> None:
    left = visible(text)
    assert visible(left) == left
    assert all(c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp") for c in left)


@given(st.text(alphabet=st.characters(categories=["L", "N", "P"], max_codepoint=0x2FF)))
def test_letters_digits_and_marks_stay(text: str) -> None:
    assert visible(text) == text


@pytest.mark.parametrize(
    ("text", "overridden"),
    [
        ("a \u202e[05.14]\u202c", True),
        ("a \u202d[05.14]\u202c", True),
        ("a \u202e[05.14]", True),
        ("a \u202ex\u202c [05.14]", False),
        ("a \u202ex\n[05.14]", False),
        ("a \u202ex\u2029[05.14]", False),
        ("a [05.\u202e14]", True),
        ("a [05.14] \u202e", False),
        ("a \u202b[05.14]\u202c", False),
        ("a \u2067[05.14]\u2069", False),
        ("a \u202e\u202ax\u202c[05.14]\u202c", True),
        ("a \u2067\u202ex\u2069[05.14]", False),
        ("a \u202e\u2067x\u202c[05.14]", True),
        ("a \u202e\u2067x\u2069[05.14]", True),
        ("a \u202c\u2069[05.14]", False),
    ],
)
def test_where_an_override_is_in_force(text: str, overridden: bool) -> None:
    start, end = text.index("["), text.index("]") - 1
    assert is_overridden(text.replace("[", "").replace("]", ""), start, end) is overridden


@given(st.text(alphabet="a\n\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"), st.data())
def test_any_order_of_marks_can_be_read(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    found = is_overridden(text, start, end)
    assert not found or any(mark in text[:end] for mark in "\u202d\u202e")

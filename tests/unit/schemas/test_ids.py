"""Ids stay the same for ever: a changed one would break every retry across a release."""

from hypothesis import given
from hypothesis import strategies as st

from docmill_schemas.ids import (
    ID_HEX_DIGITS,
    bare_request_id,
    decision_version,
    feedback_id,
    request_id,
    result_id,
    sha256_hex,
)

ENCODABLE = st.text(st.characters(codec="utf-8"), max_size=8)


def test_ids_are_pinned() -> None:
    assert request_id("scanner", "1") == "f9eb84d84884c8491b87eea599f1ff1c"
    assert bare_request_id("cluster", "topic", 1, 2, 3) == "7f19321c2239eed1ebb5f04fd6440eb0"
    assert result_id("r", "0" * 64, "model", "b") == "64aeb7f2a56dac787f2a55bb66dc2291"
    assert decision_version("b1c2", 2) == "2:b1c2"
    assert feedback_id("r", 2, "a", "[]") == "ec31a7cafa2a3bf197b5ff0ccce02068"
    assert sha256_hex(b"") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@given(st.tuples(ENCODABLE, ENCODABLE), st.tuples(ENCODABLE, ENCODABLE))
def test_different_parts_give_different_ids(one: tuple[str, str], other: tuple[str, str]) -> None:
    assert (request_id(*one) == request_id(*other)) is (one == other)
    assert len(request_id(*one)) == ID_HEX_DIGITS


def test_parts_do_not_flow_into_each_other() -> None:
    assert request_id("ab", "c") != request_id("a", "bc")
    assert bare_request_id("c", "t", 1, 23, 4) != bare_request_id("c", "t", 12, 3, 4)
    assert request_id("a", "b") != result_id("a", "b", "", "")

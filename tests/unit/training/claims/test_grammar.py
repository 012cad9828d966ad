import pytest
from hypothesis import given
from hypothesis import strategies as st

from docmill.training.claims.grammar import Choice, GrammarError, Slot, parse

PLAIN = st.text(st.characters(blacklist_characters="\\[]|{}", blacklist_categories=["Cs"]), min_size=1)


@given(PLAIN)
def test_text_without_marks_is_itself(text: str) -> None:
    assert parse(text) == (text,)


def test_nothing() -> None:
    assert parse("") == ()


def test_slots() -> None:
    assert parse("a {noun}, {a noun}, {A noun.short}") == (
        "a ",
        Slot("noun", ""),
        ", ",
        Slot("noun", "a"),
        ", ",
        Slot("noun.short", "A"),
    )


def test_a_choice_of_options_one_of_them_empty() -> None:
    assert parse("x[a|{b}|]") == ("x", Choice(((("a",), (Slot("b", ""),), ()),)))


def test_ranks_bind_looser_than_options() -> None:
    assert parse("[a|b||c]") == (Choice(((("a",), ("b",)), (("c",),))),)


def test_choices_nest() -> None:
    assert parse("[a[b|c]|d]") == (Choice(((("a", Choice(((("b",), ("c",)),))), ("d",)),)),)


def test_outside_of_brackets_a_bar_is_a_bar() -> None:
    assert parse("| a || b |") == ("|", " a ", "||", " b ", "|")


def test_a_backslash_takes_what_follows() -> None:
    assert "".join(str(node) for node in parse(r"\[a\|\{b\}\]\\")) == r"[a|{b}]" + "\\"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("[a|b", "is not closed"),
        ("a]", "outside of brackets"),
        ("a{", "without a slot's name"),
        ("{two words}", "without a slot's name"),
        ("}", "without a slot's name"),
        ("a\\", "ends in a backslash"),
    ],
)
def test_templates_that_cannot_be_read(source: str, message: str) -> None:
    with pytest.raises(GrammarError, match=message):
        parse(source)

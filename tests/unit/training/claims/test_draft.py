import pytest
from hypothesis import given
from hypothesis import strategies as st

from docmill.training.claims.draft import FIELDS, Draft, Mark, Piece, comparable

PIECES = st.lists(
    st.builds(
        Piece,
        st.one_of(st.text(" \n\tabé🙂", max_size=6), st.sampled_from(["12/03/2021", "Ada O'Neill"])),
        st.sampled_from([None, *FIELDS]),
    ),
    max_size=8,
).map(lambda pieces: [p for p in pieces if p.field is None or (p.text and p.text == p.text.strip())])


@given(PIECES)
def test_marks_cover_exactly_the_values(pieces: list[Piece]) -> None:
    text, marks = Draft(pieces).finished()
    values = [(piece.field, piece.text) for piece in pieces if piece.field]
    assert [(mark.field, text[mark.start : mark.end]) for mark in marks] == values
    assert text == "".join(piece.text for piece in pieces).strip()


def test_white_space_around_is_cut() -> None:
    draft = Draft()
    draft.add("\n  of ")
    draft.add("")
    draft.extend([Piece("Ada", "claimant"), Piece("\n")])
    assert draft.text == "\n  of Ada\n"
    assert draft.finished() == ("of Ada", (Mark("claimant", 3, 6),))


def test_the_tail_spans_pieces() -> None:
    draft = Draft([Piece("ab"), Piece("cd", "claimant"), Piece("e")])
    assert [draft.tail(length) for length in (1, 2, 4, 9)] == ["e", "de", "bcde", "abcde"]


@pytest.mark.parametrize(
    ("field", "one", "other", "same"),
    [
        ("claim_number", "CLM-20/33 7", "clm 20337", True),
        ("claim_number", "CLM-20", "CLM-21", False),
        ("claimant", "Ada O'Neill", "ADA ONEILL", True),
        ("claimant", "Ada O'Neill", "O'Neill, Ada", False),
        ("date_of_loss", "3 May 2021", "03/05/2021", True),
        ("date_of_loss", "3 May 2021", "05/03/2021", False),
        ("claimed_amount", "£1,200", "GBP 1200.00", True),
        ("claimed_amount", "£1,200", "1,200", False),
        ("claimed_amount", "Rs 1,23,456/-", "INR 123456", True),
    ],
)
def test_values_compare_as_the_evaluation_compares_them(field: str, one: str, other: str, same: bool) -> None:
    assert (comparable(field, one) == comparable(field, other)) is same

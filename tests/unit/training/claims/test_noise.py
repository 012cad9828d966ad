import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docmill.pipeline.normalise import FieldKind, normalise
from docmill.training.claims.draft import FIELD_KINDS, Draft, Piece, comparable
from docmill.training.claims.generate import Document
from docmill.training.claims.layout import Noise
from docmill.training.claims.noise import careless, lowered, noised, quoted, shortened, shouted, wrapped
from tests.unit.training.claims.fakes import whole_corpus

WORDS = "the insured was at home with the vehicle, and because of that the claim number was received. " * 4
LETTER = [
    Piece(WORDS),
    Piece("Ada Lovelace-Byron", "claimant"),
    Piece(" wrote.\n\n" + WORDS),
    Piece("£1,200.50", "claimed_amount"),
]


def values(pieces: list[Piece]) -> list[tuple[str | None, str]]:
    return [(piece.field, piece.text) for piece in pieces if piece.field]


def document_pieces(document: Document) -> list[Piece]:
    pieces, position = [], 0
    for mark in document.marks:
        pieces += [Piece(document.text[position : mark.start]), Piece(document.text[mark.start : mark.end], mark.field)]
        position = mark.end
    return [*pieces, Piece(document.text[position:])]


@pytest.mark.parametrize("width", [20, 50, 72])
def test_wrapped_lines_are_no_longer_than_their_width(width: int) -> None:
    pieces = wrapped(width)(LETTER)
    text = Draft(pieces).text
    assert max(map(len, text.split("\n"))) <= width
    assert text.split() == Draft(LETTER).text.split()
    assert values(pieces) == values(LETTER)


def test_wrapping_keeps_line_breaks_and_short_lines() -> None:
    assert Draft(wrapped(40)([Piece("a b\n\nc\n"), Piece("d", "claimant"), Piece(" e")])).text == "a b\n\nc\nd e"


def test_quoting_marks_each_line() -> None:
    pieces = quoted("> ")([Piece("a\nb "), Piece("c", "claimant"), Piece("\n\nd\n")])
    assert Draft(pieces).text == "> a\n> b c\n> \n> d\n"
    assert values(pieces) == [("claimant", "c")]


def test_case() -> None:
    assert Draft(shouted(LETTER)).text == Draft(LETTER).text.upper()
    assert values(lowered(LETTER)) == values(LETTER)
    assert Draft(lowered([Piece("Ab C")])).text == "ab c"


def test_shorthand_is_shorter_and_leaves_values_alone() -> None:
    pieces = shortened(random.Random(1), 1.0)(LETTER)
    assert len(Draft(pieces).text) < 0.85 * len(Draft(LETTER).text)
    assert values(pieces) == values(LETTER)
    assert "veh" in Draft(pieces).text


def test_carelessness_is_a_writers_own() -> None:
    texts = {Draft(careless(random.Random(seed))([Piece("It's A.\n")])).text for seed in range(40)}
    assert {"It's A.\n", "its a\n"} <= texts


@given(st.integers(0, 10**6), st.sampled_from(list(Noise)), st.integers(0, 300))
def test_noise_never_loses_a_value_nor_breaks_a_mark(seed: int, noise: Noise, number: int) -> None:
    pieces = document_pieces(whole_corpus()[number])
    after = noised(pieces, noise, random.Random(seed))
    assert [field for field, _ in values(after)] == [field for field, _ in values(pieces)]
    text, marks = Draft(after).finished()
    assert [(mark.field, text[mark.start : mark.end]) for mark in marks] == values(after)
    assert all(value == value.strip() and value for _, value in values(after))


@given(st.integers(0, 10**6), st.integers(0, 300))
def test_values_that_stand_twice_stay_one_value(seed: int, number: int) -> None:
    after = values(noised(document_pieces(whole_corpus()[number]), Noise.SCANNED, random.Random(seed)))
    fields = [field for field, _ in after]
    for field in {field for field in fields if field and fields.count(field) > 1}:
        assert len({comparable(field, value) for name, value in after if name == field}) == 1


@given(st.integers(0, 10**6), st.integers(0, 300))
def test_misread_dates_and_amounts_are_still_understood(seed: int, number: int) -> None:
    pieces = document_pieces(whole_corpus()[number])
    after = noised(pieces, Noise.SCANNED, random.Random(seed))
    for (field, before), (_, value) in zip(values(pieces), values(after), strict=True):
        kind = FIELD_KINDS[field or ""]
        if kind is not FieldKind.TEXT:
            assert normalise(kind, value, day_first=True) == normalise(kind, before, day_first=True)


def test_scans_are_misread_in_text_and_in_values() -> None:
    texts, names = set(), set()
    for seed in range(60):
        after = noised([Piece(WORDS), Piece("CLM-O150", "claim_number")], Noise.SCANNED, random.Random(seed))
        texts.add(after[0].text)
        names.add(after[-1].text)
    assert len(texts) > 30
    assert WORDS in texts
    assert len(names) > 1


def test_clean_is_clean() -> None:
    assert noised(LETTER, Noise.CLEAN, random.Random(1)) == LETTER

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docmill.training.importers.imported import Unusable
from docmill.training.importers.offsets import EXACT, settle
from docmill.training.row import RowEntity


def entity(start: int, end: int, text: str | None = None, label: str = "party") -> RowEntity:
    return RowEntity(label=label, start=start, end=end, text=text)


def spans(entities: tuple[RowEntity, ...]) -> list[tuple[int, int, str | None]]:
    return [(e.start, e.end, e.text) for e in entities]


def test_exact_offsets_stay() -> None:
    assert settle("by Ann\nof Ulm", [entity(3, 6, "Ann"), entity(10, 13)]) == (
        "by Ann\nof Ulm",
        (entity(3, 6, "Ann"), entity(10, 13, "Ulm")),
        EXACT,
    )


def test_white_space_at_the_edges_goes_and_doubles_too() -> None:
    _, entities, _ = settle("by Ann \nof", [entity(2, 8, " Ann \n"), entity(3, 6), entity(0, 2), entity(3, 6, "Ann")])
    assert spans(entities) == [(0, 2, "by"), (3, 6, "Ann")]


def test_line_ends_become_one_and_offsets_follow() -> None:
    text, entities, how = settle("a\r\nAnn\r\n\rUlm", [entity(3, 6, "Ann"), entity(9, 12, "Ulm")])
    assert (text, spans(entities), how) == ("a\nAnn\n\nUlm", [(2, 5, "Ann"), (7, 10, "Ulm")], EXACT)


def test_offsets_that_were_counted_after_line_ends_became_one() -> None:
    text, entities, how = settle("a\r\nAnn\r\nUlm", [entity(2, 5, "Ann"), entity(6, 9, "Ulm")])
    assert (text, spans(entities)) == ("a\nAnn\nUlm", [(2, 5, "Ann"), (6, 9, "Ulm")])
    assert how == "code points, after line ends were made one"


def test_offsets_in_utf_16_units() -> None:
    text, entities, how = settle("💩 by 𝔸nn of Ulm", [entity(6, 10, "𝔸nn"), entity(14, 17, "Ulm")])
    assert (spans(entities), how) == ([(5, 8, "𝔸nn"), (12, 15, "Ulm")], "UTF-16 units")
    assert text[5:8] == "𝔸nn"


def test_offsets_in_utf_16_units_after_line_ends_became_one() -> None:
    text, entities, how = settle("💩\r\n\r\nby Ann", [entity(7, 10, "Ann")])
    assert (text, spans(entities)) == ("💩\n\nby Ann", [(6, 9, "Ann")])
    assert how == "UTF-16 units, after line ends were made one"


def test_label_studio_writes_a_line_end_as_two_characters() -> None:
    _, entities, _ = settle("by Ann\nLee", [entity(3, 10, "Ann\\nLee")])
    assert spans(entities) == [(3, 10, "Ann\nLee")]


def test_a_span_that_crosses_a_line_end() -> None:
    _, entities, how = settle("by Ann\r\nLee", [entity(3, 11, "Ann\r\nLee")])
    assert (spans(entities), how) == ([(3, 10, "Ann\nLee")], EXACT)


@pytest.mark.parametrize(
    "bad",
    [
        entity(3, 3),
        entity(6, 3),
        entity(-3, 2),
        entity(-4, -1),
        entity(3, 99),
        entity(99, 100),
        entity(2**70, 2**70 + 1),
        entity(2, 3),  # a blank
        entity(3, 6, "Amy"),
    ],
)
@pytest.mark.parametrize("text", ["by Ann of Ulm", "by Ann\r\n💩 of Ulm"])
def test_one_wrong_span_spoils_the_document_and_is_not_quoted(bad: RowEntity, text: str) -> None:
    with pytest.raises(Unusable, match=r"1 of 2 spans do not stand where they say") as caught:
        settle(text, [entity(0, 2, "by"), bad])
    assert "Amy" not in str(caught.value)


def test_no_single_way_of_counting_fits() -> None:
    with pytest.raises(Unusable, match="1 of 2 spans"):
        settle("💩 Ann of Ulm", [entity(2, 5, "Ann"), entity(10, 13, "Ulm")])  # one in code points, one in UTF-16


def test_a_label_of_blanks() -> None:
    with pytest.raises(Unusable, match="the span 0:2 has no label"):
        settle("by Ann", [entity(0, 2, label="  ")])


@pytest.mark.parametrize(
    ("text", "message"),
    [("", "no letter or digit"), (" \r\n.-", "no letter or digit"), ("half \ud83d of it", "half a surrogate pair")],
)
def test_texts_that_are_none(text: str, message: str) -> None:
    with pytest.raises(Unusable, match=message):
        settle(text, [])


PIECES = st.lists(st.sampled_from(["\r\n", "\n", "\r", "a", "é", "💩", " ", "bb"]), min_size=1, max_size=30)


@given(PIECES, st.data())
def test_the_span_is_found_however_it_was_counted(pieces: list[str], data: st.DataObject) -> None:
    """A marked word in any text, counted in any of the ways: the same word comes out."""
    at = data.draw(st.integers(0, len(pieces)))
    before, after = "".join(pieces[:at]), "".join(pieces[at:])
    text = f"{before}Zürich{after}"
    utf_16 = data.draw(st.booleans())
    unix = data.draw(st.booleans())

    def counted(prefix: str) -> int:
        prefix = prefix.replace("\r\n", "\n") if unix else prefix
        return len(prefix.encode("utf-16-le")) // 2 if utf_16 else len(prefix)

    start = counted(before)
    clean, (found,), _ = settle(text, [entity(start, start + 6, "Zürich")])
    assert clean[found.start : found.end] == found.text == "Zürich"
    assert clean == text.replace("\r\n", "\n").replace("\r", "\n")

"""Chunks lie along the text's structure, fit, and lose nothing."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import WhitespaceSplit

from docmill.index.chunk import chunk
from docmill.resources import resource

WORDS = Tokenizer(WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
WORDS.pre_tokenizer = WhitespaceSplit()


def bert() -> Tokenizer:
    """WordPiece over the default bundle's vocabulary, as MiniLM has it: without line breaks as tokens."""
    described = json.loads((resource("bundles/mailroom-en") / "tokenizer.json").read_text(encoding="utf-8"))
    described["added_tokens"] = [token for token in described["added_tokens"] if token["content"] not in "\n\t"]
    return Tokenizer.from_str(json.dumps(described))


BERT = bert()
TEXTS = st.lists(
    st.sampled_from(
        [
            "# Heading",
            "PLAIN HEADING",
            "1.2 Numbered",
            "",
            "",
            "- row",
            "* row of words",
            "A10.1\twater damage",
            "| a | b |",
            "=====",
            "---",
            "A sentence. Another one! A third",
            "word",
            "  indented words",
            "日本語の文章",
            "e\u0301te\u0301",
            "\r",
            "\u200b",
        ]
    )
    | st.text(max_size=30)
    | st.text("ab .", min_size=40, max_size=200),
    max_size=14,
).map("\n".join)


def pieces(text: str, max_tokens: int, tokenizer: Tokenizer = WORDS) -> list[str]:
    return [text[piece.start : piece.end] for piece in chunk(text, tokenizer, max_tokens)]


@pytest.mark.parametrize("tokenizer", [WORDS, BERT], ids=["words", "bert"])
@given(text=TEXTS, max_tokens=st.integers(3, 40))
def test_every_chunk_fits_and_all_of_the_text_is_in_one(tokenizer: Tokenizer, text: str, max_tokens: int) -> None:
    found = chunk(text, tokenizer, max_tokens)
    at = 0
    for piece in found:
        assert at <= piece.start < piece.end <= len(text)
        assert not text[at : piece.start].strip()
        stretch = text[piece.start : piece.end]
        assert stretch == stretch.strip()
        ids = tokenizer.encode(stretch, add_special_tokens=False).ids
        assert len(ids) <= max_tokens or len(stretch) == 1
        at = piece.end
    assert not text[at:].strip()


def test_nothing_has_no_chunks() -> None:
    assert pieces("", 10) == pieces(" \n\t\n", 10) == []


def test_a_short_text_is_one_chunk() -> None:
    assert pieces("  Some words.\n\nAnd more.  \n", 10) == ["Some words.\n\nAnd more."]


@pytest.mark.parametrize(
    "heading", ["# Two", "Two\n===", "TWO WORDS", "2. Two", "2.1 Two", "Section 2 Two", "---\nTwo"]
)
def test_a_heading_opens_a_chunk_and_stays_with_what_follows(heading: str) -> None:
    one, two = "one " * 5 + ".", "two " * 4 + "."
    found = pieces(f"# One\n\n{one}\n\n{heading}\n\n{two}", 14)
    assert found == [f"# One\n\n{one}", f"{heading}\n\n{two}"]


def test_a_heading_after_little_does_not_open_a_chunk() -> None:
    assert len(pieces("# One\n\nshort\n\n# Two\n\nshort too", 30)) == 1


def test_a_heading_at_the_end_of_a_full_chunk_goes_with_the_next() -> None:
    assert pieces("a b c d\n# H\ne f g h", 6) == ["a b c d", "# H\ne f g h"]


@pytest.mark.parametrize(
    "rows",
    [
        ["A10.1\twater damage in kitchens", "A10.2\tfire damage in kitchens", "A10.3\thail damage on roofs"],
        ["- the first of them", "- the second of them", "- the third of them"],
        ["| code | of | water |", "| code | of | fire |", "| code | of | hail |"],
        ["(a) the first of them", "(b) the second of them", "(c) the third of them"],
    ],
)
def test_rows_are_not_torn(rows: list[str]) -> None:
    assert pieces("\n".join(rows), 8) == rows


def test_a_long_paragraph_is_cut_at_the_end_of_a_sentence_else_between_words() -> None:
    assert pieces("One two three four. Five six seven eight nine.", 6) == [
        "One two three four.",
        "Five six seven eight nine.",
    ]
    assert pieces("a b c d e f g", 3) == ["a b c", "d e f", "g"]


def test_a_text_without_spaces_is_cut_all_the_same() -> None:
    text = "日本語の文章" * 30
    found = pieces(text, 20, BERT)
    assert "".join(found) == text
    assert len(found) > 5


def test_a_code_of_forty_characters_still_begins_a_row() -> None:
    rows = [f"A10-{'7' * 36}: one two three", "B2/4\tfour five six"]
    assert pieces("\n".join(rows), 4) == rows

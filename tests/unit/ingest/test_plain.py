import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docmill.errors import DocumentError
from docmill.ingest.plain import decode_bytes, plain_text
from docmill_schemas.reasons import RejectionReason

SECRET = "Zyxwvut"  # stands in every bad document; no detail may hold it
WORDS = "Grüße für 5 €, naïve 𝔘"


def refused(content: bytes, charset: str | None = None) -> DocumentError:
    with pytest.raises(DocumentError) as caught:
        plain_text(content, charset)
    assert caught.value.reason is RejectionReason.UNDECODABLE_TEXT
    assert SECRET not in caught.value.detail
    return caught.value


def text_or_error(content: bytes, charset: str | None) -> str | DocumentError:
    try:
        return plain_text(content, charset)
    except DocumentError as error:
        return error


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
    ],
)
@pytest.mark.parametrize("charset", [None, "windows-1252", "no-such-charset"])
def test_a_byte_order_mark_wins_and_is_no_text(mark: bytes, encoding: str, charset: str | None) -> None:
    assert plain_text(mark + WORDS.encode(encoding), charset) == WORDS


@pytest.mark.parametrize("mark", [codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_LE])
def test_a_byte_order_mark_alone_is_an_empty_text(mark: bytes) -> None:
    assert plain_text(mark, None) == ""


def test_a_mark_whose_text_is_cut_off() -> None:
    assert "utf-16" in refused(codecs.BOM_UTF16_LE + SECRET.encode("utf-16-le") + b"x").detail


@pytest.mark.parametrize("charset", ["utf-8", "UTF-8", "utf8", "utf-16-le", "utf-32", "gb18030"])
def test_a_declared_charset_is_used(charset: str) -> None:
    assert plain_text(WORDS.encode(charset), charset) == WORDS


def test_a_declared_charset_is_not_second_guessed() -> None:
    assert plain_text("Grüße".encode(), "iso-8859-1") == "GrÃ¼ÃŸe"
    assert "utf-8" in refused(f"{SECRET} für".encode("latin-1"), "utf-8").detail


def test_undeclared_bytes_are_utf_8_or_else_windows_1252() -> None:
    assert plain_text(WORDS.encode(), None) == WORDS
    assert plain_text("5 € “für”".encode("windows-1252"), None) == "5 € “für”"
    refused(SECRET.encode() + b" \x81\x8d")  # bytes that windows-1252 does not have


@pytest.mark.parametrize(
    "charset",
    [
        *("unicode_escape", "unicode-escape", "raw_unicode_escape", "utf-7", "utf7", "U7", "idna", "punycode"),
        *("rot13", "hex", "base64", "zlib", "bz2", "uu", "quopri", "undefined", "mbcs"),
        *("", " ", "x" * 500, "no-such", "../os", "os", "a\x00b", "\ud800"),
    ],
)
def test_what_is_no_charset(charset: str) -> None:
    error = refused(f"{SECRET} +AGE- \\u0041".encode(), charset)
    assert error.detail.startswith("not undefined" if charset == "undefined" else "unknown charset")
    assert len(error.detail) < 200


@pytest.mark.parametrize("control", [0, 1, 8, 11, 14, 27, 31, 127])
def test_more_than_one_control_character_in_a_hundred_is_no_text(control: int) -> None:
    text = SECRET + "a" * (198 - len(SECRET)) + 2 * chr(control)
    assert plain_text(text.encode(), None) == text
    refused((text[1:] + chr(control)).encode())
    refused((text[1:] + chr(control)).encode(), "utf-8")


def test_layout_characters_are_no_controls() -> None:
    assert plain_text(b"\t\f\n\t\f", None) == "\t\f\n\t\f"


@given(st.text(alphabet="ab\r\n", max_size=40))
def test_line_ends_become_one(text: str) -> None:
    expected = []
    for i, character in enumerate(text):
        if character == "\r":
            expected.append("\n")
        elif character != "\n" or not text[:i].endswith("\r"):
            expected.append(character)
    assert plain_text(text.encode(), None) == "".join(expected)


def test_decode_bytes_keeps_line_ends() -> None:
    assert decode_bytes(b"a\r\nb", None) == "a\r\nb"


@given(st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=60))
def test_utf_8_comes_back(text: str) -> None:
    assert plain_text(text.encode("utf-8-sig"), None) == text


CHARSETS = st.one_of(
    st.none(), st.sampled_from(["utf-8", "utf-16", "cp1252", "shift_jis", "iso2022_jp", "utf-7", "cp037"]), st.text()
)


@given(st.binary(max_size=60), CHARSETS)
def test_nothing_but_document_errors_is_raised(content: bytes, charset: str | None) -> None:
    text = text_or_error(content, charset)
    if isinstance(text, DocumentError):
        assert text.reason is RejectionReason.UNDECODABLE_TEXT
    else:
        text.encode()  # no lone surrogates
        assert "\r" not in text

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docmill.errors import DocumentError
from docmill.ingest import FORMATS, InThread, extract
from docmill.ingest.extracted import Extracted
from docmill.ingest.limits import DEFAULT_LIMITS, Limits
from docmill.ingest.media_types import DOCX, PDF
from docmill_schemas.reasons import RejectionReason
from tests.unit.ingest.pdf_files import text_pdf
from tests.unit.ingest.word_files import paragraph, word_file


def text_of(content: bytes, media_type: str, charset: str | None = None) -> str:
    return extract(content, media_type, charset, DEFAULT_LIMITS).text


def refused(
    content: bytes, media_type: str, charset: str | None = None, limits: Limits = DEFAULT_LIMITS
) -> DocumentError:
    with pytest.raises(DocumentError) as caught:
        extract(content, media_type, charset, limits)
    return caught.value


@pytest.mark.parametrize(
    ("media_type", "content", "text"),
    [
        ("text/plain", b"<p>a  b</p>", "<p>a  b</p>"),
        ("text/html", b"<p>a  b</p>", "a b"),
        ("application/xhtml+xml", b"<p>a  b</p>", "a b"),
        (PDF, text_pdf(["a b"]), "a b"),
        (DOCX, word_file(paragraph("a b")), "a b"),
        ("message/rfc822", b"Subject: s\n\na b", "Subject: s\n\na b"),
    ],
)
def test_the_media_type_chooses_the_reader(media_type: str, content: bytes, text: str) -> None:
    assert text_of(content, media_type) == text
    assert InThread().extract(content, media_type, None) == extract(content, media_type, None, DEFAULT_LIMITS)


def test_only_paged_formats_have_pages() -> None:
    assert extract(text_pdf(["a"], ["b"]), PDF, None, DEFAULT_LIMITS) == Extracted("a\nb", (0, 2))
    assert extract(b"a\fb", "text/plain", None, DEFAULT_LIMITS) == Extracted("a\fb")


@pytest.mark.parametrize("media_type", ["application/zip", "TEXT/PLAIN", "application/msword", "x/y"])
def test_other_media_types_are_named_and_refused(media_type: str) -> None:
    error = refused(b"Zyxwvut", media_type)
    assert error.reason is RejectionReason.UNSUPPORTED_MEDIA_TYPE
    assert repr(media_type) in error.detail


@pytest.mark.parametrize("media_type", ["", "text/plain; charset=utf-8", "x" * 5000, "dear sir"])
def test_what_is_no_media_type_is_refused_and_not_repeated(media_type: str) -> None:
    error = refused(b"Zyxwvut", media_type)
    assert error.reason is RejectionReason.UNSUPPORTED_MEDIA_TYPE
    assert f"a name of {len(media_type)} characters that is no token" in error.detail
    assert "text/plain" in error.detail
    assert "Zyxwvut" not in error.detail
    assert len(error.detail) < 350


@pytest.mark.parametrize("media_type", ["image/jpeg", "image/png", "image/tiff"])
def test_images_hold_no_text_until_there_is_ocr(media_type: str) -> None:
    error = refused(b"anything", media_type)
    assert error.reason is RejectionReason.NO_TEXT
    assert "OCR" in error.detail


@pytest.mark.parametrize("content", [b"", b" \r\n\t\f", "\u00a0\u2003".encode(), b"\xef\xbb\xbf"])
@pytest.mark.parametrize("media_type", ["text/plain", "text/html"])
def test_blanks_are_no_text(content: bytes, media_type: str) -> None:
    error = refused(content, media_type)
    assert error.reason is RejectionReason.NO_TEXT
    assert str(len(content)) in error.detail


def test_a_word_document_without_text() -> None:
    assert refused(word_file(paragraph(" ")), DOCX).reason is RejectionReason.NO_TEXT


def test_the_charset_reaches_the_reader() -> None:
    assert text_of("für".encode("cp037"), "text/plain", "cp037") == "für"
    assert text_of("<p>für".encode("cp037"), "text/html", "cp037") == "für"


@pytest.mark.parametrize("media_type", ["text/plain", "text/html"])
def test_a_text_may_be_so_long_and_no_longer(media_type: str) -> None:
    assert DEFAULT_LIMITS.max_characters == 2_000_000
    limits = replace(DEFAULT_LIMITS, max_characters=10)
    assert extract("ä".encode() * 10, media_type, None, limits).text == "ä" * 10
    error = refused(b"Zyxwvut1234", media_type, limits=limits)
    assert error.reason is RejectionReason.TEXT_TOO_LARGE
    assert error.detail == "11 characters, at most 10"


@given(st.binary(max_size=80), st.sampled_from([*FORMATS, "image/gif"]), st.none() | st.text(max_size=8))
def test_a_text_or_a_document_error(content: bytes, media_type: str, charset: str | None) -> None:
    text: str | DocumentError
    try:
        text = text_of(content, media_type, charset)
    except DocumentError as error:
        text = error
    if isinstance(text, DocumentError):
        assert (text.reason is RejectionReason.UNSUPPORTED_MEDIA_TYPE) == (media_type == "image/gif")
    else:
        assert text.strip()

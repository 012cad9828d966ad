import pytest
from hypothesis import given
from hypothesis import strategies as st

from docmill import ingest
from docmill.errors import DocumentError
from docmill.ingest import MAX_CHARACTERS, extract_text
from docmill_schemas.reasons import RejectionReason


def refused(content: bytes, media_type: str, charset: str | None = None) -> DocumentError:
    with pytest.raises(DocumentError) as caught:
        extract_text(content, media_type, charset)
    return caught.value


@pytest.mark.parametrize(
    ("media_type", "text"),
    [("text/plain", "<p>a  b</p>"), ("text/html", "a b"), ("application/xhtml+xml", "a b")],
)
def test_the_media_type_chooses_the_reader(media_type: str, text: str) -> None:
    assert extract_text(b"<p>a  b</p>", media_type, None) == text


@pytest.mark.parametrize("media_type", ["application/pdf", "", "TEXT/PLAIN", "text/plain; charset=utf-8", "x" * 5000])
def test_other_media_types_are_named_and_refused(media_type: str) -> None:
    error = refused(b"Zyxwvut", media_type)
    assert error.reason is RejectionReason.UNSUPPORTED_MEDIA_TYPE
    assert media_type[:100] in error.detail
    assert "text/plain" in error.detail
    assert "Zyxwvut" not in error.detail
    assert len(error.detail) < 250


@pytest.mark.parametrize("content", [b"", b" \r\n\t\f", "\u00a0\u2003".encode(), b"\xef\xbb\xbf"])
@pytest.mark.parametrize("media_type", ["text/plain", "text/html"])
def test_blanks_are_no_text(content: bytes, media_type: str) -> None:
    error = refused(content, media_type)
    assert error.reason is RejectionReason.NO_TEXT
    assert str(len(content)) in error.detail


def test_the_charset_reaches_the_reader() -> None:
    assert extract_text("für".encode("cp037"), "text/plain", "cp037") == "für"
    assert extract_text("<p>für".encode("cp037"), "text/html", "cp037") == "für"


def test_a_text_may_be_so_long_and_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    assert MAX_CHARACTERS == 2_000_000
    monkeypatch.setattr(ingest, "MAX_CHARACTERS", 10)
    assert extract_text("ä".encode() * 10, "text/plain", None) == "ä" * 10
    error = refused(b"Zyxwvut1234", "text/plain")
    assert error.reason is RejectionReason.TEXT_TOO_LARGE
    assert error.detail == "11 characters, at most 10"


@given(st.binary(max_size=80), st.sampled_from([*ingest.EXTRACTORS, "image/png"]), st.none() | st.text(max_size=8))
def test_a_text_or_a_document_error(content: bytes, media_type: str, charset: str | None) -> None:
    text: str | DocumentError
    try:
        text = extract_text(content, media_type, charset)
    except DocumentError as error:
        text = error
    if isinstance(text, DocumentError):
        assert (text.reason is RejectionReason.UNSUPPORTED_MEDIA_TYPE) == (media_type == "image/png")
    else:
        assert text.strip()

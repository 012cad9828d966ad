import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from docmill.errors import DocumentError
from docmill.ingest.limits import DEFAULT_LIMITS
from docmill.ingest.pdf import pdf_text
from docmill_schemas.reasons import RejectionReason
from tests.unit.ingest.pdf_files import FIRST_PAGE, form_pdf, locked_pdf, pdf, stream, text_objects, text_pdf


def text_of(content: bytes) -> str:
    return pdf_text(content, DEFAULT_LIMITS).text


def refused(content: bytes, **limits: int) -> DocumentError:
    with pytest.raises(DocumentError) as caught:
        pdf_text(content, replace(DEFAULT_LIMITS, **limits))
    return caught.value


def test_pages_and_where_they_start() -> None:
    extracted = pdf_text(text_pdf(["Invoice (net)", "for \\ 5 € – paid"], ["second"], ["third"]), DEFAULT_LIMITS)
    assert extracted.text == "Invoice (net)\nfor \\ 5 € – paid\nsecond\nthird"
    assert [extracted.text[start:][:6] for start in extracted.page_starts] == ["Invoic", "second", "third"]
    assert extracted.unread_attachments == ()


def test_a_page_without_text_between_others_keeps_its_number() -> None:
    extracted = pdf_text(text_pdf([], ["two"], [], ["four"], []), DEFAULT_LIMITS)
    assert extracted.text == "\ntwo\n\nfour\n"
    assert extracted.page_starts == (0, 1, 5, 6, 11)


def test_a_hyphen_at_a_lines_end_stands_as_on_paper() -> None:
    assert text_of(text_pdf(["the well-", "known sent-", "ence, 12-", "14"])) == "the well-\nknown sent-\nence, 12-\n14"


def test_what_was_filled_into_a_form_is_read() -> None:
    assert text_of(form_pdf("KX-77120")).splitlines() == ["Policy number:", "KX-77120"]


def test_control_characters_of_odd_fonts_are_left_out() -> None:
    objects = text_objects([["x"]])
    objects[FIRST_PAGE + 1] = stream(b"BT /F 12 Tf 72 770 Td (a\\001b\\020c) Tj ET")
    text = text_of(pdf(objects))
    assert text.startswith("a")
    assert text.isprintable()


@pytest.mark.parametrize(
    "content",
    [text_pdf([]), text_pdf([], [" "]), text_pdf(["- . -"])],
    ids=["no text", "blank", "dashes"],
)
def test_without_a_text_layer_it_says_that_ocr_is_needed(content: bytes) -> None:
    error = refused(content)
    assert error.reason is RejectionReason.NO_TEXT
    assert "OCR" in error.detail


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"%PDF-1.7",
        b"%PDF-1.7\n" + b"\x00" * 1000,
        b"no pdf at all",
        text_pdf(["x"])[:60],
        pdf([b"<</Type/Catalog>>"]),
        pdf([b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[2 0 R]/Count 1>>"]),
    ],
)
def test_damaged_beyond_repair(content: bytes) -> None:
    assert refused(content).reason is RejectionReason.MALFORMED_DOCUMENT


def test_one_that_asks_for_a_password() -> None:
    assert refused(locked_pdf()).reason is RejectionReason.ENCRYPTED_DOCUMENT


def test_what_was_wrong_with_one_is_not_said_of_the_next() -> None:
    """PDFium keeps its last error, and fails at nothing where a file has a catalog but no page."""
    without_pages = pdf([b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[]/Count 0>>"])
    for content in (without_pages, locked_pdf(), without_pages):
        locked = content != without_pages
        expected = RejectionReason.ENCRYPTED_DOCUMENT if locked else RejectionReason.MALFORMED_DOCUMENT
        assert refused(content).reason is expected


def test_a_broken_cross_reference_table_is_repaired() -> None:
    objects, found, rest = text_pdf(["still", "here"]).partition(b"xref\n")
    assert text_of(objects + found + rest.replace(b"0000000", b"7777777")) == "still\nhere"


def test_too_many_pages_are_counted_not_read() -> None:
    content = text_pdf(*[["x"]] * 2001)
    error = refused(content)
    assert (error.reason, error.detail) == (RejectionReason.TOO_MANY_PAGES, "PDF of 2001 pages, at most 500")
    assert len(pdf_text(content, replace(DEFAULT_LIMITS, max_pages=2001)).page_starts) == 2001


def test_text_is_counted_before_it_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pypdfium2.PdfTextPage.get_text_range", lambda page: pytest.fail("it was made"))
    assert refused(text_pdf(["123456789"]), max_characters=9).reason is RejectionReason.TEXT_TOO_LARGE


def test_the_limit_counts_all_pages() -> None:
    content = text_pdf(["12345"], ["12345"])
    assert refused(content, max_characters=11).reason is RejectionReason.TEXT_TOO_LARGE
    assert len(pdf_text(content, replace(DEFAULT_LIMITS, max_characters=12)).text) == 11


def test_a_page_that_draws_itself_does_not_hang() -> None:
    objects = text_objects([["x"]])
    objects[FIRST_PAGE] = objects[FIRST_PAGE].replace(b"/Resources<<", b"/Resources<</XObject<</X 6 0 R>>")
    objects[FIRST_PAGE + 1] = stream(zlib.compress(b"/X Do"), b"/Filter/FlateDecode")
    objects.append(stream(b"/X Do", b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X 6 0 R>>>>"))
    assert refused(pdf(objects)).reason is RejectionReason.NO_TEXT


def test_many_threads_may_ask() -> None:
    files = [text_pdf([f"file {number}"] * 40) for number in range(8)]
    with ThreadPoolExecutor(8) as threads:
        texts = list(threads.map(text_of, files * 5))
    assert texts == [f"file {number}\n" * 39 + f"file {number}" for number in range(8)] * 5

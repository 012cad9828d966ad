"""PDF: the text layer, page by page (PDFium). Reads no images: a scan holds no text here."""

import threading
from collections.abc import Iterator
from itertools import accumulate

import pypdfium2
from pypdfium2 import raw

from docmill.errors import DocumentError
from docmill.ingest.extracted import Extracted
from docmill.ingest.limits import Budget, Limits
from docmill_schemas.reasons import RejectionReason

LOCKED = (raw.FPDF_ERR_PASSWORD, raw.FPDF_ERR_SECURITY)
LINE_END_HYPHEN = "\ufffe"  # PDFium's, for a hyphen and the line end after it
CONTROLS = dict.fromkeys({*range(32), 127, 0xFFFF} - {ord("\n"), ord("\t")})
NEEDS_OCR = "docmill reads text layers only, OCR is not there yet"
_PDFIUM = threading.Lock()  # PDFium serves one thread at a time


def pdf_text(content: bytes, limits: Limits) -> Extracted:
    """Text of the pages that have some, the values of form fields included; a page starts a line.

    Raises:
        DocumentError: it is encrypted, damaged, has no text layer, too many pages or too much text.
    """
    with _PDFIUM:
        try:
            with _opened(content) as document:
                document.init_forms()  # before anything else is asked of it
                count = len(document)
                if not count:
                    raise DocumentError(RejectionReason.MALFORMED_DOCUMENT, "PDF: it has no pages")
                if count > limits.max_pages:
                    raise DocumentError(
                        RejectionReason.TOO_MANY_PAGES, f"PDF of {count} pages, at most {limits.max_pages}"
                    )
                pages = list(_pages(document, Budget(limits.max_characters)))
        except pypdfium2.PdfiumError as error:
            raise DocumentError(RejectionReason.MALFORMED_DOCUMENT, "PDF: a page is damaged beyond repair") from error
    text = "\n".join(pages)
    if not any(map(str.isalnum, text)):
        raise DocumentError(RejectionReason.NO_TEXT, f"PDF of {count} pages without a text layer: {NEEDS_OCR}")
    return Extracted(text, tuple(accumulate((len(page) + 1 for page in pages[:-1]), initial=0)))


def _opened(content: bytes) -> pypdfium2.PdfDocument:
    # By hand: pypdfium2 asks for PDFium's last error even where it failed at nothing, and hears of an earlier document.
    handle = raw.FPDF_LoadMemDocument64(content, len(content), None)
    if not handle:
        if raw.FPDF_GetLastError() in LOCKED:
            raise DocumentError(RejectionReason.ENCRYPTED_DOCUMENT, "PDF: opens with a password only")
        raise DocumentError(RejectionReason.MALFORMED_DOCUMENT, "PDF: damaged beyond repair")
    return pypdfium2.PdfDocument(handle)


def _pages(document: pypdfium2.PdfDocument, budget: Budget) -> Iterator[str]:
    for number in range(len(document)):
        page = document[number]
        if document.formenv:
            page.flatten()  # what was filled in becomes text of the page
            page.close()
            page = document[number]
        text_page = page.get_textpage()
        budget.spend(text_page.count_chars() + 1)
        yield _clean(text_page.get_text_range())
        text_page.close()
        page.close()


def _clean(text: str) -> str:
    lines = text.replace(LINE_END_HYPHEN, "-\n").replace("\r\n", "\n").replace("\r", "\n")
    return lines.translate(CONTROLS)

"""Document bytes to text, one file a format. Does not know Kafka or the model."""

from collections.abc import Callable
from dataclasses import dataclass

from docmill.errors import DocumentError
from docmill.ingest.docx import docx_text
from docmill.ingest.extracted import Extracted
from docmill.ingest.html import html_text
from docmill.ingest.limits import DEFAULT_LIMITS, Limits
from docmill.ingest.mail import mail_text
from docmill.ingest.media_types import DOCX, HTML, MAIL, PDF, PLAIN, SCANS, XHTML, shown
from docmill.ingest.pdf import NEEDS_OCR, pdf_text
from docmill.ingest.plain import plain_text
from docmill_schemas.reasons import RejectionReason

Format = Callable[[bytes, str | None, Limits], Extracted]


def extract(content: bytes, media_type: str, charset: str | None, limits: Limits) -> Extracted:
    """The text of a document, never a blank one. Time and memory are bounded only in a parser process.

    Args:
        media_type: lower case, without parameters.
        charset: as declared, or None.

    Raises:
        DocumentError: the type is not supported, the bytes are not of it, there is no text, or too much.
    """
    if media_type in SCANS:
        raise DocumentError(RejectionReason.NO_TEXT, f"{media_type} is an image: {NEEDS_OCR}")
    read = FORMATS.get(media_type)
    if read is None:
        supported = ", ".join(FORMATS)
        raise DocumentError(RejectionReason.UNSUPPORTED_MEDIA_TYPE, f"{shown(media_type)} is none of {supported}")
    extracted = read(content, charset, limits)
    text = extracted.text
    if not text.strip():
        raise DocumentError(RejectionReason.NO_TEXT, f"{len(content)} bytes of {media_type} hold no text")
    if len(text) > limits.max_characters:
        detail = f"{len(text)} characters, at most {limits.max_characters}"
        raise DocumentError(RejectionReason.TEXT_TOO_LARGE, detail)
    return extracted


@dataclass(frozen=True, slots=True)
class InThread:
    """Parses in the calling thread: for documents that are trusted."""

    limits: Limits = DEFAULT_LIMITS

    def extract(self, content: bytes, media_type: str, charset: str | None) -> Extracted:
        """See docmill.ingest.extract."""
        return extract(content, media_type, charset, self.limits)


def _plain(content: bytes, charset: str | None, _: Limits) -> Extracted:
    return Extracted(plain_text(content, charset))


def _html(content: bytes, charset: str | None, _: Limits) -> Extracted:
    return Extracted(html_text(content, charset))


def _pdf(content: bytes, _: str | None, limits: Limits) -> Extracted:
    return pdf_text(content, limits)


def _docx(content: bytes, _: str | None, limits: Limits) -> Extracted:
    return docx_text(content, limits)


def _mail(content: bytes, _: str | None, limits: Limits) -> Extracted:
    return mail_text(content, limits, extract)


FORMATS: dict[str, Format] = {
    PLAIN: _plain,
    HTML: _html,
    XHTML: _html,
    PDF: _pdf,
    DOCX: _docx,
    MAIL: _mail,
}

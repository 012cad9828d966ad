"""Document bytes to text, one file a format. Does not know Kafka or the model."""

from collections.abc import Callable

from docmill.errors import DocumentError
from docmill.ingest.html import html_text
from docmill.ingest.plain import plain_text
from docmill_schemas.reasons import RejectionReason

MAX_CHARACTERS = 2_000_000
Extractor = Callable[[bytes, str | None], str]

EXTRACTORS: dict[str, Extractor] = {
    "text/plain": plain_text,
    "text/html": html_text,
    "application/xhtml+xml": html_text,
}


def extract_text(content: bytes, media_type: str, charset: str | None) -> str:
    """The text of a document.

    Args:
        media_type: lower case, without parameters.
        charset: as declared, or None.

    Raises:
        DocumentError: the type is not supported, the bytes are not of it, there is no text, or too much.
    """
    extractor = EXTRACTORS.get(media_type)
    if extractor is None:
        supported = ", ".join(EXTRACTORS)
        raise DocumentError(RejectionReason.UNSUPPORTED_MEDIA_TYPE, f"{media_type[:100]!r} is none of {supported}")
    text = extractor(content, charset)
    if not text.strip():
        raise DocumentError(RejectionReason.NO_TEXT, f"{len(content)} bytes of {media_type} hold no text")
    if len(text) > MAX_CHARACTERS:
        raise DocumentError(RejectionReason.TEXT_TOO_LARGE, f"{len(text)} characters, at most {MAX_CHARACTERS}")
    return text

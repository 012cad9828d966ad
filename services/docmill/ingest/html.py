"""HTML: visible text with the page's lines and table cells kept (inscriptis)."""

import re

from inscriptis import get_text
from inscriptis.css_profiles import CSS_PROFILES
from inscriptis.model.config import ParserConfig

from docmill.errors import DocumentError
from docmill.ingest.plain import decode_bytes
from docmill_schemas.reasons import RejectionReason

DECLARED_CHARSET = re.compile(rb"""<meta[^>]+charset\s*=\s*["']?([\w-]+)""", re.IGNORECASE)
XML_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
CONFIG = ParserConfig(css=CSS_PROFILES["strict"].copy())


def html_text(content: bytes, charset: str | None) -> str:
    """Visible text of an HTML document; runs of blanks and blank lines are folded.

    Raises:
        DocumentError: the bytes are no text, or the markup is nested past all measure.
    """
    if charset is None and (declared := DECLARED_CHARSET.search(content[:4096])):
        charset = declared.group(1).decode("ascii").lower()
    markup = XML_DECLARATION.sub("", decode_bytes(content, charset))
    if not markup.strip():
        return ""
    try:
        text: str = get_text(markup, CONFIG)
    except (RecursionError, ValueError, AssertionError) as error:
        raise DocumentError(RejectionReason.MALFORMED_DOCUMENT, f"HTML: {type(error).__name__}") from error
    lines = (re.sub(r"[^\S\n]+", " ", line).strip() for line in text.splitlines())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")

"""Names of the media types that docmill knows, and how names that a sender made up are told."""

import re

PLAIN = "text/plain"
HTML = "text/html"
XHTML = "application/xhtml+xml"
PDF = "application/pdf"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
MAIL = "message/rfc822"
JPEG = "image/jpeg"
PNG = "image/png"
TIFF = "image/tiff"
ZIP = "application/zip"
UNKNOWN = "application/octet-stream"  # says nothing: the bytes decide

SCANS = frozenset({JPEG, PNG, TIFF})

MAX_SHOWN = 100
TOKENS = re.compile(r"[\w!#$&^.+-]{1,60}(/[\w!#$&^.+-]{1,80})?", re.ASCII)  # Source: RFC 6838, 4.2


def shown(name: str) -> str:
    """A media type or charset for a message; what cannot be one may be text of the document, and is not repeated."""
    return repr(name[:MAX_SHOWN]) if TOKENS.fullmatch(name) else f"a name of {len(name)} characters that is no token"

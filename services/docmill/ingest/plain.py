"""Plain text: bytes to characters, line ends made one."""

import codecs

from docmill.errors import DocumentError
from docmill.ingest.media_types import shown
from docmill_schemas.reasons import RejectionReason

BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark is its prefix
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
LEGACY = "windows-1252"
READ_AS = {"iso8859-1": LEGACY, "ascii": LEGACY}  # what declares these means windows-1252 (WHATWG Encoding)
NO_CHARSETS = frozenset(
    {"utf-7", "unicode_escape", "raw_unicode_escape", "unicode-escape", "raw-unicode-escape", "idna", "punycode"}
)
MAX_CONTROL_SHARE = 0.01  # of the characters; more than this and it is no text


def plain_text(content: bytes, charset: str | None) -> str:
    """Text of a text/plain document; line ends become "\\n".

    Raises:
        DocumentError: the bytes are no text in the declared charset, UTF-8 or windows-1252.
    """
    return decode_bytes(content, charset).replace("\r\n", "\n").replace("\r", "\n")


def decode_bytes(content: bytes, charset: str | None) -> str:
    """Decode by byte order mark, declared charset, UTF-8, and last windows-1252, which old mainframes send undeclared.

    Raises:
        DocumentError: none of them gives text.
    """
    for mark, encoding in BYTE_ORDER_MARKS:
        if content.startswith(mark):
            return _checked(content, encoding)
    if charset is not None:
        name = _charset_name(charset)
        return _checked(content, READ_AS.get(name, name))
    try:
        return _checked(content, "utf-8")
    except DocumentError:
        return _checked(content, LEGACY)


def is_charset(charset: str) -> bool:
    """Whether Python knows it as a charset of text."""
    try:
        return bool(_charset_name(charset))
    except DocumentError:
        return False


def _charset_name(charset: str) -> str:
    """Python's name of a charset. It also knows codecs that are none (unicode_escape), or make no text (utf-7)."""
    try:
        name = codecs.lookup(charset).name
    except (LookupError, ValueError):
        name = None
    if name is None or name in NO_CHARSETS or not codecs.lookup(name)._is_text_encoding:
        raise DocumentError(RejectionReason.UNDECODABLE_TEXT, f"unknown charset: {shown(charset)}")
    return name


def _checked(content: bytes, encoding: str) -> str:
    try:
        text = content.decode(encoding)
    except (UnicodeError, LookupError) as error:
        detail = f"not {encoding}: {type(error).__name__} in {len(content)} bytes"
        raise DocumentError(RejectionReason.UNDECODABLE_TEXT, detail) from error
    controls = sum(text.count(chr(c)) for c in (*range(9), 11, *range(14, 32), 127))
    if controls > MAX_CONTROL_SHARE * len(text):
        raise DocumentError(
            RejectionReason.UNDECODABLE_TEXT, f"{controls} control characters in {len(text)} of {encoding}"
        )
    return text

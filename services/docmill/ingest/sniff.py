"""Bytes to a media type, by their first bytes, where nobody declared one. A declared type is believed."""

from docmill.ingest.media_types import DOCX, JPEG, PDF, PNG, TIFF, ZIP

MAGIC = (
    (b"%PDF-", PDF),
    (b"\xff\xd8\xff", JPEG),
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"II*\x00", TIFF),
    (b"MM\x00*", TIFF),
)
ZIP_MAGIC = b"PK\x03\x04"
WORD_PART = b"word/document"  # names of members are not compressed
OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ENCRYPTED_PACKAGE = "EncryptedPackage".encode("utf-16-le")  # the stream of an encrypted .docx, which is an OLE file


def sniff(content: bytes) -> str | None:
    """The media type that the bytes show; None where they show none, as text does."""
    start = content.lstrip(b"\xef\xbb\xbf\r\n\t \x00")[:8]  # viewers open a PDF with these before it
    for magic, media_type in MAGIC:
        if start.startswith(magic):
            return media_type
    if content.startswith(ZIP_MAGIC):
        return DOCX if WORD_PART in content else ZIP
    return DOCX if is_encrypted_office(content) else None


def is_encrypted_office(content: bytes) -> bool:
    """Whether this is an Office document behind a password. Source: [MS-OFFCRYPTO] 2.3.4."""
    return content.startswith(OLE_MAGIC) and ENCRYPTED_PACKAGE in content

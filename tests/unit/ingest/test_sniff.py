import pytest

from docmill.ingest.media_types import DOCX, JPEG, PDF, PNG, TIFF, ZIP
from docmill.ingest.sniff import sniff
from tests.unit.ingest.pdf_files import text_pdf
from tests.unit.ingest.word_files import archive, paragraph, word_file

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (text_pdf(["x"]), PDF),
        (b"\r\n" + text_pdf(["x"]), PDF),
        (b"\xef\xbb\xbf" + text_pdf(["x"]), PDF),
        (word_file(paragraph("x")), DOCX),
        (archive({"xl/workbook.xml": b""}), ZIP),
        (OLE + "EncryptedPackage".encode("utf-16-le"), DOCX),
        (OLE, None),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", JPEG),
        (b"\x89PNG\r\n\x1a\n\x00", PNG),
        (b"II*\x00\x08", TIFF),
        (b"MM\x00*\x00", TIFF),
        (b"", None),
        (b" ", None),
        (b"a letter", None),
        (b"a letter on %PDF-1.7", None),
        (b"<html>", None),
        (b"PK is my name", None),
        (b"II*", None),
        ("für".encode("utf-16"), None),
    ],
)
def test_what_the_first_bytes_show(content: bytes, media_type: str | None) -> None:
    assert sniff(content) == media_type

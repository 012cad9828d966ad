"""PDF files written by hand, object by object, so that a test can break any part of one."""

from collections.abc import Sequence

FORM_CATALOG = b"/AcroForm<</Fields[6 0 R]/DR<</Font<</F 3 0 R>>>>/DA(/F 12 Tf 0 g)>>"
FIRST_PAGE = 3  # index in the objects of `text_objects`; its content stream comes next


def text_pdf(*pages: Sequence[str]) -> bytes:
    """A page for each list of lines."""
    return pdf(text_objects(pages))


def form_pdf(value: str) -> bytes:
    """A page that asks for a policy number, with a text field that holds one."""
    objects = text_objects([["Policy number:"]], catalog=FORM_CATALOG, page=b"/Annots[6 0 R]")
    field = b"/Subtype/Widget/FT/Tx/T(policy)/V(%s)/Rect[200 765 400 785]/F 4/DA(/F 12 Tf 0 g)" % value.encode("cp1252")
    return pdf([*objects, b"<</Type/Annot%s>>" % field])


def text_objects(pages: Sequence[Sequence[str]], catalog: bytes = b"", page: bytes = b"") -> list[bytes]:
    """Catalog, page tree and font, then each page with its content; `catalog` and `page` are further entries."""
    kids = b" ".join(b"%d 0 R" % (4 + 2 * number) for number in range(len(pages)))
    objects = [
        b"<</Type/Catalog/Pages 2 0 R%s>>" % catalog,
        b"<</Type/Pages/Kids[%s]/Count %d>>" % (kids, len(pages)),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
    ]
    for number, lines in enumerate(pages):
        shown = b" ".join(b"(%s) Tj T*" % _escaped(line) for line in lines)
        objects.append(
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</Font<</F 3 0 R>>>>/Contents %d 0 R%s>>"
            % (5 + 2 * number, page)
        )
        objects.append(stream(b"BT /F 12 Tf 14 TL 72 770 Td %s ET" % shown))
    return objects


def locked_pdf() -> bytes:
    """A file that asks for a password; there is none that opens it."""
    keys = b"/O<%s>/U<%s>" % (b"41" * 32, b"42" * 32)
    encryption = b"/Encrypt<</Filter/Standard/V 2/R 3/Length 128/P -1%s>>/ID[<00><00>]" % keys
    return pdf(text_objects([["secret"]]), encryption)


def pdf(objects: Sequence[bytes], trailer: bytes = b"") -> bytes:
    """A file of these objects, numbered from 1; the first is the catalog. `trailer` are further entries."""
    file = bytearray(b"%PDF-1.7\n")
    offsets = []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(file))
        file += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = len(file)
    file += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    file += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    file += b"trailer<</Size %d/Root 1 0 R%s>>\n" % (len(objects) + 1, trailer)
    return bytes(file + b"startxref\n%d\n%%%%EOF" % table)


def stream(content: bytes, entries: bytes = b"") -> bytes:
    """A stream object."""
    return b"<</Length %d%s>>stream\n%s\nendstream" % (len(content), entries, content)


def _escaped(line: str) -> bytes:
    return line.encode("cp1252").replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")

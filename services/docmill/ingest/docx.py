"""Word (.docx): paragraphs, tables and text boxes in document order, headers and footers once (python-docx).

Does not lay out: it knows no pages, and no numbers that Word makes itself. Reads what a reader sees with all changes
accepted. Does not know what the archive cost to unpack (docx_package.py).
"""

import re
from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

import docx
from docx.document import Document
from docx.opc.exceptions import OpcError
from docx.opc.part import XmlPart
from docx.oxml.parser import parse_xml
from lxml import etree  # type: ignore[import-untyped]

from docmill.errors import DocumentError
from docmill.ingest.docx_package import unpacked
from docmill.ingest.extracted import Extracted
from docmill.ingest.limits import MIB, Budget, Limits
from docmill_schemas.reasons import RejectionReason

WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
PARAGRAPH, TABLE, ROW, CELL = f"{WORD}p", f"{WORD}tbl", f"{WORD}tr", f"{WORD}tc"
TEXT, TEXT_BOX, SECTION, SECTIONS_TITLE = f"{WORD}t", f"{WORD}txbxContent", f"{WORD}sectPr", f"{WORD}titlePg"
INLINE = {f"{WORD}tab": "\t", f"{WORD}br": "\n", f"{WORD}cr": "\n", f"{WORD}noBreakHyphen": "-"}
# Deleted or moved away, said a second time for older programs, or properties (whose tabs are tab stops).
UNSEEN = frozenset(
    {f"{WORD}{name}" for name in ("del", "moveFrom", "pPr", "rPr", "tblPr", "trPr", "tcPr", "sdtPr")}
    | {"{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"}
)
WRAPPERS = frozenset(f"{WORD}{name}" for name in ("sdt", "sdtContent", "customXml", "ins", "moveTo"))
NOTES = ("/footnotes", "/endnotes")  # last part of a relationship's type
# What python-docx and lxml raise on packages that are none of Word.
DAMAGED = (OpcError, etree.LxmlError, LookupError, ValueError, AttributeError, TypeError, RecursionError)


def docx_text(content: bytes, limits: Limits) -> Extracted:
    """Text of a Word document: a line a paragraph, the cells of a table's row side by side, tabs between them.

    Raises:
        DocumentError: it is encrypted, damaged, no Word document, or unpacks to too much.
    """
    budget = Budget(limits.max_characters)
    try:
        package = unpacked(content, limits.max_archive_mib * MIB)
        document = docx.Document(package)
        body = list(_blocks(document.element.body, budget))
        headers = _repeated(document, f"{WORD}headerReference", budget)
        notes = list(_notes(document, budget))
        footers = _repeated(document, f"{WORD}footerReference", budget)
    except DAMAGED as error:
        if isinstance(error, etree.XMLSyntaxError) and error.code == etree.ErrorTypes.ERR_NO_MEMORY:
            raise MemoryError from error
        detail = f"not a Word document, or damaged: {type(error).__name__}"
        raise DocumentError(RejectionReason.MALFORMED_DOCUMENT, detail) from error
    text = "\n".join(line.rstrip() for line in [*headers, *body, *notes, *footers])
    return Extracted(re.sub(r"\n{3,}", "\n\n", text).strip("\n"))


def _repeated(document: Document, reference: str, budget: Budget) -> list[str]:
    """Lines of the headers, or the footers, of all sections; what comes twice stands once."""
    found: dict[tuple[str, ...], None] = {}
    for section in document.element.body.iter(SECTION):
        for child in section.iterchildren(reference):
            if child.get(f"{WORD}type") == "first" and section.find(SECTIONS_TITLE) is None:
                continue  # Word keeps the first page's own header when it is switched off
            relation = document.part.rels.get(child.get(RELATION))
            if relation is not None and isinstance(part := relation.target_part, XmlPart):
                found[tuple(line for line in _blocks(part.element, budget) if line.strip())] = None
    return [line for lines in found for line in lines]


def _notes(document: Document, budget: Budget) -> Iterator[str]:
    """Lines of footnotes and endnotes."""
    for relation in document.part.rels.values():
        if relation.reltype.endswith(NOTES) and not relation.is_external:
            part = relation.target_part
            element = part.element if isinstance(part, XmlPart) else parse_xml(part.blob)
            yield from (line for line in _blocks(element, budget) if line.strip())


def _blocks(element: Any, budget: Budget) -> Iterator[str]:
    """Lines of the paragraphs and tables below an element, whatever they are wrapped in."""
    for child in element:
        if child.tag == PARAGRAPH:
            yield from _paragraph(child, budget)
        elif child.tag == TABLE:
            yield from _table(child, budget)
        elif child.tag not in UNSEEN:
            yield from _blocks(child, budget)


def _paragraph(element: Any, budget: Budget) -> Iterator[str]:
    """Its own lines, then those of the text boxes anchored in it."""
    pieces: list[str] = []
    boxes: list[Any] = []
    _read_inline(element, pieces, boxes)
    budget.spend(sum(map(len, pieces)) + 1)
    yield from "".join(pieces).split("\n")
    for box in boxes:
        yield from _blocks(box, budget)


def _read_inline(element: Any, pieces: list[str], boxes: list[Any]) -> None:
    for child in element:
        if child.tag == TEXT:
            pieces.append(child.text or "")
        elif child.tag in INLINE:
            pieces.append(INLINE[child.tag])
        elif child.tag == TEXT_BOX:
            boxes.append(child)
        elif child.tag not in UNSEEN:
            _read_inline(child, pieces, boxes)


def _table(element: Any, budget: Budget) -> Iterator[str]:
    """Rows of as many lines as their highest cell."""
    for row in _inside(element, ROW):
        cells = [[line for line in _blocks(cell, budget) if line.strip()] for cell in _inside(row, CELL)]
        budget.spend(max(map(len, cells), default=0) * len(cells))
        yield from ("\t".join(line).rstrip() for line in zip_longest(*cells, fillvalue=""))


def _inside(element: Any, tag: str) -> Iterator[Any]:
    """Rows of a table or cells of a row, those in content controls and tracked changes too."""
    for child in element:
        if child.tag == tag:
            yield child
        elif child.tag in WRAPPERS:
            yield from _inside(child, tag)

"""HTML: visible text with the page's lines and table cells kept (inscriptis).

Does not trust the page: inscriptis pads cells to a grid and indents by the page's own style, which lets a page of a
few kilobytes ask for gigabytes. Both are folded away afterwards, so here they are never made.
"""

import re
from collections.abc import Mapping
from copy import copy

from inscriptis.css_profiles import CSS_PROFILES
from inscriptis.html_engine import Inscriptis
from inscriptis.html_properties import Display
from inscriptis.model.attribute import Attribute
from inscriptis.model.canvas import Canvas
from inscriptis.model.config import ParserConfig
from inscriptis.model.html_document_state import HtmlDocumentState
from inscriptis.model.html_element import HtmlElement
from inscriptis.model.table import Table
from inscriptis.model.tag import CustomHtmlTagHandlerMapping
from inscriptis.model.tag.list_tag import li_start_handler
from lxml import etree, html  # type: ignore[import-untyped]

from docmill.errors import DocumentError
from docmill.ingest.plain import decode_bytes, is_charset
from docmill_schemas.reasons import RejectionReason

DECLARED_CHARSET = re.compile(rb"""<meta[^>]+charset\s*=\s*["']?([\w-]+)""", re.IGNORECASE)
XML_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
END_OF_PAGE = re.compile(r"</(?:html|body)\b[^<>]*>", re.IGNORECASE)  # libxml2 stops there, browsers read on
MAX_TABLE_CELLS = 2_000_000  # of all tables of a page; a cell counts once for each line of its row
MAX_MARGIN = 2  # lines; more fold into one blank line
MAX_ITEM_DIGITS = 9  # of a list item's number


def html_text(content: bytes, charset: str | None) -> str:
    """Visible text of an HTML document; runs of blanks and blank lines are folded.

    Raises:
        DocumentError: the bytes are no text, or the markup is nested or its tables grow past all measure.
    """
    if charset is None and (declared := DECLARED_CHARSET.search(content[:4096])):
        charset = declared.group(1).decode("ascii").lower()
        # A page's own word is taken where it can be true: one read as ASCII is not UTF-16 (HTML Standard, 13.2.3.2).
        if charset.startswith("utf-16") or not is_charset(charset):
            charset = None
    markup = XML_DECLARATION.sub("", decode_bytes(content, charset))
    try:
        tree = _tree(END_OF_PAGE.sub("", markup))
        text = "" if tree is None else str(Inscriptis(tree, _config()).get_text())
    except (RecursionError, ValueError, OverflowError, AssertionError) as error:
        raise DocumentError(RejectionReason.MALFORMED_DOCUMENT, f"HTML: {type(error).__name__}") from error
    lines = (re.sub(r"[^\S\n]+", " ", line).strip() for line in text.splitlines())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")


def _tree(markup: str) -> html.HtmlElement | None:
    """The page as a tree; None where it holds no element and no text.

    Raises:
        DocumentError: libxml2 gave up at one of its limits; what follows would silently be missing.
    """
    parser = html.HTMLParser()
    try:
        tree = html.document_fromstring(markup.strip(), parser=parser)
    except etree.ParserError:  # "Document is empty": nothing, or comments alone
        tree = None
    except etree.XMLSyntaxError as error:
        if error.code == etree.ErrorTypes.ERR_NO_MEMORY:
            raise MemoryError from error
        raise
    if parser.error_log.filter_types([etree.ErrorTypes.ERR_RESOURCE_LIMIT]):
        raise DocumentError(
            RejectionReason.MALFORMED_DOCUMENT, "HTML: nested more than 255 deep, or one text of more than 10 MB"
        )
    return tree


def _config() -> ParserConfig:
    """One for each page: inscriptis writes into the style of `body`, which two threads must not share."""
    css = {tag: copy(element) for tag, element in CSS_PROFILES["strict"].items()}
    css["template"] = HtmlElement(display=Display.none)
    for element in css.values():
        element.padding_inline = 0
    page = _Page()
    tags = CustomHtmlTagHandlerMapping({"table": page.start_table, "li": _start_item}, {})
    config = ParserConfig(css=css, custom_html_tag_handler_mapping=tags)
    config.attribute_handler = _Attributes()
    return config


class _Attributes(Attribute):  # type: ignore[misc]
    """Styles that a page gives its elements, without indents and with margins that do not grow; and `hidden`."""

    def apply_attributes(self, attributes: Mapping[str, str], html_element: HtmlElement) -> HtmlElement:
        element = super().apply_attributes(attributes, html_element)
        if "hidden" in attributes and "display" not in attributes.get("style", "").lower():  # a style would win
            element.display = Display.none
        element.padding_inline = 0
        element.margin_before = min(element.margin_before, MAX_MARGIN)
        element.margin_after = min(element.margin_after, MAX_MARGIN)
        return element


class _Page:
    """Counts the cells of a page over all its tables."""

    def __init__(self) -> None:
        self._cells = 0

    def start_table(self, state: HtmlDocumentState, _: Mapping[str, str]) -> None:
        """Handle `<table>` as inscriptis does, with a table of our own."""
        state.tags[-1].set_canvas(Canvas())
        state.current_table.append(_Table(self, state.config.table_cell_separator, nested=bool(state.current_table)))

    def count(self, cells: int) -> None:
        """Raises: DocumentError: that is too many."""
        self._cells += cells
        if self._cells > MAX_TABLE_CELLS:
            raise DocumentError(
                RejectionReason.TEXT_TOO_LARGE, f"HTML: tables of more than {MAX_TABLE_CELLS} cells and lines"
            )


class _Table(Table):  # type: ignore[misc]
    """Rows as inscriptis lays them out, cells side by side line by line, but without padding to a grid."""

    __slots__ = ("_nested", "_page")

    def __init__(self, page: _Page, cell_separator: str, *, nested: bool) -> None:
        super().__init__(0, cell_separator)
        self._page = page
        self._nested = nested

    def get_text(self) -> str:
        """The rows, each of as many lines as its highest cell."""
        lines = []
        for row in self.rows:
            height = max((cell.normalize_blocks() for cell in row.columns), default=0)
            self._page.count(height * len(row.columns))
            columns = []
            for cell in row.columns:
                above = (height - len(cell.blocks)) * cell.valign.value // 2
                below = height - len(cell.blocks) - above
                columns.append(("",) * above + tuple(cell.blocks) + ("",) * below)
            lines.append("\n".join(self.cell_separator.join(line) for line in zip(*columns, strict=True)))
        text = "\n".join(lines) + "\n"
        # Text right before a table would be glued to its first cell; within a cell a line more would shift its row.
        return text if self._nested else "\n" + text

    def get_annotations(self, idx: int, left_margin_len: int) -> list[object]:
        """None are asked for."""
        return []


def _start_item(state: HtmlDocumentState, attributes: Mapping[str, str]) -> None:
    """Handle `<li>` as inscriptis does, where its number is one."""
    number = attributes.get("value", "")
    li_start_handler(state, attributes if number.isdecimal() and len(number) <= MAX_ITEM_DIGITS else {})

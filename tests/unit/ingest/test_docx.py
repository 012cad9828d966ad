from dataclasses import replace
from pathlib import Path

import pytest

from docmill.errors import DocumentError
from docmill.ingest.docx import docx_text
from docmill.ingest.limits import DEFAULT_LIMITS
from docmill_schemas.reasons import RejectionReason
from tests.unit.ingest.word_files import archive, members, paragraph, root, table, word_file

DAMAGED = RejectionReason.MALFORMED_DOCUMENT


def text_of(body: str, **further: dict[str, str]) -> str:
    return docx_text(word_file(body, **further), DEFAULT_LIMITS).text


def refused(content: bytes, **limits: int) -> DocumentError:
    with pytest.raises(DocumentError) as caught:
        docx_text(content, replace(DEFAULT_LIMITS, **limits))
    return caught.value


def test_paragraphs_and_tables_in_their_order() -> None:
    cells = ("Roof", "£3,870.00"), ("Glass", "")
    rows = table(*(tuple(paragraph(cell) for cell in row) for row in cells))
    assert text_of(paragraph("before") + rows + paragraph("after")) == "before\nRoof\t£3,870.00\nGlass\nafter"


def test_cells_of_several_lines_stand_side_by_side() -> None:
    address = paragraph("Acme") + paragraph("1 High St") + paragraph("")
    assert text_of(table((address, paragraph("3 May 2024")))) == "Acme\t3 May 2024\n1 High St"


def test_a_table_in_a_table() -> None:
    inner = table((paragraph("a"), paragraph("b")))
    assert text_of(table((inner + paragraph(""), paragraph("c")))) == "a\tb\tc"


def test_what_stands_in_a_run() -> None:
    run = "<w:t>a</w:t><w:tab/><w:t>b</w:t><w:br/><w:t>c</w:t><w:noBreakHyphen/><w:t>d</w:t><w:cr/><w:t>e</w:t>"
    assert text_of(f"<w:p><w:r>{run}</w:r></w:p>") == "a\tb\nc-d\ne"


@pytest.mark.parametrize(
    "wrapped",
    [
        "<w:sdt><w:sdtPr><w:tab/></w:sdtPr><w:sdtContent>{}</w:sdtContent></w:sdt>",
        "<w:customXml>{}</w:customXml>",
        "<w:sdt><w:sdtContent><w:sdt><w:sdtContent>{}</w:sdtContent></w:sdt></w:sdtContent></w:sdt>",
    ],
)
def test_content_controls_hold_text_at_every_level(wrapped: str) -> None:
    """python-docx's own text leaves all of these out, and forms are made of them."""
    block, run = paragraph("x"), "<w:r><w:t>x</w:t></w:r>"
    cell = f"<w:tc>{block}</w:tc>"
    row = f"<w:tr>{cell}</w:tr>"
    assert text_of(wrapped.format(block)) == "x"
    assert text_of(f"<w:p>{wrapped.format(run)}</w:p>") == "x"
    assert text_of(f"<w:tbl>{wrapped.format(row)}</w:tbl>") == "x"
    assert text_of(f"<w:tbl><w:tr>{wrapped.format(cell)}</w:tr></w:tbl>") == "x"


def test_tracked_changes_count_as_accepted() -> None:
    old = "<w:del><w:r><w:delText>old</w:delText></w:r></w:del><w:moveFrom><w:r><w:t>away</w:t></w:r></w:moveFrom>"
    new = "<w:ins><w:r><w:t>new</w:t></w:r></w:ins><w:hyperlink><w:r><w:t>link</w:t></w:r></w:hyperlink>"
    assert text_of(f"<w:p>{old}{new}</w:p>") == "newlink"


def test_field_codes_are_not_text_but_their_results_are() -> None:
    field = "<w:r><w:instrText>DATE</w:instrText></w:r><w:fldSimple><w:r><w:t>3 May</w:t></w:r></w:fldSimple>"
    assert text_of(f"<w:p>{field}</w:p>") == "3 May"


def test_a_text_box_is_read_once_after_its_paragraph() -> None:
    box = f"<w:txbxContent>{paragraph('boxed')}</w:txbxContent>"
    twice = f"<mc:AlternateContent><mc:Choice>{box}</mc:Choice><mc:Fallback>{box}</mc:Fallback></mc:AlternateContent>"
    assert text_of(f"<w:p><w:r>{twice}<w:t>around</w:t></w:r></w:p>") == "around\nboxed"
    assert text_of(f"<w:p><w:r><w:pict>{box}</w:pict></w:r></w:p>") == "boxed"


def section(*references: str, title: str = "") -> str:
    return f"<w:sectPr>{''.join(references)}{title}</w:sectPr>"


def test_headers_and_footers_stand_once_however_many_sections_repeat_them() -> None:
    references = (
        '<w:headerReference w:type="default" r:id="header1"/>',
        '<w:footerReference w:type="default" r:id="footer1"/>',
    )
    parts = {"header1": paragraph("Acme") + paragraph(" "), "footer1": table((paragraph("page"), paragraph("of")))}
    first = f"<w:p><w:pPr>{section(*references)}</w:pPr><w:r><w:t>body</w:t></w:r></w:p>"
    again = '<w:headerReference w:type="default" r:id="header2"/>'
    text = text_of(first + section(again), parts={**parts, "header2": parts["header1"]})
    assert text == "Acme\nbody\npage\tof"


@pytest.mark.parametrize(("title", "text"), [("", "body"), ("<w:titlePg/>", "Dear\nbody")])
def test_the_first_pages_header_counts_where_it_is_switched_on(title: str, text: str) -> None:
    reference = '<w:headerReference w:type="first" r:id="header1"/>'
    assert text_of(paragraph("body") + section(reference, title=title), parts={"header1": paragraph("Dear")}) == text


def test_notes_come_after_the_body() -> None:
    notes = f"<w:footnote>{paragraph('')}</w:footnote><w:footnote>{paragraph('as amended')}</w:footnote>"
    assert text_of(paragraph("body"), parts={"footnotes": notes}) == "body\nas amended"


def test_relations_to_parts_that_are_not_there_cost_nothing() -> None:
    """Word opens these, python-docx alone does not."""
    body = paragraph("body") + section('<w:headerReference w:type="default" r:id="gone"/>')
    assert text_of(body, relations={"rId7": "NULL", "gone": "../header9.xml"}) == "body"


def test_blank_lines_are_folded() -> None:
    assert text_of(paragraph("a") + paragraph("") * 5 + paragraph("b ")) == "a\n\nb"


def with_document(xml: str) -> bytes:
    return archive(members("", {}, {}) | {"word/document.xml": xml.encode()})


def test_a_file_of_the_machine_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("Zyxwvut")
    entity = f'<!DOCTYPE a [<!ENTITY a SYSTEM "{(tmp_path / "secret").as_uri()}">]>'
    body = f"<w:body>{paragraph('&a;') + paragraph('seen')}</w:body>"
    assert docx_text(with_document(root("document", body, entity)), DEFAULT_LIMITS).text == "seen"


def test_entities_that_grow_are_refused() -> None:
    laughs = "".join(f'<!ENTITY {chr(98 + i)} "{f"&{chr(97 + i)};" * 10}">' for i in range(9))
    entities = f'<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">{laughs}]>'
    body = f"<w:body>{paragraph('&j;')}</w:body>"
    assert refused(with_document(root("document", body, entities))).reason is DAMAGED


@pytest.mark.parametrize("part", ["[Content_Types].xml", "_rels/.rels", "word/document.xml"])
@pytest.mark.parametrize("content", [None, b"", b"<", b"<a/>", b"\xff\x00"])
def test_parts_missing_or_damaged(part: str, content: bytes | None) -> None:
    parts = members(paragraph("Zyxwvut"), {}, {})
    if content is None:
        del parts[part]
    else:
        parts[part] = content
    error = refused(archive(parts))
    assert error.reason is DAMAGED
    assert "Zyxwvut" not in error.detail


def test_no_word_document() -> None:
    parts = members(paragraph("x"), {}, {})
    parts["[Content_Types].xml"] = parts["[Content_Types].xml"].replace(b"wordprocessingml", b"spreadsheetml")
    assert refused(archive(parts)).reason is DAMAGED


def test_markup_nested_past_all_measure() -> None:
    deep = "<w:tbl><w:tr><w:tc>" * 5000 + "</w:tc></w:tr></w:tbl>" * 5000
    assert refused(word_file(deep)).reason is DAMAGED
    nested = "<w:tbl><w:tr><w:tc>" * 80 + paragraph("x") + "</w:tc></w:tr></w:tbl>" * 80
    assert text_of(nested) == "x"


def test_text_is_counted_as_it_grows() -> None:
    body = paragraph("12345") * 3
    assert refused(word_file(body), max_characters=17).reason is RejectionReason.TEXT_TOO_LARGE
    assert len(docx_text(word_file(body), replace(DEFAULT_LIMITS, max_characters=18)).text) == 17


def test_a_row_that_would_be_mostly_tabs_is_too_much() -> None:
    row = (paragraph("x") * 2000, *[""] * 2000)
    assert refused(word_file(table(row))).reason is RejectionReason.TEXT_TOO_LARGE

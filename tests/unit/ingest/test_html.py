import os
import time
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inscriptis import get_text
from inscriptis.css_profiles import CSS_PROFILES
from inscriptis.model.config import ParserConfig

from docmill.errors import DocumentError
from docmill.ingest import extract, html
from docmill.ingest.html import END_OF_PAGE, html_text
from docmill.ingest.limits import DEFAULT_LIMITS
from docmill_schemas.reasons import RejectionReason

SECRET = "Zyxwvut"  # stands in every bad document; no detail may hold it


def text_of(markup: str) -> str:
    return html_text(markup.encode(), None)


def text_or_error(content: bytes) -> str | DocumentError:
    try:
        return html_text(content, None)
    except DocumentError as error:
        return error


def refused(markup: str, reason: RejectionReason = RejectionReason.MALFORMED_DOCUMENT) -> DocumentError:
    with pytest.raises(DocumentError) as caught:
        text_of(markup)
    assert caught.value.reason is reason
    assert SECRET not in caught.value.detail
    return caught.value


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<p>one</p><p>two<br>three</p>", "one\n\ntwo\nthree"),
        ("a   b\n\t c", "a b c"),
        ("<div>a</div><div>b</div>", "a\nb"),
        ("a<!-- no -->b", "ab"),
        ("<ul><li>a<li>b</ul><ol><li>c<li>d</ol>", "* a\n* b\n1. c\n2. d"),
        ("<ol><li value=7>a<li>b</ol>", "7. a\n8. b"),
        ("<pre>a\n  b</pre>", "a\nb"),
        ("<p>shown<p style='display:none'>hidden", "shown"),
        ("<p>shown<p hidden>hidden<b>too</b></p><p>shown", "shown\n\nshown"),
        ("<p hidden style='Display: block'>shown", "shown"),
        ("<table><tr><td>shown<td hidden>hidden</table>", "shown"),
        ("<p>shown</p><template><p>hidden</p></template>", "shown"),
        ("<p>a</p>" + "<br>" * 9 + "<p>b", "a\n\nb"),
        ("<p style='margin-top:90em'>a<p style='margin-top:90em'>b", "a\n\nb"),
        ("<img alt='no'><a href='no'>yes</a>", "yes"),
    ],
)
def test_what_a_reader_sees(markup: str, text: str) -> None:
    assert text_of(markup) == text


def test_scripts_styles_and_titles_are_not_seen() -> None:
    head = "<head><title>t</title><style>p{}</style></head>"
    assert text_of(f"<html>{head}<body><script>var x = '<p>s</p>'</script>seen<style>q</style></body></html>") == "seen"


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<tr><td>a<td>b<tr><td>ccc<td>d", "a b\nccc d"),
        ("<tr><th>Item<th>Price<tr><td>Tea<td align=right>4.50", "Item Price\nTea 4.50"),
        ("<tr><td>a<br>b<td valign=top>c", "a c\nb"),
        ("<tr><td>a<br>b<td valign=bottom>c", "a\nb c"),
        ("<tr><td>a<br>b<br>d<td>c", "a\nb c\nd"),
        ("<tr><td>a<td><td>c", "a c"),
        ("<tr><td><table><tr><td>a<td>b<tr><td>c</table><td valign=top>d", "a b d\nc"),
        ("<tr></tr><tr><td>a", "a"),
        ("<caption>cap</caption><tr><td>a", "cap\n\na"),
    ],
)
def test_cells_of_a_row_stand_in_a_line(markup: str, text: str) -> None:
    assert text_of(f"<table>{markup}</table>") == text


def test_entities_are_characters() -> None:
    assert (
        text_of("&euro;5 &lt;b&gt; &#8217; &#x1D518; &amp; AT&T &nosuch; a&nbsp;b") == "€5 <b> ’ 𝔘 & AT&T &nosuch; a b"
    )
    assert text_of("a &#xD800; &#0; &#99999999999; b") == "a \ufffd \ufffd \ufffd b"


@pytest.mark.parametrize(
    "meta",
    [
        "<meta charset=windows-1252>",
        "<META CHARSET='Windows-1252'>",
        '<meta http-equiv="Content-Type" content="text/html; charset=windows-1252">',
    ],
)
def test_the_page_may_declare_its_charset(meta: str) -> None:
    content = (meta + "<p>“Grüße”, 5 €").encode("windows-1252")
    assert html_text(content, None) == "“Grüße”, 5 €"
    with pytest.raises(DocumentError):
        html_text(content, "utf-8")  # what the record declares comes first


@pytest.mark.parametrize("meta", ["<meta charset=utf-16>", "<meta charset='UTF-16LE'>"])
def test_a_declaration_that_was_read_as_ascii_is_not_utf_16(meta: str) -> None:
    assert text_of(f"{meta}<p>Grüße!!") == text_of(f"{meta} <p>Grüße!!") == "Grüße!!"  # odd and even lengths


@pytest.mark.parametrize("charset", ["no-such", "unicode_escape", "utf-7"])
def test_a_declaration_of_no_charset_at_all_is_passed_over(charset: str) -> None:
    assert text_of(f"<meta charset={charset}><p>Grüße") == "Grüße"


def test_a_million_unfinished_end_tags_cost_no_time() -> None:
    """Quadratic, this would take minutes and hold the event loop's heartbeats up."""
    assert END_OF_PAGE.sub("", "</html" * 200_000) == "</html" * 200_000


def test_bytes_that_are_no_text() -> None:
    refused(f"<p>{SECRET}\0\1\2\3", RejectionReason.UNDECODABLE_TEXT)


@pytest.mark.parametrize("before", ["", "\n ", "\ufeff"])
@pytest.mark.parametrize("encoding", ["UTF-8", "iso-8859-1"])
def test_an_xml_declaration_is_passed_over(before: str, encoding: str) -> None:
    page = f'{before}<?xml version="1.0" encoding="{encoding}"?><!DOCTYPE html><html><body><p>Grüße</p></body></html>'
    assert text_of(page) == "Grüße"


@pytest.mark.parametrize(
    ("markup", "lines"),
    [
        ("<html><body><p>mail</p></body></html>disclaimer", ["mail", "disclaimer"]),
        ("<p>mail</body >\n</HTML\n> <p>disclaimer", ["mail", "disclaimer"]),
        (
            "<html><body>page 1</body></html>\n<!DOCTYPE html><html><head><title>t</title></head><body><p>page 2",
            ["page 1", "page 2"],
        ),
    ],
)
def test_text_after_the_end_of_the_page_is_not_lost(markup: str, lines: list[str]) -> None:
    assert [line for line in text_of(markup).split("\n") if line] == lines


@pytest.mark.parametrize(
    "markup",
    [
        "",
        " \n",
        "<!-- only -->",
        "<!-- only",
        "<!DOCTYPE html>",
        "</p>",
        "<html></html>",
        "<?php 1 ?>",
        "<table></table>",
    ],
)
def test_pages_without_text(markup: str) -> None:
    assert text_of(markup).strip() == ""
    with pytest.raises(DocumentError) as caught:
        extract(markup.encode(), "text/html", None, DEFAULT_LIMITS)
    assert caught.value.reason is RejectionReason.NO_TEXT


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<<<<>>>>", "<<<<>>>>"),
        ("<p>a<b>b<i>c</b>d</i></p></div></html>e", "abcd\n\ne"),
        ("a<p", "a"),
        ("<td>a</td></table></ul></ol></li>b", "ab"),
        ("<p class='a>b", ""),
        ("no markup, 2 < 3", "no markup, 2 < 3"),
        ("<p style='margin-top:abc;padding-left:1.2.3em;display;:;x:y'>a", "a"),
        ("<table><tr><td colspan=99999999>a", "a"),
        ("<ol><li value=²>a<li value=x>b", "1. a\n2. b"),
    ],
)
def test_malformed_markup_is_read_as_far_as_it_goes(markup: str, text: str) -> None:
    assert text_of(markup) == text


def test_255_levels_are_read() -> None:
    # html and body are two of them
    assert text_of("<div>" * 252 + "deep" + "</div>" * 252 + "after") == "deep\nafter"


@pytest.mark.parametrize("levels", [256, 1_000, 50_000])
@pytest.mark.parametrize("tag", ["<div>", "<b>", "<ul><li>", "<table><tr><td>", "<blockquote>"])
def test_deeper_nesting_is_refused_not_cut_off(levels: int, tag: str) -> None:
    error = refused(f"<p>before</p>{tag * levels}{SECRET}")
    assert "nested more than 255 deep" in error.detail


def test_a_huge_attribute_is_passed_over() -> None:
    assert text_of(f'<p title="{"a" * 3_000_000}">seen</p>') == "seen"
    assert "10 MB" in refused(f'<p title="{"a" * 12_000_000}">{SECRET}</p>').detail


@pytest.mark.parametrize(
    "style",
    [f"margin-top:{'9' * 400}px", "style:" * 5_000],
)
def test_styles_that_break_inscriptis(style: str) -> None:
    assert "HTML: " in refused(f'<p style="{style}">{SECRET}').detail


@pytest.mark.parametrize(
    "markup",
    [
        "<table><tr><td>" + "x" * 100_000 + "</td></tr>" + "<tr><td>y</td></tr>" * 20_000,  # 2 GB if it were padded
        "<table><tr>" + "<td>y" * 5_000 + "<tr><td>a" * 5_000,  # 25 million cells if it were a grid
        "<p style='margin-top:99999em'>x" * 20_000,
        "<div style='padding-left:9999em'>" * 200 + "<p>x" * 5_000,
        "<ol><li value=" + "9" * 4_000 + ">x" + "<li>x" * 50_000,
    ],
    ids=["wide cell", "ragged rows", "margins", "indents", "item number"],
)
def test_a_page_cannot_ask_for_much_more_than_it_holds(markup: str) -> None:
    started = time.process_time()
    assert len(text_of(markup)) < 2 * len(markup)
    assert time.process_time() - started < 20  # one or two, on a busy machine


def test_a_row_of_many_cells_and_many_lines_is_refused() -> None:
    row = "<table><tr>" + "<td>y" * 5_000 + "<td>" + "<br>" * 5_000 + SECRET
    assert str(html.MAX_TABLE_CELLS) in refused(row, RejectionReason.TEXT_TOO_LARGE).detail


def test_cells_are_counted_over_all_tables_of_one_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(html, "MAX_TABLE_CELLS", 10)
    table = "<table><tr><td>a<td>b<br>c</table>"  # two cells of two lines
    assert text_of(table * 2) == text_of(table * 2) != ""
    refused(table * 3, RejectionReason.TEXT_TOO_LARGE)


TAGS = ["p", "div", "td", "tr", "table", "th", "ul", "ol", "li", "b", "br", "pre", "h1", "body", "head", "script", "q"]
STYLES = ["", " valign=top", " valign=bottom", " align=right", " value=7", ' style="padding-left:3em"']
STYLES += [' style="display:none"', ' style="white-space:pre"', ' style="margin-top:2em"']
WORDS = [
    "a",
    "bb b",
    " ",
    "\n",
    "longer words",
    "&nbsp;",
    "&amp;lt;",
    "&#13;",
    "<!-- c -->",
    "é",
    "<",
    ">",
    '"',
    "\x00",
]
MARKUP = st.lists(
    st.one_of(
        st.sampled_from([f"<{tag}{style}>" for tag in TAGS for style in STYLES]),
        st.sampled_from([f"</{tag}>" for tag in TAGS]),
        st.sampled_from(WORDS),
    ),
    max_size=25,
).map("".join)


@pytest.mark.parametrize(
    "markup",
    [
        "Amount<table><tr><td><ol><li>500 EUR</ol></table>",
        "Amount<table><tr><td>500 EUR</table>",
        "<p>Amount<table><tr><td><ul>500 EUR</ul></table>",
    ],
)
def test_text_before_a_table_is_not_glued_to_it(markup: str) -> None:
    assert text_of(markup).split()[0] == "Amount"


@given(MARKUP)
def test_without_padding_a_page_reads_as_inscriptis_reads_it(markup: str) -> None:
    """Character by character: inscriptis' padding keeps some words apart, and glues others to the table after them."""
    markup = markup.replace("\x00", "")
    config = ParserConfig(css=CSS_PROFILES["strict"].copy())
    theirs = get_text(markup.replace("</body>", ""), config)
    assert "".join(text_of(markup).split()) == "".join(theirs.split())


@given(st.one_of(MARKUP, st.text(max_size=60), st.text(alphabet="<>/!-?[]&#;='\" atdblp", max_size=60)))
def test_nothing_but_document_errors_is_raised(markup: str) -> None:
    text = text_or_error(markup.encode())
    if isinstance(text, str):
        assert "\r" not in text
        assert not any(line == "" == other for line, other in pairwise(text.split("\n")[1:]))


@given(st.binary(max_size=80))
def test_nothing_but_document_errors_is_raised_of_bytes(content: bytes) -> None:
    error = text_or_error(b"<p>" + content)
    if isinstance(error, DocumentError):
        assert error.reason in {RejectionReason.UNDECODABLE_TEXT, RejectionReason.MALFORMED_DOCUMENT}


def test_nothing_of_a_page_stays_in_the_styles_that_threads_share() -> None:
    # inscriptis writes each page through the style of `body`; shared, one thread's page ends up in another's.
    body = CSS_PROFILES["strict"]["body"]
    body.set_canvas(None)
    assert text_of("<p>a") == "a"
    assert body.canvas is None


@pytest.mark.data
def test_a_filing_of_the_sec() -> None:
    if "DOCMILL_DATA" not in os.environ:
        pytest.skip("DOCMILL_DATA is not set: no filing to read")
    path = Path(os.environ["DOCMILL_DATA"]) / "files" / "filing-10k.html"
    if not path.exists():
        pytest.skip(f"{path} is not there")
    text = extract(path.read_bytes(), "text/html", None, DEFAULT_LIMITS).text
    lines = text.split("\n")
    assert "Galaxy Gaming, Inc." in lines
    assert "Nevada 20-8143439" in lines  # two cells of one row
    assert "Item 7A. Quantitative and Qualitative Disclosures about Market Risk 14" in lines
    assert "Registrant’s telephone number" in text
    assert "$70,923,698." in text
    assert not any(markup in text for markup in ("<", "&nbsp", "\u00a0", "{", "display:"))
    assert 4_000 < len(text) < 4_200

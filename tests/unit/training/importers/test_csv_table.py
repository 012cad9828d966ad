import csv
import io
from pathlib import Path

import pytest

from docmill.errors import ConfigurationError
from docmill.training.importers.csv_table import Columns, import_csv
from docmill.training.importers.imported import Imported
from docmill.training.row import LabelledRow, RowEntity

SPANS = Columns(id="no", spans="spans", fields=("total",))


def table(*rows: tuple[str, ...], delimiter: str = ",", ends: str = "\r\n") -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter, lineterminator=ends).writerows(rows)
    return out.getvalue().encode()


def imported(folder: Path, content: bytes, columns: Columns | None = None, delimiter: str = ",") -> Imported:
    (folder / "labelled.csv").write_bytes(content)
    return import_csv(folder / "labelled.csv", columns or Columns(), delimiter)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_rows_go_round(tmp_path: Path, delimiter: str, ends: str) -> None:
    texts = ['plain, "quoted"; and\ttabbed | text', "two\nlines\n\nand a third", "é 💩"]
    spans = ['[{"label": "party", "start": 0, "end": 5}]', '[[0, 3, "party"]]', ""]
    rows = [(str(n), text, "a", span, "4.00") for n, (text, span) in enumerate(zip(texts, spans, strict=True))]
    content = table(("no", "text", "label", "spans", "total"), *rows, delimiter=delimiter, ends=ends)
    found = imported(tmp_path, content, SPANS, delimiter)
    assert found.skipped == []
    assert [(r.id, r.text, r.label, r.fields) for r in found.rows] == [
        (str(n), text, "a", {"total": "4.00"}) for n, text in enumerate(texts)
    ]
    assert [r.entities for r in found.rows] == [
        (RowEntity(label="party", start=0, end=5, text="plain"),),
        (RowEntity(label="party", start=0, end=3, text="two"),),
        (),
    ]


def test_without_an_id_column_rows_are_named_after_the_file(tmp_path: Path) -> None:
    found = imported(tmp_path, table(("label", "text", "further"), ("a", "x", ""), (" ", "y", "")))
    assert found.rows == [
        LabelledRow(id="labelled-000001", text="x", label="a"),
        LabelledRow(id="labelled-000002", text="y"),
    ]


def test_other_names_of_columns_and_no_label(tmp_path: Path) -> None:
    content = table(("Body", "Type"), ("x", "a"))
    assert imported(tmp_path, content, Columns(text="Body", label="Type")).rows[0].label == "a"
    assert imported(tmp_path, content, Columns(text="Body", label=None)).rows[0].label is None


def test_a_byte_order_mark_as_a_spreadsheet_writes_it(tmp_path: Path) -> None:
    assert imported(tmp_path, b"\xef\xbb\xbf" + table(("text", "label"), ("x", "a"))).rows[0].text == "x"


def test_a_text_longer_than_the_csv_modules_limit(tmp_path: Path) -> None:
    before = csv.field_size_limit()
    assert len(imported(tmp_path, table(("text", "label"), ("x" * 300_000, "a"))).rows[0].text) == 300_000
    assert csv.field_size_limit() == before


def test_a_span_counted_in_a_cell_of_several_lines(tmp_path: Path) -> None:
    content = table(("text", "label", "spans"), ("by\r\nAnn", "a", '[{"label": "party", "start": 4, "end": 7}]'))
    (row,) = imported(tmp_path, content, Columns(spans="spans")).rows
    assert (row.text, row.entities) == ("by\nAnn", (RowEntity(label="party", start=3, end=6, text="Ann"),))


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        (("1", "secret", "a", "", ""), "2 cells"),
        (("1", " ", "a", ""), "the text has no letter or digit"),
        (("", "secret", "a", ""), "id: String should have at least 1 character"),
        (("1", "secret", "a", "secret"), "the spans are no JSON"),
        (("1", "secret", "a", "[" * 100_000), "the spans are no JSON"),
        (("1", "secret", "a", '{"label": "secret"}'), "the spans are no list"),
        (("1", "secret", "a", "[7]"), "entities.0: Input should be"),
        (("1", "secret", "a", '[[0, "secret", "x"]]'), "entities.0.end: Input should be a valid integer"),
        (("1", "secret", "a", '[[0, 1, 2, "secret"]]'), "entities.0: Input should be"),
        (("1", "secret", "a", '[[0, 99, "x"]]'), "1 of 1 spans"),
        (("0", "secret", "a", ""), "an earlier document has the same id"),
    ],
)
def test_a_row_that_cannot_be_used_is_skipped_with_its_line_and_never_quoted(
    tmp_path: Path, cells: tuple[str, ...], why: str
) -> None:
    first, last = ("0", "two\nlines", "a", ""), ("2", "x", "b", "")
    content = table(("no", "text", "label", "spans"), first, cells, last)
    found = imported(tmp_path, content, Columns(id="no", spans="spans"))
    assert [r.id for r in found.rows] == ["0", "2"]
    (skipped,) = found.skipped
    assert skipped.where == "line 4"  # the header and a row of two lines stand before it
    assert why.replace("2 cells", "5 cells, where the header has 4") in skipped.why
    assert "secret" not in skipped.why


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"has no column text, label; its columns are none"),
        (b"Body;Type\nx;a\n", r"has no column text, label; its columns are Body;Type\. .*--delimiter"),
        (b"text\nx\n", r"has no column label; its columns are text\. Name them with --text-column, --label-column"),
        (b'text,label\n"x" y,a\n', r"labelled\.csv, line 2: no CSV .*Quote texts"),
        (b'text,label\n"x,a\n', r"no CSV .*unexpected end of data"),
        (b"text,label\n\xff,a\n", r"labelled\.csv, line 2: not UTF-8"),
    ],
)
def test_a_file_that_is_none(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        imported(tmp_path, content)


def test_empty_lines_are_passed_over(tmp_path: Path) -> None:
    assert len(imported(tmp_path, b"text,label\n\nx,a\n\n\ny,b\n").rows) == 2

import gzip
from pathlib import Path

import pytest

from docmill.errors import ConfigurationError
from docmill.training.importers.imported import Imported, Skipped, clean_label, read_text, write_rows
from docmill.training.row import LabelledRow, RowEntity, read_rows


def test_an_id_is_taken_once() -> None:
    imported = Imported()
    for where in ("line 1", "line 2"):
        imported.add(LabelledRow(id="a", text=where), where)
    assert [row.text for row in imported.rows] == ["line 1"]
    assert imported.skipped == [Skipped("line 2", "an earlier document has the same id")]


def test_notes_count_and_nothing_is_no_note() -> None:
    imported = Imported()
    imported.note("mended")
    imported.note("mended", 2)
    imported.note("never", 0)
    assert imported.notes == {"mended": 3}


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_text_is_utf_8_with_or_without_a_mark_packed_or_not(tmp_path: Path, mark: bytes) -> None:
    (tmp_path / "a.csv").write_bytes(mark + "é\r\n".encode())
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(mark + "é\r\n".encode()))
    assert read_text(tmp_path / "a.csv") == read_text(tmp_path / "a.csv.gz") == "é\r\n"


def test_other_encodings_are_named_with_their_line(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes("gut\nfür\n".encode("latin-1"))
    with pytest.raises(ConfigurationError, match=r"a\.csv, line 2: not UTF-8\. Export it as UTF-8"):
        read_text(tmp_path / "a.csv")


@pytest.mark.parametrize("name", ["none.csv", "broken.csv.gz", "."])
def test_what_cannot_be_read(tmp_path: Path, name: str) -> None:
    (tmp_path / "broken.csv.gz").write_bytes(b"no gzip")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_text(tmp_path / name)


@pytest.mark.parametrize(("label", "clean"), [(None, None), ("", None), (" \n", None), (" a b ", "a b")])
def test_labels(label: str | None, clean: str | None) -> None:
    assert clean_label(label) == clean


def test_what_is_written_can_be_read(tmp_path: Path) -> None:
    entities = (RowEntity(label="party", start=0, end=3, text="Ann"),)
    rows = [
        LabelledRow(id="1", text="Ann\u2028é 💩", label="a", entities=entities, fields={"party": ["Ann"], "n": 1.5}),
        LabelledRow(id="2", text="x"),
    ]
    path = tmp_path / "claims" / "train.jsonl"
    write_rows(path, rows)
    assert list(read_rows(path)) == rows
    assert [p.name for p in path.parent.iterdir()] == ["train.jsonl"]


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "claims").write_text("a file")
    with pytest.raises(ConfigurationError, match="cannot be written"):
        write_rows(tmp_path / "claims" / "train.jsonl", [])

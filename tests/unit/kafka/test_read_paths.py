"""Which documents lie under a path, and what is read of them."""

import json
import os
from pathlib import Path

import pytest

from docmill.kafka.read_paths import (
    SourceDocument,
    Unreadable,
    count_documents,
    list_files,
    media_type_of,
    read_documents,
    read_row,
)
from docmill_schemas.events import DocumentReceived


def write(path: Path, content: bytes = b"x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_a_folder_is_listed_sorted_and_without_hidden_files(tmp_path: Path) -> None:
    folder = tmp_path / "mail"
    for name in ("b.txt", "a/z.txt", "a/.secret", ".git/config", "c/deep/er.html", ".hidden.txt", "rows.jsonl"):
        write(folder / name)
    listing = list_files([folder])
    assert [file.document_id for file in listing.files] == ["mail/a/z.txt", "mail/b.txt", "mail/c/deep/er.html"]
    assert listing.passed_over == (folder / "rows.jsonl",)


def test_a_file_is_named_by_itself_and_taken_even_if_hidden(tmp_path: Path) -> None:
    files = [write(tmp_path / ".hidden.txt"), write(tmp_path / "rows.jsonl"), write(tmp_path / "a.txt")]
    listing = list_files(files)
    assert [file.document_id for file in listing.files] == [".hidden.txt", "rows.jsonl", "a.txt"]
    assert not listing.passed_over


def test_the_working_directory_has_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "mail" / "a.txt")
    monkeypatch.chdir(tmp_path / "mail")
    assert [file.document_id for file in list_files([Path()]).files] == ["mail/a.txt"]
    assert [file.document_id for file in list_files([Path("a.txt")]).files] == ["a.txt"]


def test_links_to_folders_are_not_followed_and_what_is_no_file_is_left_out(tmp_path: Path) -> None:
    folder = tmp_path / "mail"
    write(folder / "a.txt")
    (folder / "loop").symlink_to(folder)
    (folder / "dangling.txt").symlink_to(tmp_path / "nowhere")
    os.mkfifo(folder / "pipe.txt")
    listing = list_files([folder])
    assert [file.document_id for file in listing.files] == ["mail/a.txt"]
    assert [file.document_id for file in listing.dangling] == ["mail/dangling.txt"]


def test_a_name_that_is_no_utf_8_can_be_sent(tmp_path: Path) -> None:
    try:
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.txt")).write_bytes(b"x")
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    [file] = list_files([tmp_path]).files
    assert file.document_id.encode().decode().endswith("/\ufffd.txt")


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("a.txt", "text/plain"),
        ("A.TXT", "text/plain"),
        ("a.html", "text/html"),
        ("a.htm", "text/html"),
        ("a.pdf", "application/pdf"),
        ("a.DOCX", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("a.eml", "message/rfc822"),
        *((f"a.{jpeg}", "image/jpeg") for jpeg in ("jpg", "jpeg")),
        ("a.png", "image/png"),
        *((f"a.{tiff}", "image/tiff") for tiff in ("tif", "tiff")),
        ("a.txt.gz", "application/octet-stream"),
        ("a", "application/octet-stream"),
        ("a.unheard-of", "application/octet-stream"),
    ],
)
def test_media_types(name: str, media_type: str) -> None:
    assert media_type_of(Path(name)) == media_type


def test_of_a_text_row_nothing_but_its_text_is_sent() -> None:
    row = {"id": "r", "text": "grüße", "label": "secret", "entities": [1], "document_id": "other"}
    assert read_row(json.dumps(row).encode(), "f:1") == SourceDocument(
        "r", "grüße".encode(), "text/plain; charset=utf-8"
    )
    assert isinstance(read_row(b'{"id": 17, "text": "x"}', "f:1"), SourceDocument)
    assert read_row(b'{"id": 17, "text": "x"}', "f:1").document_id == "17"
    assert read_row(b'{"id": "", "text": "x"}', "f:1").document_id == "f:1"


@pytest.mark.parametrize(
    ("row", "document_id"),
    [
        ({"text": "x"}, "f:1"),
        ({"text": "x", "document_id": "d", "tenant": "t"}, "d"),
        ({"base64": "eA==", "media_type": "text/plain", "label": "secret"}, "f:1"),
    ],
)
def test_an_event_row_is_sent_as_such_without_strange_keys(row: dict[str, str], document_id: str) -> None:
    document = read_row(json.dumps(row).encode(), "f:1")
    assert isinstance(document, SourceDocument)
    assert (document.document_id, document.content_type) == (document_id, "application/json")
    assert DocumentReceived.model_validate_json(document.content) == DocumentReceived.model_validate(row)
    assert b"secret" not in document.content


@pytest.mark.parametrize(
    "line",
    [
        b"not json",
        b"[1]",
        b"\xff",
        b"{}",
        b'{"id": "a"}',
        b'{"id": ["a"], "text": "x"}',
        b'{"id": "a", "text": null}',
        b'{"id": "a", "text": "\\ud800"}',
        b'{"base64": "eA=="}',
        b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    ],
)
def test_a_row_that_is_no_document_says_why(line: bytes) -> None:
    row = read_row(line, "rows.jsonl:3")
    assert isinstance(row, Unreadable)
    assert row.document_id == "rows.jsonl:3"
    assert row.problem


def test_documents_are_read_in_order_and_a_bad_one_does_not_stop_the_rest(tmp_path: Path) -> None:
    rows = b'\xef\xbb\xbf{"id": "1", "text": "a"}\r\n\n  \nbad\n{"text": "b"}'
    files = list_files([write(tmp_path / "rows.jsonl", rows), write(tmp_path / "c.html", b"<p>")]).files
    gone = list_files([tmp_path / "gone.txt"]).files
    documents = list(read_documents([*files, *gone]))
    assert [document.document_id for document in documents] == [
        "1",
        "rows.jsonl:4",
        "rows.jsonl:5",
        "c.html",
        "gone.txt",
    ]
    assert [type(document) for document in documents] == [
        SourceDocument, Unreadable, SourceDocument, SourceDocument, Unreadable,
    ]  # fmt: skip
    assert count_documents([*files, *gone]) == len(documents)

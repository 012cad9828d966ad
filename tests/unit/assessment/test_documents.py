"""Own documents and their labels, wherever the labels are; what cannot be read is yielded, never raised."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from docmill.assessment.documents import Census, LabelsFile, OwnDocument, OwnDocuments
from docmill.errors import ConfigurationError
from docmill.kafka.read_paths import Unreadable


def rows(path: Path, *lines: Any) -> Path:
    text = "".join(line if isinstance(line, str) else json.dumps(line) + "\n" for line in lines)
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text)
    return path


def labels_of(own: OwnDocuments) -> dict[str, str | None]:
    return {one.document.document_id: one.label for one in own if isinstance(one, OwnDocument)}


@pytest.fixture
def mail(tmp_path: Path) -> Path:
    folder = tmp_path / "mail"
    for name in ("receipt/1.txt", "receipt/2024/2.txt", "contract/3.html", "4.txt"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    return folder


def test_files_have_no_label_of_themselves(mail: Path) -> None:
    own = OwnDocuments([mail])
    assert labels_of(own) == dict.fromkeys(
        ["mail/4.txt", "mail/contract/3.html", "mail/receipt/1.txt", "mail/receipt/2024/2.txt"]
    )
    assert own.census() == Census(4, {})
    types = [one.document.content_type for one in own if isinstance(one, OwnDocument)]
    assert types == ["text/plain", "text/html", "text/plain", "text/plain"]


def test_a_label_may_be_the_folder_that_a_file_lies_in(mail: Path) -> None:
    own = OwnDocuments([mail], labels_from_folders=True)
    assert labels_of(own) == {
        "mail/4.txt": "mail",
        "mail/contract/3.html": "contract",
        "mail/receipt/1.txt": "receipt",
        "mail/receipt/2024/2.txt": "2024",
    }
    assert own.census() == Census(4, {"": {"mail": 1, "contract": 1, "receipt": 1, "2024": 1}})


def test_rows_bring_their_labels(tmp_path: Path) -> None:
    path = rows(
        tmp_path / "a.jsonl",
        {"id": 1, "text": "x", "label": "receipt"},
        {"id": "2", "text": "x", "label": None},
        "\n",
        {"id": "3", "text": "x"},
        {"document_id": "4", "base64": "eA==", "media_type": "text/html", "label": "contract"},
        {"id": "5", "text": "x", "label": 7},
        {"id": "6", "text": "x", "label": " "},
        {"id": "7", "text": "x", "label": True},
    )
    own = OwnDocuments([path])
    expected = {"1": "receipt", "2": None, "3": None, "4": "contract", "5": "7", "6": None, "7": None}
    assert labels_of(own) == expected
    assert own.census() == Census(7, {"a.jsonl": {"receipt": 1, "contract": 1, "7": 1}})


def test_compressed_rows_are_read_too_and_inside_a_folder_passed_over(tmp_path: Path) -> None:
    path = rows(tmp_path / "a.jsonl.gz", {"id": "1", "text": "x", "label": "receipt"})
    plain = rows(tmp_path / "b.jsonl", {"id": "2", "text": "x"})
    (tmp_path / "c.txt").write_text("x")
    assert labels_of(OwnDocuments([path])) == {"1": "receipt"}
    own = OwnDocuments([tmp_path])
    assert set(own.passed_over) == {path, plain}
    assert list(labels_of(own)) == [f"{tmp_path.name}/c.txt"]
    assert list(labels_of(OwnDocuments([tmp_path, path]))) == [f"{tmp_path.name}/c.txt", "1"]


def test_a_labels_file_names_files_or_ids(mail: Path, tmp_path: Path) -> None:
    own_rows = rows(tmp_path / "a.jsonl", {"id": "r-1", "text": "x"}, {"id": "r-2", "text": "x", "label": "its own"})
    labels = LabelsFile(
        rows(
            tmp_path / "labels.jsonl",
            {"file": "mail/receipt/1.txt", "label": "receipt", "id": "something else", "more": 1},
            {"id": "mail/4.txt", "label": "letter"},
            {"id": "mail/contract/3.html", "label": None},
            {"id": "r-1", "label": "by its id"},
            {"id": "r-2", "label": "not this"},
        )
    )
    assert len(labels) == 4
    own = OwnDocuments([mail, own_rows], labels, labels_from_folders=True)
    assert labels_of(own) == {
        "mail/4.txt": "letter",
        "mail/contract/3.html": "contract",
        "mail/receipt/1.txt": "receipt",
        "mail/receipt/2024/2.txt": "2024",
        "r-1": "by its id",
        "r-2": "its own",
    }
    assert own.census().labels["a.jsonl"] == {"by its id": 1, "its own": 1}


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("not json\n", "labels.jsonl:2 is no label: Invalid JSON"),
        ('{"label": "x"}\n', "labels.jsonl:2 is no label: it has neither `file` nor `id`"),
        ('{"id": "1", "label": 3}\n', "labels.jsonl:2 is no label: Input should be a valid string"),
    ],
)
def test_a_line_that_is_no_label_is_named(tmp_path: Path, line: str, problem: str) -> None:
    path = rows(tmp_path / "labels.jsonl", {"id": "1", "label": "x"}, line)
    with pytest.raises(ConfigurationError, match=problem.replace("`", ".")):
        LabelsFile(path)


def test_a_labels_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "labels.jsonl.gz").write_bytes(b"no gzip")
    for name in ("nothing.jsonl", "labels.jsonl.gz"):
        with pytest.raises(ConfigurationError, match="cannot be read"):
            LabelsFile(tmp_path / name)


def test_what_cannot_be_read_is_yielded_and_the_rest_follows(tmp_path: Path) -> None:
    path = rows(tmp_path / "a.jsonl", "not json\n", "[1]\n", {"id": "3", "text": "x", "label": "l"})
    cut = tmp_path / "cut.jsonl.gz"
    cut.write_bytes(gzip.compress(b'{"id": "4", "text": "x"}\n' * 100)[:-20])
    (tmp_path / "gone.txt").write_text("x")
    own = OwnDocuments([path, cut, tmp_path / "gone.txt"])
    (tmp_path / "gone.txt").unlink()
    problems = {one.document_id: one.problem for one in own if isinstance(one, Unreadable)}
    assert problems.keys() == {"a.jsonl:1", "a.jsonl:2", "cut.jsonl.gz", "gone.txt"}
    assert problems["gone.txt"] == "cannot be read: No such file or directory"
    assert "cannot be read" in problems["cut.jsonl.gz"]
    assert labels_of(own)["3"] == "l"
    assert own.census().documents >= 5


def test_rows_are_read_one_at_a_time(tmp_path: Path) -> None:
    path = rows(tmp_path / "a.jsonl", *({"id": str(n), "text": "x"} for n in range(3)))
    documents = iter(OwnDocuments([path]))
    first = next(documents)
    assert isinstance(first, OwnDocument)
    assert first.document.document_id == "0"
    assert first.source == "a.jsonl"

import gzip
import json
from pathlib import Path

import pytest

from docmill.errors import ConfigurationError
from docmill.training.row import LabelledRow, RowEntity, read_rows

ROW = {"id": "1", "text": "by German law", "label": "supply", "entities": [{"label": "law", "start": 3, "end": 9}]}


@pytest.mark.parametrize("name", ["train.jsonl", "train.jsonl.gz"])
def test_rows_are_read_in_order(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    content = (
        json.dumps(ROW | {"source": ["file", 7], "license": "passed over"}) + '\n\n{"id": "2", "text": "é"}\n'
    ).encode()
    path.write_bytes(gzip.compress(content) if name.endswith("gz") else content)
    assert list(read_rows(path)) == [
        LabelledRow(
            id="1",
            text="by German law",
            label="supply",
            entities=(RowEntity(label="law", start=3, end=9),),
            source=["file", 7],
        ),
        LabelledRow(id="2", text="é"),
    ]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("secret words", "the line: Invalid JSON"),
        ('["secret words"]', "the line: Input should be an object"),
        ('{"text": "secret words"}', "id: Field required"),
        ('{"id": "", "text": "secret words"}', "id: String should have at least 1 character"),
        ('{"id": 7, "text": "secret words"}', "id: Input should be a valid string"),
        ('{"id": "1"}', "text: Field required"),
        ('{"id": "1", "text": ["secret words"]}', "text: Input should be a valid string"),
        ('{"id": "1", "text": "secret words", "label": ""}', "label: String should have at least 1 character"),
        ('{"id": "1", "text": "secret words", "entities": [{"label": "a", "start": 0}]}', "entities.0.end: Field req"),
        (
            '{"id": "1", "text": "secret words", "entities": [{"label": "a", "start": 0.5, "end": 1}]}',
            "entities.0.start",
        ),
        ('{"id": "1", "text": "\\ud800 secret words"}', "the line: Invalid JSON"),
    ],
)
def test_a_line_that_is_no_row_is_named_and_not_quoted(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "train.jsonl"
    path.write_text(json.dumps(ROW) + "\n" + line + "\n")
    with pytest.raises(ConfigurationError) as caught:
        list(read_rows(path))
    assert f"{path}:2 is no labelled document: {message}" in str(caught.value)
    assert "docmill train import jsonl" in str(caught.value)
    assert "secret" not in str(caught.value)


PACKED = gzip.compress(json.dumps(ROW).encode() + b"\n")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.jsonl", b"\xff\n"),
        ("t.jsonl.gz", b"no gzip"),
        ("t.jsonl.gz", PACKED[:-9]),
        ("t.jsonl.gz", PACKED[:12] + b"\xff\xff\xff" + PACKED[15:]),
    ],
    ids=["not UTF-8", "not packed", "cut short", "altered"],
)
def test_a_file_that_cannot_be_read(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ConfigurationError, match="cannot be read"):
        list(read_rows(tmp_path / name))


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"cannot be read: .*No such file"):
        list(read_rows(tmp_path / "train.jsonl"))

import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from docmill.bundle.load import load_bundle
from docmill.errors import BundleError
from docmill.golden import GoldenRow, GoldenSpan, check_golden, golden_bytes, make_golden, parse_golden, read_golden
from docmill.processing import Mill
from docmill.runtime.session import OnnxInference
from tests.tiny_bundle import build_tiny_bundle, text_of

TOLERANCE = 0.02
TEXT = "a diagnosis"
GOOD = GoldenRow(id="1", text="a", label="receipt", probability=0.5, fields=(), straight_through=True)


@pytest.fixture(scope="module")
def mill(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mill]:
    bundle = load_bundle(build_tiny_bundle(tmp_path_factory.mktemp("golden") / "tiny"))
    inference = OnnxInference(bundle.model_path, threads=1)
    yield Mill(bundle, inference)
    inference.close()


@pytest.fixture(scope="module")
def rows(mill: Mill) -> list[GoldenRow]:
    return make_golden(mill, {"r": text_of("receipt", 1), "c": text_of("contract", 1)})


def test_a_row_says_what_the_mill_said(rows: list[GoldenRow]) -> None:
    receipt, contract = rows
    assert (receipt.id, receipt.label, receipt.straight_through) == ("r", "receipt", True)
    assert {span.name for span in receipt.fields} == {"company", "date", "total"}
    total = next(span for span in receipt.fields if span.name == "total")
    assert receipt.text[total.start : total.end] == "$98.82"
    assert (contract.label, contract.straight_through) == ("contract", False)


def test_the_same_mill_passes(mill: Mill, rows: list[GoldenRow]) -> None:
    check_golden(mill, rows, TOLERANCE)


def test_the_bundle_ships_golden_documents_that_pass(mill: Mill) -> None:
    check_golden(mill, read_golden(mill.bundle.folder / "golden.jsonl"), TOLERANCE)


def test_within_the_tolerance_passes(mill: Mill, rows: list[GoldenRow]) -> None:
    check_golden(mill, [rows[0].model_copy(update={"probability": rows[0].probability - 0.01})], TOLERANCE)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"label": "contract"}, "r is receipt, was contract"),
        ({"probability": 0.9}, r"r has probability 0\.99\d, had 0\.900"),
        ({"straight_through": False}, "r goes straight through: True, False then"),
        ({"fields": ()}, "3 differences: r has a new company at .*; r has a new total at .*; r has a new date at"),
        ({"fields": (GoldenSpan(name="date", start=0, end=2),)}, "4 differences: r lacks date at 0:2"),
        ({"text": " "}, r"r is rejected \(no_text"),
    ],
)
def test_differences_are_named(mill: Mill, rows: list[GoldenRow], changes: dict[str, Any], message: str) -> None:
    with pytest.raises(BundleError, match=rf"bundle tiny-en 0\.0\.1 fails its golden documents, .*{message}"):
        check_golden(mill, [rows[0].model_copy(update=changes), rows[1]], TOLERANCE)


def test_only_the_first_differences_are_shown(mill: Mill, rows: list[GoldenRow]) -> None:
    changed = [row.model_copy(update={"id": str(n), "label": "x"}) for n in range(9) for row in rows[:1]]
    with pytest.raises(BundleError, match="9 differences: ") as caught:
        check_golden(mill, changed, TOLERANCE)
    assert str(caught.value).count("was x") == 5


def test_a_rejected_document_cannot_be_golden(mill: Mill) -> None:
    with pytest.raises(BundleError, match="empty cannot be golden, it is rejected: no_text"):
        make_golden(mill, {"empty": "  "})


def test_rows_survive_their_file(rows: list[GoldenRow], tmp_path: Path) -> None:
    odd = rows[0].model_copy(update={"id": "odd", "text": "page one\fpage two\u2028£5\x85"})
    path = tmp_path / "golden.jsonl"
    path.write_bytes(golden_bytes([*rows, odd]))
    assert read_golden(path) == [*rows, odd]


@pytest.mark.parametrize("content", [b"", b"{}\n", b"\xff\n", b"no json\n"])
def test_a_file_without_golden_documents(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "golden.jsonl"
    path.write_bytes(content)
    with pytest.raises(BundleError, match="golden documents"):
        read_golden(path)


def test_one_id_twice(rows: list[GoldenRow], tmp_path: Path) -> None:
    path = tmp_path / "golden.jsonl"
    path.write_bytes(golden_bytes([rows[0], rows[0]]))
    with pytest.raises(BundleError, match="two of one id"):
        read_golden(path)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="holds no valid golden documents"):
        read_golden(tmp_path / "golden.jsonl")


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (f'{{"id": "a", "text": ["{TEXT}"], "label": 1, "probability": "{TEXT}"}}', "text: string_type; label: string"),
        (f'{GOOD.model_dump_json()[:-1]}, "{TEXT}": 1}}', "row: extra_forbidden"),
        (f'"{TEXT}', "row: json_invalid"),
        (f'{{"fields": [{{"name": "total", "start": "{TEXT}"}}]}}', "fields.0.start: int_parsing"),
    ],
)
def test_what_is_wrong_with_a_row_is_said_without_its_text(line: str, problem: str) -> None:
    content = golden_bytes([GOOD]) + line.encode()
    with pytest.raises(BundleError) as caught:
        parse_golden(content, Path("golden.jsonl"))
    message = str(caught.value)
    assert message.startswith("golden.jsonl holds no valid golden documents, line 2: ")
    assert problem in message
    assert TEXT not in "".join(traceback.format_exception(caught.value))


def test_bytes_that_are_no_text_are_not_quoted() -> None:
    with pytest.raises(BundleError, match="is not UTF-8"):
        parse_golden(b"\xff", Path("golden.jsonl"))

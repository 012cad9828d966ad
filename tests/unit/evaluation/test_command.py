"""`docmill evaluate` from end to end, on a bundle whose model is written down."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from docmill.cli.evaluate import EXIT_FAILED, evaluate
from tests.tiny_bundle import LABELS, build_tiny_bundle, text_of
from tests.unit.evaluation.fakes import row, write_rows

app = typer.Typer()
app.command()(evaluate)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_tiny_bundle(tmp_path_factory.mktemp("evaluate") / "tiny-en")


def invoke(*words: str | Path) -> Result:
    return CliRunner(env={"COLUMNS": "160"}).invoke(app, [str(word) for word in words])


def test_scores_are_printed_and_written(tmp_path: Path, bundle: Path) -> None:
    data = write_rows(
        tmp_path / "mixed/test.jsonl", *[row(text_of(label, seed), label) for label in LABELS for seed in range(5)]
    )
    out = tmp_path / "scores.json"
    result = invoke("--bundle", bundle, "--data", data, "--json", out, "--threads", "1")
    assert result.exit_code == 0, result.output
    assert "mixed: 20 documents" in result.stdout
    scores = json.loads(out.read_text())
    assert scores["bundle"]["name"] == "tiny-en"
    assert scores["sources"]["mixed"]["type_accuracy"] == 1
    assert 0 < scores["sources"]["mixed"]["straight_through"] < 1  # contracts are not certified


def test_a_bundle_that_is_none_is_an_error_not_a_traceback(tmp_path: Path) -> None:
    data = write_rows(tmp_path / "a.jsonl", row("x", None))
    result = invoke("--bundle", tmp_path / "nothing", "--data", data)
    assert result.exit_code == EXIT_FAILED
    assert "there is no bundle folder" in result.stderr


def test_a_line_that_is_no_document_is_named(tmp_path: Path, bundle: Path) -> None:
    data = tmp_path / "a.jsonl"
    data.write_text('{"id": 1}\n')
    result = invoke("--bundle", bundle, "--data", data)
    assert result.exit_code == EXIT_FAILED
    assert "a.jsonl:1 is no labelled document" in result.stderr


def test_a_file_that_is_not_there_is_wrong_usage(tmp_path: Path) -> None:
    assert invoke("--data", tmp_path / "nothing.jsonl").exit_code == 2

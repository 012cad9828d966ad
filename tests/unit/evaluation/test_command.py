"""`docmill evaluate` from end to end, on a bundle whose model is written down."""

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from docmill.cli import app
from docmill.errors import BundleError, ConfigurationError
from tests.tiny_bundle import LABELS, build_tiny_bundle, text_of
from tests.unit.evaluation.fakes import row, write_rows


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_tiny_bundle(tmp_path_factory.mktemp("evaluate") / "tiny-en")


def invoke(*words: str | Path, **environ: str) -> Result:
    return CliRunner(env={"COLUMNS": "160", **environ}).invoke(app, ["evaluate", *(str(word) for word in words)])


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


def test_figures_on_made_up_documents_say_so(tmp_path: Path, bundle: Path) -> None:
    """A bundle knows which of the sources that it was trained on are made up."""
    shutil.copytree(bundle, tmp_path / "tiny-en")
    manifest = tmp_path / "tiny-en/manifest.json"
    described = json.loads(manifest.read_text())
    described["training"]["sources"].append({"name": "tills", "licence": "ours", "synthetic": True})
    manifest.write_text(json.dumps(described))
    files = [
        write_rows(tmp_path / f"{name}/test.jsonl", row(text_of("receipt", 1), "receipt")) for name in ("tills", "post")
    ]
    out = tmp_path / "scores.json"
    result = invoke("--bundle", tmp_path / "tiny-en", *files, "--json", out)
    assert result.exit_code == 0, result.output
    assert "tills (synthetic): 1 documents" in result.stdout
    assert "post: 1 documents" in result.stdout
    assert json.loads(out.read_text())["sources"].keys() == {"tills", "post"}


def test_bundle_and_threads_come_from_the_environment_too_and_options_win(tmp_path: Path, bundle: Path) -> None:
    data = write_rows(tmp_path / "a.jsonl", row(text_of("receipt", 1), "receipt"))
    out = tmp_path / "scores.json"
    environ = {"DOCMILL_BUNDLE": str(bundle), "DOCMILL_THREADS": "1"}
    result = invoke("--data", data, "--json", out, **environ)
    assert result.exit_code == 0, result.output
    assert json.loads(out.read_text())["bundle"]["name"] == "tiny-en"
    result = invoke("--data", data, "--bundle", tmp_path / "nothing", **environ)
    assert isinstance(result.exception, BundleError)
    result = invoke("--data", data, DOCMILL_THREADS="none")
    assert isinstance(result.exception, ConfigurationError)
    assert "DOCMILL_THREADS" in str(result.exception)


def test_files_are_named_one_after_the_other_or_by_option(tmp_path: Path, bundle: Path) -> None:
    files = [write_rows(tmp_path / f"{n}/validation.jsonl", row(text_of("receipt", 1), "receipt")) for n in "abc"]
    result = invoke("--bundle", bundle, files[0], files[1], "--data", files[2])
    assert result.exit_code == 0, result.output
    assert [f"{name}: 1 documents" in result.stdout for name in "abc"] == [True] * 3
    assert invoke("--bundle", bundle).exit_code == 2
    assert invoke("--bundle", bundle, tmp_path / "nothing.jsonl").exit_code == 2


def test_a_source_of_which_the_bundle_knows_nothing_is_counted(tmp_path: Path, bundle: Path) -> None:
    rows = [row("evidence that nobody knows", "evidence", [("quote", "nobody")]), row("a citation", "citation")]
    files = [write_rows(tmp_path / "sentences/validation.jsonl", *rows)]
    files.append(write_rows(tmp_path / "receipts/validation.jsonl", row(text_of("receipt", 1), "receipt")))
    out = tmp_path / "scores.json"
    result = invoke("--bundle", bundle, *files, "--json", out)
    assert result.exit_code == 0, result.output
    strange = json.loads(out.read_text())["sources"]["sentences"]
    assert (strange["documents"], strange["unknown_label_documents"], strange["type_documents"]) == (2, 2, 0)
    assert strange["type_accuracy"] is None
    assert strange["fields"] == {}
    assert strange["fields_not_in_bundle"] == ["quote"]
    assert "label not in the bundle" in result.stdout


def test_a_bundle_that_is_none_is_an_error_on_purpose(tmp_path: Path) -> None:
    data = write_rows(tmp_path / "a.jsonl", row("x", None))
    result = invoke("--bundle", tmp_path / "nothing", "--data", data)
    assert result.exit_code == 1
    assert isinstance(result.exception, BundleError)
    assert "there is no bundle folder" in str(result.exception)


def test_a_line_that_is_no_document_is_named(tmp_path: Path, bundle: Path) -> None:
    data = tmp_path / "a.jsonl"
    data.write_text('{"id": 1}\n')
    result = invoke("--bundle", bundle, "--data", data)
    assert result.exit_code == 1
    assert isinstance(result.exception, ConfigurationError)
    assert "a.jsonl:1 is no labelled document" in str(result.exception)


def test_scores_that_cannot_be_written_are_told(tmp_path: Path, bundle: Path) -> None:
    data = write_rows(tmp_path / "a.jsonl", row(text_of("receipt", 1), "receipt"))
    result = invoke("--bundle", bundle, "--data", data, "--json", tmp_path / "nowhere" / "scores.json")
    assert isinstance(result.exception, ConfigurationError)
    assert "cannot be written" in str(result.exception)


def test_a_file_that_is_not_there_is_wrong_usage(tmp_path: Path) -> None:
    assert invoke("--data", tmp_path / "nothing.jsonl").exit_code == 2

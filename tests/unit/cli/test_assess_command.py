"""`docmill assess` with a real, tiny bundle."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from docmill.cli.assess import CSV_COLUMNS
from docmill.errors import BundleError, ConfigurationError
from tests.tiny_bundle import build_tiny_bundle, text_of
from tests.unit.cli.conftest import Command


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_tiny_bundle(tmp_path_factory.mktemp("bundle") / "tiny")


@pytest.fixture
def mail(tmp_path: Path) -> Path:
    """Three receipts, one of which lies among the contracts, two contracts, and one that is empty."""
    folder = tmp_path / "mail"
    for kind in ("receipt", "contract"):
        (folder / kind).mkdir(parents=True)
        for number in range(2):
            (folder / kind / f"{number}.txt").write_text(text_of(kind, number))
    (folder / "contract" / "misfiled.html").write_text(f"<p>{text_of('receipt', 7)}</p>")
    (folder / "contract" / "empty.txt").write_bytes(b"")
    return folder


def test_figures_are_shown_and_written(docmill: Command, tmp_path: Path, mail: Path, bundle: Path) -> None:
    figures, rows = tmp_path / "a.json", tmp_path / "a.csv"
    result = docmill(
        "assess", mail, "--bundle", bundle, "--threads", "1", "--labels-from-folders", "--json", figures, "--csv", rows
    )
    assert result.exit_code == 0, result.output
    assert "50.0 % of 6 documents would go straight through with tiny-en 0.0.1" in result.stdout
    assert "1 of 3 that went straight through: 33.3 %, 95 % interval 6.1 to 79.2 %" in result.stdout
    assert "the pipeline alone, without Kafka" in result.stdout

    report = json.loads(figures.read_text())
    assert report["bundle"]["name"] == "tiny-en"
    assert report["machine"]["threads"] == 1
    assert report["counts"]["straight_through"]["documents"] == 3
    assert report["counts"]["fallback_reasons"] == {"not_certified": 2}
    assert report["counts"]["dead_letter_reasons"] == {"empty_value": 1}
    [wrong] = report["counts"]["labelled"]["wrong"]
    assert (wrong["document_id"], wrong["gold"], wrong["published"]) == (
        "mail/contract/misfiled.html",
        "contract",
        "receipt",
    )
    assert report["speed"]["documents_per_s"] > 0

    with rows.open(newline="") as file:
        table = list(csv.DictReader(file))
    assert tuple(table[0]) == CSV_COLUMNS
    by_id = {row["document_id"]: row for row in table}
    assert len(by_id) == 6
    misfiled = by_id["mail/contract/misfiled.html"]
    assert (misfiled["outcome"], misfiled["type"], misfiled["label"], misfiled["correct"]) == (
        "straight_through",
        "receipt",
        "contract",
        "false",
    )
    assert misfiled["media_type"] == "text/html"
    assert by_id["mail/contract/0.txt"]["reasons"] == "not_certified"
    empty = by_id["mail/contract/empty.txt"]
    assert (empty["outcome"], empty["type"], empty["probability"], empty["correct"]) == ("dead_letter", "", "", "")

    words = set(text_of("receipt", 0).split()) - {"receipt"}
    assert words
    for told in (result.output, figures.read_text(), rows.read_text()):
        assert not words & set(told.replace('"', " ").replace(",", " ").split())


def test_labels_come_from_rows_and_from_a_labels_file(
    docmill: Command, tmp_path: Path, mail: Path, bundle: Path
) -> None:
    lines = tmp_path / "lines.jsonl"
    lines.write_text(json.dumps({"id": "r-1", "text": text_of("receipt", 3), "label": "receipt"}) + "\nnot json\n")
    labels = tmp_path / "labels.jsonl"
    labels.write_text(json.dumps({"file": "mail/receipt/0.txt", "label": "invoice"}) + "\n")
    result = docmill("assess", mail, lines, "--bundle", bundle, "--labels", labels)
    assert result.exit_code == 0, result.output
    assert "Wrong types among 2 labelled documents" in result.stdout
    assert "1 of 2 that went straight through: 50.0 %" in result.stdout
    assert "labels that the bundle has not, so that whatever it says counts as wrong: invoice 1;" in result.stdout
    assert "unreadable: lines.jsonl:2: not JSON" in result.stderr
    assert "unreadable" in result.stdout


def test_without_labels_nothing_is_said_of_errors(docmill: Command, mail: Path, bundle: Path) -> None:
    result = docmill("assess", mail, "--bundle", bundle)
    assert result.exit_code == 0
    assert "Wrong" not in result.stdout


def test_settings_count_as_they_do_for_the_processor(
    docmill: Command, mail: Path, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCMILL_BUNDLE", str(bundle))
    monkeypatch.setenv("DOCMILL_THREADS", "1")
    monkeypatch.setenv("DOCMILL_MAX_DOCUMENT_BYTES", "10")
    result = docmill("assess", mail / "receipt")
    assert result.exit_code == 0, result.output
    assert "0.0 % of 2 documents would go straight through with tiny-en" in result.stdout
    assert "document_too_large" in result.stdout
    assert "1 inference thread " in result.stdout


def test_only_where_nothing_can_be_read_it_fails(docmill: Command, tmp_path: Path, bundle: Path) -> None:
    lines = tmp_path / "lines.jsonl"
    lines.write_text("not json\n" * 25)
    figures = tmp_path / "a.json"
    result = docmill("assess", lines, "--bundle", bundle, "--json", figures)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.count("unreadable: lines.jsonl:") == 20
    assert "... and more like these" in result.stderr
    assert "nothing could be read" in result.stderr
    report: dict[str, Any] = json.loads(figures.read_text())
    assert report["counts"]["unreadable"] == 25


def test_wrong_usage_is_told(docmill: Command, tmp_path: Path, mail: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "rows.jsonl").write_text("")
    result = docmill("assess", tmp_path / "empty")
    assert result.exit_code == 2
    assert "no documents there" in result.output
    assert "passed over" in result.stderr
    assert docmill("assess", tmp_path / "nowhere").exit_code == 2
    assert docmill("assess", mail, "--labels", tmp_path / "nowhere.jsonl").exit_code == 2


@pytest.mark.parametrize("option", ["--json", "--csv"])
def test_a_file_that_cannot_be_written_is_told(
    docmill: Command, tmp_path: Path, mail: Path, bundle: Path, option: str
) -> None:
    result = docmill("assess", mail / "receipt", "--bundle", bundle, option, tmp_path / "nowhere" / "file")
    assert result.exit_code == 1
    assert isinstance(result.exception, ConfigurationError)
    assert f"{option} " in str(result.exception)


def test_a_bad_bundle_and_bad_labels_are_told(docmill: Command, tmp_path: Path, mail: Path) -> None:
    result = docmill("assess", mail, "--bundle", tmp_path)
    assert isinstance(result.exception, BundleError)
    labels = tmp_path / "labels.jsonl"
    labels.write_text("{}\n")
    result = docmill("assess", mail, "--labels", labels)
    assert isinstance(result.exception, ConfigurationError)
    assert "labels.jsonl:1 is no label" in str(result.exception)

"""`docmill process` with a real, tiny bundle: the processor's events without Kafka."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from docmill.errors import BundleError
from docmill_schemas.events import DocumentProcessed, DocumentRejected, FallbackRequested
from tests.tiny_bundle import build_tiny_bundle, text_of
from tests.unit.cli.conftest import Command
from tests.unit.ingest.pdf_files import text_pdf
from tests.unit.ingest.word_files import paragraph, word_file

MODELS: dict[str, type[BaseModel]] = {
    "processed": DocumentProcessed,
    "fallback": FallbackRequested,
    "rejected": DocumentRejected,
}


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_tiny_bundle(tmp_path_factory.mktemp("bundle") / "tiny")


def events(output: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines()]


def test_every_document_has_one_outcome_in_its_order(docmill: Command, tmp_path: Path, bundle: Path) -> None:
    folder = tmp_path / "mail"
    folder.mkdir()
    (folder / "1.txt").write_text(text_of("receipt", 3))
    (folder / "2.html").write_text(f"<p>{text_of('contract', 3)}</p>")
    (folder / "3.txt").write_bytes(b"")
    (folder / "4.pdf").write_bytes(b"%PDF")
    rows = tmp_path / "rows.jsonl"
    rows.write_text("".join(json.dumps({"id": n, "text": text_of("receipt", n), "label": 1}) + "\n" for n in range(40)))
    result = docmill("process", folder, rows, "--bundle", bundle, "--threads", "1")
    assert result.exit_code == 0, result.output
    outcomes = events(result.stdout)
    for event in outcomes:
        MODELS[event["outcome"]].model_validate(event)
    assert [event["document_id"] for event in outcomes[:4]] == ["mail/1.txt", "mail/2.html", "mail/3.txt", "mail/4.pdf"]
    assert [event["document_id"] for event in outcomes[4:]] == [str(n) for n in range(40)]
    assert [event["outcome"] for event in outcomes[:4]] == ["processed", "fallback", "rejected", "rejected"]
    assert [event.get("reason") for event in outcomes[2:4]] == ["empty_value", "malformed_document"]
    assert outcomes[0]["document_type"]["label"] == "receipt"
    assert outcomes[1]["document_type"]["label"] == "contract"


def test_what_it_prints_steers_no_terminal(docmill: Command, tmp_path: Path, bundle: Path) -> None:
    text = f"{text_of('receipt', 3)} \u009b2J \u202e\u2028"
    (tmp_path / "1.txt").write_text(text, encoding="utf-8")
    (tmp_path / "2.txt").write_text("contract \u009b2J", encoding="utf-8")
    result = docmill("process", tmp_path, "--bundle", bundle, "--threads", "1")
    assert all(line.isprintable() for line in result.stdout.splitlines())
    assert "\u009b2J" in "".join(str(event.get("text")) for event in events(result.stdout))


def test_all_formats_are_read_each_within_its_limits(
    docmill: Command, tmp_path: Path, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCMILL_MAX_PAGES", "2")
    receipt = text_of("receipt", 3)
    (tmp_path / "1.pdf").write_bytes(text_pdf(["receipt"], receipt.splitlines()))
    (tmp_path / "2.docx").write_bytes(word_file("".join(map(paragraph, receipt.splitlines()))))
    (tmp_path / "3.eml").write_bytes(b"Subject: receipt\nContent-Type: image/png\n\nx")
    (tmp_path / "4.png").write_bytes(b"x")
    (tmp_path / "5.pdf").write_bytes(text_pdf(*[["receipt"]] * 3))
    (tmp_path / "6.unheard-of").write_bytes(text_pdf(receipt.splitlines()))
    result = docmill("process", tmp_path, "--bundle", bundle, "--threads", "1")
    assert result.exit_code == 0, result.output
    paged, word, mail, picture, long, unnamed = events(result.stdout)
    assert [event["outcome"] for event in (paged, word, unnamed)] == ["processed"] * 3
    assert {field["page"] for field in paged["fields"]} == {2}
    assert (mail["outcome"], mail["unread_attachments"]) == ("fallback", ["image/png"])
    assert mail["reasons"][0] == "unread_attachment"
    assert [event["reason"] for event in (picture, long)] == ["no_text", "too_many_pages"]


def test_what_cannot_be_read_is_told_and_the_rest_goes_on(docmill: Command, tmp_path: Path, bundle: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    rows.write_text('not json\n{"id": "2", "text": "receipt"}\n')
    result = docmill("process", rows, "--bundle", bundle)
    assert result.exit_code == 1
    assert [event["document_id"] for event in events(result.stdout)] == ["2"]
    assert "unreadable: rows.jsonl:1: not JSON" in result.stderr


def test_a_bad_path_is_told(docmill: Command, tmp_path: Path) -> None:
    result = docmill("process", tmp_path / "nowhere")
    assert result.exit_code == 2
    assert "does not exist" in result.output


def test_a_bad_bundle_is_told(docmill: Command, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x")
    result = docmill("process", tmp_path / "a.txt", "--bundle", tmp_path)
    assert result.exit_code == 1
    assert isinstance(result.exception, BundleError)

"""The sample documents that a script makes: what a person reads in them is there, and the script still makes them."""

import json
from pathlib import Path
from typing import Any

import pytest

from docmill.errors import DocumentError
from docmill.ingest import extract
from docmill.ingest.limits import DEFAULT_LIMITS
from docmill.kafka.read_paths import media_type_of
from docmill_schemas.reasons import RejectionReason
from samples import make_documents

SAMPLES = Path(__file__).parents[2] / "samples"
ROWS = {row["file"]: row for row in map(json.loads, (SAMPLES / "labels.jsonl").read_text("utf-8").splitlines())}
MADE = [name for name in ROWS if not name.endswith((".txt", ".html"))]


def text_of(content: bytes, name: str) -> str:
    return extract(content, media_type_of(Path(name)), None, DEFAULT_LIMITS).text


def values(row: dict[str, Any]) -> list[str]:
    return [one for value in row["fields"].values() for one in (value if isinstance(value, list) else [value])]


def test_every_sample_is_labelled() -> None:
    others = (
        "__pycache__",
        "claims-by-hand",
        "claims-written",
        "claims-written-2",
        "new-kind",
        "hostile",
    )  # rows, no documents
    files = {path.relative_to(SAMPLES).as_posix() for path in SAMPLES.glob("*/*") if path.parent.name not in others}
    assert {name for name in files if not name.startswith("broken/")} == set(ROWS)


@pytest.mark.parametrize("name", MADE)
def test_what_a_person_reads_is_in_the_text(name: str) -> None:
    text = " ".join(text_of((SAMPLES / name).read_bytes(), name).split())
    assert [value for value in values(ROWS[name]) if value not in text] == []


def test_the_scan_holds_no_text() -> None:
    with pytest.raises(DocumentError) as caught:
        text_of((SAMPLES / "broken" / "scan.pdf").read_bytes(), "scan.pdf")
    assert caught.value.reason is RejectionReason.NO_TEXT


def test_the_script_makes_what_is_there() -> None:
    """Other versions of the libraries may write other bytes, but not another text."""
    made = {
        "contracts/hosting-agreement.pdf": make_documents.text_pdf(make_documents.HOSTING),
        "claims/letter-tenant-escape-of-water.docx": make_documents.claim_letter(),
        "claims/first-notice-hail-mail.eml": make_documents.hail_mail(),
    }
    assert sorted(made) == sorted(MADE)
    for name, content in made.items():
        assert text_of(content, name) == text_of((SAMPLES / name).read_bytes(), name)

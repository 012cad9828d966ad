"""Real files, some damaged or hostile on purpose: each gives its text or the right reason, through a real process."""

import gzip
import json
import os
from collections.abc import Iterator
from difflib import SequenceMatcher
from pathlib import Path

import pytest

from docmill.errors import DocumentError
from docmill.ingest.extracted import Extracted
from docmill.ingest.limits import DEFAULT_LIMITS
from docmill.ingest.processes import ParserProcesses
from docmill.kafka.read_paths import media_type_of
from docmill_schemas.reasons import RejectionReason

pytestmark = pytest.mark.data

ENCRYPTED, NO_TEXT = RejectionReason.ENCRYPTED_DOCUMENT, RejectionReason.NO_TEXT
EXPECTED: dict[str, tuple[str, ...] | RejectionReason] = {
    "contract-text.pdf": ("SPONSORSHIP AGREEMENT", 'National City Bank of Kentucky ("NCB") effective June 30,\n1996'),
    "nda-text.pdf": ("NON-DISCLOSURE AND CONFIDENTIALITY AGREEMENT", "Central European Distribution Corporation"),
    "receipt-a.jpg": NO_TEXT,
    "receipt-b.jpg": NO_TEXT,
    "scan-skewed.pdf": NO_TEXT,
    "scan-typewriter.png": NO_TEXT,
    "report.docx": (
        "Chaplain (Roman Catholic)",
        "Salary Range: 54494 to 84913 USD Per Year\tOpen Period: 1/1/2008 to 12/31/2008",  # two cells of a row
    ),
    "mail-attachment.eml": ("Subject: Test Attachment Email\n", "This email has a PNG attachment"),
    "mail-invitation.eml": ("From: Mallori Harrell <mallori@unstructured.io>", "\n\nThere will be face painting"),
    "filing-10k.html": ("Galaxy Gaming, Inc.",),
    "malformed-fuzzed.pdf": RejectionReason.MALFORMED_DOCUMENT,
    "malformed-corrupted.pdf": ("Beautiful is better than ugly.\nExplicit is better than implicit.",),  # repaired
    "encrypted-user-password.pdf": ENCRYPTED,
}


@pytest.fixture(scope="module")
def data() -> Path:
    if "DOCMILL_DATA" not in os.environ:
        pytest.skip("DOCMILL_DATA is not set: no real files to read")
    folder = Path(os.environ["DOCMILL_DATA"])
    if not (folder / "files").is_dir():
        pytest.skip(f"{folder / 'files'} is not there")
    return folder


@pytest.fixture(scope="module")
def parsers() -> Iterator[ParserProcesses]:
    made = ParserProcesses(DEFAULT_LIMITS, 1)
    yield made
    made.close()


def read(parsers: ParserProcesses, path: Path) -> Extracted:
    return parsers.extract(path.read_bytes(), media_type_of(path), None)


def test_no_file_is_forgotten(data: Path) -> None:
    assert {path.name for path in (data / "files").iterdir()} - {"README.md"} == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_a_text_or_the_right_reason(data: Path, parsers: ParserProcesses, name: str) -> None:
    expected = EXPECTED[name]
    path = data / "files" / name
    if isinstance(expected, RejectionReason):
        with pytest.raises(DocumentError) as caught:
            read(parsers, path)
        assert caught.value.reason is expected
        assert ("OCR" in caught.value.detail) == (expected is NO_TEXT)
    else:
        text = read(parsers, path).text
        assert [part for part in expected if part not in text] == []


def test_an_attached_picture_is_told(data: Path, parsers: ParserProcesses) -> None:
    assert read(parsers, data / "files" / "mail-attachment.eml").unread_attachments == ("image/png",)
    assert read(parsers, data / "files" / "mail-invitation.eml").unread_attachments == ()


@pytest.mark.parametrize(
    ("name", "rows", "pages"),
    [
        ("contract-text.pdf", "cuad/train.jsonl.gz cuad-aa749e27cdd8", 7),
        ("nda-text.pdf", "kleister-nda/train.jsonl kleister-nda-0859334b76224ff82c1312ae7b2b5da1", 8),
    ],
)
def test_the_text_of_a_pdf_is_the_one_that_others_extracted(
    data: Path, parsers: ParserProcesses, name: str, rows: str, pages: int
) -> None:
    """Word by word; what differs is how a few punctuation marks stick to words."""
    file, identity = rows.split()
    extracted = read(parsers, data / "files" / name)
    theirs = text_of_row(data / file, identity).split()
    ratio = SequenceMatcher(None, extracted.text.split(), theirs, autojunk=False).ratio()
    assert ratio > 0.995
    assert len(extracted.page_starts) == pages


def text_of_row(path: Path, identity: str) -> str:
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
        return str(next(row["text"] for row in map(json.loads, lines) if row["id"] == identity))

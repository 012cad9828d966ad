"""Every format on a real broker, those that hang, crash and grow their parser among them: neighbours never notice."""

import json
import sys
import zlib
from typing import Any

import pytest

from docmill.ingest.media_types import DOCX, HTML, MAIL, PDF, PNG
from tests.integration.processor_process import Start
from tests.integration.topics import FALLBACK, MIB, PROCESSED, REJECTED, Sent, Topics, header
from tests.tiny_bundle import text_of
from tests.unit.ingest.pdf_files import FIRST_PAGE, locked_pdf, pdf, stream, text_objects, text_pdf
from tests.unit.ingest.word_files import paragraph, word_file

pytestmark = pytest.mark.kafka

RECEIPT = text_of("receipt", 3)
LINES = RECEIPT.splitlines()


def sent(key: str, content: bytes, media_type: str | None) -> Sent:
    headers = [] if media_type is None else [("content-type", media_type.encode())]
    return Sent(content, key.encode(), headers, partition=0)


def mail(attachment: bytes, media_type: str) -> bytes:
    parts = (
        b"Content-Type: text/plain\n\n" + RECEIPT.encode(),
        b"Content-Type: " + media_type.encode() + b"\n\n" + attachment,
    )
    marked = b"".join(b"\n--b\n" + part for part in parts)
    return b"Subject: receipt\nContent-Type: multipart/mixed; boundary=b\n" + marked + b"\n--b--\n"


def endless_mail() -> bytes:
    """Two hundred thousand parts: some five seconds of the standard library until it holds 64 MiB of them; the other
    killers here take less than half a second.
    """
    return b"Subject: s\nContent-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nhi\n" * 200_000


def crashing_pdf() -> bytes:
    """A page of so many characters that PDFium aborts at the bound of its memory."""
    objects = text_objects([["x"]])
    shown = b"BT /F 12 Tf 72 700 Td " + b"(" + b"a" * 50 + b") Tj "
    objects[FIRST_PAGE + 1] = stream(zlib.compress(shown * 400_000 + b" ET"), b"/Filter/FlateDecode")
    return pdf(objects)


def growing_word_file() -> bytes:
    return word_file(paragraph("x") * 600_000)


def bodies(records: list[Any]) -> dict[str, dict[str, Any]]:
    return {record.key.decode(): json.loads(record.value) for record in records}


async def test_every_format_gets_its_outcome(topics: Topics, start: Start) -> None:
    good = {
        "plain": (RECEIPT.encode(), None),
        "page": (f"<pre>{RECEIPT}</pre>".encode(), HTML),
        "paged": (text_pdf(["receipt"], LINES), PDF),
        "word": (word_file("".join(map(paragraph, LINES))), DOCX),
        "mail": (mail(b"<p>store", HTML), MAIL),
        "unnamed": (text_pdf(LINES), None),
        "stream": (text_pdf(LINES), "application/octet-stream"),
    }
    doubtful = {"photo": (mail(b"x", PNG), MAIL), "bundle": (mail(text_pdf([]), PDF), MAIL)}
    bad = {
        "no_text": (text_pdf([]), PDF),
        "encrypted_document": (locked_pdf(), PDF),
        "malformed_document": (b"%PDF-1.7 torn", PDF),
        "too_many_pages": (text_pdf(*[["receipt"]] * 9), PDF),
        "archive_too_large": (word_file(paragraph("x") + " " * (2 * MIB)), DOCX),
        "text_too_large": (b"<p>" + b"x " * 60_000, HTML),
        "unsupported_media_type": (b"PK", "application/zip"),
    }
    documents = good | doubtful | bad
    settings = {"DOCMILL_MAX_PAGES": "8", "DOCMILL_MAX_ARCHIVE_MIB": "1", "DOCMILL_MAX_CHARACTERS": "100000"}
    with start(**settings) as processor:
        processor.ready()
        await topics.send([sent(key, *document) for key, document in documents.items()])
        outcomes = await topics.outcomes(len(documents))
        assert processor.terminate() == 0
    processed, deferred = bodies(outcomes[PROCESSED]), bodies(outcomes[FALLBACK])
    assert processed.keys() == good.keys()
    assert {field["page"] for field in processed["paged"]["fields"]} == {2}
    for field in processed["paged"]["fields"]:
        assert RECEIPT[field["page_start"] : field["page_end"]] == field["text"]
        assert field["start"] - field["page_start"] == len("receipt\n")
    assert all("page" not in field for key in ("plain", "word", "mail") for field in processed[key]["fields"])
    assert deferred.keys() == doubtful.keys()
    assert {key: event["unread_attachments"] for key, event in deferred.items()} == {"photo": [PNG], "bundle": [PDF]}
    assert all(event["reasons"] == ["unread_attachment"] for event in deferred.values())
    letters = {record.key.decode(): record for record in outcomes[REJECTED]}
    assert {key: header(letter, "docmill_reason") for key, letter in letters.items()} == {key: key for key in bad}
    assert all(letters[key].value == content for key, (content, _) in bad.items())


@pytest.mark.skipif(sys.platform != "linux", reason="memory is bounded on Linux only")
async def test_what_kills_its_parser_kills_nothing_else(topics: Topics, start: Start) -> None:
    killers = {
        "parse_timeout": sent("parse_timeout", endless_mail(), MAIL),
        "parser_crashed": sent("parser_crashed", crashing_pdf(), PDF),
        "parse_memory": sent("parse_memory", growing_word_file(), DOCX),
    }
    neighbours = {f"receipt-{n}": sent(f"receipt-{n}", text_pdf(LINES), PDF) for n in range(12)}
    records = list(neighbours.values())
    for place, killer in zip((1, 5, 9), killers.values(), strict=True):
        records.insert(place, killer)
    settings = {"DOCMILL_PARSE_TIMEOUT_S": "1.5", "DOCMILL_PARSE_MEMORY_MIB": "64", "DOCMILL_PARSERS": "1"}
    with start(**settings) as processor:
        processor.ready()
        await topics.send(records, compression_type="gzip")
        outcomes = await topics.outcomes(len(records))
        letters = {record.key.decode(): record for record in outcomes[REJECTED]}
        reasons = {key: header(letter, "docmill_reason") for key, letter in letters.items()}
        assert reasons == {key: key for key in killers}
        processor.wait_for(lambda: processor.metric("docmill_dead_letters_total") == len(killers), "accounted for")
        assert processor.terminate() == 0
    assert bodies(outcomes[PROCESSED]).keys() == neighbours.keys()
    assert (header(letters["parser_crashed"], "docmill_detail") or "").startswith("the parser ended by SIG")

"""A document's text goes into its event, and nowhere else: no log line, metric, header or offset holds a word of it.

Documents with words that nothing else holds are sent through every outcome of the processor, with logs at debug.
test_no_text_leaks_elsewhere.py has the other services.
"""

import base64
import json
import sys
import zlib
from typing import Any

import pytest

from docmill.ingest.media_types import DOCX, HTML, MAIL, PDF
from docmill_schemas.cloudevents import STRUCTURED
from docmill_schemas.reasons import RejectionReason
from tests.integration.leaks import DEADLY, PAGES, QUOTED, TEXT, WORDS, found_in, leaks, metadata, progress
from tests.integration.processor_process import SOON_MISSED, Start
from tests.integration.topics import FALLBACK, PROCESSED, REJECTED, Sent, Topics, header
from tests.tiny_bundle import text_of
from tests.unit.ingest.pdf_files import FIRST_PAGE, pdf, stream, text_objects, text_pdf
from tests.unit.ingest.word_files import archive, paragraph, word_file

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.skipif(sys.platform != "linux", reason="memory is bounded on Linux only"),
]
ALTERED = "tests.integration.altered_processor"
JSON = "application/json"
LIMITS = {
    "DOCMILL_MAX_CHARACTERS": "20000",
    "DOCMILL_MAX_PAGES": "1",
    "DOCMILL_PARSE_TIMEOUT_S": "1.5",
    "DOCMILL_PARSE_MEMORY_MIB": "64",
    "DOCMILL_PARSERS": "1",
    "DOCMILL_LOG_LEVEL": "debug",
    "TEST_DEADLY_TEXT": DEADLY,
    "TEST_QUOTED_TEXT": QUOTED,
}


def event(**fields: Any) -> bytes:
    return json.dumps(fields).encode()


def crashing_pdf() -> bytes:
    """See test_formats.py."""
    objects = text_objects([["x"]])
    shown = b"BT /F 12 Tf 72 700 Td (%s) Tj " % TEXT.encode() + (b"(" + b"a" * 50 + b") Tj ") * 400_000
    objects[FIRST_PAGE + 1] = stream(zlib.compress(shown + b" ET"), b"/Filter/FlateDecode")
    return pdf(objects)


def broken() -> dict[str, list[tuple[str | None, bytes | None]]]:
    """Media type and value of records by the reason that each is rejected for."""
    text = TEXT.encode()
    encoded = base64.b64encode(text).decode()
    return {
        "empty_value": [(None, None)],
        "invalid_event": [
            (JSON, event(text=TEXT, base64=encoded)),
            (JSON, b'{"text": "' + text),
            (JSON, event(**{TEXT: TEXT})),
            (JSON, event(base64=f"?{TEXT}", media_type="text/plain")),
            (JSON, event(text=[TEXT])),
            (JSON, b'{"text": "' + text + b' \\ud800"}'),
            (STRUCTURED, text),
            (STRUCTURED, event(id=[TEXT], data=TEXT)),
            (STRUCTURED, event(id="1", data_base64=TEXT)),
        ],
        "unsupported_media_type": [("application/zip", text), (JSON, event(base64=encoded, media_type=TEXT))],
        "unsupported_claim_check": [
            (JSON, event(claim_check={"uri": f"s3://{TEXT}", "sha256": "0" * 64, "size": 1, "media_type": TEXT}))
        ],
        "document_too_large": [("text/plain", text * 150_000)],
        "undecodable_text": [
            ("text/plain", text + bytes(range(9)) * 9),
            (JSON, event(base64=encoded, media_type=f"text/plain; charset={TEXT}")),
            ("text/plain; charset=utf-16", text),
        ],
        "malformed_document": [(PDF, b"%PDF-1.7 " + text), (DOCX, b"PK\x03\x04" + text), (MAIL, text)],
        "encrypted_document": [(MAIL, b"Subject: %s\nContent-Type: application/pkcs7-mime\n\n%s" % (text, text))],
        "no_text": [(HTML, b"<html><!-- %s --></html>" % text), ("image/png", text)],
        "text_too_large": [("text/plain", text * 1000)],
        "too_many_pages": [(PDF, text_pdf([TEXT], [TEXT]))],
        "archive_too_large": [(DOCX, archive({"word/document.xml": text * 2_000_000}))],
        "parse_timeout": [
            (MAIL, b"Subject: %s\nContent-Type: multipart/mixed; boundary=b\n\n" % text + b"--b\n\nhi\n" * 200_000)
        ],
        "parser_crashed": [(PDF, crashing_pdf())],
        "parse_memory": [(DOCX, word_file(paragraph("x") * 600_000 + paragraph(TEXT)))],
        "internal_error": [("text/plain", f"{TEXT} {QUOTED}".encode())],
    }


def good() -> list[Sent]:
    """Straight through, and to the fallback, in several formats."""
    receipt = f"{text_of('receipt', 1)} {TEXT}"
    return [
        Sent(receipt.encode(), b"receipt"),
        Sent(receipt.encode("utf-16"), b"utf-16"),
        Sent(event(text=receipt), b"json", [("content-type", JSON.encode())]),
        Sent(f"{text_of('contract', 1)} {TEXT}".encode(), b"contract"),
        Sent(TEXT.encode(), b"unfamiliar"),
        Sent(text_pdf([receipt]), b"pdf"),
        Sent(word_file(paragraph(receipt)), b"docx"),
        Sent(f"<p>{receipt}</p>".encode(), b"html", [("content-type", HTML.encode())]),
    ]


def test_the_search_finds_what_it_is_for() -> None:
    assert found_in(f"error: {WORDS[1]}") == [WORDS[1].lower()]
    assert found_in(repr(TEXT.encode())) == [word.lower() for word in WORDS]
    assert found_in(base64.b64encode(TEXT.encode()).decode())
    assert found_in(TEXT.encode().hex())
    assert leaks({"log": f"no {WORDS[0]}", "page": "nothing"}) == {"log": [WORDS[0].lower()]}


async def test_no_word_of_a_document_is_anywhere_but_in_events(topics: Topics, start: Start) -> None:
    reasons = broken()
    assert {*reasons, "process_killed"} == set(RejectionReason)
    letters = [
        Sent(value, f"{reason}-{number}".encode(), [] if kind is None else [("content-type", kind.encode())])
        for reason, records in reasons.items()
        for number, (kind, value) in enumerate(records)
    ]
    records = [*good(), *letters]
    killer = Sent(f"{TEXT} {DEADLY}".encode(), b"process_killed-0")
    logs = []
    with start(module=ALTERED, **LIMITS, **SOON_MISSED) as first:
        first.ready()
        await topics.send(records, compression_type="gzip")
        outcomes = await topics.outcomes(len(records))
        first.wait_for(lambda: first.metric("docmill_records_consumed_total") == len(records), "accounted for")
        pages = [first.page(path) for path in PAGES]
        await topics.send([killer])
        assert first.process.wait(60) == -9
        logs.append(first.log_text)
    offsets = await metadata(topics, "processor")
    with start(module=ALTERED, **LIMITS) as second:
        outcomes = await topics.outcomes(len(records) + 1)
        second.wait_for(lambda: second.metric("docmill_records_consumed_total") == 1, "accounted for")
        pages += [second.page(path) for path in PAGES]
        offsets += await metadata(topics, "processor")
        assert second.terminate() == 0
        logs.append(second.log_text)
    offsets += await metadata(topics, "processor")

    rejected = {record.key.decode(): record for record in outcomes[REJECTED]}
    assert {key: header(record, "docmill_reason") for key, record in rejected.items()} == {
        sent.key.decode(): sent.key.decode().rpartition("-")[0] for sent in (*letters, killer) if sent.key is not None
    }
    assert len(outcomes[PROCESSED]) + len(outcomes[FALLBACK]) == len(good())
    assert found_in("".join(record.value.decode() for record in outcomes[FALLBACK]))  # where it belongs
    assert '"docmill":1' in "".join(offsets)  # marks of an owner that died
    assert "INFO aiokafka" in logs[0]  # so debug was on
    assert "unexpected ValueError at altered_processor.py" in logs[0]
    places = {
        "logs": "".join(logs),
        "pages": "".join(pages),
        "offsets": "".join(offsets),
        "progress": await progress(topics),
        "headers": repr([record.headers for found in outcomes.values() for record in found]),
    }
    assert leaks(places) == {}

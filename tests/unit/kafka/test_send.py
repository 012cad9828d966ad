"""How a document is addressed, and when it is due."""

import pytest

from docmill.kafka.read_paths import SourceDocument
from docmill.kafka.received_record import new_event_id, received_record
from docmill.kafka.send import scheduled_s
from docmill.processing import ReceivedDocument
from docmill_schemas.cloudevents import read_headers
from docmill_schemas.ids import request_id
from docmill_schemas.topics import RECEIVED
from tests.unit.kafka.fakes import SENT_AT, decode, record


@pytest.mark.parametrize(
    ("index", "rate", "due_s"), [(0, None, 0), (99, None, 0), (0, 10, 0), (1, 10, 0.1), (25, 10, 2.5), (3, 0.5, 6)]
)
def test_the_schedule_is_fixed_from_the_start(index: int, rate: float | None, due_s: float) -> None:
    assert scheduled_s(index, rate) == pytest.approx(due_s)


def test_a_document_is_sent_in_binary_mode() -> None:
    document = SourceDocument("claims/ä.html", b"<p>x", "text/html")
    outgoing = received_record(document, "scanner", "7", SENT_AT)
    assert (outgoing.topic, outgoing.key, outgoing.value) == (RECEIVED.name, "claims/ä.html".encode(), b"<p>x")
    assert read_headers(outgoing.headers) == {
        "ce_specversion": "1.0",
        "ce_id": "7",
        "ce_source": "scanner",
        "ce_type": "docmill.document.received.v1",
        "ce_subject": "claims/ä.html",
        "ce_time": "2024-05-06T07:08:09Z",
        "content-type": "text/html",
    }


def test_the_processor_reads_what_is_sent() -> None:
    document = SourceDocument("row-1", "grüße".encode(), "text/plain; charset=utf-8")
    outgoing = received_record(document, "scanner", "7", SENT_AT)
    decoded = decode(record(outgoing.value, outgoing.headers, outgoing.key))
    assert decoded.request_id == request_id("scanner", "7")
    assert isinstance(decoded.document, ReceivedDocument)
    assert (decoded.document_id, decoded.document.content) == ("row-1", "grüße".encode())


def test_no_two_sends_share_an_id() -> None:
    assert len({new_event_id() for _ in range(1000)}) == 1000

"""Every outcome has one record that its topic can hold, and a dead letter changes nothing of what came."""

import json
import random
from dataclasses import replace
from typing import Any

import pytest

from docmill.ingest import extract
from docmill.ingest.extracted import Extracted
from docmill.ingest.limits import DEFAULT_LIMITS
from docmill.ingest.media_types import DOCX
from docmill.kafka.decode_record import DecodedRecord
from docmill.kafka.publish import MAX_REQUEST_BYTES, OutgoingRecord, Publisher, rejected_record
from docmill.pipeline.n_best import SPANS_PER_FIELD, NBest
from docmill.pipeline.spans import LONGEST_VALUE
from docmill.pipeline.types import Deferral, Span
from docmill.processing import Decided, Rejected
from docmill_schemas.cloudevents import read_headers
from docmill_schemas.events import DocumentProcessed, DocumentRejected, FallbackRequested
from docmill_schemas.ids import result_id
from docmill_schemas.reasons import DecidedBy, DeferralReason, RejectionReason
from docmill_schemas.topics import FALLBACK, FALLBACK_MARGIN_BYTES, PROCESSED, RECEIVED_MAX_BYTES, REJECTED
from tests.unit.ingest.word_files import paragraph, word_file
from tests.unit.kafka.fakes import SENT_AT, bundle, decide, decode, record

NO_TEXT = Rejected(RejectionReason.NO_TEXT, "3 bytes of text/plain hold no text")
DEFERRED = Deferral((DeferralReason.MISSING_FIELD, DeferralReason.LOW_TYPE_CONFIDENCE), ("date",))
BINARY_HEADERS = (("ce_id", b"1"), ("ce_source", b"scanner"), ("ce_subject", b"letter-9"))


def publish(decoded: DecodedRecord, outcome: Any, *, include_text: bool = False) -> OutgoingRecord:
    """The record of an outcome that stays what it is."""
    publisher = Publisher(bundle(), "docmill/test", include_text=include_text)
    outgoing, counted = publisher.outgoing(decoded, outcome, SENT_AT)
    assert counted is outcome
    return outgoing


def incompressible(characters: int) -> str:
    return "".join(map(chr, random.Random(7).choices(range(0x4E00, 0x9FA5), k=characters)))


def test_a_sure_result_is_a_processed_event() -> None:
    decoded = decode(record(b"on 3 May 2024", BINARY_HEADERS))
    outcome = decide(decoded, spans=(Span("date", 3, 13, 0.91239),))
    outgoing = publish(decoded, outcome)
    event = DocumentProcessed.model_validate_json(outgoing.value or b"")
    assert (outgoing.topic, outgoing.key) == (PROCESSED.name, b"letter-9")
    assert event.request_id == decoded.request_id
    assert event.result_id == result_id(decoded.request_id, outcome.content_sha256, DecidedBy.MODEL, "b" * 64)
    assert (event.document_type.label, event.document_type.probability) == ("receipt", 0.9877)
    [field] = event.fields
    assert (field.name, field.value, field.text, field.start, field.end) == ("date", "2024-05-03", "3 May 2024", 3, 13)
    assert field.confidence == 0.9124
    assert event.received_at == SENT_AT
    assert event.decided_by is DecidedBy.MODEL
    assert event.text is None
    headers = read_headers(outgoing.headers)
    assert headers["ce_id"] == event.result_id
    assert headers["ce_type"] == "docmill.document.processed.v1"
    assert headers["ce_time"] == "2024-05-06T07:08:09Z"
    assert headers["content-type"] == "application/json"


def test_the_text_rides_along_only_where_it_is_asked_for() -> None:
    decoded = decode(record(b"a letter"))
    outgoing = publish(decoded, decide(decoded), include_text=True)
    assert json.loads(outgoing.value or b"")["text"] == "a letter"


def test_a_deferral_carries_the_text_and_why() -> None:
    decoded = decode(record(b"a letter", BINARY_HEADERS))
    outgoing = publish(decoded, decide(decoded, DEFERRED))
    event = FallbackRequested.model_validate_json(outgoing.value or b"")
    assert outgoing.topic == FALLBACK.name
    assert event.text == "a letter"
    assert (event.reasons, event.missing_fields) == (DEFERRED.reasons, ("date",))
    assert read_headers(outgoing.headers)["ce_type"] == "docmill.fallback.requested.v1"


def test_a_deferral_carries_all_that_the_model_thought() -> None:
    decoded = decode(record(b"on 3 May 2024 or 4"))
    thought = NBest(
        (("receipt", 0.61239), ("letter.short", 0.4)), (Span("date", 3, 13, 0.71239), Span("date", 17, 18, 0.1))
    )
    decided = replace(decide(decoded, DEFERRED, (Span("date", 3, 13, 0.71239),)), n_best=thought)
    event = FallbackRequested.model_validate_json(publish(decoded, decided).value or b"")
    assert [(p.label, p.probability) for p in event.label_probabilities] == [("receipt", 0.6124), ("letter.short", 0.4)]
    assert event.candidates[0] == event.fields[0]
    assert [(c.text, c.value, c.confidence) for c in event.candidates] == [
        ("3 May 2024", "2024-05-03", 0.7124),
        ("4", None, 0.1),
    ]


def test_what_the_model_thought_leaves_room_for_the_text() -> None:
    """Some hundred labels, and of ten fields five spans as long as they may be."""
    decoded = decode(record(b"a letter"))
    text = incompressible(LONGEST_VALUE)
    spans = tuple(Span("date", 0, LONGEST_VALUE, 0.5) for _ in range(10 * SPANS_PER_FIELD))
    plain = with_text(decide(decoded, DEFERRED), text)
    thoughtful = replace(plain, n_best=NBest(tuple((f"group.label{n}", 0.01) for n in range(100)), spans))
    assert publish(decoded, thoughtful).size() - publish(decoded, plain).size() < FALLBACK_MARGIN_BYTES / 10


def test_a_field_of_a_paged_document_says_its_page() -> None:
    decoded = decode(record(b"%PDF"))
    extracted = Extracted("first\n\n3 May 2024\nto 5 May\n2024\n", (0, 6, 7, 27, 32))
    spans = [(0, 5), (7, 17), (21, 31), (27, 31)]
    decided = decide(decoded, spans=tuple(Span("date", *span, 0.9) for span in spans), extracted=extracted)
    event = DocumentProcessed.model_validate_json(publish(decoded, decided).value or b"")
    assert [(f.text, f.start, f.end) for f in event.fields] == [
        ("first", 0, 5),
        ("3 May 2024", 7, 17),
        ("5 May\n2024", 21, 31),
        ("2024", 27, 31),
    ]
    # The second page is empty; the third field starts on the third page and ends on the fourth.
    assert [(f.page, f.page_start, f.page_end) for f in event.fields] == [(1, 0, 5), (3, 0, 10), (3, 14, 24), (4, 0, 4)]


def test_a_field_of_a_document_without_pages_says_none() -> None:
    decoded = decode(record(b"on 3 May 2024"))
    value = publish(decoded, decide(decoded, spans=(Span("date", 3, 13, 0.9),))).value or b""
    [field] = json.loads(value)["fields"]
    assert {"page", "page_start", "page_end"}.isdisjoint(field)


def test_a_deferral_says_which_attachments_nobody_read() -> None:
    decoded = decode(record(b"a mail"))
    deferred = Deferral((DeferralReason.UNREAD_ATTACHMENT,))
    decided = decide(decoded, deferred, extracted=Extracted("a mail", (), ("image/png", "application/zip")))
    event = FallbackRequested.model_validate_json(publish(decoded, decided).value or b"")
    assert event.unread_attachments == ("image/png", "application/zip")
    assert event.reasons == (DeferralReason.UNREAD_ATTACHMENT,)


@pytest.mark.parametrize("route", [None, DEFERRED])
def test_the_same_document_gives_the_same_event_again(route: Deferral | None) -> None:
    decoded = decode(record(b"a letter", BINARY_HEADERS))
    first, again = (publish(decoded, decide(decoded, route)) for _ in range(2))
    assert first == again


def test_trace_headers_ride_along_and_no_others() -> None:
    passed: list[tuple[str, bytes | None]] = [("traceparent", b"00-1"), ("correlation_id", b"\xff")]
    decoded = decode(record(headers=[*passed, ("tracestate", None), ("reply_to", b"a topic"), ("x", b"1")]))
    outgoing = publish(decoded, decide(decoded))
    assert outgoing.headers[-2:] == passed
    assert {name for name, _ in outgoing.headers}.isdisjoint({"tracestate", "reply_to", "x"})


def test_a_dead_letter_is_the_record_as_it_came_with_reasons_added() -> None:
    headers: list[tuple[str, bytes | None]] = [
        ("x", b"1"),
        ("x", b"2"),
        ("null", None),
        ("raw", b"\xff\x00"),
        ("", b""),
    ]
    decoded = decode(record(b"\x00\x01", headers, b"\xffkey"))
    letter = publish(decoded, NO_TEXT)
    assert (letter.topic, letter.key, letter.value) == (REJECTED.name, b"\xffkey", b"\x00\x01")
    assert letter.headers[: len(headers)] == headers
    assert read_rejected(letter) == DocumentRejected(
        request_id=decoded.request_id,
        reason=RejectionReason.NO_TEXT,
        detail=NO_TEXT.detail,
        origin_topic="documents.received",
        origin_partition=3,
        origin_offset=1,
        origin_timestamp=decoded.record.timestamp,
        attempt=1,
    )


def test_a_dead_letter_that_comes_back_keeps_its_request_and_is_marked_anew() -> None:
    first = rejected_record(decode(record(b"a letter", BINARY_HEADERS)), NO_TEXT)
    again = decode(record(first.value, first.headers, first.key))
    letter = rejected_record(again, Rejected(RejectionReason.INTERNAL_ERROR, "unexpected exception", "KeyError"))
    said = read_rejected(letter)
    assert (said.request_id, said.attempt) == (read_rejected(first).request_id, 2)
    assert (said.reason, said.exception) == (RejectionReason.INTERNAL_ERROR, "KeyError")
    assert [name for name, _ in letter.headers].count("docmill_reason") == 1
    assert letter.headers[: len(BINARY_HEADERS)] == list(BINARY_HEADERS)


def test_a_null_value_stays_null_unless_nothing_would_be_left_to_send() -> None:
    assert rejected_record(decode(record(None, key=b"k")), NO_TEXT).value is None
    assert rejected_record(decode(record(None)), NO_TEXT).value == b""
    assert rejected_record(decode(record(b"")), NO_TEXT).value == b""


def test_the_largest_record_fits_as_a_dead_letter() -> None:
    value = random.Random(7).randbytes(RECEIVED_MAX_BYTES - 3000)
    letter = rejected_record(decode(record(value, [("x", b"y" * 2000)], b"k" * 500)), NO_TEXT)
    assert letter.value == value
    assert letter.size() <= REJECTED.max_bytes


def test_a_record_too_large_for_a_dead_letter_leaves_its_value_at_the_origin() -> None:
    value = random.Random(7).randbytes(REJECTED.max_bytes)
    for key, left in ((b"k", None), (None, b"")):
        letter = rejected_record(decode(record(value, [("x", b"1")], key)), NO_TEXT)
        assert (letter.key, letter.value) == (key, left)
        assert read_rejected(letter).value_omitted == "true"
        assert letter.fits(REJECTED)


def with_text(outcome: Decided, text: str) -> Decided:
    return Decided(
        outcome.document, text, outcome.content_sha256, outcome.text_sha256, outcome.prediction, outcome.route
    )


def test_a_text_that_does_not_fit_costs_the_text_and_not_the_result() -> None:
    decoded = decode(record(b"a letter"))
    large = with_text(decide(decoded), incompressible(PROCESSED.max_bytes))
    outgoing, counted = Publisher(bundle(), "docmill/test", include_text=True).outgoing(decoded, large, SENT_AT)
    assert counted is large
    assert outgoing.topic == PROCESSED.name
    assert "text" not in json.loads(outgoing.value or b"")


def test_a_record_over_the_producers_limit_becomes_a_pointer_to_its_origin() -> None:
    decoded = decode(record(b"0" * (MAX_REQUEST_BYTES + 1), [("traceparent", b"00-1")]))
    assert isinstance(decoded.document, Rejected)
    letter = rejected_record(decoded, decoded.document)
    assert not letter.value
    assert letter.size() < MAX_REQUEST_BYTES
    assert read_rejected(letter).value_omitted == "true"
    assert ("traceparent", b"00-1") in letter.headers


def test_a_key_as_large_gives_way_to_the_request_id() -> None:
    decoded = decode(record(b"0", key=incompressible(2 * REJECTED.max_bytes).encode()))
    letter = rejected_record(decoded, NO_TEXT)
    assert letter.key == decoded.request_id.encode()
    assert letter.fits(REJECTED)


def test_a_deferral_too_large_for_its_topic_becomes_a_dead_letter() -> None:
    decoded = decode(record(b"a letter"))
    large = with_text(decide(decoded, DEFERRED), incompressible(FALLBACK.max_bytes))
    letter, counted = Publisher(bundle(), "docmill/test", include_text=True).outgoing(decoded, large, SENT_AT)
    assert isinstance(counted, Rejected)
    assert counted.reason is RejectionReason.TEXT_TOO_LARGE
    assert (letter.topic, letter.value) == (REJECTED.name, b"a letter")


def test_what_gzip_makes_small_enough_is_sent() -> None:
    decoded = decode(record(b"a " * PROCESSED.max_bytes), max_document_bytes=8 * PROCESSED.max_bytes)
    outgoing = publish(decoded, decide(decoded), include_text=True)
    assert outgoing.topic == PROCESSED.name
    assert outgoing.size() > PROCESSED.max_bytes


def deferred_word_file(text: str) -> tuple[OutgoingRecord, Any]:
    """What becomes of a Word document with this text that the model is not sure of."""
    content = word_file(paragraph(text))
    decoded = decode(record(content, [("content-type", DOCX.encode())]), max_document_bytes=8 * PROCESSED.max_bytes)
    extracted = extract(content, DOCX, None, DEFAULT_LIMITS)
    outcome = decide(decoded, DEFERRED, extracted=extracted)
    return Publisher(bundle(), "docmill/test", include_text=False).outgoing(decoded, outcome, SENT_AT)


def test_a_text_far_larger_than_its_document_travels_compressed() -> None:
    record_, outcome = deferred_word_file("合同条款 " * 390_000)  # 5 MiB, of a document of a few kilobytes
    assert isinstance(outcome, Decided)
    assert record_.topic == FALLBACK.name
    assert record_.size() > FALLBACK.max_bytes
    assert len(FallbackRequested.model_validate_json(record_.value or b"").text) == 5 * 390_000 - 1


def test_a_text_that_compresses_as_little_as_its_document_is_too_large() -> None:
    """By default no such document gets so far: it is larger than max_document_bytes itself."""
    letters = [*map(chr, range(0x20000, 0x2A6DF)), *map(chr, range(0x4E00, 0x9FA5))]
    record_, outcome = deferred_word_file(
        "".join(random.Random(7).choices(letters, k=DEFAULT_LIMITS.max_characters - 1))
    )
    assert isinstance(outcome, Rejected)
    assert outcome.reason is RejectionReason.TEXT_TOO_LARGE
    assert record_.topic == REJECTED.name


def read_rejected(letter: OutgoingRecord) -> DocumentRejected:
    headers = read_headers(letter.headers)
    return DocumentRejected.model_validate(
        {name.removeprefix("docmill_"): value for name, value in headers.items() if name.startswith("docmill_")}
    )

"""Whatever a stranger sends becomes a document or a reason, never an exception."""

import base64
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docmill.kafka.decode_record import MAX_ID_CHARACTERS, DecodedRecord
from docmill.processing import ReceivedDocument, Rejected
from docmill_schemas.ids import bare_request_id, request_id
from docmill_schemas.reasons import RejectionReason
from tests.unit.kafka.fakes import SENT_AT, SENT_AT_MS, FakeRecord, decode, record

JSON_HEADER = ("content-type", b"application/json")
STRUCTURED_HEADER = ("content-type", b"application/cloudevents+json; charset=utf-8")
BINARY_HEADERS = (("ce_id", b"1"), ("ce_source", b"scanner"), ("ce_subject", b"letter-9"))


def document(decoded: DecodedRecord) -> ReceivedDocument:
    assert isinstance(decoded.document, ReceivedDocument), decoded.document
    return decoded.document


def rejected(decoded: DecodedRecord) -> Rejected:
    assert isinstance(decoded.document, Rejected), decoded.document
    return decoded.document


def structured(**event: Any) -> FakeRecord:
    return record(json.dumps({"id": "1", "source": "scanner", **event}).encode(), [STRUCTURED_HEADER])


def test_a_bare_record_is_plain_text_named_by_its_place() -> None:
    decoded = decode(record(b"a letter"))
    request = bare_request_id("cluster", "documents.received", 3, 1, SENT_AT_MS)
    assert decoded.request_id == decoded.document_id == request
    assert decoded.attempt == 1
    assert document(decoded) == ReceivedDocument(request, request, b"a letter", "text/plain", None, SENT_AT)


def test_a_bare_record_is_named_by_its_key() -> None:
    assert decode(record(key=b"letter-7")).document_id == "letter-7"
    assert decode(record(key=b"\xff\x00")).document_id == "ff00"
    assert decode(record(key=b"")).document_id == decode(record()).request_id


def test_binary_mode_carries_the_document_itself() -> None:
    decoded = decode(record(b"<p>x", [*BINARY_HEADERS, ("content-type", b"Text/HTML; Charset=Latin-1")], b"key"))
    assert decoded.request_id == request_id("scanner", "1")
    found = document(decoded)
    assert (found.document_id, found.content) == ("letter-9", b"<p>x")
    assert (found.media_type, found.charset) == ("text/html", "latin-1")


def test_a_source_or_an_id_alone_names_no_request() -> None:
    bare = decode(record()).request_id
    assert decode(record(headers=[("ce_id", b"1")])).request_id == bare
    assert decode(record(headers=[("ce_source", b"scanner")])).request_id == bare


def test_null_and_unreadable_headers_are_passed_over() -> None:
    decoded = decode(record(headers=[("ce_id", None), ("ce_source", b"\xff"), ("x", None), ("ce_subject", b"\xc3")]))
    assert decoded.document_id == decoded.request_id == decode(record()).request_id
    assert document(decoded).content == b"a letter"


def test_json_with_text() -> None:
    event = {"document_id": "d", "tenant": "t", "text": "grüße", "media_type": "text/html", "later": 1}
    found = document(decode(record(json.dumps(event).encode(), [JSON_HEADER])))
    assert (found.document_id, found.tenant, found.content) == ("d", "t", "grüße".encode())
    assert (found.media_type, found.charset) == ("text/html", "utf-8")


def test_json_with_base64() -> None:
    event = {"base64": base64.b64encode(b"\x00\x01").decode(), "media_type": "Application/PDF; charset=x"}
    found = document(decode(record(json.dumps(event).encode(), [JSON_HEADER], b"key")))
    assert (found.document_id, found.content) == ("key", b"\x00\x01")
    assert (found.media_type, found.charset) == ("application/pdf", "x")


SNIFFED = [(b"%PDF-1.7", "application/pdf"), (b"\xff\xd8\xff\xe0", "image/jpeg"), (b"a letter", "text/plain")]


@pytest.mark.parametrize(("value", "media_type"), SNIFFED)
def test_where_nothing_is_declared_the_first_bytes_decide(value: bytes, media_type: str) -> None:
    event = json.dumps({"base64": base64.b64encode(value).decode(), "media_type": "application/octet-stream"})
    for fake in (
        record(value),
        record(value, [("content-type", b"application/octet-stream")]),
        record(event.encode(), [JSON_HEADER]),
        structured(data_base64=base64.b64encode(value).decode()),
    ):
        assert document(decode(fake)).media_type == media_type


@pytest.mark.parametrize(("value", "_"), SNIFFED)
def test_a_declared_type_is_believed(value: bytes, _: str) -> None:
    assert document(decode(record(value, [("content-type", b"text/html")]))).media_type == "text/html"


@pytest.mark.parametrize(
    ("value", "is_event"),
    [
        (b' {"text": "a"}', True),
        (b'{"invoice": 12}', False),
        (b"{curly}", False),
        (b'["text"]', False),
        (b"{" * 50_000, False),
        (b'{"a":' * 50_000 + b"1" + b"}" * 50_000, False),
        (b"\xff{", False),
    ],
)
def test_without_a_content_type_only_a_plain_event_is_read_as_one(value: bytes, is_event: bool) -> None:
    assert document(decode(record(value))).content == (b"a" if is_event else value)


def test_structured_mode() -> None:
    decoded = decode(structured(subject="s", datacontenttype="text/html", data="<p>ü"))
    assert decoded.request_id == request_id("scanner", "1")
    found = document(decoded)
    assert (found.document_id, found.media_type, found.charset) == ("s", "text/html", "utf-8")
    assert found.content == "<p>ü".encode()


def test_structured_mode_with_binary_data_and_with_an_event() -> None:
    found = document(decode(structured(datacontenttype="text/plain; charset=latin-1", data_base64="/A==")))
    assert (found.content, found.charset) == (b"\xfc", "latin-1")
    found = document(decode(structured(data={"text": "a", "document_id": "d"})))
    assert (found.document_id, found.content) == ("d", b"a")


@pytest.mark.parametrize(
    "fake",
    [
        record(b"{", [STRUCTURED_HEADER]),
        record(b"[]", [STRUCTURED_HEADER]),
        record(b'{"a":' * 50_000 + b"1" + b"}" * 50_000, [STRUCTURED_HEADER]),
        record(b"\xff", [STRUCTURED_HEADER]),
        record(b'{"data": ' + b"9" * 5000 + b"}", [STRUCTURED_HEADER]),
        structured(),
        structured(data=None),
        structured(data_base64=1234),
        structured(data_base64="€"),
        structured(data_base64="abc"),
        structured(id=1, data="x"),
        structured(id="\ud800", data="x", datacontenttype="text/plain"),
        structured(subject="\ud800", data="x", datacontenttype="text/plain"),
        structured(data="\ud800", datacontenttype="text/plain"),
        structured(data={"text": "\ud800"}),
        structured(data="text", datacontenttype="application/json"),
        record(b"{", [JSON_HEADER]),
        record(b"[]", [JSON_HEADER]),
        record(b'"text"', [JSON_HEADER]),
        record(b"{}", [JSON_HEADER]),
        record(b'{"text": 1}', [JSON_HEADER]),
        record(b'{"text": "a", "base64": "YQ=="}', [JSON_HEADER]),
        record(b'{"base64": "YQ=="}', [JSON_HEADER]),
        record(b'{"base64": "Y", "media_type": "text/plain"}', [JSON_HEADER]),
        record('{"base64": "€", "media_type": "text/plain"}'.encode(), [JSON_HEADER]),
        record(b'{"text": "\\ud800"}', [JSON_HEADER]),
        record(b'{"a":' * 50_000 + b"1" + b"}" * 50_000, [JSON_HEADER]),
        record(headers=[("ce_subject", b"x" * (MAX_ID_CHARACTERS + 1))]),
        record(key=b"x" * (MAX_ID_CHARACTERS + 1)),
        record(json.dumps({"text": "a", "document_id": "x" * 600}).encode(), [JSON_HEADER]),
    ],
)
def test_what_is_no_event_is_rejected_as_such(fake: FakeRecord) -> None:
    decoded = decode(fake)
    assert rejected(decoded).reason is RejectionReason.INVALID_EVENT
    assert len(decoded.document_id) <= MAX_ID_CHARACTERS
    decoded.document_id.encode()


def test_a_structured_event_as_deep_as_json_goes_is_no_unforeseen_exception() -> None:
    for depth in range(900, 1000):
        event = b'{"id": "1", "data": ' + b"[" * depth + b"]" * depth + b"}"
        assert rejected(decode(record(event, [STRUCTURED_HEADER]))).reason is RejectionReason.INVALID_EVENT


@pytest.mark.parametrize("value", [None, b""])
def test_an_empty_record_keeps_the_id_of_its_request(value: bytes | None) -> None:
    decoded = decode(record(value, BINARY_HEADERS))
    assert rejected(decoded).reason is RejectionReason.EMPTY_VALUE
    assert decoded.request_id == request_id("scanner", "1")
    assert decoded.document_id == "letter-9"


def test_a_claim_check_is_answered() -> None:
    claim = {"uri": "s3://x", "sha256": "0" * 64, "size": 1, "media_type": "text/plain"}
    decoded = decode(record(json.dumps({"claim_check": claim}).encode(), [JSON_HEADER]))
    assert rejected(decoded).reason is RejectionReason.UNSUPPORTED_CLAIM_CHECK


def test_a_document_over_the_limit_is_rejected() -> None:
    assert document(decode(record(b"x" * 10), 10)).content == b"x" * 10
    assert rejected(decode(record(b"x" * 11), 10)).reason is RejectionReason.DOCUMENT_TOO_LARGE


def test_a_redriven_record_keeps_its_request_and_counts_its_attempts() -> None:
    first = decode(record(b"{", [JSON_HEADER, *BINARY_HEADERS]))
    headers = [("docmill_request_id", first.request_id.encode()), ("docmill_attempt", b"1")]
    again = decode(replace(record(b"a letter", [*BINARY_HEADERS, *headers]), offset=99))
    assert again.request_id == first.request_id
    assert again.attempt == 2
    bare = decode(record(b"a letter", headers))
    assert (bare.request_id, bare.attempt) == (first.request_id, 2)
    moved = decode(record(json.dumps({"id": "2", "source": "x", "data": {"text": "a"}}).encode(), [
        STRUCTURED_HEADER, *headers]))  # fmt: skip
    assert moved.request_id == first.request_id


@pytest.mark.parametrize("attempt", [b"", b"-1", b"1.5", b"9" * 5000, "٣".encode(), b"one"])
def test_a_strange_attempt_counts_as_the_first(attempt: bytes) -> None:
    assert decode(record(headers=[("docmill_attempt", attempt)])).attempt == 1


@pytest.mark.parametrize("request_header", [b"", b"x", b"A" * 32, b"a" * 100_000])
def test_a_strange_request_id_is_passed_over(request_header: bytes) -> None:
    decoded = decode(record(headers=[*BINARY_HEADERS, ("docmill_request_id", request_header)]))
    assert decoded.request_id == request_id("scanner", "1")


@pytest.mark.parametrize("timestamp", [-1, 2**62])
def test_a_strange_timestamp_is_no_fault_of_the_document(timestamp: int) -> None:
    assert document(decode(replace(record(), timestamp=timestamp))).content == b"a letter"


def test_the_detail_never_holds_text_of_the_document() -> None:
    secret = "Zeppelin"
    fakes = [
        record(json.dumps({"text": [secret], secret: 1}).encode(), [JSON_HEADER]),
        record(json.dumps({"base64": secret + "é", "media_type": secret}).encode(), [JSON_HEADER]),
        record(json.dumps({"claim_check": {"uri": secret, "size": secret}}).encode(), [JSON_HEADER]),
        record(f'{{"text": {secret}'.encode(), [JSON_HEADER]),
        record(f'{{"data": {secret}'.encode(), [STRUCTURED_HEADER]),
        structured(data={"text": {secret: secret}}),
        structured(data_base64=secret + "é"),
        structured(data=secret + "\ud800", datacontenttype="text/plain"),
    ]
    for fake in fakes:
        assert secret not in rejected(decode(fake)).detail


@given(
    value=st.none() | st.binary(max_size=60) | st.dictionaries(st.text(max_size=5), st.text()).map(
        lambda event: json.dumps(event).encode()
    ),
    headers=st.lists(
        st.tuples(
            st.sampled_from(["ce_id", "CE_Source", "ce_subject", "content-type", "docmill_attempt", "x"]),
            st.none() | st.binary(max_size=30) | st.sampled_from([JSON_HEADER[1], STRUCTURED_HEADER[1]]),
        ),
        max_size=6,
    ),
    key=st.none() | st.binary(max_size=20),
    timestamp=st.integers(-(2**63), 2**63 - 1),
)  # fmt: skip
def test_nothing_is_unforeseen(
    value: bytes | None, headers: list[tuple[str, bytes | None]], key: bytes | None, timestamp: int
) -> None:
    decoded = decode(replace(record(value, headers, key), timestamp=timestamp))
    decoded.document_id.encode()
    if isinstance(decoded.document, Rejected):
        assert decoded.document.reason is not RejectionReason.INTERNAL_ERROR

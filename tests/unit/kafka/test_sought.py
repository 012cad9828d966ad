"""Bytes tell which records need not be decoded; what could be meant is never missed."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docmill.kafka.decode_record import MAX_ID_CHARACTERS
from docmill.kafka.outcomes import OutcomeKind
from docmill.kafka.publish import OutgoingRecord, Publisher, rejected_record
from docmill.kafka.sought import Sought
from docmill.kafka.steps import outcome_step, received_step
from docmill.processing import Rejected
from docmill_schemas.ids import bare_request_id, request_id
from docmill_schemas.reasons import RejectionReason
from tests.unit.kafka.fakes import MIB, SENT_AT, SENT_AT_MS, FakeRecord, Headers, bundle, decide, decode, record

CLUSTER = "cluster"
JSON = ("content-type", b"application/json")
STRUCTURED = ("content-type", b"application/cloudevents+json; charset=utf-8")
Event = dict[str, Any]


def text_json(document_id: str, **dumps: Any) -> bytes:
    return json.dumps({"document_id": document_id, "text": "x"}, **dumps).encode()


def structured(**attributes: Any) -> bytes:
    return json.dumps({"specversion": "1.0", "datacontenttype": "text/plain", "data": "x", **attributes}).encode()


def in_base64(document_id: str) -> bytes:
    data = base64.b64encode(text_json(document_id)).decode()
    return json.dumps({"datacontenttype": "application/json", "data_base64": data}).encode()


NAMED = {
    "by its key": record(b"x", key="Ä-7".encode()),
    "by ce_subject": record(b"x", [("CE_Subject", "Ä-7".encode())], b"other"),
    "in JSON": record(text_json("Ä-7", ensure_ascii=False), [JSON], b"other"),
    "in escaped JSON": record(text_json("Ä-7"), [JSON]),
    "in JSON without a type": record(text_json("Ä-7", indent=3)),
    "by a subject inside": record(structured(subject="Ä-7"), [STRUCTURED]),
    "in an event's data": record(
        structured(datacontenttype="application/json", data={"document_id": "Ä-7", "text": "x"}), [STRUCTURED]
    ),
    "in an event's base64": record(in_base64("Ä-7"), [STRUCTURED]),
}


@pytest.mark.parametrize("fake", NAMED.values(), ids=NAMED.keys())
def test_a_document_id_is_found_wherever_it_stands(fake: FakeRecord) -> None:
    sought = Sought("Ä-7", CLUSTER)
    assert sought.may_be_received(fake)
    assert sought.may_be_dead_letter(fake)
    assert sought.is_of(received_step(fake, CLUSTER, MIB))


def test_a_key_that_is_no_text_is_known_by_its_hex_digits() -> None:
    fake = record(b"x", key=b"\xff\x00\x01")
    assert decode(fake).document_id == "ff0001"
    assert Sought("ff0001", CLUSTER).may_be_received(fake)


@pytest.mark.parametrize(
    "fake",
    [
        record(b"a letter that says Q-7", [("ce_subject", b"Q-70")], b"Q"),
        record(text_json("Q-70"), [JSON]),
        record(json.dumps({"text": "document_id Q-7"}).encode(), [JSON]),
        record(structured(subject="Q-71"), [STRUCTURED]),
        record(None),
        record(b"x", [("x", None), ("x", b"\xff")]),
    ],
)
def test_other_documents_are_not_decoded(fake: FakeRecord) -> None:
    sought = Sought("Q-7", CLUSTER)
    assert not sought.may_be_received(fake)
    assert not sought.may_be_dead_letter(fake)


REQUESTS: dict[str, FakeRecord] = {
    "by source and id": record(b"x", [("ce_source", b"erp"), ("ce_id", b"1")]),
    "by the last headers that can be read": record(
        b"x", [("ce_source", b"a"), ("Ce_Source", b"erp"), ("ce_id", b"1"), ("ce_id", b"\xff"), ("ce_id", None)]
    ),
    "inside the event": record(structured(source="erp", id="1"), [STRUCTURED]),
    "by docmill's own header": record(
        b"x", [("ce_source", b"other"), ("docmill_request_id", request_id("erp", "1").encode())]
    ),
}


@pytest.mark.parametrize("fake", REQUESTS.values(), ids=REQUESTS.keys())
@pytest.mark.parametrize("spelled", [str.lower, str.upper])
def test_a_request_id_is_computed_as_the_processor_does(fake: FakeRecord, spelled: Any) -> None:
    sought = Sought(spelled(request_id("erp", "1")), CLUSTER)
    assert sought.may_be_received(fake)
    assert sought.is_of(received_step(fake, CLUSTER, MIB))


@pytest.mark.parametrize("headers", [[], [("ce_source", b"erp")], [("ce_id", b"1")], [("ce_id", b""), JSON]])
def test_the_request_id_of_a_bare_record_is_its_place_in_the_cluster(headers: Headers) -> None:
    fake = record(b'{"text": "x"}', headers)
    here = bare_request_id(CLUSTER, fake.topic, fake.partition, fake.offset, SENT_AT_MS)
    elsewhere = bare_request_id("another", fake.topic, fake.partition, fake.offset, SENT_AT_MS)
    assert Sought(here, CLUSTER).may_be_received(fake)
    assert Sought(here, CLUSTER).is_of(received_step(fake, CLUSTER, MIB))
    assert not Sought(elsewhere, CLUSTER).may_be_received(fake)


def test_another_request_is_not_decoded() -> None:
    sought = Sought(request_id("erp", "1"), CLUSTER)
    assert not sought.may_be_received(record(b"x", [("ce_source", b"erp"), ("ce_id", b"2")]))


def test_a_document_may_be_called_by_32_hex_digits() -> None:
    name = "AB" * 16
    fake = record(b"x", key=name.encode())
    sought = Sought(name, CLUSTER)
    assert sought.may_be_received(fake)
    assert sought.is_of(received_step(fake, CLUSTER, MIB))


def test_an_id_that_may_have_been_cut_is_sought_everywhere() -> None:
    fake = record(b"", key=b"k" * 600)
    sought = Sought("k" * MAX_ID_CHARACTERS, CLUSTER)
    assert sought.may_be_received(fake)
    assert sought.is_of(received_step(fake, CLUSTER, MIB))


def read_back(outgoing: OutgoingRecord) -> FakeRecord:
    return FakeRecord(outgoing.value, tuple(outgoing.headers), outgoing.key, outgoing.topic)


def test_outcomes_are_found_by_their_document_and_by_their_request() -> None:
    decoded = decode(record(b"a letter", [("ce_source", b"erp"), ("ce_id", b"1"), ("ce_subject", b"Q-7")]))
    result = read_back(Publisher(bundle(), "s", include_text=False).outgoing(decoded, decide(decoded), SENT_AT)[0])
    for wanted in ("Q-7", decoded.request_id):
        sought = Sought(wanted, CLUSTER)
        assert sought.may_be_outcome(result)
        assert sought.is_of(outcome_step(OutcomeKind.PROCESSED, result, CLUSTER, MIB))
    for wanted in ("Q-8", request_id("erp", "2")):
        assert not Sought(wanted, CLUSTER).may_be_outcome(result)
    assert not Sought(decoded.request_id, CLUSTER).may_be_outcome(record(None))


def test_outcomes_of_requests_that_were_found_are_found_under_any_name() -> None:
    """A dead letter that has lost its value has lost the document id in it, too."""
    sent = record(text_json("Q-7"), [JSON], b"other")
    letter = read_back(rejected_record(decode(sent), Rejected(RejectionReason.NO_TEXT, "nothing")))
    bare = FakeRecord(None, letter.headers, b"other", letter.topic)
    sought = Sought("Q-7", CLUSTER)
    assert not sought.may_be_dead_letter(bare)
    sought.found([received_step(sent, CLUSTER, MIB)])
    assert sought.may_be_dead_letter(bare)
    assert sought.is_of(outcome_step(OutcomeKind.REJECTED, bare, CLUSTER, MIB))


@given(
    wanted=st.text(min_size=1, max_size=6),
    escapes=st.booleans(),
    indent=st.sampled_from([None, 2]),
    before=st.text(max_size=20),
)
def test_whatever_an_id_is_spelled_like_in_json_it_is_not_missed(
    wanted: str, escapes: bool, indent: int | None, before: str
) -> None:
    event = {"tenant": before, "document_id": wanted, "text": before + "x"}
    value = json.dumps(event, ensure_ascii=escapes, indent=indent).encode(errors="surrogatepass")
    fake = record(value, [JSON])
    try:
        sought = Sought(decode(fake).document_id, CLUSTER)
    except UnicodeEncodeError:  # a lone surrogate, which no command line and no record can carry
        return
    assert sought.may_be_received(fake)

"""Which dead letters go back, and as what."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from docmill.kafka import redrive
from docmill.kafka.decode_record import decode_record
from docmill.kafka.publish import rejected_record
from docmill.kafka.redrive import Letter, Selection, batches, headers_of, read_letter
from docmill.processing import Rejected
from docmill_schemas.reasons import RejectionReason
from tests.unit.kafka.fakes import SENT_AT, FakeRecord, Headers, decode, record

WHY = Rejected(RejectionReason.PARSE_TIMEOUT, "10 s")


def letter_record(of: FakeRecord, **changes: Any) -> FakeRecord:
    """The dead letter of a record, as it lies on its topic."""
    outgoing = rejected_record(decode(of), WHY)
    made = FakeRecord(outgoing.value, tuple(outgoing.headers), outgoing.key, "documents.rejected", 2, 40)
    return replace(made, **changes)


def letter(of: FakeRecord | None = None, **changes: Any) -> Letter:
    read = read_letter(letter_record(of or record(key=b"claim-1")), "")
    assert read is not None
    return replace(read, **changes)


def test_a_letter_says_where_it_came_from() -> None:
    found = letter()
    assert found.place == f"documents.rejected/2/40/{found.record.timestamp}"
    assert (found.reason, found.document_id, found.attempt) == ("parse_timeout", "claim-1", 1)
    assert (found.origin.topic, found.origin.partition, found.origin_offset) == ("documents.received", 3, 1)
    assert found.at == SENT_AT
    assert not found.value_omitted


@pytest.mark.parametrize(
    "header",
    [
        ("docmill_origin_topic", b"payments"),  # a stranger's header must never choose a topic
        ("docmill_origin_partition", b"-1"),
        ("docmill_origin_offset", "\u0663".encode()),
        ("docmill_attempt", b"many"),
        ("docmill_reason", b""),
        ("docmill_request_id", b""),
    ],
)
def test_what_is_no_letter_of_this_deployment_is_left_alone(header: tuple[str, bytes]) -> None:
    strange = letter_record(record())
    assert read_letter(replace(strange, headers=(*strange.headers, header)), "") is None
    assert read_letter(strange, "claims.") is None
    assert read_letter(record(), "") is None


@pytest.mark.parametrize("headers", [[], [("content-type", b"text/html"), ("twice", b"1"), ("twice", None)]])
def test_what_goes_back_is_what_came_and_keeps_its_request(headers: Headers) -> None:
    came = record(b"a letter", headers, key=b"claim-1")
    first = decode(came)
    found = letter(came)
    back = FakeRecord(found.record.value, tuple(headers_of(found, found.record)), found.record.key, offset=77)
    again = decode_record(back, "cluster", 1000)
    assert (back.value, back.key) == (came.value, came.key)
    assert [one for one in back.headers if not one[0].startswith("docmill_")] == list(came.headers)
    assert again.request_id == first.request_id
    assert again.document_id == first.document_id
    assert again.attempt == first.attempt + 1 == 2


def test_a_bare_record_keeps_the_request_that_its_first_place_gave_it() -> None:
    came = record(b"a letter")
    found = letter(came)
    back = FakeRecord(found.record.value, tuple(headers_of(found, found.record)), None, offset=900)
    assert decode(back).request_id == decode(came).request_id != decode(replace(came, offset=900)).request_id


@pytest.mark.parametrize(
    ("selection", "wanted"),
    [
        (Selection(), True),
        (Selection(reasons=frozenset({"parse_timeout", "no_text"})), True),
        (Selection(reasons=frozenset({"no_text"})), False),
        (Selection(ids=frozenset({"claim-1"})), True),
        (Selection(ids=frozenset({"claim"})), False),
        (Selection(since=SENT_AT), True),
        (Selection(since=SENT_AT + timedelta(seconds=1)), False),
        (Selection(until=SENT_AT), False),
        (Selection(until=SENT_AT + timedelta(seconds=1)), True),
        (Selection(most_attempts=1), True),
        (Selection(ids=frozenset({"claim-1"}), reasons=frozenset({"no_text"})), False),
    ],
)
def test_a_selection_narrows(selection: Selection, wanted: bool) -> None:
    assert selection.wants(letter()) is wanted


def test_letters_are_selected_by_request_and_by_attempt() -> None:
    found = letter()
    assert Selection(ids=frozenset({found.request_id})).wants(found)
    assert not Selection(most_attempts=1).wants(replace(found, attempt=2))
    assert Selection(until=datetime.now(UTC)).wants(found)


def test_a_transaction_is_bounded_by_letters_and_by_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redrive, "TRANSACTION_LETTERS", 3)
    monkeypatch.setattr(redrive, "TRANSACTION_BYTES", 10)
    small, large = letter(record(b"abc", key=b"k")), letter(record(b"abcdefghijkl", key=b"k"))
    assert [len(batch) for batch in batches([small] * 7)] == [3, 3, 1]
    assert [len(batch) for batch in batches([small, large, small])] == [1, 1, 1]
    assert list(batches([])) == []

"""What readers of the outcome topics see, strangers' records included, and how outcomes are counted."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
from aiokafka import TopicPartition

from docmill.kafka.follow import OutcomeCounts, _outcomes, count_outcomes
from docmill.kafka.outcomes import Observed, OutcomeKind, observe
from docmill.kafka.publish import OutgoingRecord, Publisher, rejected_record
from docmill.kafka.put_back import HELD_SINCE
from docmill.pipeline.types import Deferral, Span
from docmill.processing import Rejected
from docmill_schemas.reasons import DeferralReason, RejectionReason
from tests.unit.kafka.fakes import SENT_AT, SENT_AT_MS, FakeRecord, bundle, decide, decode, record

DECODED = decode(record(b"on 3 May 2024, or so", [("ce_subject", b"letter-9")]))
SPANS = (Span("date", 3, 13, 0.9), Span("date", 18, 20, 0.9))


def read_back(outgoing: OutgoingRecord) -> FakeRecord:
    """The record as a consumer gets it, a second and a half after the document's own."""
    return FakeRecord(
        outgoing.value, tuple(outgoing.headers), outgoing.key, outgoing.topic, timestamp=SENT_AT_MS + 1500
    )


def published(route: Deferral | None = None) -> FakeRecord:
    publisher = Publisher(bundle(), "docmill/test", include_text=False)
    outgoing, _ = publisher.outgoing(DECODED, decide(DECODED, route, SPANS), SENT_AT)
    return read_back(outgoing)


def test_a_result_is_read() -> None:
    outcome = observe(OutcomeKind.PROCESSED, published())
    assert outcome.event is not None
    assert outcome == Observed(
        kind=OutcomeKind.PROCESSED,
        at=SENT_AT + timedelta(seconds=1.5),
        request_id=DECODED.request_id,
        document_id="letter-9",
        label="receipt",
        probability=0.9877,
        fields=(("date", "2024-05-03"), ("date", "so")),
        latency_s=1.5,
        event=outcome.event,
    )
    assert json.loads(outcome.as_json()) == {"outcome": "processed", "latency_s": 1.5, **outcome.event}


def test_a_deferral_is_read() -> None:
    deferral = Deferral((DeferralReason.MISSING_FIELD,), ("total", "date"))
    outcome = observe(OutcomeKind.FALLBACK, published(deferral))
    assert (outcome.reasons, outcome.detail) == (("missing_field",), "missing total, date")


def test_a_dead_letter_is_read() -> None:
    letter = rejected_record(DECODED, Rejected(RejectionReason.NO_TEXT, "nothing there"))
    outcome = observe(OutcomeKind.REJECTED, read_back(letter))
    assert (outcome.request_id, outcome.document_id) == (DECODED.request_id, "letter-9")
    assert (outcome.reasons, outcome.detail, outcome.latency_s) == (("no_text",), "nothing there", 1.5)
    event = json.loads(outcome.as_json())
    assert (event["outcome"], event["origin_offset"], event["document_id"]) == ("rejected", 1, "letter-9")


def test_words_of_a_later_version_are_shown_as_they_are() -> None:
    fake = published()
    event = json.loads(fake.value or b"")
    event |= {"decided_by": "oracle", "reasons": ["full_moon"], "later": {"key": 1}}
    outcome = observe(OutcomeKind.PROCESSED, replace(fake, value=json.dumps(event).encode()))
    assert outcome.reasons == ("full_moon",)
    assert outcome.event == event
    headers: list[tuple[str, bytes | None]] = [("docmill_request_id", b"r"), ("docmill_reason", b"full_moon")]
    outcome = observe(OutcomeKind.REJECTED, record(b"", headers, b"k"))
    assert (outcome.request_id, outcome.document_id, outcome.reasons) == ("r", "k", ("full_moon",))
    assert outcome.event == {"request_id": "r", "reason": "full_moon"}


@pytest.mark.parametrize("kind", OutcomeKind)
@pytest.mark.parametrize(
    "fake",
    [
        record(None),
        record(b""),
        record(b"\xff"),
        record(b"[]"),
        record(b'{"request_id": 1}'),
        record(b'{"a":' * 50_000 + b"1" + b"}" * 50_000),
        record(b"{", [("content-type", b"application/cloudevents+json")]),
        record(headers=[("ce_subject", None), ("docmill_reason", b"\xff")]),
        replace(record(), timestamp=2**62),
    ],
)
def test_what_is_no_outcome_is_shown_as_such(kind: OutcomeKind, fake: FakeRecord) -> None:
    outcome = observe(kind, fake)
    assert outcome.request_id is None
    assert outcome.document_id == "3@1"
    assert outcome.detail is not None
    assert "not a" in outcome.detail
    assert json.loads(outcome.as_json())["outcome"] == kind


async def outcomes(*seen: tuple[OutcomeKind, str | None]) -> AsyncIterator[Observed]:
    """The given outcomes by request id, then silence."""
    for kind, request in seen:
        yield Observed(kind, SENT_AT, request, "d")
    await asyncio.Event().wait()


async def test_outcomes_are_counted_until_all_are_seen() -> None:
    seen: list[int] = []
    counts = await count_outcomes(
        outcomes(
            (OutcomeKind.PROCESSED, "a"),
            (OutcomeKind.REJECTED, None),
            (OutcomeKind.PROCESSED, "a stranger's"),
            (OutcomeKind.FALLBACK, "b"),
            (OutcomeKind.PROCESSED, "b"),
            (OutcomeKind.REJECTED, "c"),
        ),
        ["a", "b", "c"],
        timeout_s=60,
        on_seen=seen.append,
    )
    assert counts == OutcomeCounts(processed=1, fallback=1, rejected=1, missing=frozenset())
    assert seen == [1, 2, 3]


async def test_what_does_not_come_in_time_is_missing() -> None:
    counts = await count_outcomes(outcomes((OutcomeKind.PROCESSED, "a")), ["a", "b"], timeout_s=0.05)
    assert counts == OutcomeCounts(processed=1, fallback=0, rejected=0, missing=frozenset({"b"}))


async def test_nothing_to_count_waits_for_nothing() -> None:
    assert await count_outcomes(outcomes(), [], timeout_s=60) == OutcomeCounts(0, 0, 0, frozenset())


async def test_a_request_that_was_put_back_is_no_outcome_of_its_own() -> None:
    """The fallback puts it back to wait for a generator: the same event again, with a header more."""
    once = published(Deferral((DeferralReason.MISSING_FIELD,)))
    again = replace(once, headers=(*once.headers, (HELD_SINCE, b"1")), offset=2)

    class Consumer:
        async def getmany(self, timeout_ms: int) -> dict[TopicPartition, list[FakeRecord]]:
            return {TopicPartition("t.documents.fallback", 0): [again, once]}

    seen = _outcomes(Consumer(), "t.")
    assert [await anext(seen) for _ in range(2)] == [observe(OutcomeKind.FALLBACK, once)] * 2
    await seen.aclose()

"""A published result back into review: which one, and as what. tests/integration/test_review.py has a real broker."""

from dataclasses import replace
from datetime import timedelta

import pytest

from docmill.errors import ReviewError
from docmill.kafka import find_text, open_correction, read_reviews, send_record
from docmill.kafka.open_correction import correction, review_record
from docmill.kafka.publish import OutgoingRecord
from docmill.processing import Parser
from docmill.settings import Settings, load_settings
from docmill_schemas import examples
from docmill_schemas.cloudevents import read_headers
from docmill_schemas.ids import result_id
from docmill_schemas.reasons import DecidedBy, ReviewReason
from docmill_schemas.review_events import AutomaticResult, ReviewRequested
from tests.unit.kafka.fake_broker import FakeBroker
from tests.unit.kafka.reviews import TRACE, closed, human_result, opened, result, result_record

A, B = "aa11" + "0" * 28, "aa22" + "0" * 28
FOUND = find_text.FoundText("documents.processed", examples.TEXT, "text/plain", examples.FALLBACK.candidates)


@pytest.fixture
def settings() -> Settings:
    return load_settings(topic_prefix="p.", kafka_bootstrap_servers="here:1")


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> FakeBroker:
    made = FakeBroker()
    made.serve(monkeypatch, open_correction, find_text, read_reviews, send_record)
    return made


class NoParser:
    """Nothing needs to be parsed."""

    def extract(self, content: bytes, media_type: str, charset: str | None) -> None:
        raise AssertionError("parsed")


PARSER: Parser = NoParser()  # type: ignore[assignment]


def published(request_id: str = A, revision: int = 1, **changes: object) -> OutgoingRecord:
    """A result that carries its text."""
    return result_record(result(request_id=request_id, revision=revision, text=examples.TEXT, **changes))


def sent(broker: FakeBroker) -> ReviewRequested:
    """The one review that was opened."""
    [record] = [record for record in broker.read("p.documents.review") if record.headers]
    return ReviewRequested.model_validate_json(record.value or b"")


def test_a_correction_says_what_is_published_and_asks_for_the_next_revision() -> None:
    now = examples.TIME + timedelta(days=2)
    asked = correction(result(revision=3, decided_by=DecidedBy.GENERATOR), FOUND, now)
    assert asked.published == AutomaticResult(result_id=examples.RESULT_ID, revision=3, decided_by=DecidedBy.GENERATOR)
    assert (asked.revision, asked.review_reasons, asked.requested_at) == (4, (ReviewReason.CORRECTION,), now)
    assert (asked.text, asked.media_type, asked.candidates) == (examples.TEXT, "text/plain", FOUND.candidates)
    of_result = examples.PROCESSED
    assert (asked.document_type, asked.fields, asked.cost) == (
        of_result.document_type,
        of_result.fields,
        of_result.cost,
    )
    assert (asked.tenant, asked.document_id, asked.received_at) == ("acme", "receipt-17", of_result.received_at)


def test_its_record_is_keyed_by_the_request_and_carries_the_trace() -> None:
    asked = correction(result(), FOUND, examples.TIME)
    record = review_record(asked, TRACE)
    assert (record.topic, record.key) == ("documents.review", examples.REQUEST_ID.encode())
    headers = read_headers(record.headers)
    assert headers["ce_id"] == result_id(asked.request_id, asked.content_sha256, "review", "2")
    assert (headers["ce_type"], headers["traceparent"]) == ("docmill.review.requested.v1", "00-1")


async def test_the_newest_result_is_opened_whatever_the_order(broker: FakeBroker, settings: Settings) -> None:
    broker.put("p.", published(revision=2, decided_by=DecidedBy.HUMAN), published(revision=1), published(B))
    opened_review, topic = await open_correction.open_correction(settings, "aa1", PARSER)
    assert (opened_review.request_id, opened_review.revision, topic) == (A, 3, "documents.processed")
    assert sent(broker) == opened_review
    assert opened_review.published is not None
    assert opened_review.published.decided_by == DecidedBy.HUMAN


async def test_one_that_is_open_is_not_opened_twice(broker: FakeBroker, settings: Settings) -> None:
    broker.put("p.", published(), opened(A))
    with pytest.raises(ReviewError, match=f"open already: docmill review show {A}"):
        await open_correction.open_correction(settings, A, PARSER)
    assert len(broker.read("p.documents.review")) == 1


async def test_one_that_was_decided_is_opened_again(broker: FakeBroker, settings: Settings) -> None:
    broker.put("p.", published(), opened(A), closed(A), opened(B))
    again, _ = await open_correction.open_correction(settings, A, PARSER)
    assert again.revision == 2


def while_text_is_looked_for(broker: FakeBroker, monkeypatch: pytest.MonkeyPatch, *records: OutgoingRecord) -> None:
    """These records come meanwhile."""

    async def found(*_: object) -> find_text.FoundText:
        broker.put("p.", *records)
        return FOUND

    monkeypatch.setattr(open_correction, "find_text", found)


@pytest.mark.parametrize("end", [closed(A, 2), closed(A)], ids=["revision", "none"])
async def test_one_that_was_decided_while_its_text_was_looked_for_is_not_opened(
    broker: FakeBroker, settings: Settings, monkeypatch: pytest.MonkeyPatch, end: OutgoingRecord
) -> None:
    broker.put("p.", published())
    while_text_is_looked_for(broker, monkeypatch, opened(A, revision=2), published(revision=2), end)
    with pytest.raises(ReviewError, match=f"decided it meanwhile: docmill trace {A}"):
        await open_correction.open_correction(settings, A, PARSER)
    assert broker.read("p.documents.review")[-1].value is None


async def test_one_that_was_opened_while_its_text_was_looked_for_is_not_opened_twice(
    broker: FakeBroker, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker.put("p.", published())
    while_text_is_looked_for(broker, monkeypatch, opened(A, revision=2))
    with pytest.raises(ReviewError, match="open already"):
        await open_correction.open_correction(settings, A, PARSER)
    assert len(broker.read("p.documents.review")) == 1


async def test_what_others_decided_meanwhile_is_no_concern(
    broker: FakeBroker, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither another request, nor the end of an earlier revision, which the result that was found is of."""
    broker.put("p.", published(revision=2, decided_by=DecidedBy.HUMAN))
    while_text_is_looked_for(broker, monkeypatch, opened(B, revision=2), closed(A, 2))
    review, _ = await open_correction.open_correction(settings, A, PARSER)
    assert review.revision == 3


async def test_a_decided_revision_whose_result_is_not_there_is_told(broker: FakeBroker, settings: Settings) -> None:
    broker.put("p.", published(), closed(A, 2))
    with pytest.raises(ReviewError, match="revision 2 of it is decided, and the newest result to be seen is 1"):
        await open_correction.open_correction(settings, A, PARSER)
    broker.put("p.", published(revision=2, decided_by=DecidedBy.HUMAN))
    review, _ = await open_correction.open_correction(settings, A, PARSER)
    assert review.revision == 3


async def test_results_that_are_not_there_and_too_many(broker: FakeBroker, settings: Settings) -> None:
    # "aa" is in the second's document id, and in no request id but these
    broker.put("p.", published(), published(B), human_result(examples.FEEDBACK, document_id="cc", request_id="bb"))
    with pytest.raises(ReviewError, match=r"2 results .* 'aa'"):
        await open_correction.open_correction(settings, "aa", PARSER)
    broker.put("p.", replace(published("cc"), value=b"cc, but no event"))
    with pytest.raises(ReviewError, match=r"no result among 4 on p\.documents\.processed .* 'cc': `docmill trace`"):
        await open_correction.open_correction(settings, "cc", PARSER)
    assert broker.read("p.documents.review") == []

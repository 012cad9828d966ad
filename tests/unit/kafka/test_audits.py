"""Of some results people are asked whether they are right: beside the result, never instead of it."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from prometheus_client import CollectorRegistry

from docmill.bundle.files import read_files
from docmill.ingest import InThread
from docmill.kafka import publish as publish_module
from docmill.kafka.accounting import Accounting
from docmill.kafka.process_slices import ProcessSlices
from docmill.kafka.publish import OutgoingRecord, Publisher
from docmill.kafka.serving import InUse, Surroundings
from docmill.kafka.trial import Trials
from docmill.kafka.work import Work
from docmill.pipeline.types import Deferral, Span
from docmill.processing import Mill, Outcome, ReceivedDocument, Rejected, Silent
from docmill.reviews.audit import is_audited
from docmill.settings import Settings
from docmill.telemetry.metrics import Metrics
from docmill_schemas.cloudevents import read_headers
from docmill_schemas.events import DocumentProcessed
from docmill_schemas.ids import result_id
from docmill_schemas.reasons import DecidedBy, DeferralReason, RejectionReason, ReviewReason
from docmill_schemas.review_events import ReviewRequested
from docmill_schemas.topics import Cleanup, TopicSpec
from tests.tiny_bundle import build_tiny_bundle
from tests.unit.kafka.fakes import MIB, SENT_AT, bundle, decide, decode, record, serving

HEADERS = (("ce_id", b"1"), ("ce_source", b"scanner"), ("ce_subject", b"letter-9"), ("traceparent", b"00-1"))
LETTER = decode(record(b"on 3 May 2024", HEADERS))
DATE = (Span("date", 3, 13, 0.91239),)
UNSURE = Deferral((DeferralReason.LOW_TYPE_CONFIDENCE,))


def publisher(share: float = 1.0, *, include_text: bool = False) -> Publisher:
    return Publisher(bundle(), "docmill/test", include_text=include_text, audit_share=share)


def audited(share: float = 1.0, **changed: Any) -> OutgoingRecord | None:
    return publisher(share).audit(LETTER, replace(decide(LETTER, spans=DATE), **changed), SENT_AT)


def event(outgoing: OutgoingRecord | None) -> ReviewRequested:
    assert outgoing is not None
    return ReviewRequested.model_validate_json(outgoing.value or b"")


def test_a_drawn_result_is_a_question_to_people() -> None:
    outcome = decide(LETTER, spans=DATE)
    outgoing = audited()
    asked = event(outgoing)
    result = DocumentProcessed.model_validate_json(publisher().outgoing(LETTER, outcome, SENT_AT)[0].value or b"")
    assert outgoing is not None
    assert (outgoing.topic, outgoing.key) == ("documents.review", LETTER.request_id.encode())
    assert asked.published is not None
    assert (asked.published.result_id, asked.published.revision) == (result.result_id, result.revision)
    assert asked.published.decided_by is DecidedBy.MODEL
    assert (asked.revision, asked.review_reasons) == (2, (ReviewReason.AUDIT,))
    same = ("request_id", "document_id", "content_sha256", "text_sha256", "received_at", "document_type", "fields")
    for name in (*same, "bundle"):
        assert getattr(asked, name) == getattr(result, name), name
    assert (asked.text, asked.media_type, asked.requested_at) == ("on 3 May 2024", "text/plain", SENT_AT)
    assert asked.reasons == ()


def test_its_headers() -> None:
    outgoing = audited()
    assert outgoing is not None
    said = read_headers(outgoing.headers)
    assert said["ce_type"] == "docmill.review.requested.v1"
    assert said["ce_subject"] == "letter-9"
    assert said["ce_id"] == result_id(LETTER.request_id, event(outgoing).content_sha256, "review", "2")
    assert said["traceparent"] == "00-1"


@pytest.mark.parametrize("share", [0.01, 0.3])
def test_who_is_drawn_is_the_requests_luck(share: float) -> None:
    letters = [decode(record(b"a letter", (("ce_id", b"%d" % n), ("ce_source", b"scanner")))) for n in range(300)]
    asked = [letter.request_id for letter in letters if publisher(share).audit(letter, decide(letter), SENT_AT)]
    assert asked == [letter.request_id for letter in letters if is_audited(letter.request_id, share)]
    assert 0 < len(asked) < len(letters)


def test_none_where_none_are_wanted_or_nothing_was_decided() -> None:
    assert audited(0.0) is None
    assert audited(route=UNSURE) is None
    assert publisher().audit(LETTER, Rejected(RejectionReason.NO_TEXT, "nothing"), SENT_AT) is None


def test_one_that_its_topic_cannot_hold_is_left_out(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(publish_module, "REVIEW", TopicSpec("documents.review", "", Cleanup.COMPACT, None, 200, ""))
    assert audited() is None
    assert f"no audit of request {LETTER.request_id}" in caplog.text
    assert "May" not in caplog.text


def test_one_that_cannot_be_made_never_costs_the_result(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(**_: object) -> None:
        raise ZeroDivisionError("on 3 May 2024")

    monkeypatch.setattr(publish_module, "ReviewRequested", fail)
    work = Work("cluster", MIB, cast(Mill, None), publisher())
    done = work.done(LETTER, decide(LETTER))
    assert [outgoing.topic for outgoing in done.publishes] == ["documents.processed"]
    assert "no audit of request" in caplog.text
    assert "ZeroDivisionError at" in caplog.text
    assert "May" not in caplog.text


def test_a_result_that_became_a_dead_letter_is_not_asked_about(monkeypatch: pytest.MonkeyPatch) -> None:
    small = TopicSpec("documents.processed", "", Cleanup.DELETE, None, 300, "")
    monkeypatch.setattr(publish_module, "PROCESSED", small)
    done = Work("cluster", MIB, cast(Mill, None), publisher()).done(LETTER, decide(LETTER))
    assert [outgoing.topic for outgoing in done.publishes] == ["documents.rejected"]
    assert done.unexpected is None


class LetterMill:
    """Decides every document."""

    def process(self, documents: Sequence[ReceivedDocument], *_: object) -> list[Outcome]:
        decoded = [decode(record(document.content)) for document in documents]
        return [replace(decide(one), document=document) for one, document in zip(decoded, documents, strict=True)]


def test_both_are_published_in_one_slice_and_counted_once_final() -> None:
    metrics = Metrics(CollectorRegistry())
    work = Work("cluster", MIB, cast(Mill, LetterMill()), publisher())
    bundles = InUse(replace(serving(), work=work))
    slices = ProcessSlices(bundles, cast(Trials, None), Accounting(metrics, lambda: 0.0))
    done = slices.process([LETTER.record, LETTER.record], suspected=False, abandoned=lambda: False)
    topics = [outgoing.topic for one in done for outgoing in one.publishes]
    assert topics == ["documents.processed", "documents.review"] * 2
    value = metrics.registry.get_sample_value
    assert value("docmill_review_total", {"reason": "audit"}) == 0
    slices.final(done)
    assert value("docmill_review_total", {"reason": "audit"}) == 2


@pytest.mark.parametrize(("share", "asked"), [(0.0, 0), (1.0, 1)])
def test_the_share_is_the_settings(tmp_path: Path, share: float, asked: int) -> None:
    files = read_files(build_tiny_bundle(tmp_path / "bundle"))
    made = Surroundings(Settings(audit_share=share), "cluster", 1, Silent(), InThread()).serving(files)
    try:
        outgoing = made.work.publisher.audit(LETTER, decide(LETTER), SENT_AT)
    finally:
        made.inference.close()
    assert (outgoing is not None) == bool(asked)

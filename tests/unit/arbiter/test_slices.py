"""Of a review the first decision counts, and nothing else of what comes; what changes nothing says so without text."""

import pytest
from prometheus_client import CollectorRegistry

from docmill.arbiter import slices as slices_module
from docmill.arbiter.publish import DecisionPublisher
from docmill.arbiter.slices import MOST_LABELS, OTHER, Arbitrated, ArbitrateSlices
from docmill.errors import AbandonedError, BrokerError, ConfigurationError
from docmill.kafka.decode_record import Record
from docmill.kafka.review_end import UNKNOWN
from docmill.telemetry.metrics import DecisionOutcome, Metrics
from docmill_schemas.examples import FEEDBACK, FIELDS, REVIEW
from tests.unit.arbiter.fakes import FakeReviews, feedback, feedback_record, review, review_record

SECRET = "Ms Tan's diagnosis"
ACCEPTED, ALREADY_DECIDED, NO_REVIEW, REFUSED = DecisionOutcome
PUBLISHED = {"result_id": "r1", "revision": 1, "decided_by": "model"}


class Bench:
    """The arbiter's work on fake reviews."""

    def __init__(self, reviews: FakeReviews | None = None) -> None:
        self.reviews = FakeReviews(review_record()) if reviews is None else reviews
        self.metrics = Metrics(CollectorRegistry())
        publisher = DecisionPublisher("docmill/docmill-arbiter", include_text=False)
        self.work = ArbitrateSlices(self.reviews, publisher, self.metrics)

    def process(self, *records: Record, suspected: bool = False) -> list[Arbitrated]:
        return self.work.process(records, suspected, lambda: False)

    def value(self, name: str, **labels: str) -> float | None:
        return self.metrics.registry.get_sample_value(f"docmill_{name}", labels)


def outcomes(done: list[Arbitrated]) -> list[DecisionOutcome]:
    return [one.outcome for one in done]


def test_the_first_decision_counts_and_the_second_changes_nothing(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench()
    second = feedback(feedback_id="other", document_type="contract.supply")
    done = bench.process(feedback_record(), feedback_record(second, offset=2), feedback_record(offset=3))
    assert outcomes(done) == [ACCEPTED, ALREADY_DECIDED, ALREADY_DECIDED]
    assert [len(one.publishes) for one in done] == [3, 0, 0]
    assert [one.record.offset for one in done] == [1, 2, 3]
    assert "the decision at offset 2 of documents.feedback-3 changes nothing (already_decided)" in caplog.text


def test_reviews_are_looked_up_anew_for_each_slice() -> None:
    """A slice that was discarded decides again; one that was committed is seen in the reviews."""
    bench = Bench()
    assert outcomes(bench.process(feedback_record())) == [ACCEPTED]
    assert outcomes(bench.process(feedback_record())) == [ACCEPTED]
    bench.reviews.open.clear()
    bench.reviews.decided[REVIEW.request_id] = 1
    assert outcomes(bench.process(feedback_record())) == [ALREADY_DECIDED]
    assert bench.reviews.looks == 3


def test_what_nobody_asked_about_changes_nothing() -> None:
    [done] = Bench(FakeReviews()).process(feedback_record())
    assert (done.outcome, done.publishes, done.unexpected) == (NO_REVIEW, (), None)


def test_an_older_review_was_looked_at() -> None:
    bench = Bench(FakeReviews(review_record(review(revision=2))))
    old, new = bench.process(feedback_record(), feedback_record(feedback(revision=2), offset=2))
    assert (old.outcome, new.outcome) == (ALREADY_DECIDED, ACCEPTED)


def late(revision: int = 2) -> FakeReviews:
    """The review of a revision that was decided before it was opened."""
    return FakeReviews(review_record(review(revision=revision)), decided={REVIEW.request_id: 2})


def test_a_review_that_was_opened_too_late_ends_and_its_decision_is_no_result() -> None:
    """Two people opened one result: the one's decision came first, then the other's review."""
    bench = Bench(late())
    done = bench.process(feedback_record(feedback(revision=2)), feedback_record(feedback(revision=2), offset=2))
    assert outcomes(done) == [ALREADY_DECIDED, ALREADY_DECIDED]
    [end] = done[0].publishes
    assert (end.topic, end.key, end.value) == ("documents.review", REVIEW.request_id.encode(), None)
    assert dict(end.headers)["docmill_revision"] == b"2"
    assert dict(end.headers)["traceparent"] == b"00-1"
    assert done[1].publishes == ()
    bench.work.final(done)
    assert bench.value("results_published_total", doc_type="receipt", decided_by="human") is None


def test_each_end_of_a_request_has_an_id_of_its_own_though_one_decision_made_them() -> None:
    """It counted; a late review came behind it; then it was sent again. Tools tell CloudEvents apart by their ids."""
    reviews = FakeReviews(review_record(review(revision=2), offset=6))
    decision = feedback_record(feedback(revision=2))
    [counted] = Bench(reviews).process(decision)
    [again] = Bench(late()).process(decision)
    behind = FakeReviews(review_record(review(revision=2), offset=8), decided={REVIEW.request_id: 2})
    [once_more] = Bench(behind).process(decision)
    ends = [one for done in (counted, again, once_more) for one in done.publishes if one.value is None]
    assert len({dict(end.headers)["ce_id"] for end in ends}) == 3
    [retried] = Bench(late()).process(decision)
    assert retried.publishes == again.publishes


def test_a_late_decision_on_an_older_review_ends_it_too() -> None:
    [done] = Bench(late()).process(feedback_record(feedback(revision=1)))
    assert (done.outcome, len(done.publishes)) == (ALREADY_DECIDED, 1)


def test_a_review_of_the_next_revision_is_decided_as_ever() -> None:
    first, second = Bench(late(revision=3)).process(
        feedback_record(feedback(revision=2)), feedback_record(feedback(revision=3), offset=2)
    )
    assert (first.outcome, first.publishes) == (ALREADY_DECIDED, ())
    assert second.outcome is ACCEPTED


def test_a_decision_on_a_revision_that_nobody_asked_about_ends_no_review() -> None:
    [done] = Bench(late()).process(feedback_record(feedback(revision=3)))
    assert (done.outcome, done.publishes) == (NO_REVIEW, ())


def test_an_end_without_a_revision_closes_nothing_that_came_after_it() -> None:
    reviews = FakeReviews(review_record(), decided={REVIEW.request_id: UNKNOWN})
    [done] = Bench(reviews).process(feedback_record())
    assert done.outcome is ACCEPTED


def test_a_refused_decision_leaves_the_review_open_for_the_next() -> None:
    bench = Bench()
    wrong = feedback(fields=({"name": "total", "text": "RM 99.99", "start": 36, "end": 44},))
    first, second = bench.process(feedback_record(wrong), feedback_record(offset=2))
    assert (first.outcome, second.outcome) == (REFUSED, ACCEPTED)


def test_what_is_refused_is_logged_without_its_text(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench()
    said = feedback(fields=({"name": SECRET, "text": SECRET, "start": 0, "end": 18},))
    done = bench.process(feedback_record(SECRET.encode()), feedback_record(said, offset=9))
    assert outcomes(done) == [REFUSED, REFUSED]
    assert [one.unexpected for one in done] == [None, None]
    assert "the decision at offset 9 of documents.feedback-3 changes nothing (refused)" in caplog.text
    assert SECRET not in caplog.text
    assert [record.levelname for record in caplog.records] == ["ERROR", "ERROR"]


def test_a_review_that_cannot_be_read_refuses_the_decision(caplog: pytest.LogCaptureFixture) -> None:
    [done] = Bench(FakeReviews(review_record(SECRET.encode()))).process(feedback_record())
    assert done.outcome is REFUSED
    assert "its review, offset 7 of documents.review-3, cannot be read" in caplog.text
    assert SECRET not in caplog.text


def test_what_nobody_foresaw_is_refused_and_told_to_the_engine(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(given: object, asked: object) -> None:
        raise ZeroDivisionError(SECRET)

    monkeypatch.setattr(slices_module, "arbitrate", fail)
    [done] = Bench().process(feedback_record())
    assert (done.outcome, done.publishes) == (REFUSED, ())
    assert done.unexpected is not None
    assert done.unexpected.startswith("ZeroDivisionError at ")
    assert SECRET not in caplog.text


@pytest.mark.parametrize("error", [BrokerError, AbandonedError, ConfigurationError, ZeroDivisionError])
def test_what_fails_in_looking_for_reviews_never_costs_a_decision(
    error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench()

    def fail(*args: object) -> None:
        raise error("away")

    bench.reviews.error = error("away")
    with pytest.raises(error):
        bench.process(feedback_record())
    bench.reviews.error = None
    monkeypatch.setattr(bench.reviews, "find", fail)
    with pytest.raises(error):
        bench.process(feedback_record())


def test_metrics_advance_when_all_is_final() -> None:
    bench = Bench()
    done = bench.process(feedback_record(), feedback_record(offset=2), feedback_record(b"", offset=3))
    assert bench.value("decisions_total", outcome="accepted") == 0
    assert bench.value("results_published_total", doc_type="receipt", decided_by="human") is None
    bench.work.final(done)
    counted = {outcome.value: bench.value("decisions_total", outcome=outcome.value) for outcome in DecisionOutcome}
    assert counted == {"accepted": 1, "already_decided": 1, "no_review": 0, "refused": 1}
    assert bench.value("results_published_total", doc_type="receipt", decided_by="human") == 1
    assert bench.value("records_consumed_total") == 3
    assert bench.value("slice_documents_sum") == 3
    assert bench.value("audits_total", decided_by="model", verdict="right") == 0


@pytest.mark.parametrize(("label", "verdict"), [("receipt", "right"), ("contract.supply", "wrong")])
def test_an_audit_tells_whether_the_result_was_right(label: str, verdict: str) -> None:
    fields = [field.model_dump() for field in FIELDS]
    audit = review(published=PUBLISHED, revision=2, review_reasons=("audit",), fields=fields)
    bench = Bench(FakeReviews(review_record(audit)))
    done = bench.process(feedback_record(feedback(revision=2, document_type=label)))
    assert bench.value("audits_total", decided_by="model", verdict=verdict) == 0
    bench.work.final(done)
    assert bench.value("audits_total", decided_by="model", verdict=verdict) == 1


def test_a_correction_is_no_audit() -> None:
    """Somebody chose it for being wrong: it says nothing of how often results are."""
    asked = review(published=PUBLISHED, revision=2, review_reasons=("correction",))
    bench = Bench(FakeReviews(review_record(asked)))
    done = bench.process(feedback_record(feedback(revision=2)))
    bench.work.final(done)
    assert done[0].outcome is ACCEPTED
    assert all(bench.value("audits_total", decided_by="model", verdict=v) == 0 for v in ("right", "wrong"))


def test_labels_that_people_invent_do_not_make_series_without_end() -> None:
    bench = Bench()
    done = [
        Arbitrated(feedback_record(), ACCEPTED, document_type=f"invented.{number}") for number in range(MOST_LABELS + 3)
    ]
    bench.work.final(done)
    bench.work.final(done[:1])
    assert bench.value("results_published_total", doc_type="invented.0", decided_by="human") == 2
    assert bench.value("results_published_total", doc_type=OTHER, decided_by="human") == 3
    assert bench.value("results_published_total", doc_type=f"invented.{MOST_LABELS}", decided_by="human") is None


def test_suspects_are_read_like_all_others() -> None:
    bench = Bench()
    assert not bench.work.tries_suspects
    [done] = bench.process(feedback_record(FEEDBACK), suspected=True)
    assert done.outcome is ACCEPTED


@pytest.mark.parametrize(
    ("reviewer", "logged"),
    [("m.okafor ", ""), ("", ""), ("Ms\u3000Tan", "is made fit to be shown"), ("\u200b", "is left out")],
)
def test_a_reviewer_whose_name_is_changed_is_told_of_without_it(
    reviewer: str, logged: str, caplog: pytest.LogCaptureFixture
) -> None:
    [done] = Bench().process(feedback_record(feedback(reviewer=reviewer)))
    assert done.outcome is ACCEPTED
    assert logged in caplog.text
    assert bool(logged) == bool(caplog.text)
    assert "Tan" not in caplog.text

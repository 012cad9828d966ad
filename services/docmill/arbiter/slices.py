"""The arbiter's slices: each decision of documents.feedback becomes a result, or changes nothing and says why.

Of a review the first decision counts. What is open is asked once a slice, and then known: of one request no other
slice decides, since documents.feedback is keyed by it; and what this slice decided, it remembers. A record that changes
nothing is stepped over: logged without its text, and counted. A review whose revision was decided before it was opened
ends with the first decision on it, which makes no result (docs/decisions/0022-reviews.md).
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, assert_never

from docmill.arbiter.arbitrate import arbitrate
from docmill.arbiter.publish import DecisionPublisher
from docmill.arbiter.read import read_feedback, read_review
from docmill.arbiter.types import AlreadyDecided, ChangesNothing, NoReview, Refused
from docmill.arbiter.verdict import was_right
from docmill.errors import DependencyError, whereabouts
from docmill.kafka.decode_record import Record
from docmill.kafka.open_reviews import Found
from docmill.kafka.publish import OutgoingRecord
from docmill.kafka.slice_work import SliceWork
from docmill.telemetry.metrics import AuditVerdict, DecisionOutcome, Metrics
from docmill_schemas.events import DocumentProcessed
from docmill_schemas.reasons import DecidedBy, ReviewReason
from docmill_schemas.review_events import FeedbackGiven, ReviewRequested

log = logging.getLogger(__name__)

MOST_LABELS = 200  # of types in metrics: people may write any, and each is a series
OTHER = "other"


class Reviews(Protocol):
    """The open reviews, as a thread may ask for them. What each raises is the engine's to judge: see SliceWork."""

    def catch_up(self, abandoned: Callable[[], bool]) -> None:
        """See everything that is final by now."""
        ...

    def find(self, request_id: str, abandoned: Callable[[], bool]) -> Found:
        """The record of a request's open review, and the latest revision that is decided, as of one moment."""
        ...


@dataclass(frozen=True, slots=True)
class Audited:
    """An automatic result that this decision is on."""

    decided_by: DecidedBy
    verdict: AuditVerdict


@dataclass(frozen=True, slots=True)
class Arbitrated:
    """A record, and what it comes to. See slice_work.Finished."""

    record: Record
    outcome: DecisionOutcome
    publishes: Sequence[OutgoingRecord] = ()
    document_type: str = ""  # of an accepted one
    audited: Audited | None = None
    unexpected: str | None = None


class ArbitrateSlices(SliceWork[Arbitrated]):
    """See SliceWork."""

    def __init__(self, reviews: Reviews, publisher: DecisionPublisher, metrics: Metrics) -> None:
        self._reviews = reviews
        self._publisher = publisher
        self._metrics = metrics
        self._labels: set[str] = set()  # that have a series

    @property
    def tries_suspects(self) -> bool:
        """Nobody is condemned: what is read here is JSON, bounded by its topic, and parsed by nobody."""
        return False

    @property
    def gives_up_on_release(self) -> bool:
        """It is soon done."""
        return False

    def process(self, records: Sequence[Record], suspected: bool, abandoned: Callable[[], bool]) -> list[Arbitrated]:
        """See SliceWork.process."""
        self._reviews.catch_up(abandoned)
        decided: set[str] = set()
        done = []
        for record in records:
            became = self._arbitrated(record, decided, abandoned)
            done.append(became if isinstance(became, Arbitrated) else _stepped_over(record, became))
        return done

    def final(self, slice_: Sequence[Arbitrated]) -> None:
        """See SliceWork.final."""
        self._metrics.records_consumed.inc(len(slice_))
        self._metrics.slice_documents.observe(len(slice_))
        for one in slice_:
            self._metrics.decisions.labels(one.outcome.value).inc()
            if one.outcome is DecisionOutcome.ACCEPTED:
                label = self._bounded(one.document_type)
                self._metrics.results_published.labels(label, DecidedBy.HUMAN.value).inc()
            if one.audited is not None:
                self._metrics.audits.labels(one.audited.decided_by.value, one.audited.verdict.value).inc()

    def _arbitrated(
        self, record: Record, decided: set[str], abandoned: Callable[[], bool]
    ) -> Arbitrated | ChangesNothing:
        """What fails in looking for the review fails the slice: it must not cost the decision."""
        feedback = read_feedback(record)
        if isinstance(feedback, Refused):
            return feedback
        request_id = feedback.request_id
        if request_id in decided:
            return AlreadyDecided(f"an earlier one decided request {request_id}")
        found = self._reviews.find(request_id, abandoned)
        if found.review is None:
            if found.decided is not None:
                return AlreadyDecided(f"request {request_id} is decided")
            return NoReview("no review of its request is open")
        try:
            accepted = self._accepted(record, feedback, found.review, found.decided)
        except DependencyError:
            raise
        except MemoryError as error:  # what is read is bounded: not the record's own fault
            raise DependencyError("too little memory to decide a review") from error
        except Exception as error:  # tied to one record: the policy of errors.py
            where = whereabouts(error)
            return Refused(f"unexpected {where}", where)
        if isinstance(accepted, Arbitrated) or (isinstance(accepted, AlreadyDecided) and accepted.ends is not None):
            decided.add(request_id)
        return accepted

    def _accepted(
        self, record: Record, feedback: FeedbackGiven, found: Record, decided: int | None
    ) -> Arbitrated | ChangesNothing:
        review = read_review(found, feedback.request_id)
        if isinstance(review, Refused):
            return review
        if decided is not None and max(feedback.revision, review.revision) <= decided:
            end = self._publisher.end_of(review, decided, found)
            why = f"revision {decided} was decided before the review of {review.revision} was opened"
            return AlreadyDecided(why, end)
        result = arbitrate(feedback, review)
        if not isinstance(result, DocumentProcessed):
            return result
        if result.reviewer != ((feedback.reviewer or "").strip() or None):
            log.warning(
                "the decision at offset %d of %s-%d names its reviewer in a way that no result has: %s",
                *(record.offset, record.topic, record.partition),
                "it is made fit to be shown" if result.reviewer else "it is left out",
            )
        publishes = self._publisher.outgoing(result, review.text, found)
        if isinstance(publishes, Refused):
            return publishes
        return Arbitrated(record, DecisionOutcome.ACCEPTED, publishes, feedback.document_type, _audited(result, review))

    def _bounded(self, label: str) -> str:
        if label not in self._labels and len(self._labels) >= MOST_LABELS:
            return OTHER
        self._labels.add(label)
        return label


def _audited(result: DocumentProcessed, review: ReviewRequested) -> Audited | None:
    if review.published is None or ReviewReason.AUDIT not in review.review_reasons:
        return None
    verdict = AuditVerdict.RIGHT if was_right(result, review) else AuditVerdict.WRONG
    return Audited(review.published.decided_by, verdict)


def _stepped_over(record: Record, what: ChangesNothing) -> Arbitrated:
    publishes: Sequence[OutgoingRecord] = ()
    match what:
        case Refused():
            outcome, level, unexpected = DecisionOutcome.REFUSED, logging.ERROR, what.unexpected
        case AlreadyDecided():
            outcome, level, unexpected = DecisionOutcome.ALREADY_DECIDED, logging.WARNING, None
            publishes = () if what.ends is None else (what.ends,)
        case NoReview():
            outcome, level, unexpected = DecisionOutcome.NO_REVIEW, logging.WARNING, None
        case _:
            assert_never(what)
    log.log(
        level,
        "the decision at offset %d of %s-%d changes nothing (%s): %s",
        *(record.offset, record.topic, record.partition, outcome.value, what.why),
    )
    return Arbitrated(record, outcome, publishes, unexpected=unexpected)

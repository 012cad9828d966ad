"""The fallback's slices: each request becomes a result with citations, a question to a person, or waits its turn.

The order of one slice:
    1. who waits for the generator and is not due, or has no turn now (turns.py), is put back behind the others unseen
    2. read each of the others; what is none of ours is a dead letter
    3. tier 1: what the index has on the document, and what follows from it (retrieve.py, fallback/judge.py)
    4. what that leaves open is asked of the generator, where there is one and it is this slice's turn: all at once,
       those first who are new, within one deadline
    5. decided: a result, and for a drawn share of them a question to a person too; else a question to a person; or,
       while the generator is out of reach, the request is put back behind the others, for `max_hold_s` at most
With the generator away, tier 1 goes on deciding, and nobody is flooded with what a generator would have decided.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TypeVar

from docmill.errors import AbandonedError, DependencyError, IndexCorruptError, IndexEmbeddingError, whereabouts
from docmill.fallback.judge import GroupOf, Judgement, Question, judge
from docmill.fallback.policy import Policy
from docmill.fallback.requested import deferred_document, own_fields
from docmill.fallback_service.believe import Believer, word_counts
from docmill.fallback_service.generators import Answered, Asked, Place, may_answer_later, was_put, why_none
from docmill.fallback_service.holds import Holds
from docmill.fallback_service.publish import Publisher, held_record
from docmill.fallback_service.questions import question_for_generator
from docmill.fallback_service.requested import Requested, Wait, read_request, read_wait, ready_ms
from docmill.fallback_service.resolved import Held, Resolved, cost_of
from docmill.fallback_service.retrieve import Retriever
from docmill.fallback_service.turns import Turns
from docmill.fallback_service.waiting import Waiting
from docmill.generator.client import Generated
from docmill.generator.types import Ask
from docmill.kafka.decode_record import Record, undecoded
from docmill.kafka.publish import rejected_record
from docmill.kafka.slice_work import SliceWork
from docmill.processing import Rejected
from docmill.reviews.audit import is_audited
from docmill.telemetry.metrics import Metrics
from docmill_schemas.events import Cost, FallbackRequested
from docmill_schemas.reasons import RejectionReason, ReviewReason

MOST_QUESTIONS = 16  # of a slice: who gets no turn waits behind the others, so that none of them waits for him

Given = TypeVar("Given")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a slice is decided with."""

    cluster_id: str
    retriever: Retriever
    policy: Policy
    group_of: GroupOf
    believer: Believer
    labels: Callable[[], tuple[str, ...]]  # that the bundle knows
    bundle_sha256: Callable[[], str]  # of the bundle whose groups these are
    publisher: Publisher
    generator: Asked | None
    max_hold_s: float
    audit_share: float
    wait_for_index: Callable[[Callable[[], bool]], None] = lambda abandoned: None  # until it may be searched


@dataclass(slots=True)
class _Work:
    """A request under way."""

    record: Record
    requested: Requested
    judgement: Judgement
    ask: Ask | None
    timings_ms: dict[str, float]
    looked_s: float  # that tier 1 took
    answered: Answered | None = None

    @property
    def came_back(self) -> bool:
        return self.requested.wait.held_since_ms is not None

    @property
    def place(self) -> Place:
        return self.record.topic, self.record.partition, self.record.offset


class FallbackSlices(SliceWork[Resolved]):
    """See SliceWork."""

    def __init__(
        self,
        of: Surroundings,
        metrics: Metrics,
        now_s: Callable[[], float] = time.time,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """`now_s`: Unix time, for what a record or an event bears; `monotonic_s`: how long something took."""
        self._of = of
        self._metrics = metrics
        self._now_s = now_s
        self._monotonic_s = monotonic_s
        self._turns = Turns(now_s, monotonic_s)
        self._holds = Holds(of.max_hold_s, now_s, monotonic_s)
        self._waiting = Waiting()

    @property
    def tries_suspects(self) -> bool:
        """Nobody is condemned: what is read here is text that a processor has read before."""
        return False

    @property
    def gives_up_on_release(self) -> bool:
        """A slice may wait for half a minute, for a generator or for its turn: what it has done is done again."""
        return True

    @property
    def most_records(self) -> int | None:
        """A short document takes as long to embed and search; and no more are looked at than may be asked about."""
        return MOST_QUESTIONS

    def passes(self, record: Record) -> bool:
        """Who waits and is not due, or while the generator is left alone; but not for whom a person is asked soon."""
        generator = self._of.generator
        return generator is not None and self._holds.passes(read_wait(record), generator.away)

    @property
    def pausing(self) -> int:
        """Not who waits for answers, of which all slices have a share; nor for the index: once whole, all compute."""
        return self._holds.pausing

    def process(self, records: Sequence[Record], suspected: bool, abandoned: Callable[[], bool]) -> list[Resolved]:
        """See SliceWork.process."""
        with self._waiting.in_hand(records, self._now_s):
            return self._processed(records, abandoned)

    def _processed(self, records: Sequence[Record], abandoned: Callable[[], bool]) -> list[Resolved]:
        waits = [(record, read_wait(record)) for record in records]
        if self._of.generator is not None:
            self._holds.pause([wait for _, wait in waits], abandoned)
        self._of.wait_for_index(abandoned)
        asks = self._may_ask(waits)
        looked_at = self._looked_at([wait for _, wait in waits], asks)
        works: list[_Work | Resolved] = []
        for number, (record, wait) in enumerate(waits):
            if abandoned():
                raise AbandonedError("nobody waits for this slice any more")
            looks = number in looked_at
            works.append(
                self._guarded(record, read_request(record), self._begun) if looks else self._back(record, wait)
            )
        if asks:
            self._ask(records[0], [work for work in works if isinstance(work, _Work)], abandoned)
        return [work if isinstance(work, Resolved) else self._finished(work) for work in works]

    def final(self, slice_: Sequence[Resolved]) -> None:
        """See SliceWork.final."""
        self._metrics.slice_documents.observe(len(slice_))
        self._turns.final(slice_[0].record.partition, slice_[0].record.offset)
        known = frozenset(self._of.labels())
        for resolved in slice_:
            resolved.count(self._metrics, known, self._now_s())
        self._waiting.final(slice_, self._now_s())

    def oldest_wait_s(self) -> float:
        """How long the oldest document has waited for the generator; 0: none is known to wait."""
        return self._waiting.oldest_s(self._now_s())

    def _may_ask(self, waits: Sequence[tuple[Record, Wait]]) -> bool:
        """Whether it is this slice's turn to ask. Where nothing can be put back, it always is."""
        if not self._holds.any:
            return True
        oldest_ms = min(ready_ms(record, wait) for record, wait in waits)
        return self._turns.may_ask(waits[0][0].partition, waits[0][0].offset, oldest_ms / 1000)

    def _looked_at(self, waits: Sequence[Wait], asks: bool) -> frozenset[int]:
        """Which of a slice; the others wait on. Where nobody waits, all."""
        generator = self._of.generator
        if generator is None or not self._holds.any:
            return frozenset(range(len(waits)))
        return self._holds.looked_at(waits, asks and not generator.away, MOST_QUESTIONS)

    def _back(self, record: Record, wait: Wait) -> Resolved:
        """Unseen."""
        away = self._of.generator is not None and self._of.generator.away
        early = self._holds.is_early(wait)
        return self._held(record, wait, wait.not_before_ms / 1000 if early else self._holds.again_s(wait, away))

    def _begun(self, record: Record, requested: Requested | Rejected) -> "_Work | Resolved":
        """Tier 1."""
        if isinstance(requested, Rejected):
            return self._rejected(record, requested)
        event = requested.event
        began_s, from_s = time.perf_counter(), self._monotonic_s()
        document = deferred_document(event)
        today = datetime.fromtimestamp(self._now_s(), UTC).date()
        found = self._of.retriever.retrieve(event.text, document.candidates, event.tenant, today)
        retrieved_s = time.perf_counter()
        same = event.bundle.sha256 == self._of.bundle_sha256()
        question = Question(document, requested.reasons, own_fields(event), same, found.neighbours, found.code_lists)
        judgement = judge(question, self._of.group_of, self._of.policy)
        timings_ms = {"retrieve": _ms(retrieved_s - began_s), "judge": _ms(time.perf_counter() - retrieved_s)}
        ask = None
        if self._of.generator is not None and not judgement.decided:
            ask = question_for_generator(event.text, judgement, document.candidates, self._of.labels(), found.sources)
        return _Work(record, requested, judgement, ask, timings_ms, self._monotonic_s() - from_s)

    def _ask(self, first: Record, works: Sequence[_Work], abandoned: Callable[[], bool]) -> None:
        new_first = sorted(works, key=lambda work: work.came_back)
        asks = [(work.place, work.ask) for work in new_first if work.ask is not None][:MOST_QUESTIONS]
        if not asks or self._of.generator is None:
            return
        from_s = self._monotonic_s()
        answers = self._of.generator.ask_all(asks, abandoned)
        asked_s = self._monotonic_s() - from_s
        for_back_s, for_new_s = (sum(w.looked_s for w in works if w.came_back is back) for back in (True, False))
        if any(map(was_put, answers)):
            self._turns.asked(first.partition, first.offset, asked_s + for_back_s, for_new_s)
        by_place: Mapping[Place, Answered] = {place: answer for (place, _), answer in zip(asks, answers, strict=True)}
        for work in works:
            work.answered = by_place.get(work.place)
            if isinstance(work.answered, Generated):
                work.timings_ms["generate"] = _ms(work.answered.usage.seconds)

    def _resolved(self, record: Record, work: _Work) -> Resolved:
        event, wait, judgement, answered = work.requested.event, work.requested.wait, work.judgement, work.answered
        unheard = work.ask is not None and may_answer_later(answered)
        missed = unheard and word_counts(judgement)
        if isinstance(answered, Generated):
            candidates = deferred_document(event).candidates
            judgement = self._of.believer.with_answer(judgement, answered.answer, event.text, candidates)
        elif missed and self._holds.may_wait(wait):
            away = answered is not None or (self._of.generator is not None and self._of.generator.away)
            return self._held(record, wait, self._holds.again_s(wait, away), answered)
        now = datetime.fromtimestamp(self._now_s(), UTC)
        cost = cost_of(None if answered is None else answered.usage)
        if judgement.decided:
            return self._published(work, judgement, cost, now)
        reason = ReviewReason.GENERATOR_AWAY if missed else ReviewReason.UNDECIDED
        said, why = (answered.answer, None) if isinstance(answered, Generated) else (None, why_none(answered))
        unanswered = why if work.ask is not None else None
        review = self._of.publisher.review(event, judgement, reason, cost, now, said=said, unanswered=unanswered)
        outgoing = self._of.publisher.review_record(record, review, now)
        if outgoing is None:
            too_large = Rejected(RejectionReason.TEXT_TOO_LARGE, "no review of it fits its topic")
            return self._rejected(record, too_large, event)
        held_back = judgement.held_back[0].reason.value
        return Resolved(record, review, (outgoing,), None, held_back, answered, work.timings_ms)

    def _published(self, work: _Work, judgement: Judgement, cost: Cost, now: datetime) -> Resolved:
        record, event, publisher = work.record, work.requested.event, self._of.publisher
        result = publisher.processed(event, judgement, cost, work.timings_ms)
        outgoing = publisher.result_record(record, result, now)
        if outgoing is None:
            too_large = Rejected(RejectionReason.TEXT_TOO_LARGE, "no result of it fits its topic")
            return self._rejected(record, too_large, event)
        publishes, audit = [outgoing], None
        if is_audited(event.request_id, self._of.audit_share):
            said = work.answered.answer if isinstance(work.answered, Generated) else None
            asked = publisher.review(event, judgement, ReviewReason.AUDIT, cost, now, result, said)
            audited = publisher.review_record(record, asked, now)
            if audited is not None:  # a result is never lost to its audit
                publishes, audit = [outgoing, audited], asked
        return Resolved(record, result, publishes, audit, None, work.answered, work.timings_ms)

    def _held(self, record: Record, wait: Wait, not_before_s: float, answered: Answered | None = None) -> Resolved:
        now_ms = round(self._now_s() * 1000)
        held = Held(min(wait.held_since_ms or now_ms, now_ms), now_ms, round(not_before_s * 1000))
        return Resolved(record, held, (held_record(record, held),), answered=answered)

    def _rejected(self, record: Record, rejected: Rejected, event: FallbackRequested | None = None) -> Resolved:
        """A dead letter; of a request that could be read, under its own request id."""
        decoded = undecoded(record, self._of.cluster_id, rejected)
        if event is not None:
            decoded = replace(decoded, request_id=event.request_id, document_id=event.document_id)
        return Resolved(record, rejected, (rejected_record(decoded, rejected),))

    def _finished(self, work: _Work) -> Resolved:
        resolved = self._guarded(work.record, work, self._resolved)
        assert isinstance(resolved, Resolved)
        return resolved

    def _guarded(
        self, record: Record, given: Given, stage: Callable[[Record, Given], "_Work | Resolved"]
    ) -> "_Work | Resolved":
        """A stage for one record; an unexpected exception is this record's alone."""
        try:
            return stage(record, given)
        except (AbandonedError, DependencyError, IndexCorruptError, IndexEmbeddingError):
            raise
        except Exception as error:  # tied to one document: the policy of errors.py
            where = whereabouts(error)
            rejected = Rejected(RejectionReason.INTERNAL_ERROR, "unexpected exception", where)
            requested = given.requested if isinstance(given, _Work) else given
            return self._rejected(record, rejected, requested.event if isinstance(requested, Requested) else None)


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 3)

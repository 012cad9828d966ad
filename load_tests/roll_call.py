"""Who went in and who came out, one by one: read off the topics to their ends, not off anybody's counters.

Of the fast path by document id, which no other document of a load test has; of the fallback by request id.
"""

from collections import Counter
from dataclasses import dataclass

from pydantic import ValidationError

from docmill.kafka.decode_record import Record, key_text
from docmill.kafka.outcomes import KIND_OF_TOPIC, Observed, observe
from docmill.kafka.put_back import was_put_back
from docmill.kafka.scan import Scan, scan_clients
from docmill.settings import Settings
from docmill_schemas.reasons import DecidedBy, ReviewReason
from docmill_schemas.review_events import ReviewRequested
from docmill_schemas.topics import FALLBACK, PROCESSED, RECEIVED, REJECTED, REVIEW

READ = (RECEIVED, FALLBACK, PROCESSED, REVIEW, REJECTED)
NAMED = 3  # of those that are wrong


@dataclass(frozen=True, slots=True)
class Compared:
    """What went in beside what came out; ids, sorted."""

    went_in: int
    lost: tuple[str, ...]  # came out less often than they went in
    doubled: tuple[str, ...]  # more often
    strange: tuple[str, ...]  # never went in

    @property
    def holds(self) -> bool:
        """Whether each came out once, and nobody else."""
        return not (self.lost or self.doubled or self.strange)

    def told(self) -> str:
        """What is wrong, with the first few ids of each kind; `all once`: nothing."""
        kinds = {"lost": self.lost, "more than once": self.doubled, "never went in": self.strange}
        wrong = [f"{len(ids)} {kind} ({', '.join(ids[:NAMED])})" for kind, ids in kinds.items() if ids]
        return ", ".join(wrong) or "all once"


class RollCall:
    """Told of each record; what was put back is the same request once more."""

    def __init__(self) -> None:
        self.unreadable = 0  # whoever they are: a record that names nobody
        self._sent, self._first = Counter[str](), Counter[str]()
        self._deferred, self._decided = Counter[str](), Counter[str]()

    @property
    def fast_path(self) -> Compared:
        """Documents that were sent, and what the processor made of each first: a result, a deferral, a dead letter."""
        return _compared(self._sent, self._first)

    @property
    def fallback(self) -> Compared:
        """Requests that were deferred, and what the fallback made of each: a result, a review, a dead letter."""
        return _compared(self._deferred, self._decided)

    def take(self, topic: str, record: Record) -> None:
        """See Scan.read."""
        if topic == RECEIVED.name:
            self._count(self._sent, key_text(record.key))
        elif topic == REVIEW.name:
            self._take_review(record)
        elif not (topic == FALLBACK.name and was_put_back(record)):
            self._take_outcome(topic, observe(KIND_OF_TOPIC[topic], record))

    def _take_review(self, record: Record) -> None:
        if record.value is None:  # the end of one
            return
        try:
            review = ReviewRequested.model_validate_json(record.value)
        except ValidationError:
            self.unreadable += 1
            return
        if review.review_reasons != (ReviewReason.AUDIT,):  # that stands beside a result
            self._count(self._decided, review.request_id)

    def _take_outcome(self, topic: str, outcome: Observed) -> None:
        said = outcome.event or {}
        result = topic == PROCESSED.name and said.get("decided_by") != DecidedBy.MODEL
        dead_letter = topic == REJECTED.name and str(said.get("origin_topic", "")).endswith(FALLBACK.name)
        if result or dead_letter:
            self._count(self._decided, outcome.request_id)
            return
        self._count(self._first, outcome.document_id)
        if topic == FALLBACK.name:
            self._count(self._deferred, outcome.request_id)

    def _count(self, who: Counter[str], one: str | None) -> None:
        if one is None:
            self.unreadable += 1
        else:
            who[one] += 1


async def call_roll(settings: Settings) -> RollCall:
    """Read all that is on the topics now. documents.review is compacted, but not while its first segment is open.

    Raises:
        BrokerError: the broker does not answer.
    """
    roll = RollCall()
    async with scan_clients(settings, "docmill-load") as (admin, consumer):
        await Scan(settings, admin, consumer, None, lambda *_: None).read("outcomes", READ, roll.take)
    return roll


def _compared(went_in: Counter[str], came_out: Counter[str]) -> Compared:
    return Compared(
        went_in=went_in.total(),
        lost=tuple(sorted(one for one, times in went_in.items() if came_out[one] < times)),
        doubled=tuple(sorted(one for one, times in went_in.items() if came_out[one] > times)),
        strange=tuple(sorted(one for one in came_out if one not in went_in)),
    )

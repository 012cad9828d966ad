"""Open reviews from documents.review, up to the end that it has when asked: no group, no trace on the broker.

The last record of a request says how it stands: an event is an open review, no value means that it is decided. Who is
about to write notes where the topic ends before the first look, and looks again at what came since.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from aiokafka import TopicPartition

from docmill.errors import ReviewError
from docmill.kafka.decode_record import Record, key_text
from docmill.kafka.publish import passed_on
from docmill.kafka.review_end import UNKNOWN, Ended
from docmill.kafka.scan import Offsets, OnProgress, Scan, partitions_of, scan_clients
from docmill.kafka.topics import require_topics
from docmill.settings import Settings
from docmill_schemas.cloudevents import read_content, read_headers
from docmill_schemas.review_events import AutomaticResult, ReviewRequested
from docmill_schemas.topics import REVIEW, TopicSpec

SHOWN_IDS = 5
LIST = "`docmill review list` shows what is open"


@dataclass(frozen=True, slots=True)
class ReviewSummary:
    """An open review without text of the document."""

    request_id: str
    document_id: str
    tenant: str | None
    label: str
    probability: float
    review_reasons: tuple[str, ...]
    reasons: tuple[str, ...]
    missing_fields: tuple[str, ...]
    undecided: tuple[str, ...]
    received_at: datetime
    requested_at: datetime
    revision: int
    published: AutomaticResult | None

    @classmethod
    def of(cls, review: ReviewRequested) -> Self:
        """What a list shows of a review."""
        return cls(
            request_id=review.request_id,
            document_id=review.document_id,
            tenant=review.tenant,
            label=review.document_type.label,
            probability=review.document_type.probability,
            review_reasons=tuple(review.review_reasons),
            reasons=tuple(review.reasons),
            missing_fields=review.missing_fields,
            undecided=review.undecided,
            received_at=review.received_at,
            requested_at=review.requested_at,
            revision=review.revision,
            published=review.published,
        )


@dataclass(frozen=True, slots=True)
class OpenReview:
    """A review that a person may decide, and the headers of its trace.

    `decided`: the latest revision of the request that was decided in the day before; UNKNOWN: none that the log shows.
    """

    review: ReviewRequested
    trace: list[tuple[str, bytes | None]] = field(default_factory=list)
    decided: int = UNKNOWN

    @property
    def is_late(self) -> bool:
        """Whether it was opened when its revision was decided: a decision on it only ends it."""
        return self.review.revision <= self.decided


@dataclass(slots=True)
class Standing:
    """What the records of one request say together, as far as they were read.

    Attributes:
        open: the record of its open review.
        has_ended: a review of it came to its end.
        ended: what the ends of its reviews say.
    """

    open: Record | None = None
    has_ended: bool = False
    ended: Ended = field(default_factory=Ended)

    @property
    def decided(self) -> int:
        """The latest revision that is decided, for the open review if there is one; UNKNOWN: none that is known."""
        return self.ended.revision if self.open is None else self.ended.revision_at(self.open)

    def take(self, record: Record) -> None:
        """Look at the next record."""
        if record.value is not None:
            self.open = record
            return
        self.open, self.has_ended = None, True
        self.ended = self.ended.then(record)


@dataclass(frozen=True, slots=True)
class ReviewList:
    """All open reviews, oldest first; `unreadable` are the keys of open ones that this docmill cannot read."""

    reviews: tuple[ReviewSummary, ...]
    unreadable: tuple[str, ...]


async def list_reviews(settings: Settings, on_progress: OnProgress = lambda what, done, total: None) -> ReviewList:
    """Summaries of all open reviews.

    Raises:
        BrokerError: the broker does not answer, or the topic is missing.
    """
    found: dict[str, ReviewSummary | None] = {}

    def take(key: str, record: Record) -> None:
        if record.value is None:
            found.pop(key, None)
        else:
            review = read_review(record)
            found[key] = None if review is None else ReviewSummary.of(review)

    await _scan(settings, take, on_progress)
    readable = [summary for summary in found.values() if summary is not None]
    return ReviewList(
        tuple(sorted(readable, key=lambda one: (one.requested_at, one.request_id))),
        tuple(sorted(key for key, summary in found.items() if summary is None)),
    )


async def find_review(
    settings: Settings, wanted: str, on_progress: OnProgress = lambda what, done, total: None
) -> OpenReview:
    """The one open review whose request id is, or begins with, `wanted`.

    Raises:
        BrokerError: the broker does not answer, or the topic is missing.
        ReviewError: there is none, there are several, or it cannot be read.
    """
    standing = await standings(settings, wanted, on_progress)
    found = the_one(wanted, (key for key, one in standing.items() if one.open is not None), "open reviews")
    if found is None:
        if standing:
            raise ReviewError(f"the review of {wanted!r} is decided already: `docmill trace` shows its result")
        raise ReviewError(f"no open review has a request id that begins with {wanted!r}: {LIST}")
    record = standing[found].open
    review = None if record is None else read_review(record)
    if record is None or review is None:
        raise ReviewError(f"the review of {found} cannot be read: it may be of a later docmill than this one")
    return OpenReview(review, passed_on(record), standing[found].decided)


async def standings(
    settings: Settings,
    wanted: str,
    on_progress: OnProgress = lambda what, done, total: None,
    since: Offsets | None = None,
) -> dict[str, Standing]:
    """How each request stands whose id is, or begins with, `wanted`; `since`: see Scan.read.

    Raises:
        BrokerError: the broker does not answer, or the topic is missing.
    """
    found: defaultdict[str, Standing] = defaultdict(Standing)

    def take(key: str, record: Record) -> None:
        if key.startswith(wanted):
            found[key].take(record)

    await _scan(settings, take, on_progress, since)
    return dict(found)


async def ends_of(settings: Settings, topics: Sequence[TopicSpec]) -> Offsets:
    """Where topics end now, for committed readers; they are there.

    Raises:
        BrokerError: the broker does not answer.
    """
    async with scan_clients(settings, "docmill-review") as (admin, consumer):
        partitions = await partitions_of(admin, [settings.topic_prefix + spec.name for spec in topics])
        consumer.assign(partitions)
        ends: dict[TopicPartition, int] = await consumer.end_offsets(partitions)
        return ends


def the_one(wanted: str, ids: Iterable[str], what: str) -> str | None:
    """The id that is `wanted`, else the only one of those given, which all begin with it; None: there is none.

    Raises:
        ReviewError: there are several.
    """
    found = sorted(set(ids))
    if wanted in found or len(found) == 1:
        return wanted if wanted in found else found[0]
    if not found:
        return None
    shown = ", ".join(found[:SHOWN_IDS]) + (", ..." if len(found) > SHOWN_IDS else "")
    raise ReviewError(f"{len(found)} {what} have request ids that begin with {wanted!r}: give more of it ({shown})")


def read_review(record: Record) -> ReviewRequested | None:
    """The review in a record; None: there is none that this docmill can read, or it is under another's key."""
    try:
        data = read_content(read_headers(record.headers), record.value or b"").data
        review = ReviewRequested.model_validate_json(data)
    except (ValueError, RecursionError):
        return None
    return review if key_text(record.key) == review.request_id else None


async def _scan(
    settings: Settings, take: Callable[[str, Record], None], on_progress: OnProgress, since: Offsets | None = None
) -> None:
    """Hand each record of documents.review that has a key to `take`; those of one key in their order."""
    await require_topics(settings, [REVIEW])

    def on_record(_: str, record: Record) -> None:
        key = key_text(record.key)
        if key is not None:
            take(key, record)

    async with scan_clients(settings, "docmill-review") as (admin, consumer):
        await Scan(settings, admin, consumer, None, on_progress).read("reviews", [REVIEW], on_record, since)

"""Whether a review was decided while a person looked at it, and by whom: what came to the topics since is read."""

from dataclasses import dataclass

from docmill.errors import ReviewError
from docmill.kafka.newest_result import Newest
from docmill.kafka.read_reviews import Standing, read_review, standings
from docmill.kafka.scan import Offsets, OnProgress, Scan, scan_clients
from docmill.settings import Settings
from docmill_schemas.review_events import ReviewRequested
from docmill_schemas.topics import PROCESSED


@dataclass(frozen=True, slots=True)
class DecidedMeanwhile:
    """The review is open no more. `reviewer`: who decided, where a result is to be seen that says so."""

    reviewer: str | None


async def decided_meanwhile(
    settings: Settings,
    review: ReviewRequested,
    since: Offsets,
    on_progress: OnProgress = lambda what, done, total: None,
) -> DecidedMeanwhile | None:
    """None: the review is open. `since`: where documents.review and documents.processed ended before it was found open.

    Results are read only where it is not open any more: there are far more of them.

    Raises:
        BrokerError: the broker does not answer.
        ReviewError: there is another one in its place, which cannot be read.
    """
    request = review.request_id
    standing = (await standings(settings, request, on_progress, since)).get(request, Standing())
    if _is_open(standing, review):
        return None
    newest = Newest(request)
    async with scan_clients(settings, "docmill-review") as (admin, consumer):
        scan = Scan(settings, admin, consumer, None, on_progress)
        await scan.read("results", [PROCESSED], lambda _, record: newest.take(record), since)
    result = newest.results.get(request)
    is_decision = result is not None and result.event.revision >= review.revision
    return DecidedMeanwhile(result.event.reviewer if result is not None and is_decision else None)


def _is_open(standing: Standing, review: ReviewRequested) -> bool:
    """Whether it is, by what came since: nothing, or the review itself once more, unless behind its own end."""
    if standing.open is None:
        return not standing.has_ended
    last = read_review(standing.open)
    if last is None:
        raise ReviewError(
            f"the review of {review.request_id} was opened once more, and cannot be read: it may be of a later docmill "
            f"than this one; nothing was sent"
        )
    return standing.decided < last.revision == review.revision

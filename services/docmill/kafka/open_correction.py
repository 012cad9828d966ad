"""A published result back into review, for who holds it for wrong: its text is looked for wherever it may still be.

In this order, so that a decision made meanwhile is hardly overlooked: documents.review, then documents.processed, then
what came to documents.review while the text was looked for. A decision on the review of somebody who opened it at the
same moment may still come first: the arbiter then lets ours decide nothing (docs/decisions/0022-reviews.md).
"""

from datetime import UTC, datetime

from docmill.errors import ReviewError
from docmill.kafka.decode_record import JSON
from docmill.kafka.find_text import FoundText, find_text
from docmill.kafka.newest_result import Newest, PublishedResult
from docmill.kafka.publish import OutgoingRecord
from docmill.kafka.read_reviews import Standing, ends_of, standings, the_one
from docmill.kafka.review_end import UNKNOWN
from docmill.kafka.scan import OnProgress, Scan, scan_clients
from docmill.kafka.send_record import SOURCE, send_record
from docmill.kafka.topics import require_topics
from docmill.processing import Parser
from docmill.settings import Settings
from docmill_schemas.cloudevents import binary_headers
from docmill_schemas.events import DocumentProcessed, EventType
from docmill_schemas.ids import result_id
from docmill_schemas.reasons import ReviewReason
from docmill_schemas.review_events import AutomaticResult, ReviewRequested
from docmill_schemas.topics import PROCESSED, REVIEW


async def open_correction(
    settings: Settings, wanted: str, parser: Parser, on_progress: OnProgress = lambda what, done, total: None
) -> tuple[ReviewRequested, str]:
    """Open a review of the newest result whose request id is, or begins with, `wanted`; the review, and the topic that
    its text was found on.

    Raises:
        BrokerError: the broker does not answer, or a topic is missing.
        ReviewError: there is no such result, there are several, a review of it is open, its text is gone, or somebody
            decided it meanwhile.
    """
    await require_topics(settings, [REVIEW, PROCESSED])
    noted = await ends_of(settings, [REVIEW])
    before = await standings(settings, wanted, on_progress)
    result = await _newest_result(settings, wanted, on_progress)
    request, revision = result.event.request_id, result.event.revision
    standing = before.get(request, Standing())
    _check_not_open(standing, request)
    if revision < standing.decided:
        raise ReviewError(
            f"revision {standing.decided} of it is decided, and the newest result to be seen is {revision}: try again "
            f"in a moment; if it stays so, retention took that result: send the document as a new one"
        )
    found = await find_text(settings, result.event, parser, on_progress)
    review = correction(result.event, found, datetime.now(UTC))
    since = (await standings(settings, request, on_progress, noted)).get(request, Standing())
    _check_not_open(since, request)
    if since.has_ended and not UNKNOWN < since.decided < review.revision:
        raise ReviewError(f"somebody decided it meanwhile: docmill trace {request}; if that is wrong, open it again")
    await send_record(settings, REVIEW, review_record(review, result.trace), "the review")
    return review, found.topic


def _check_not_open(standing: Standing, request: str) -> None:
    if standing.open is not None:
        raise ReviewError(f"a review of it is open already: docmill review show {request}")


def correction(result: DocumentProcessed, found: FoundText, now: datetime) -> ReviewRequested:
    """The review of a published result."""
    return ReviewRequested(
        request_id=result.request_id,
        document_id=result.document_id,
        content_sha256=result.content_sha256,
        text_sha256=result.text_sha256,
        tenant=result.tenant,
        received_at=result.received_at,
        requested_at=now,
        media_type=found.media_type,
        text=found.text,
        document_type=result.document_type,
        fields=result.fields,
        candidates=found.candidates,
        review_reasons=(ReviewReason.CORRECTION,),
        reasons=result.reasons,
        citations=result.citations,
        published=AutomaticResult(result_id=result.result_id, revision=result.revision, decided_by=result.decided_by),
        revision=result.revision + 1,
        cost=result.cost,
        bundle=result.bundle,
    )


def review_record(review: ReviewRequested, trace: list[tuple[str, bytes | None]]) -> OutgoingRecord:
    """The review as a CloudEvent in binary mode, with the headers of the document's trace; the key is the request."""
    headers = binary_headers(
        id=result_id(review.request_id, review.content_sha256, "review", str(review.revision)),
        source=SOURCE,
        type=EventType.REVIEW_REQUESTED,
        subject=review.document_id,
        time=review.requested_at,
        media_type=JSON,
    )
    value = review.model_dump_json(exclude_none=True).encode()
    return OutgoingRecord(REVIEW.name, review.request_id.encode(), value, [*headers, *trace])


async def _newest_result(settings: Settings, wanted: str, on_progress: OnProgress) -> PublishedResult:
    newest = Newest(wanted)
    async with scan_clients(settings, "docmill-review") as (admin, consumer):
        scan = Scan(settings, admin, consumer, None, on_progress)
        [scanned] = await scan.read("results", [PROCESSED], lambda _, record: newest.take(record))
    request = the_one(wanted, newest.results, "results")
    if request is None:
        raise ReviewError(
            f"no result among {scanned.records:,} on {scanned.topic} has a request id that begins with {wanted!r}: "
            f"`docmill trace` shows the request ids of a document, and what became of it"
        )
    return newest.results[request]

"""The text that a published result is about, wherever it may still be. Does not know what it is wanted for."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from docmill.errors import DocumentError, ReviewError
from docmill.ingest.media_types import PLAIN
from docmill.ingest.parser_process import UnforeseenError
from docmill.kafka.decode_record import Record, decode_record
from docmill.kafka.scan import OnProgress, Scan, scan_clients
from docmill.kafka.sought import Sought
from docmill.kafka.topics import cluster_id, require_topics
from docmill.processing import Parser, ReceivedDocument
from docmill.settings import Settings
from docmill_schemas.cloudevents import read_content, read_headers
from docmill_schemas.events import DocumentProcessed, ExtractedField, FallbackRequested
from docmill_schemas.ids import sha256_hex
from docmill_schemas.topics import FALLBACK, PROCESSED, RECEIVED, TopicSpec

CLOCKS_APART = timedelta(days=1)  # of who sent the document and of the processor, at most


@dataclass(frozen=True, slots=True)
class FoundText:
    """The text that a result is about."""

    topic: str  # that it was found on, without the prefix
    text: str
    media_type: str
    candidates: tuple[ExtractedField, ...] = ()


async def find_text(
    settings: Settings, result: DocumentProcessed, parser: Parser, on_progress: OnProgress
) -> FoundText:
    """The text of a result: as it carries it, else as the fallback was asked, else read again as it was received.

    Raises:
        BrokerError: the broker does not answer, or a topic is missing.
        ReviewError: the text is gone, or reads otherwise than when the result was made.
    """
    if result.text is not None:
        return FoundText(PROCESSED.name, result.text, PLAIN)
    deferred: list[FoundText] = []

    def on_deferred(record: Record) -> None:
        if (found := deferred_text(result, record)) is not None:
            deferred.append(found)

    await _read_since(settings, FALLBACK, result.received_at - CLOCKS_APART, on_deferred, on_progress)
    if deferred:
        return deferred[-1]
    cluster = await cluster_id(settings)
    sought = Sought(result.request_id, cluster)
    received: list[ReceivedDocument] = []

    def on_received(record: Record) -> None:
        if sought.may_be_received(record):
            document = decode_record(record, cluster, settings.max_document_bytes).document
            if isinstance(document, ReceivedDocument) and document.request_id == result.request_id:
                received.append(document)

    await _read_since(settings, RECEIVED, result.received_at, on_received, on_progress)
    same = [document for document in received if sha256_hex(document.content) == result.content_sha256]
    if not same:
        prefix = settings.topic_prefix
        raise ReviewError(
            f"the text of {result.request_id} is gone: its result does not carry it (DOCMILL_INCLUDE_TEXT), and "
            f"neither {prefix}{FALLBACK.name} nor {prefix}{RECEIVED.name} holds the document any more. Send it again"
        )
    return await read_again(result, same[-1], parser)


def deferred_text(result: DocumentProcessed, record: Record) -> FoundText | None:
    """The text in a record of documents.fallback; None: it is not about this result."""
    if record.value is None or result.request_id.encode() not in record.value:
        return None
    try:
        event = FallbackRequested.model_validate_json(read_content(read_headers(record.headers), record.value).data)
    except (ValueError, RecursionError):
        return None
    if event.request_id != result.request_id or event.text_sha256 != result.text_sha256:
        return None
    return FoundText(FALLBACK.name, event.text, event.media_type, event.candidates)


async def read_again(result: DocumentProcessed, document: ReceivedDocument, parser: Parser) -> FoundText:
    """The text of a document as it was received.

    Raises:
        ReviewError: it is not the text that the result is about.
    """
    again = f"send document {result.document_id!r} again, and decide that"
    try:
        extracted = await asyncio.to_thread(parser.extract, document.content, document.media_type, document.charset)
    except (DocumentError, UnforeseenError) as error:
        raise ReviewError(f"the document cannot be read any more ({error}): {again}") from error
    if sha256_hex(extracted.text.encode()) != result.text_sha256:
        raise ReviewError(f"this docmill reads the document otherwise than the one that made its result: {again}")
    return FoundText(RECEIVED.name, extracted.text, document.media_type)


async def _read_since(
    settings: Settings, spec: TopicSpec, since: datetime, take: Callable[[Record], None], on_progress: OnProgress
) -> None:
    """Hand each record of a topic that is no older than `since` to `take`."""
    await require_topics(settings, [spec])
    start_ms = max(0, int(since.timestamp() * 1000))
    async with scan_clients(settings, "docmill-review") as (admin, consumer):
        scan = Scan(settings, admin, consumer, start_ms, on_progress)
        await scan.read(spec.name.rpartition(".")[2], [spec], lambda _, record: take(record))

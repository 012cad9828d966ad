"""The indexer's slices: each record of knowledge.updated becomes the one of knowledge.indexed that follows from it.

A record that asks for nothing that can be done is stepped over: logged without its text, counted as `refused`, and what
the index had under its key stays (docs/decisions/0019-indexer.md).
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from docmill.errors import AbandonedError, DependencyError, whereabouts
from docmill.indexer.embed import TextEmbedder, embed_source
from docmill.indexer.read import Deletion, Refused, read_record
from docmill.kafka.decode_record import JSON, Record
from docmill.kafka.publish import OutgoingRecord, passed_on
from docmill.kafka.slice_work import SliceWork
from docmill.telemetry.metrics import KnowledgeOutcome, Metrics
from docmill_schemas.cloudevents import binary_headers
from docmill_schemas.events import EventType, KnowledgeIndexed, KnowledgeUpdated
from docmill_schemas.ids import result_id, sha256_hex
from docmill_schemas.topics import KNOWLEDGE_INDEXED

log = logging.getLogger(__name__)

DECIDED_BY = "indexer"  # in event ids
PROBE = "a"  # a text that is nobody's


@dataclass(frozen=True, slots=True)
class Indexed:
    """A record, and what it comes to. See slice_work.Finished."""

    record: Record
    outcome: KnowledgeOutcome
    publishes: Sequence[OutgoingRecord] = ()
    chunks: int = 0
    unexpected: str | None = None


class IndexSlices(SliceWork[Indexed]):
    """See SliceWork."""

    def __init__(self, embedder: TextEmbedder, source: str, metrics: Metrics) -> None:
        """`source`: `ce_source` of what is published."""
        self._embedder = embedder
        self._source = source
        self._metrics = metrics

    @property
    def tries_suspects(self) -> bool:
        """Nobody is condemned: what is read here is plain text, bounded by its event, and parsed by nobody."""
        return False

    @property
    def gives_up_on_release(self) -> bool:
        """It is soon done."""
        return False

    def process(self, records: Sequence[Record], suspected: bool, abandoned: Callable[[], bool]) -> list[Indexed]:
        """See SliceWork.process."""
        return [self._indexed(record, abandoned) for record in records]

    def final(self, slice_: Sequence[Indexed]) -> None:
        """See SliceWork.final."""
        self._metrics.records_consumed.inc(len(slice_))
        self._metrics.slice_documents.observe(len(slice_))
        for indexed in slice_:
            self._metrics.knowledge_records.labels(indexed.outcome.value).inc()
            self._metrics.knowledge_chunks.inc(indexed.chunks)

    def _indexed(self, record: Record, abandoned: Callable[[], bool]) -> Indexed:
        try:
            asked = read_record(record)
            if isinstance(asked, Deletion):
                return Indexed(record, KnowledgeOutcome.DELETED, (self._tombstone(record),))
            if isinstance(asked, Refused):
                return _refused(record, asked)
            return self._embedded_at_last(record, asked, abandoned)
        except (AbandonedError, DependencyError):
            raise
        except MemoryError as error:  # a text is bounded, and read in stretches: never the record's own fault
            raise DependencyError(f"there is no memory to index with ({whereabouts(error)})") from error
        except Exception as error:  # tied to one record: the policy of errors.py
            where = whereabouts(error)
            return _refused(record, Refused(f"unexpected {where}", where))

    def _embedded_at_last(self, record: Record, updated: KnowledgeUpdated, abandoned: Callable[[], bool]) -> Indexed:
        """What fails is tried once more, if the embedder does anything at all: a failure that passes refuses no text.

        Raises:
            DependencyError: the embedder fails for any text.
            Exception: twice, though the embedder is well: it is the record's.
        """
        try:
            return self._embedded(record, updated, abandoned)
        except (AbandonedError, DependencyError, MemoryError):
            raise
        except Exception as error:
            log.warning("offset %d of %s failed once: %s", record.offset, record.topic, whereabouts(error))
            self._check_embedder()
            return self._embedded(record, updated, abandoned)

    def _check_embedder(self) -> None:
        try:
            self._embedder.embed([PROBE])
        except Exception as error:
            raise DependencyError(f"the embedder fails for any text ({whereabouts(error)})") from error

    def _embedded(self, record: Record, updated: KnowledgeUpdated, abandoned: Callable[[], bool]) -> Indexed:
        began_s = time.monotonic()
        event = embed_source(updated, self._embedder, abandoned)
        self._metrics.stage_duration.labels("embed").observe(time.monotonic() - began_s)
        outgoing = self._event(record, event)
        if not outgoing.fits(KNOWLEDGE_INDEXED):
            why = f"with its vectors it takes {outgoing.size()} bytes, at most {KNOWLEDGE_INDEXED.max_bytes}"
            return _refused(record, Refused(f"{why}: send it section by section"))
        return Indexed(record, KnowledgeOutcome.INDEXED, (outgoing,), len(event.chunks))

    def _event(self, record: Record, event: KnowledgeIndexed) -> OutgoingRecord:
        headers = binary_headers(
            id=self._event_id(record),
            source=self._source,
            type=EventType.KNOWLEDGE_INDEXED,
            subject=event.passage_id,
            time=datetime.now(UTC),
            media_type=JSON,
        )
        value = event.model_dump_json(exclude_none=True).encode()
        return OutgoingRecord(KNOWLEDGE_INDEXED.name, record.key, value, [*headers, *passed_on(record)])

    def _tombstone(self, record: Record) -> OutgoingRecord:
        headers = [("ce_id", self._event_id(record).encode()), ("ce_source", self._source.encode())]
        return OutgoingRecord(KNOWLEDGE_INDEXED.name, record.key, None, [*headers, *passed_on(record)])

    def _event_id(self, record: Record) -> str:
        """The same where the same record is indexed again, in the same embedding."""
        place = f"{record.topic}-{record.partition}@{record.offset}"
        return result_id(place, sha256_hex(record.value or b""), DECIDED_BY, self._embedder.embedding.sha256)


def _refused(record: Record, refused: Refused) -> Indexed:
    log.error(
        "offset %d of %s-%d is stepped over, and the index keeps what it had under its key: %s",
        *(record.offset, record.topic, record.partition, refused.why),
    )
    return Indexed(record, KnowledgeOutcome.REFUSED, unexpected=refused.unexpected)

"""The one table of topics. Names get the deployment's prefix; partitions and replication are its settings."""

from dataclasses import dataclass
from enum import StrEnum

MIB = 1024 * 1024
DAY_MS = 24 * 60 * 60 * 1000

RECEIVED_MAX_BYTES = MIB
DEAD_LETTER_MARGIN_BYTES = 256 * 1024  # headers that say why, and the batch around the record
INDEXED_MAX_BYTES = 4 * MIB  # the largest source and its vectors: tests/unit/index/test_size.py
FALLBACK_MARGIN_BYTES = 3 * MIB  # JSON escapes, markup that grows as text, the prediction beside the text
REVIEW_MARGIN_BYTES = MIB  # what was thought of it since: neighbours, citations, why nobody decided


class Cleanup(StrEnum):
    DELETE = "delete"
    COMPACT = "compact"


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """How a topic is made. `max_bytes` bounds one record batch as the broker stores it."""

    name: str
    key: str
    cleanup: Cleanup
    retention_ms: int | None  # None: never by time
    max_bytes: int
    holds: str
    further: tuple[tuple[str, str], ...] = ()  # how the broker keeps it; nothing that docmill relies on

    def config(self) -> dict[str, str]:
        """The topic's configuration as Kafka spells it."""
        entries = {"cleanup.policy": self.cleanup.value, "max.message.bytes": str(self.max_bytes)}
        if self.retention_ms is not None:
            entries["retention.ms"] = str(self.retention_ms)
        return entries | dict(self.further)


RECEIVED = TopicSpec(
    "documents.received", "document id", Cleanup.DELETE, 7 * DAY_MS, RECEIVED_MAX_BYTES, "documents as they come in"
)
PROCESSED = TopicSpec(
    "documents.processed", "document id", Cleanup.DELETE, 30 * DAY_MS, MIB, "DocumentProcessed: structured results"
)
FALLBACK = TopicSpec(
    "documents.fallback",
    "document id",
    Cleanup.DELETE,
    14 * DAY_MS,
    RECEIVED_MAX_BYTES + FALLBACK_MARGIN_BYTES,
    "FallbackRequested: what the fast model is not sure of",
)
REJECTED = TopicSpec(
    "documents.rejected",
    "as received; the request id where that is too large",
    Cleanup.DELETE,
    30 * DAY_MS,
    RECEIVED_MAX_BYTES + DEAD_LETTER_MARGIN_BYTES,
    "dead letters: the record as received (where it is too large, its origin), with headers that say why",
)
REVIEW = TopicSpec(
    "documents.review",
    "request id",
    Cleanup.COMPACT,
    None,
    RECEIVED_MAX_BYTES + FALLBACK_MARGIN_BYTES + REVIEW_MARGIN_BYTES,
    "ReviewRequested: what a person is to decide, kept until then; without a value: it is decided",
)
FEEDBACK = TopicSpec(
    "documents.feedback",
    "request id",
    Cleanup.COMPACT,
    None,
    MIB,
    "FeedbackGiven: what people decided; of one review the first counts",
)

REDRIVEN = TopicSpec(
    "documents.redriven",
    "the dead letter's place and time",
    Cleanup.COMPACT,
    None,
    MIB,
    "the ledger of `docmill redrive`: which dead letters are back on their topic",
)

PROGRESS = TopicSpec(
    "documents.progress",
    "group, topic and partition",
    Cleanup.COMPACT,
    None,
    MIB,
    "how far each partition is, written in the transaction of its results: read by who takes it over",
    # Few records count, and all are looked through for a key that was not heard of for long.
    (("segment.bytes", str(16 * MIB)), ("segment.ms", str(60 * 60 * 1000)), ("min.cleanable.dirty.ratio", "0.1")),
)

KNOWLEDGE_UPDATED = TopicSpec(
    "knowledge.updated",
    "passage id",
    Cleanup.COMPACT,
    None,
    MIB,
    "KnowledgeUpdated: source texts for the fallback; without a value: delete it",
)
KNOWLEDGE_INDEXED = TopicSpec(
    "knowledge.indexed",
    "passage id",
    Cleanup.COMPACT,
    None,
    INDEXED_MAX_BYTES,
    "KnowledgeIndexed: these in chunks with vectors, from which every copy of the index is made",
)

PROCESSOR_TOPICS = (RECEIVED, PROCESSED, FALLBACK, REJECTED, REVIEW)
FALLBACK_TOPICS = (FALLBACK, PROCESSED, REJECTED, REVIEW, KNOWLEDGE_INDEXED)
ARBITER_TOPICS = (FEEDBACK, REVIEW, PROCESSED, KNOWLEDGE_UPDATED)
INDEXER_TOPICS = (KNOWLEDGE_UPDATED, KNOWLEDGE_INDEXED)
TOPICS = (RECEIVED, PROCESSED, FALLBACK, REJECTED, REVIEW, FEEDBACK, *INDEXER_TOPICS)
OWN_TOPICS = (REDRIVEN, PROGRESS)  # docmill's own business: nobody else reads them

"""One request's events, as examples for the AsyncAPI document. They are made by the models, so they hold."""

import base64
from datetime import UTC, date, datetime

from docmill_schemas.events import (
    BundleRef,
    Citation,
    DocumentProcessed,
    DocumentReceived,
    DocumentRejected,
    DocumentType,
    EmbeddingRef,
    ExtractedField,
    FallbackRequested,
    IndexedChunk,
    KnowledgeIndexed,
    KnowledgeUpdated,
    LabelProbability,
)
from docmill_schemas.ids import request_id, result_id, sha256_hex
from docmill_schemas.reasons import DecidedBy, DeferralReason, KnowledgeKind, RejectionReason, ReviewReason
from docmill_schemas.review_events import DecidedField, FeedbackGiven, ReviewRequested, SimilarDocument
from docmill_schemas.topics import RECEIVED

DOCUMENT_ID = "receipt-17"
SENDER, EVENT_ID = "erp/scanner-3", "5f0c2c1e"
DOCMILL = "docmill/docmill-processor"
TIME = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
TEXT = "Kopitiam Sri Melur\n12/03/2018\nTOTAL RM 41.50\n"
HTML = "<p>Kopitiam Sri Melur<p>12/03/2018<p>TOTAL RM 41.50"
TRACE = {
    "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    "tracestate": "erp=t61rcWkgMzE",
    "correlation_id": "claim-4711",
}

REQUEST_ID = request_id(SENDER, EVENT_ID)
BUNDLE = BundleRef(name="mailroom-en", version="0.1.0", sha256=sha256_hex(b"manifest"))
RESULT_ID = result_id(REQUEST_ID, sha256_hex(TEXT.encode()), DecidedBy.MODEL, BUNDLE.sha256)
FALLBACK_ID = result_id(REQUEST_ID, sha256_hex(TEXT.encode()), "fallback", BUNDLE.sha256)
TYPE = DocumentType(
    label="receipt",
    probability=0.9796,
    alternatives=(LabelProbability(label="contract.supply", probability=0.0024),),
)


def _field(name: str, text: str, value: str | None, confidence: float) -> ExtractedField:
    start = TEXT.index(text)
    return ExtractedField(name=name, value=value, text=text, start=start, end=start + len(text), confidence=confidence)


FIELDS = (
    _field("company", "Kopitiam Sri Melur", "Kopitiam Sri Melur", 0.9974),
    _field("date", "12/03/2018", "2018-03-12", 0.9275),
    _field("total", "RM 41.50", "41.50 MYR", 0.9311),
)

RECEIVED_TEXT = DocumentReceived(document_id=DOCUMENT_ID, tenant="acme", text=TEXT)
RECEIVED_BASE64 = DocumentReceived(base64=base64.b64encode(HTML.encode()).decode(), media_type="text/html")
PROCESSED = DocumentProcessed(
    request_id=REQUEST_ID,
    result_id=RESULT_ID,
    revision=1,
    document_id=DOCUMENT_ID,
    content_sha256=sha256_hex(TEXT.encode()),
    text_sha256=sha256_hex(TEXT.encode()),
    tenant="acme",
    received_at=TIME,
    document_type=TYPE,
    fields=FIELDS,
    decided_by=DecidedBy.MODEL,
    bundle=BUNDLE,
    timings_ms={"parse": 0.4, "infer": 21.8},
)
FALLBACK = FallbackRequested(
    request_id=REQUEST_ID,
    document_id=DOCUMENT_ID,
    content_sha256=sha256_hex(TEXT.encode()),
    text_sha256=sha256_hex(TEXT.encode()),
    tenant="acme",
    received_at=TIME,
    media_type="text/plain",
    text=TEXT,
    document_type=TYPE,
    fields=FIELDS[:2],
    label_probabilities=(LabelProbability(label=TYPE.label, probability=TYPE.probability), *TYPE.alternatives),
    candidates=(*FIELDS[:2], _field("total", "RM 41.50", "41.50 MYR", 0.3127)),
    reasons=(DeferralReason.MISSING_FIELD,),
    missing_fields=("total",),
    bundle=BUNDLE,
    timings_ms={"parse": 0.4, "infer": 21.8},
)
REJECTED = DocumentRejected(
    request_id=REQUEST_ID,
    reason=RejectionReason.UNDECODABLE_TEXT,
    detail="not windows-1252: UnicodeDecodeError in 2081 bytes",
    origin_topic=RECEIVED.name,
    origin_partition=4,
    origin_offset=17,
    origin_timestamp=int(TIME.timestamp() * 1000),
    attempt=1,
)

SIMILAR = SimilarDocument(passage_id="decided/0c9f", document_type="receipt", similarity=0.8127)
REVIEW = ReviewRequested(
    request_id=REQUEST_ID,
    document_id=DOCUMENT_ID,
    content_sha256=sha256_hex(TEXT.encode()),
    text_sha256=sha256_hex(TEXT.encode()),
    tenant="acme",
    received_at=TIME,
    requested_at=TIME,
    media_type="text/plain",
    text=TEXT,
    document_type=TYPE,
    fields=FIELDS[:2],
    candidates=FALLBACK.candidates,
    missing_fields=("total",),
    review_reasons=(ReviewReason.UNDECIDED,),
    reasons=FALLBACK.reasons,
    undecided=("total: low_confidence",),
    similar=(SIMILAR,),
    citations=(Citation(passage_id=SIMILAR.passage_id),),
    revision=1,
    bundle=BUNDLE,
)
REVIEW_ID = result_id(REQUEST_ID, sha256_hex(TEXT.encode()), "review", "1")
FEEDBACK = FeedbackGiven(
    feedback_id="b1c2",
    request_id=REQUEST_ID,
    revision=1,
    document_type="receipt",
    fields=tuple(
        DecidedField(name=field.name, text=field.text, start=field.start, end=field.end, value=field.value)
        for field in FIELDS
    ),
    decided_at=TIME,
    reviewer="m.okafor",
)

PASSAGE_ID = "handbook/receipts#4"
KNOWLEDGE = KnowledgeUpdated(
    passage_id=PASSAGE_ID,
    kind=KnowledgeKind.POLICY,
    title="Receipts: which total counts",
    text="## 4 Totals\n\nThe total of a receipt is the amount paid, tax included and rounding applied.",
    document_type="receipt",
    valid_from=date(2026, 1, 1),
    metadata={"owner": "claims-handbook"},
)
EMBEDDING = EmbeddingRef(name="all-minilm-l6-v2-int8", sha256=sha256_hex(b"embedder"), dimensions=4)
INDEXED_ID = result_id(PASSAGE_ID, sha256_hex(KNOWLEDGE.text.encode()), "indexer", EMBEDDING.sha256)
INDEXED = KnowledgeIndexed(
    **dict(KNOWLEDGE),
    embedding=EMBEDDING,
    chunks=(
        IndexedChunk(start=0, end=len(KNOWLEDGE.text), vector=base64.b64encode(bytes((127, 3, 251, 64))).decode()),
    ),
)

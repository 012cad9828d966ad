"""Every metric of docmill, in one table. Prefix `docmill_`, base units, labels from closed sets only.

Counters and histograms of documents advance only after the commit that made their results final. Series whose labels
are known beforehand begin at 0: one that begins at its first event hides that event from rate() and increase().
"""

from collections.abc import Iterable
from enum import StrEnum

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, disable_created_metrics

from docmill.fallback.types import AbstentionReason
from docmill_schemas.reasons import DecidedBy, DeferralReason, RejectionReason, ReviewReason

LATENCY_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800)
STAGE_BUCKETS = (0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
CONFIDENCE_BUCKETS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)
SIZE_BUCKETS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
TOKEN_BUCKETS = (16, 32, 64, 128, 256, 512, 1024, 4096, 16384, 65536, 262144)

BANDS = (
    (0.5, "0.0-0.5"),
    (0.7, "0.5-0.7"),
    (0.8, "0.7-0.8"),
    (0.9, "0.8-0.9"),
    (0.95, "0.9-0.95"),
    (0.99, "0.95-0.99"),
)
TOP_BAND = "0.99-1.0"
ANSWERED = "answered"  # of a question to the generator; the other outcomes are why it was not


class ReloadOutcome(StrEnum):
    """What became of another bundle that was found in the bundle's folder."""

    LOADED = "loaded"  # it decides now
    REFUSED = "refused"  # the one before goes on


class KnowledgeOutcome(StrEnum):
    """What became of a record of knowledge.updated."""

    INDEXED = "indexed"
    DELETED = "deleted"
    REFUSED = "refused"  # it asks for nothing that can be done: stepped over, and what was indexed before stays


class DecisionOutcome(StrEnum):
    """What became of a person's decision on documents.feedback."""

    ACCEPTED = "accepted"
    ALREADY_DECIDED = "already_decided"
    NO_REVIEW = "no_review"  # nobody was asked about that request
    REFUSED = "refused"  # it says nothing that can be published


class AuditVerdict(StrEnum):
    """Whether an automatic result that a person looked at was right."""

    RIGHT = "right"
    WRONG = "wrong"


def confidence_band(probability: float) -> str:
    """The band of `confidence_band_total` that a probability falls into."""
    return next((name for upper, name in BANDS if probability < upper), TOP_BAND)


class Metrics:
    """The metrics of one service on one registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        # A `_created` series beside each counter would double their number.
        disable_created_metrics()  # type: ignore[no-untyped-call]

        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"docmill_{name}", text, labels, registry=registry)

        def gauge(name: str, text: str, *labels: str) -> Gauge:
            return Gauge(f"docmill_{name}", text, labels, registry=registry)

        def histogram(name: str, text: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
            return Histogram(f"docmill_{name}", text, labels, buckets=buckets, registry=registry)

        self.records_consumed = counter("records_consumed_total", "Records whose outcome is committed")
        self.results_published = counter(
            "results_published_total", "DocumentProcessed events committed", "doc_type", "decided_by"
        )
        self.fallback = counter("fallback_total", "Documents handed to the fallback, by their first reason", "reason")
        self.dead_letters = counter("dead_letters_total", "Records rejected", "reason")
        self.end_to_end_latency = histogram(
            "end_to_end_latency_seconds", "Record timestamp to commit completed", LATENCY_BUCKETS
        )
        self.stage_duration = histogram("stage_duration_seconds", "Time in a stage", STAGE_BUCKETS, "stage")
        self.slice_documents = histogram("slice_documents", "Records in a slice", SIZE_BUCKETS)
        self.slice_tokens = histogram("slice_tokens", "Tokens in a slice, window overlap included", TOKEN_BUCKETS)
        self.window_tokens = histogram("window_tokens", "Tokens in a window", TOKEN_BUCKETS)
        self.inference_busy = gauge("inference_busy_ratio", "Share of the inference threads' time spent in the model")
        self.parser_cpu = counter("parser_cpu_seconds_total", "Processor time of the parser processes, user and system")
        self.parser_memory = gauge("parser_resident_memory_bytes", "Resident memory of the parser processes together")
        self.parser_restarts = counter("parser_restarts_total", "Parser processes that were replaced", "reason")
        self.confidence = histogram("confidence", "Calibrated probability of the document type", CONFIDENCE_BUCKETS)
        self.confidence_band = counter(
            "confidence_band_total", "Documents by type and band of its probability", "doc_type", "band"
        )
        self.lag_records = gauge("consumer_lag_records", "End offset minus committed offset", "partition")
        self.lag_seconds = gauge("consumer_lag_seconds", "Age of the oldest record not committed", "partition")
        self.lost_to_retention = counter(
            "records_lost_to_retention_total", "Records deleted by retention before they were read"
        )
        self.rebalances = counter("rebalances_total", "Assignments received from the group coordinator")
        self.acquire_duration = histogram(
            "acquire_duration_seconds", "Time to take a partition over after an assignment", STAGE_BUCKETS
        )
        self.assigned_partitions = gauge("assigned_partitions", "Partitions that this replica holds")
        self.bundle_reloads = counter(
            "bundle_reloads_total", "Other bundles found in the bundle's folder, by what became of them", "outcome"
        )
        self.bundle_refused = gauge("bundle_refused", "1: the bundle's folder holds one that this replica refuses")
        self.knowledge_records = counter(
            "knowledge_records_total", "Records of knowledge.updated, by what became of them", "outcome"
        )
        self.knowledge_chunks = counter("knowledge_chunks_total", "Chunks embedded and published")
        self.reviews = counter("review_total", "Documents handed to a person, by their first reason", "reason")
        self.held = counter("fallback_held_total", "Times that a document was put back to wait for the generator")
        self.oldest_held = gauge(
            "fallback_oldest_held_seconds", "How long the oldest document has waited for the generator; 0: none waits"
        )
        self.abstentions = counter(
            "fallback_abstentions_total",
            "What held the fallback back from deciding, a document's first reason",
            "reason",
        )
        self.generator_requests = counter(
            "generator_questions_total", "Questions put to the generator, by what became of them", "outcome"
        )
        self.generator_tokens = counter("llm_tokens_total", "Tokens that the generator took", "kind")
        self.generator_refusals = counter(
            "generator_refusals_total", "Parts of its answers that were not believed", "reason"
        )
        self.generator_open = gauge(
            "generator_unavailable",
            "1: the generator is not asked for a while, since it failed several times in a row or its budget is spent",
        )
        self.cost = counter("cost_usd_total", "Dollars spent on results and reviews", "decided_by")
        self.index_passages = gauge("index_passages", "Passages in this replica's copy of the index")
        self.index_age = gauge(
            "index_age_seconds",
            "Since the copy had last read to the end of knowledge.indexed, or since it was begun anew",
        )
        self.index_unreadable = counter(
            "index_unreadable_total", "Records of knowledge.indexed that this replica's copy could not take"
        )
        self.decisions = counter(
            "decisions_total", "Decisions on documents.feedback, by what became of them", "outcome"
        )
        self.audits = counter(
            "audits_total", "Automatic results that a person looked at, by who had decided", "decided_by", "verdict"
        )
        self.bundle_info = Info("docmill_bundle", "The bundle that decides", registry=registry)
        self.build_info = Info("docmill_build", "This build of docmill", registry=registry)
        self._begin()

    def serve(self, name: str, version: str, sha256: str) -> None:
        """This bundle decides now: one series at 1, in place of the one before."""
        self.bundle_info.info({"name": name, "version": version, "sha256": sha256})

    def expect(self, doc_types: Iterable[str]) -> None:
        """Begin the series of these types, a bundle's labels, as the model decides them: eight a type."""
        for doc_type in doc_types:
            self.results_published.labels(doc_type, DecidedBy.MODEL.value)
            for band in (*(name for _, name in BANDS), TOP_BAND):
                self.confidence_band.labels(doc_type, band)

    def _begin(self) -> None:
        """Begin the series whose labels are known."""
        for deferred in DeferralReason:
            self.fallback.labels(deferred.value)
        for rejected in RejectionReason:
            self.dead_letters.labels(rejected.value)
        for outcome in ReloadOutcome:
            self.bundle_reloads.labels(outcome.value)
        for abstained in AbstentionReason:
            self.abstentions.labels(abstained.value)
        for kind in ("prompt", "completion"):
            self.generator_tokens.labels(kind)
        self.generator_requests.labels(ANSWERED)
        for review in ReviewReason:
            self.reviews.labels(review.value)
        for decision in DecisionOutcome:
            self.decisions.labels(decision.value)
        for automatic in (DecidedBy.MODEL, DecidedBy.RETRIEVAL, DecidedBy.GENERATOR):
            for verdict in AuditVerdict:
                self.audits.labels(automatic.value, verdict.value)
        for decided_by in DecidedBy:
            self.cost.labels(decided_by.value)
        for became in KnowledgeOutcome:
            self.knowledge_records.labels(became.value)

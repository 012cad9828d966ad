"""What became of one request, and what the metrics learn of it once that is committed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from docmill.generator.client import Generated, GeneratorUnavailableError
from docmill.generator.types import Usage
from docmill.kafka.decode_record import Record
from docmill.kafka.publish import OutgoingRecord
from docmill.processing import Rejected
from docmill.telemetry.metrics import ANSWERED, Metrics
from docmill_schemas.events import Cost, DocumentProcessed
from docmill_schemas.reasons import DecidedBy, RejectionReason
from docmill_schemas.review_events import ReviewRequested

OTHER = "other"  # of document types that only exemplars know: a metric's labels are a closed set


@dataclass(frozen=True, slots=True)
class Held:
    """It waits for the generator. Unix times in milliseconds."""

    since_ms: int
    put_back_ms: int
    not_before_ms: int  # it is looked at again


Came = DocumentProcessed | ReviewRequested | Held | Rejected


@dataclass(frozen=True, slots=True)
class Resolved:
    """A record, and what it comes to. See slice_work.Finished."""

    record: Record
    came: Came
    publishes: Sequence[OutgoingRecord]
    audit: ReviewRequested | None = None  # beside a result
    held_back: str | None = None  # the first reason why it was not decided
    answered: Generated | GeneratorUnavailableError | None = None  # what a generator said to it
    timings_ms: Mapping[str, float] = field(default_factory=dict)

    @property
    def unexpected(self) -> str | None:
        """See slice_work.Finished."""
        came = self.came
        wrong = isinstance(came, Rejected) and came.reason is RejectionReason.INTERNAL_ERROR
        return (came.exception or came.detail) if isinstance(came, Rejected) and wrong else None

    def count(self, metrics: Metrics, known_labels: frozenset[str], now_s: float) -> None:
        """Tell the metrics."""
        metrics.records_consumed.inc()
        for stage, milliseconds in self.timings_ms.items():
            metrics.stage_duration.labels(stage).observe(milliseconds / 1000)
        self._count_generator(metrics)
        if self.held_back is not None:
            metrics.abstentions.labels(self.held_back).inc()
        if self.audit is not None:
            metrics.reviews.labels(self.audit.review_reasons[0].value).inc()
        match self.came:
            case DocumentProcessed() as result:
                label = result.document_type.label if result.document_type.label in known_labels else OTHER
                metrics.results_published.labels(label, result.decided_by.value).inc()
                metrics.end_to_end_latency.observe(max(0.0, now_s - result.received_at.timestamp()))
            case ReviewRequested() as review:
                metrics.reviews.labels(review.review_reasons[0].value).inc()
                metrics.end_to_end_latency.observe(max(0.0, now_s - review.received_at.timestamp()))
            case Held():
                metrics.held.inc()
            case Rejected() as rejected:
                metrics.dead_letters.labels(rejected.reason.value).inc()

    def _count_generator(self, metrics: Metrics) -> None:
        if self.answered is None:
            return
        usage = self.answered.usage
        metrics.generator_tokens.labels("prompt").inc(usage.prompt_tokens)
        metrics.generator_tokens.labels("completion").inc(usage.completion_tokens)
        metrics.cost.labels(DecidedBy.GENERATOR.value).inc(usage.usd)
        if isinstance(self.answered, GeneratorUnavailableError):
            metrics.generator_requests.labels(self.answered.reason.value).inc()
            return
        metrics.generator_requests.labels(ANSWERED).inc()
        for refused in self.answered.answer.refused:
            metrics.generator_refusals.labels(refused.reason.value).inc()


def cost_of(usage: Usage | None) -> Cost:
    """What a document took, as it is published."""
    if usage is None:
        return Cost()
    return Cost(tokens=usage.prompt_tokens + usage.completion_tokens, usd=usage.usd)

"""What became final, told to the metrics. The only place that counts documents."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from docmill.pipeline.types import Deferral
from docmill.pipeline.window import Window
from docmill.processing import Decided, Outcome, Rejected
from docmill.telemetry.metrics import Metrics, confidence_band
from docmill_schemas.reasons import DecidedBy, ReviewReason


@dataclass(frozen=True, slots=True)
class Final:
    """A record whose outcome is committed."""

    timestamp_ms: int
    outcome: Outcome
    audited: bool = False  # a person is asked too


class Accounting:
    """Advances the metrics; also the processing's observer."""

    def __init__(self, metrics: Metrics, wall_clock_s: Callable[[], float]) -> None:
        self._metrics = metrics
        self._now_s = wall_clock_s

    def stage(self, name: str, seconds: float) -> None:
        """Time spent in a stage of the pipeline."""
        self._metrics.stage_duration.labels(name).observe(seconds)

    def windows(self, windows: Sequence[Window]) -> None:
        """The windows of a slice, before inference."""
        for window in windows:
            self._metrics.window_tokens.observe(len(window.ids))
        self._metrics.slice_tokens.observe(sum(len(window.ids) for window in windows))

    def final(self, slice_: Sequence[Final]) -> None:
        """A slice was committed."""
        now_s = self._now_s()
        self._metrics.slice_documents.observe(len(slice_))
        self._metrics.records_consumed.inc(len(slice_))
        for final in slice_:
            self._metrics.end_to_end_latency.observe(max(0.0, now_s - final.timestamp_ms / 1000))
            self._outcome(final.outcome)
            if final.audited:
                self._metrics.reviews.labels(ReviewReason.AUDIT.value).inc()

    def _outcome(self, outcome: Outcome) -> None:
        if isinstance(outcome, Rejected):
            self._metrics.dead_letters.labels(outcome.reason.value).inc()
            return
        self._decided(outcome)

    def _decided(self, decided: Decided) -> None:
        prediction = decided.prediction
        self._metrics.confidence.observe(prediction.probability)
        self._metrics.confidence_band.labels(prediction.label, confidence_band(prediction.probability)).inc()
        if isinstance(decided.route, Deferral):
            self._metrics.fallback.labels(decided.route.reasons[0].value).inc()
        else:
            self._metrics.results_published.labels(prediction.label, DecidedBy.MODEL.value).inc()

"""Documents are counted once, by what became of them."""

import pytest
from prometheus_client import CollectorRegistry

from docmill.kafka.accounting import Accounting, Final
from docmill.pipeline.types import Deferral
from docmill.pipeline.window import Window
from docmill.processing import Rejected
from docmill.telemetry.metrics import Metrics
from docmill_schemas.reasons import DeferralReason, RejectionReason
from tests.unit.kafka.fakes import decide, decode, record

NOW_S = 100.0


class Bench:
    """Accounting at a fixed time."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.accounting = Accounting(Metrics(self.registry), lambda: NOW_S)

    def metric(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(f"docmill_{name}", labels)


def test_a_slice_is_counted_by_outcome() -> None:
    bench = Bench()
    sure = decide(decode(record()))
    unsure = decide(decode(record()), Deferral((DeferralReason.NOT_CERTIFIED, DeferralReason.MISSING_FIELD), ("date",)))
    broken = Rejected(RejectionReason.NO_TEXT, "nothing")
    bench.accounting.final([Final(90_000, sure), Final(99_000, sure), Final(99_500, unsure), Final(99_900, broken)])
    assert bench.metric("records_consumed_total") == 4
    assert bench.metric("slice_documents_sum") == 4
    assert bench.metric("results_published_total", doc_type="receipt", decided_by="model") == 2
    assert bench.metric("fallback_total", reason="not_certified") == 1
    assert bench.metric("fallback_total", reason="missing_field") == 0
    assert bench.metric("dead_letters_total", reason="no_text") == 1
    assert bench.metric("confidence_count") == 3
    assert bench.metric("confidence_band_total", doc_type="receipt", band="0.95-0.99") == 3
    assert bench.metric("end_to_end_latency_seconds_count") == 4
    assert bench.metric("end_to_end_latency_seconds_sum") == pytest.approx(10 + 1 + 0.5 + 0.1)


def test_audits_are_counted_when_they_are_final() -> None:
    bench = Bench()
    sure = decide(decode(record()))
    bench.accounting.final([Final(90_000, sure), Final(90_000, sure, audited=True)])
    assert bench.metric("review_total", reason="audit") == 1
    assert bench.metric("review_total", reason="undecided") == 0


def test_a_record_from_the_future_has_no_negative_latency() -> None:
    bench = Bench()
    bench.accounting.final([Final(200_000, Rejected(RejectionReason.NO_TEXT, "nothing"))])
    assert bench.metric("end_to_end_latency_seconds_sum") == 0


def test_work_is_observed_as_it_goes() -> None:
    bench = Bench()
    bench.accounting.windows([Window(0, [1, 2, 3]), Window(3, [1])])  # type: ignore[arg-type]
    bench.accounting.stage("infer", 0.25)
    assert bench.metric("window_tokens_count") == 2
    assert bench.metric("slice_tokens_sum") == 4
    assert bench.metric("stage_duration_seconds_sum", stage="infer") == 0.25
    assert bench.metric("records_consumed_total") == 0

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Info
from prometheus_client.metrics import MetricWrapperBase

from docmill.bundle.load import default_bundle, load_bundle
from docmill.telemetry.metrics import BANDS, CONFIDENCE_BUCKETS, TOP_BAND, Metrics, ReloadOutcome, confidence_band
from docmill_schemas.reasons import DeferralReason, RejectionReason

# Every label is a closed set: an enum, the bundle's labels, a few bands, or the partitions of one topic.
ALLOWED_LABELS = {"doc_type", "decided_by", "reason", "stage", "band", "partition", "outcome", "kind", "verdict"}
UNITS = ("_seconds", "_ratio", "_total", "_bytes")
COUNTED = ("_records", "_documents", "_tokens", "_partitions", "_passages")  # what is counted is the unit
WITHOUT_UNIT = {
    "docmill_confidence",
    "docmill_bundle_refused",
    "docmill_generator_unavailable",
}  # a histogram of a probability; yes or no
SERIES_BUDGET = 1000  # of a replica
NAME = re.compile(r"docmill_[a-z][a-z0-9_]*")


@pytest.fixture
def metrics() -> Metrics:
    return Metrics(CollectorRegistry())


def wrappers(metrics: Metrics) -> list[MetricWrapperBase]:
    return [one for one in vars(metrics).values() if isinstance(one, MetricWrapperBase)]


def exposed_name(metric: MetricWrapperBase) -> str:
    """Name as a query would write it."""
    [family] = metric.describe()
    return f"{family.name}_total" if family.type == "counter" else str(family.name)


def test_the_table_is_not_empty(metrics: Metrics) -> None:
    assert len(wrappers(metrics)) >= 20


def test_every_attribute_is_a_metric_of_the_registry(metrics: Metrics) -> None:
    described = {family.name for one in wrappers(metrics) for family in one.describe()}
    assert {family.name for family in metrics.registry.collect()} == described
    assert set(vars(metrics)) - {"registry"} == {n for n, one in vars(metrics).items() if one in wrappers(metrics)}


def test_names_are_prefixed_and_end_in_base_units(metrics: Metrics) -> None:
    for metric in wrappers(metrics):
        name = exposed_name(metric)
        assert NAME.fullmatch(name)
        assert isinstance(metric, Info) or name.endswith((*UNITS, *COUNTED)) or name in WITHOUT_UNIT, name
        assert not re.search(r"_(ms|millis\w*|minutes|percent|kib|mib)(_|$)", name), name


def test_only_counters_end_in_total(metrics: Metrics) -> None:
    for metric in wrappers(metrics):
        [family] = metric.describe()
        assert not family.name.endswith("_total"), family.name  # the client adds it to counters


def test_labels_come_from_closed_sets(metrics: Metrics) -> None:
    used = {label for metric in wrappers(metrics) for label in metric._labelnames}
    assert used == ALLOWED_LABELS


def test_every_metric_says_what_it_is(metrics: Metrics) -> None:
    texts = [family.documentation for metric in wrappers(metrics) for family in metric.describe()]
    assert all(texts)
    assert len(set(texts)) == len(texts)


def test_two_services_have_registries_of_their_own() -> None:
    one, other = Metrics(CollectorRegistry()), Metrics(CollectorRegistry())
    one.records_consumed.inc(3)
    assert one.registry.get_sample_value("docmill_records_consumed_total") == 3
    assert other.registry.get_sample_value("docmill_records_consumed_total") == 0


def test_reasons_begin_at_0(metrics: Metrics) -> None:
    value = metrics.registry.get_sample_value
    assert {value("docmill_fallback_total", {"reason": reason}) for reason in DeferralReason} == {0}
    assert {value("docmill_dead_letters_total", {"reason": reason}) for reason in RejectionReason} == {0}


def test_reloads_begin_at_0(metrics: Metrics) -> None:
    value = metrics.registry.get_sample_value
    assert {value("docmill_bundle_reloads_total", {"outcome": outcome}) for outcome in ReloadOutcome} == {0}


def test_one_bundle_decides_at_a_time(metrics: Metrics) -> None:
    metrics.serve("mailroom", "1", "a" * 64)
    metrics.serve("mailroom", "2", "b" * 64)
    [family] = [family for family in metrics.registry.collect() if family.name == "docmill_bundle"]
    [sample] = family.samples
    assert (sample.labels, sample.value) == ({"name": "mailroom", "version": "2", "sha256": "b" * 64}, 1)


def test_expected_types_begin_at_0_and_go_on_from_where_they_are(metrics: Metrics) -> None:
    metrics.confidence_band.labels("receipt", TOP_BAND).inc()
    metrics.expect(["receipt", "contract"])
    value = metrics.registry.get_sample_value
    results = [{"doc_type": name, "decided_by": "model"} for name in ("receipt", "contract")]
    assert [value("docmill_results_published_total", labels) for labels in results] == [0, 0]
    bands = [{"doc_type": "receipt", "band": name} for name in ("0.0-0.5", TOP_BAND)]
    assert [value("docmill_confidence_band_total", labels) for labels in bands] == [0, 1]


def test_a_replica_with_the_default_bundle_keeps_its_budget(metrics: Metrics) -> None:
    metrics.expect(load_bundle(default_bundle()).manifest.labels)
    for stage in ("parse", "tokenise", "infer", "decode"):
        metrics.stage_duration.labels(stage)
    for partition in map(str, range(50)):
        metrics.lag_records.labels(partition)
        metrics.lag_seconds.labels(partition)
    series = sum(len(family.samples) for family in metrics.registry.collect())
    assert 400 < series < SERIES_BUDGET


@pytest.mark.parametrize(
    ("probability", "band"),
    [
        *((0.0, "0.0-0.5"), (0.499, "0.0-0.5"), (0.5, "0.5-0.7"), (0.9, "0.9-0.95"), (0.98, "0.95-0.99")),
        *((0.99, TOP_BAND), (1.0, TOP_BAND)),
    ],
)
def test_a_band_holds_its_lower_end(probability: float, band: str) -> None:
    assert confidence_band(probability) == band


@given(st.floats(0, 1))
def test_bands_cover_all_probabilities(probability: float) -> None:
    lower, _, upper = confidence_band(probability).partition("-")
    assert float(lower) <= probability
    assert probability < float(upper) or (probability == float(upper) == 1)


def test_bands_meet_and_end_at_one() -> None:
    names = [name for _, name in BANDS] + [TOP_BAND]
    ends = [tuple(map(float, name.split("-"))) for name in names]
    assert ends[0][0] == 0
    assert ends[-1][1] == 1
    assert all(left[1] == right[0] for left, right in pairwise(ends))
    assert [upper for upper, _ in BANDS] == [upper for _, upper in ends[:-1]]


def test_the_confidence_histogram_ends_at_one() -> None:
    assert CONFIDENCE_BUCKETS[-1] == 1.0
    assert list(CONFIDENCE_BUCKETS) == sorted(set(CONFIDENCE_BUCKETS))

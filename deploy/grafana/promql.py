"""The queries of the dashboard: of the replicas chosen at its top, and without NaN while nothing arrives.

Recorded series stand where prometheus/rules/docmill.yml has them. Knows neither panels nor Grafana, except for its
variables: $job, $instance, $__rate_interval, $__interval and $__range.
"""

from typing import Literal

from docmill.telemetry.metrics import BANDS

CHOSEN = 'job=~"$job", instance=~"$instance"'
BY_OUTCOME_1M = "job_instance_outcome:docmill_documents:rate1m"
BY_OUTCOME_5M = "job_instance_outcome:docmill_documents:rate5m"
LATENCY_BUCKETS_5M = "job_instance_le:docmill_end_to_end_latency_seconds_bucket:rate5m"
LAG_RECORDS = "job_instance:docmill_consumer_lag_records:sum"
LAG_SECONDS = "job_instance:docmill_consumer_lag_seconds:max"
AUDITS_OVER = "7d"  # audits are few: a day's would say nothing
RIGHT = 'verdict="right"'
Z = 1.96  # 95 %, two-sided


def chosen(metric: str, *matchers: str) -> str:
    """A selector of the chosen replicas."""
    return f"{metric}{{{', '.join((CHOSEN, *matchers))}}}"


def rate(metric: str, by: str) -> str:
    """Sum of the replicas' rates by some labels, over the shortest window that the scrapes allow at this zoom."""
    return f"sum by ({by}) (rate({chosen(metric)}[$__rate_interval]))"


def events(metric: str, by: str) -> str:
    """How many in each step of the graph, each counted once: the step must span some scrapes (style.STEP)."""
    return f"sum by ({by}) (increase({chosen(metric)}[$__interval]))"


def in_range(metric: str, by: str, *matchers: str) -> str:
    """How many in the chosen time."""
    return f"sum by ({by}) (increase({chosen(metric, *matchers)}[$__range]))"


def quantile(q: float, buckets: str) -> str:
    """A quantile of buckets; no sample, rather than NaN, where nothing was observed."""
    return f"histogram_quantile({q}, {buckets}) >= 0"


def latency(q: float) -> str:
    """A quantile of end-to-end latency over all replicas."""
    return quantile(q, f"sum by (le) ({chosen(LATENCY_BUCKETS_5M)})")


def mean(histogram: str) -> str:
    """Mean of a histogram's observations; no sample while nothing is observed."""
    total = f"sum(rate({chosen(histogram + '_sum')}[$__rate_interval]))"
    return f"{total} / (sum(rate({chosen(histogram + '_count')}[$__rate_interval])) > 0)"


def straight_through() -> str:
    """Share of the records that the model decided alone; no sample while nothing arrives."""
    processed = chosen(BY_OUTCOME_5M, 'outcome="processed"')
    return f"sum({processed}) / (sum({chosen(BY_OUTCOME_5M)}) > 0)"


def unsure_share(below: float) -> str:
    """By type, the share of documents in the chosen time in bands that end at or under a probability."""
    bands = "|".join(name for upper, name in BANDS if upper <= below)
    unsure = in_range("docmill_confidence_band_total", "doc_type", f'band=~"{bands}"')
    return f"{unsure} / ({in_range('docmill_confidence_band_total', 'doc_type')} > 0)"


def audited_right() -> str:
    """By who decided, the share of audited results that were right; no sample where none was audited."""
    return f"{_audits(RIGHT)} / ({_audits()} > 0)"


def audited_right_bound(sign: Literal["+", "-"]) -> str:
    """The upper or lower end of that share's 95 % score interval (docmill.evaluation.wilson), from counts.

    With r right of n: (r + z^2/2 +- z sqrt(r (n - r) / n + z^2/4)) / (n + z^2).
    """
    right, audited = _audits(RIGHT), _audits()
    spread = f"sqrt({right} * ({audited} - {right}) / ({audited} > 0) + {Z**2 / 4:.4f})"
    return f"({right} + {Z**2 / 2:.4f} {sign} {Z} * {spread}) / ({audited} + {Z**2:.4f})"


def _audits(*matchers: str) -> str:
    return f"sum by (decided_by) (increase({chosen('docmill_audits_total', *matchers)}[{AUDITS_OVER}]))"

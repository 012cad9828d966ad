"""Work and its cost, from two looks at /metrics."""

import pytest
from prometheus_client import CollectorRegistry, Counter, generate_latest

from docmill.errors import ConfigurationError
from docmill.load.usage import CPU, PARSER_CPU, Page, read_page, usage_between
from docmill.telemetry.metrics import Metrics

URL = "http://127.0.0.1:9108/metrics"


def page(cpu_s: float = 10.0, documents: float = 100.0, tokens: float | None = 5000.0, rebalances: float = 1.0) -> Page:
    totals = {CPU: cpu_s, "docmill_records_consumed_total": documents, "docmill_rebalances_total": rebalances}
    return Page(totals if tokens is None else totals | {"docmill_slice_tokens_sum": tokens}, "b", "1")


def test_a_processors_own_page_is_read() -> None:
    registry = CollectorRegistry()
    metrics = Metrics(registry)
    Counter("process_cpu_seconds_total", "as the process collector has it", registry=registry).inc(12.5)
    metrics.records_consumed.inc(40)
    metrics.slice_tokens.observe(300)
    metrics.slice_tokens.observe(500)
    metrics.rebalances.inc(2)
    metrics.parser_cpu.inc(1.5)
    metrics.bundle_info.info({"name": "mailroom-en", "version": "7", "sha256": "0123456789abcdef"})
    metrics.build_info.info({"version": "1.2.3", "python": "3.11"})
    read = read_page(URL, generate_latest(registry).decode())
    assert read == Page(
        {
            "process_cpu_seconds_total": 12.5,
            "docmill_parser_cpu_seconds_total": 1.5,
            "docmill_records_consumed_total": 40.0,
            "docmill_slice_tokens_sum": 800.0,
            "docmill_rebalances_total": 2.0,
        },
        "mailroom-en 7 (0123456789ab)",
        "1.2.3",
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "no process_cpu_seconds_total and no docmill_records_consumed_total, so it is no docmill processor's"),
        ("docmill_records_consumed_total 3.0\n", "no process_cpu_seconds_total, which only Linux tells"),
        ("process_cpu_seconds_total 3.0\n", "no docmill_records_consumed_total, so it is no docmill processor's"),
        ("<html>hello</html>\n", "is no page of Prometheus metrics"),
    ],
)
def test_another_page_is_told(text: str, told: str) -> None:
    with pytest.raises(ConfigurationError, match=told) as error:
        read_page(URL, text)
    assert URL in str(error.value)


def test_what_several_processors_spent_is_added() -> None:
    before = [page(), page(cpu_s=50, documents=0, tokens=0)]
    after = [page(cpu_s=14, documents=130, tokens=8000, rebalances=2), page(cpu_s=56, documents=90, tokens=9000)]
    usage = usage_between(before, after, seconds=20.0)
    assert usage is not None
    assert (usage.cpu_s, usage.documents, usage.tokens, usage.rebalances) == (10, 120, 12000, 1)
    assert usage.documents_per_cpu_s == 12
    assert usage.documents_per_core_day == 12 * 86_400
    assert usage.tokens_per_s == 600
    assert usage.tokens_per_cpu_s == 1200


def test_what_the_parsers_spent_counts() -> None:
    before, after = page(), page(cpu_s=14, documents=160)
    before.totals[PARSER_CPU], after.totals[PARSER_CPU] = 3.0, 5.0
    usage = usage_between([before], [after], seconds=20.0)
    assert usage is not None
    assert (usage.cpu_s, usage.documents_per_cpu_s) == (6, 10)


def test_tokens_may_be_unknown() -> None:
    usage = usage_between([page(tokens=None)], [page(cpu_s=11, documents=110, tokens=None)], 5.0)
    assert usage is not None
    assert (usage.tokens, usage.tokens_per_s, usage.tokens_per_cpu_s) == (None, None, None)


@pytest.mark.parametrize("after", [page(cpu_s=1, documents=5), page(cpu_s=12), page(documents=120)])
def test_a_restarted_or_idle_processor_gives_no_figures(after: Page) -> None:
    assert usage_between([page()], [after], 5.0) is None

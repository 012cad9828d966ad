"""The operators' first view on a real Prometheus: a processor under load answers every query of it."""

import math
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from deploy.grafana.dashboard_file import DashboardPanel, PanelQuery, View, read_panels, read_variable_queries
from deploy.grafana.overview import FILE
from deploy.grafana.prometheus_api import PrometheusApi, PrometheusError, Series
from docmill.local_kafka.ports import HOST, free_port
from tests.integration.processor_process import Start
from tests.integration.prometheus_process import COMMITTED, PrometheusProcess, derived_config, prometheus_binary
from tests.integration.topics import Sent, Topics, receipt
from tests.tiny_bundle import text_of

INTERVAL_S = 1
PANELS = read_panels(FILE)
VIEW = View(range_s=600, step_s=1, scrape_s=INTERVAL_S, chosen={"job": "docmill-processor", "instance": ".*"})

# Before the first document these know nothing; every other query answers, those for incidents with 0.
SILENT_WHILE_IDLE = {
    "Latency, 95 %",
    "Straight through",
    "Straight-through rate",
    "End-to-end latency",
    "Stages, 95 %",
    "Confidence bands",
    "Confidence of the type",
    "Results by type",
    "Least sure types",
    "Where the time goes",
    "Slice size",
    "Window size",
}
NEEDS_PEOPLE = {"Audited results right"}  # a share of nothing
INCIDENTS = {"Dead letters, last hour", "Lost to retention", "Dead letters by reason", "Records lost to retention"}


def load(batch: int) -> list[Sent]:
    """Documents for every outcome: sure, not certified, known to nobody, broken."""
    numbers = range(batch * 10, batch * 10 + 10)
    return [
        *(receipt(n) for n in numbers),
        *(Sent(text_of("complaint.mortgage", n).encode()) for n in numbers),
        *(Sent(text_of("contract", n).encode()) for n in numbers[:5]),
        *(Sent(b"anything that it does not know") for _ in numbers[:3]),
        Sent(None, key=b"empty"),
        Sent(b"PK", headers=[("content-type", b"application/zip")]),
    ]


def ask(api: PrometheusApi, panel: DashboardPanel, query: PanelQuery, since_s: float) -> list[Series]:
    """What Grafana would draw of a query: points over time, or the last of them."""
    step_s = VIEW.step_of(panel)
    expr = VIEW.interpolate(query.expr, step_s)
    if query.instant:
        return api.now(expr)
    now_s = time.time()
    return api.over(expr, now_s - math.ceil(now_s - since_s) // step_s * step_s, now_s, step_s)


def queries() -> Iterator[tuple[DashboardPanel, PanelQuery]]:
    return ((panel, query) for panel in PANELS for query in panel.queries)


def unanswered(api: PrometheusApi, since_s: float) -> list[str]:
    """The queries without any point; fails at a NaN."""
    silent = []
    for panel, query in queries():
        series = ask(api, panel, query, since_s)
        values = [value for one in series for _, value in one.points]
        assert all(map(math.isfinite, values)), f"{panel.title}: {query.expr} -> {series}"
        if not values:
            silent.append(f"{panel.title}: {query.expr}")
    return silent


def unanswered_panels(api: PrometheusApi, since_s: float) -> set[str]:
    """Their titles."""
    return {line.partition(": ")[0] for line in unanswered(api, since_s)}


@pytest.mark.kafka
async def test_every_query_and_every_rule_answers(topics: Topics, start: Start, tmp_path: Path) -> None:
    port = free_port()
    with (
        PrometheusProcess(tmp_path, INTERVAL_S, [f"{HOST}:{port}"]) as prometheus,
        start(DOCMILL_HTTP_PORT=str(port)) as processor,
    ):
        processor.ready()
        prometheus.wait_for(lambda api: api.now("job:docmill_documents:rate1m"), "two scrapes and a rule")
        prometheus.wait_for(lambda api: api.now("docmill_consumer_lag_seconds"), "the lag observed")
        api, idle_since_s = prometheus.api, time.time()
        prometheus.wait_for(
            lambda api: (
                {line.partition(": ")[0] for line in unanswered(api, idle_since_s)} <= SILENT_WHILE_IDLE | NEEDS_PEOPLE
            ),
            "answered while idle",
        )
        for panel, query in queries():
            if panel.title in INCIDENTS:
                assert {v for s in ask(api, panel, query, idle_since_s) for _, v in s.points} == {0}, panel.title

        busy_since_s = time.time()
        sent = 0

        def all_seen(api: PrometheusApi) -> bool:
            seen = api.now("docmill_records_consumed_total")  # none after a scrape that came too late
            return [one.points[0][1] for one in seen] == [sent]

        for batch in range(6):  # scraped between, so that every rate sees a rise
            documents = load(batch)
            await topics.send(documents)
            sent += len(documents)
            prometheus.wait_for(all_seen, f"{sent} documents scraped")
        prometheus.wait_for(
            lambda api: unanswered_panels(api, busy_since_s) <= NEEDS_PEOPLE, "an answer to every query"
        )
        prometheus.wait_for(lambda api: api.now("job:docmill_consumer_lag_records:sum == 0"), "seen without lag")

        for rule in api.rules():
            assert (rule["health"], rule.get("lastError", "")) == ("ok", "")
            points = [value for one in api.now(rule["name"]) for _, value in one.points]
            assert points or "docmill_audits" in rule["name"], rule["name"]  # which need people, too
            assert all(map(math.isfinite, points)), rule["name"]
        for call in read_variable_queries(FILE):
            selector, _, label = call.removeprefix("label_values(").removesuffix(")").rpartition(", ")
            assert len(api.label_values(label, VIEW.interpolate(selector))) == 1, call
        assert_figures_agree(api, sent)
        assert processor.terminate() == 0
        up = VIEW.interpolate(next(panel for panel in PANELS if panel.title == "Replicas up").queries[0].expr)
        prometheus.wait_for(lambda api: api.now(up)[0].points[0][1] == 0, "red: no replica is up")


def assert_figures_agree(api: PrometheusApi, sent: int) -> None:
    """The view adds up: by outcome and by partition, against what was sent."""

    def value(expr: str) -> float:
        [one] = api.now(expr)
        return one.points[0][1]

    assert value("sum(docmill_results_published_total)") == sent * 20 / 30
    assert value("sum(docmill_fallback_total)") == sent * 8 / 30
    assert value("sum(docmill_dead_letters_total)") == sent * 2 / 30
    assert value("job:docmill_documents:straight_through_ratio_rate5m") == pytest.approx(20 / 30, abs=0.1)
    assert value("sum(increase(docmill_dead_letters_total[1h]))") == pytest.approx(sent * 2 / 30, rel=0.25)


def test_a_machine_without_a_prometheus_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DOCMILL_TEST_PROMETHEUS", raising=False)
    monkeypatch.setenv("PATH", "/no/such/folder")
    with pytest.raises(pytest.skip.Exception, match="apt-get install prometheus"):
        prometheus_binary()


def test_an_address_without_a_prometheus_is_said() -> None:
    with pytest.raises(PrometheusError, match="no Prometheus answers at http://127"):
        PrometheusApi(f"http://{HOST}:{free_port()}/").now("up")


def test_a_query_that_is_none_is_said(tmp_path: Path) -> None:
    with PrometheusProcess(tmp_path, INTERVAL_S, []) as prometheus:
        prometheus.wait_for(lambda api: api.now("vector(1)"), "answering")
        with pytest.raises(PrometheusError, match="parse error"):
            prometheus.api.now("sum(")
        assert prometheus.api.now("time()")[0].points[0][1] > 1e9  # a scalar is an answer, too


def test_what_is_tested_is_what_is_committed() -> None:
    committed = yaml.safe_load((COMMITTED / "prometheus.yml").read_text())
    derived = derived_config(committed, 1, ["h:1"])
    assert derived["scrape_configs"][0]["job_name"] == VIEW.chosen["job"]
    assert derived.keys() == committed.keys()
    for pattern in derived["rule_files"]:
        assert list(Path(pattern).parent.glob(Path(pattern).name))

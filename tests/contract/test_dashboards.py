"""The dashboard and the rules name only what exists, show all there is, and are explained; no Prometheus is needed."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import CollectorRegistry, Counter, Histogram, Info
from prometheus_client.metrics import MetricWrapperBase

from deploy.grafana import overview
from deploy.grafana.dashboard_file import DashboardPanel, View, read_panels, read_variable_queries
from docmill.telemetry.metrics import BANDS, TOP_BAND, Metrics
from tests.promql_labels import Reader, UnknownNameError

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs/operate.md").read_text(encoding="utf-8")
RULES: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((ROOT / "deploy/prometheus/rules/docmill.yml").read_text())["groups"]
    for rule in group["rules"]
]
PANELS = read_panels(overview.FILE)
VIEW = View(range_s=3600, step_s=15, scrape_s=15, chosen={"job": ".*", "instance": ".*", "datasource": "prometheus"})
TARGET_LABELS = {"job", "instance"}
# Of prometheus_client's process and platform collectors (on Linux), and what Prometheus itself adds.
ELSEWHERE = (
    *("up", "python_info", "process_start_time_seconds", "process_cpu_seconds_total"),
    *("process_resident_memory_bytes", "process_virtual_memory_bytes", "process_open_fds", "process_max_fds"),
)
VALUES = {
    "band": {*(name for _, name in BANDS), TOP_BAND},
    "outcome": {rule["labels"]["outcome"] for rule in RULES if "labels" in rule},
}


def declared() -> dict[str, MetricWrapperBase]:
    """docmill's metrics by the name that a query would write, without a histogram's suffix."""
    table = {}
    for metric in vars(Metrics(CollectorRegistry())).values():
        if isinstance(metric, MetricWrapperBase):
            [family] = metric.describe()
            suffix = {Counter: "_total", Info: "_info"}.get(type(metric), "")
            table[f"{family.name}{suffix}"] = metric
    return table


def catalogue() -> dict[str, set[str]]:
    """Every series that there can be, with its labels."""
    series = {name: set(TARGET_LABELS) for name in ELSEWHERE}
    for name, metric in declared().items():
        labels = {*metric._labelnames, *TARGET_LABELS}
        if isinstance(metric, Histogram):
            series |= {f"{name}_sum": labels, f"{name}_count": labels, f"{name}_bucket": labels | {"le"}}
        else:
            series[name] = labels
    return series | {rule["record"]: recorded_labels(rule) for rule in RULES}


def recorded_labels(rule: dict[str, Any]) -> set[str]:
    """What the name of a rule promises: level:metric:operations, the level being the labels that are left."""
    level, _, _ = rule["record"].partition(":")
    return set(re.findall(r"decided_by|[a-z]+", level))


def shown() -> set[str]:
    """Names of all series that the dashboard reads, through the rules too."""
    reader = Reader(catalogue())
    for panel in PANELS:
        for query in panel.queries:
            reader.labels(VIEW.interpolate(query.expr))
    for rule in RULES:
        reader.labels(rule["expr"])
    return reader.used


def test_the_committed_dashboard_is_what_the_code_makes() -> None:
    assert overview.FILE.read_text(encoding="utf-8") == overview.rendered(), "run `make dashboards` and commit the file"


def test_the_generator_writes_the_file(tmp_path: Path) -> None:
    overview.main(tmp_path / "overview.json")
    assert read_panels(tmp_path / "overview.json") == PANELS


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel.title)
def test_queries_name_only_what_exists(panel: DashboardPanel) -> None:
    assert panel.queries
    for query in panel.queries:
        reader = Reader(catalogue())
        labels = reader.labels(VIEW.interpolate(query.expr))
        assert set(re.findall(r"\{\{(\w+)\}\}", query.legend)) <= labels, query
        assert {label for label, _ in reader.matched} >= TARGET_LABELS, "the choice of replicas must reach every query"
        for label, pattern in reader.matched:
            if label in VALUES:
                parts = pattern.split("|")
                assert all(any(re.fullmatch(part, value) for value in VALUES[label]) for part in parts), query


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule['record']} {rule.get('labels', '')}")
def test_a_rule_names_only_what_exists_and_is_named_for_what_is_left(rule: dict[str, Any]) -> None:
    reader = Reader(catalogue())
    labels = reader.labels(rule["expr"])
    assert labels | rule.get("labels", {}).keys() == recorded_labels(rule)
    _, metric, operations = rule["record"].split(":")
    assert operations
    assert all(name.startswith("docmill_") or name.partition(":")[2].startswith("docmill_") for name in reader.used)
    assert metric.startswith("docmill_")


def test_variables_are_filled_from_series_that_exist() -> None:
    for call in read_variable_queries(overview.FILE):
        selector, _, label = call.removeprefix("label_values(").removesuffix(")").rpartition(", ")
        assert label in Reader(catalogue()).labels(VIEW.interpolate(selector))


def test_every_metric_is_on_the_dashboard_or_in_the_guide() -> None:
    seen = shown()
    hidden = {
        name for name in declared() if not seen & {name, f"{name}_sum", f"{name}_count", f"{name}_bucket"}
    }  # fmt: skip
    assert {name for name in hidden if f"`{name}`" not in GUIDE} == set()


def test_every_rule_is_read_by_the_dashboard_or_in_the_guide() -> None:
    seen = shown()
    assert {rule["record"] for rule in RULES if rule["record"] not in seen and rule["record"] not in GUIDE} == set()


def test_every_panel_says_what_it_shows_and_is_in_the_guide() -> None:
    titles = [panel.title for panel in PANELS]
    assert len(set(titles)) == len(titles)
    for panel in PANELS:
        assert panel.unit, panel.title
        assert len(panel.description) > 30, panel.title
        assert f"**{panel.title}**" in GUIDE


def test_panels_fill_their_rows_and_do_not_overlap() -> None:
    taken = [(x, y) for p in PANELS for x in range(p.x, p.x + p.width) for y in range(p.y, p.y + p.height)]
    assert len(set(taken)) == len(taken)
    for y in {panel.y for panel in PANELS}:
        assert {x for x, at in taken if at == y} == set(range(24)), f"a gap in the row at {y}"


def test_outcomes_have_the_same_colour_everywhere() -> None:
    by_name: dict[str, set[str]] = {}
    for panel in PANELS:
        for name, colour in panel.colours.items():
            if name in VALUES["outcome"] | VALUES["band"]:
                by_name.setdefault(name, set()).add(colour)
    assert by_name.keys() == VALUES["outcome"] | VALUES["band"]
    assert all(len(colours) == 1 for colours in by_name.values())


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("docmill_no_such_total", "no series"),
        ('docmill_dead_letters_total{why="x"}', "no label"),
        ("sum by (band) (docmill_dead_letters_total)", "no label"),
        ("histogram_quantile(0.5, sum by (job) (docmill_confidence_bucket))", "no label"),
        ("sum by (job) (up) / sum by (instance) (up)", "never match"),
        ("time() - docmill_nothing", "no series"),
    ],
)
def test_the_reader_sees_what_is_wrong(expression: str, problem: str) -> None:
    with pytest.raises(UnknownNameError, match=problem):
        Reader(catalogue()).labels(expression)


def test_the_reader_knows_which_labels_are_left() -> None:
    reader = Reader(catalogue())
    assert reader.labels("sum by (job, le) (rate(docmill_confidence_bucket[5m]))") == {"job", "le"}
    assert reader.labels("topk(3, sum by (reason) (docmill_fallback_total)) or 0 * sum(up)") == {"reason"}
    assert reader.labels("time() - process_start_time_seconds") == TARGET_LABELS
    assert reader.used == {"docmill_confidence_bucket", "docmill_fallback_total", "up", "process_start_time_seconds"}
    with pytest.raises(ValueError, match="unclosed"):
        reader.labels("sum(up")

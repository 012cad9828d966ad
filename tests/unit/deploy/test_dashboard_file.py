"""What Grafana would send of a dashboard's file."""

import json
from pathlib import Path
from typing import Any

import pytest

from deploy.grafana.dashboard_file import PanelQuery, View, read_panels, read_variable_queries


def view(step_s: int = 15, scrape_s: int = 15) -> View:
    return View(3600, step_s, scrape_s, {"job": "mail|post", "instance": ".*"})


def panel(title: str, **more: Any) -> dict[str, Any]:
    return {
        "title": title,
        "type": "timeseries",
        "description": "what to do",
        "gridPos": {"x": 4, "y": 2, "w": 8, "h": 6},
        "fieldConfig": {"defaults": {"unit": "s", "custom": {}}, "overrides": []},
        "targets": [{"expr": "up"}],
    } | more


def dashboard(folder: Path, *panels: dict[str, Any], variables: list[dict[str, Any]] | None = None) -> Path:
    file = folder / "dashboard.json"
    file.write_text(json.dumps({"panels": panels, "templating": {"list": variables or []}}))
    return file


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ('up{job=~"$job", instance=~"$instance"}', 'up{job=~"mail|post", instance=~".*"}'),
        ("${job}_$job", "mail|post_mail|post"),
        ("increase(x[$__range])", "increase(x[3600s])"),
        ("rate(x[$__rate_interval])", "rate(x[60s])"),
        ("avg_over_time(x[$__interval])", "avg_over_time(x[15s])"),
        ('label_replace(up, "a", "$1", "b", "(.*)")', 'label_replace(up, "a", "$1", "b", "(.*)")'),
    ],
)
def test_variables_are_filled_in(text: str, sent: str) -> None:
    assert view().interpolate(text) == sent


@pytest.mark.parametrize(("step_s", "scrape_s", "window"), [(15, 15, "60s"), (120, 15, "135s"), (1, 1, "4s")])
def test_a_rate_has_four_scrapes_or_a_step_and_one(step_s: int, scrape_s: int, window: str) -> None:
    assert view(step_s, scrape_s).interpolate("$__rate_interval") == window


def test_a_variable_that_nobody_fills_is_an_error() -> None:
    with pytest.raises(KeyError, match="region"):
        view().interpolate('up{region="$region"}')


def test_panels_are_read_also_of_a_row_that_is_collapsed(tmp_path: Path) -> None:
    row = {"type": "row", "title": "Latency", "panels": [panel("within")]}
    file = dashboard(tmp_path, panel("before"), row, panel("after"))
    assert [(one.row, one.title) for one in read_panels(file)] == [
        *(("", "before"), ("Latency", "within"), ("Latency", "after"))
    ]


@pytest.mark.parametrize(("interval", "step_s"), [(None, 15), ("1m", 60), ("90s", 90), ("1h", 3600), ("5s", 15)])
def test_a_panel_may_have_a_coarser_step(tmp_path: Path, interval: str | None, step_s: int) -> None:
    [one] = read_panels(dashboard(tmp_path, panel("a", **({"interval": interval} if interval else {}))))
    assert view().step_of(one) == step_s
    assert view().interpolate("increase(x[$__interval])", view().step_of(one)) == f"increase(x[{step_s}s])"


def test_a_panel_is_read_with_its_look(tmp_path: Path) -> None:
    config = {
        "defaults": {
            "unit": "percentunit",
            "color": {"mode": "fixed", "fixedColor": "#654321"},
            "custom": {"stacking": {"mode": "normal"}, "drawStyle": "bars"},
            "thresholds": {"steps": [{"color": "green", "value": None}, {"color": "red", "value": 3}]},
        },
        "overrides": [
            {"matcher": {"options": "a"}, "properties": [{"id": "color", "value": {"fixedColor": "#123456"}}]},
            {"matcher": {"options": "a"}, "properties": [{"id": "custom.axisPlacement", "value": "right"}]},
        ],
    }
    targets = [{"expr": "up", "legendFormat": "{{job}}"}, {"expr": "down", "instant": True}]
    [one] = read_panels(dashboard(tmp_path, panel("all of it", fieldConfig=config, targets=targets)))
    assert (one.x, one.y, one.width, one.height, one.unit) == (4, 2, 8, 6, "percentunit")
    assert one.queries == (PanelQuery("up", "{{job}}", False), PanelQuery("down", "", True))
    assert (one.stacked, one.drawn_as_bars, one.colours) == (True, True, {"a": "#123456"})
    assert (one.colour, one.on_the_right) == ("#654321", frozenset({"a"}))
    assert one.lights == ((None, "green"), (3, "red"))


def test_only_variables_that_are_asked_for_have_queries(tmp_path: Path) -> None:
    variables = [{"type": "datasource", "query": "prometheus"}, {"type": "query", "query": "label_values(up, job)"}]
    assert read_variable_queries(dashboard(tmp_path, variables=variables)) == ["label_values(up, job)"]

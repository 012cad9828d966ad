"""Reads a dashboard as its file holds it: which panels, which queries, and what Grafana would send of them.

For what runs the queries without Grafana: the tests and preview.py.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

AXIS = "custom.axisPlacement"
VARIABLE = re.compile(r"\$(?:(\w*[A-Za-z]\w*)|\{(\w+)\})")


@dataclass(frozen=True, slots=True)
class PanelQuery:
    """One query of a panel; an instant one asks for the end of the time range alone."""

    expr: str
    legend: str
    instant: bool


@dataclass(frozen=True, slots=True)
class DashboardPanel:
    """A panel as drawn: place and size in 24 columns, and the queries that fill it."""

    row: str  # the row's title; empty above the first one
    title: str
    kind: str
    unit: str
    description: str
    x: int
    y: int
    width: int
    height: int
    queries: tuple[PanelQuery, ...]
    min_step_s: int  # of its graph; 0: as fine as it is drawn
    stacked: bool
    drawn_as_bars: bool
    colour: str | None  # of all its series
    on_the_right: frozenset[str]  # series with an axis of their own
    colours: Mapping[str, str]  # of series, by their name in the legend
    lights: tuple[tuple[float | None, str], ...]  # (from this value on, colour)


@dataclass(frozen=True, slots=True)
class View:
    """What the person at the dashboard looks at: the time range, how fine it is drawn, what is chosen.

    Args:
        range_s: length of the time range.
        step_s: distance of a graph's points, Grafana's $__interval.
        scrape_s: the scrape interval that the data source is told.
        chosen: value by variable; an unknown one raises KeyError.
    """

    range_s: int
    step_s: int
    scrape_s: int
    chosen: Mapping[str, str]

    def step_of(self, panel: DashboardPanel) -> int:
        """Distance of the panel's points in seconds."""
        return max(self.step_s, panel.min_step_s)

    def interpolate(self, text: str, step_s: int | None = None) -> str:
        """A query as Grafana sends it. Source: Grafana's documentation, "Add and use global variables"."""
        step_s = self.step_s if step_s is None else step_s
        values = {
            "__range": f"{self.range_s}s",
            "__interval": f"{step_s}s",
            "__rate_interval": f"{max(step_s + self.scrape_s, 4 * self.scrape_s)}s",
            **self.chosen,
        }
        return VARIABLE.sub(lambda match: values[match[1] or match[2]], text)


def read_panels(file: Path) -> list[DashboardPanel]:
    """All panels of a dashboard, in its order."""
    row, panels = "", []
    for panel in _flat(json.loads(file.read_text(encoding="utf-8"))["panels"]):
        if panel["type"] == "row":
            row = panel["title"]
        else:
            panels.append(_panel(row, panel))
    return panels


def read_variable_queries(file: Path) -> list[str]:
    """The queries that fill the dashboard's variables."""
    variables = json.loads(file.read_text(encoding="utf-8"))["templating"]["list"]
    return [variable["query"] for variable in variables if variable["type"] == "query"]


def _flat(panels: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for panel in panels:
        yield panel
        yield from _flat(panel.get("panels", []))  # of a row that is collapsed


def _panel(row: str, panel: dict[str, Any]) -> DashboardPanel:
    defaults = panel["fieldConfig"]["defaults"]
    custom = defaults.get("custom", {})
    place = panel["gridPos"]
    overrides = [
        (override["matcher"]["options"], change["id"], change["value"])
        for override in panel["fieldConfig"].get("overrides", [])
        for change in override["properties"]
    ]
    return DashboardPanel(
        row=row,
        title=panel["title"],
        kind=panel["type"],
        unit=defaults["unit"],
        description=panel["description"],
        x=place["x"],
        y=place["y"],
        width=place["w"],
        height=place["h"],
        queries=tuple(
            PanelQuery(target["expr"], target.get("legendFormat", ""), target.get("instant", False))
            for target in panel["targets"]
        ),
        min_step_s=_seconds(panel.get("interval", "0s")),
        stacked=custom.get("stacking", {}).get("mode") == "normal",
        drawn_as_bars=custom.get("drawStyle") == "bars",
        colour=defaults.get("color", {}).get("fixedColor"),
        on_the_right=frozenset(name for name, key, value in overrides if (key, value) == (AXIS, "right")),
        colours={name: value["fixedColor"] for name, key, value in overrides if key == "color"},
        lights=tuple((step.get("value"), step["color"]) for step in defaults.get("thresholds", {}).get("steps", [])),
    )


def _seconds(duration: str) -> int:
    """`90s` or `1m`."""
    return int(duration[:-1]) * {"s": 1, "m": 60, "h": 3600}[duration[-1]]

"""How a panel of docmill's dashboards looks: one colour an outcome, one legend, one kind of traffic light.

Knows nothing of what is shown (overview.py).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from grafana_foundation_sdk.builders import bargauge, common, heatmap, prometheus, stat, table, timeseries
from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import common as common_models
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models import heatmap as heatmap_models
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

DATASOURCE = models.DataSourceRef(type_val="prometheus", uid="${datasource}")

GREEN, YELLOW, ORANGE, RED, BLUE, PURPLE = (
    "#56A64B",
    "#E0B400",
    "#FF780A",
    "#E02F44",
    "#3274D9",
    "#8F3BB8",
)
STAT_HEIGHT, GRAPH_HEIGHT = 4, 8
STEP = "1m"  # of what counts events: four scrapes of 15 s, so that increase() over one step has something to go by
Panels = list[Builder[models.Panel]]  # of one row, from the left
Lights = Sequence[tuple[float | None, str]]  # (from this value on, colour), the first from None

Panel = TypeVar("Panel", stat.Panel, timeseries.Panel, bargauge.Panel, table.Panel, heatmap.Panel)


@dataclass(frozen=True, slots=True)
class Query:
    """PromQL, and how its series are called: `{{label}}` stands for a label's value."""

    expr: str
    legend: str = ""


@dataclass(frozen=True, slots=True)
class Frame:
    """What every panel has. `unit` is one of Grafana's; the description says what to do when it looks wrong."""

    title: str
    description: str
    unit: str
    width: int  # of 24 columns
    decimals: int | None = None  # None: as many as the value needs


def lights(green_below: float, red_from: float) -> Lights:
    """Green below the first value, red from the second on, yellow between."""
    return ((None, GREEN), (green_below, YELLOW), (red_from, RED))


def stat_tile(frame: Frame, query: Query, lights: Lights, *, idle: str = "no data") -> stat.Panel:
    """A number as it is now. With more than one light the whole tile takes the colour.

    It has no course behind it: what is drawn over time shows its last point for as long as the time range goes back,
    so that a service which is gone would look as it did when it went.
    """
    panel = _framed(stat.Panel(), frame, STAT_HEIGHT, [])
    lit = len(lights) > 1
    return (
        panel.with_target(_target(query, 0).instant())
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .graph_mode(common_models.BigValueGraphMode.NONE)
        .color_mode(common_models.BigValueColorMode.BACKGROUND if lit else common_models.BigValueColorMode.VALUE)
        .text_mode(common_models.BigValueTextMode.VALUE)
        .thresholds(_thresholds(lights))
        .color_scheme(builders.FieldColor().mode(models.FieldColorModeId.THRESHOLDS))
        .no_value(idle)
    )


def graph(
    frame: Frame,
    *queries: Query,
    stacked: bool = False,
    colours: Mapping[str, str] | None = None,
    lights: Lights = (),
    top: float | None = None,
    right: str | None = None,
) -> timeseries.Panel:
    """Lines over time, or areas on top of each other, from 0 on.

    Args:
        colours: by the name in the legend; the others get one that depends on their name alone.
        lights: drawn as dashed lines.
        right: name of the series that has an axis of its own, on the right.
    """
    panel = _framed(timeseries.Panel(), frame, GRAPH_HEIGHT, queries)
    panel = (
        panel.min(0)
        .line_width(1 if stacked else 2)
        .fill_opacity(45 if stacked else 8)
        .gradient_mode(common_models.GraphGradientMode.NONE if stacked else common_models.GraphGradientMode.OPACITY)
        .show_points(common_models.VisibilityMode.NEVER)
        .span_nulls(False)
        .color_scheme(builders.FieldColor().mode(models.FieldColorModeId.PALETTE_CLASSIC_BY_NAME))
        .tooltip(
            common.VizTooltipOptions()
            .mode(common_models.TooltipDisplayMode.MULTI)
            .sort(common_models.SortOrder.DESCENDING)
        )
        .legend(_legend(frame.width))
        .no_value("no data")
    )
    if stacked:
        panel = panel.stacking(common.StackingConfig().mode(common_models.StackingMode.NORMAL).group("A"))
    if top is not None:
        panel = panel.max(top)
    if lights:
        panel = panel.thresholds(_thresholds(lights)).thresholds_style(
            common.GraphThresholdsStyleConfig().mode(common_models.GraphThresholdsStyleMode.DASHED)
        )
    for name, colour in (colours or {}).items():
        panel = panel.override_by_name(name, [_fixed(colour)])
    if right is not None:
        axis = models.DynamicConfigValue(id_val="custom.axisPlacement", value=common_models.AxisPlacement.RIGHT)
        panel = panel.override_by_name(right, [axis])
    return panel


def bars(frame: Frame, *queries: Query) -> timeseries.Panel:
    """Counts of events, a stacked bar for each step of time."""
    panel = graph(frame, *queries, stacked=True).draw_style(common_models.GraphDrawStyle.BARS).fill_opacity(80)
    return panel.interval(STEP)


def ranking(frame: Frame, query: Query, colour: str, *, top: float | None = None) -> bargauge.Panel:
    """One horizontal bar a series, as they stand at the end of the time range."""
    panel = _framed(bargauge.Panel(), frame, GRAPH_HEIGHT, [])
    panel = (
        panel.with_target(_target(query, 0).instant())
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]).values(False))
        .orientation(common_models.VizOrientation.HORIZONTAL)
        .display_mode(common_models.BarGaugeDisplayMode.BASIC)
        .value_mode(common_models.BarGaugeValueMode.TEXT)
        .min(0)
        .color_scheme(builders.FieldColor().mode(models.FieldColorModeId.FIXED).fixed_color(colour))
        .no_value("no data")
    )
    return panel if top is None else panel.max(top)


def distribution(frame: Frame, query: Query) -> heatmap.Panel:
    """Buckets of a histogram over time; the query keeps `le`, and the axis has the frame's unit."""
    panel = _framed(heatmap.Panel(), frame, GRAPH_HEIGHT, [])
    return (
        panel.with_target(_target(query, 0).range().format(PromQueryFormat.HEATMAP))
        .y_axis(heatmap.YAxisConfig().unit(frame.unit).axis_placement(common_models.AxisPlacement.LEFT))
        .color(
            heatmap.HeatmapColorOptions()
            .mode(heatmap_models.HeatmapColorMode.SCHEME)
            .scheme("Blues")
            .exponent(0.5)
            .steps(48)
            .reverse(True)
        )
        .filter_values(heatmap.FilterValueRange().le(1e-9))
        .hide_legend()
        .interval(STEP)
    )


def label_table(frame: Frame, query: Query, hidden: Sequence[str]) -> table.Panel:
    """The labels of info series, one row a series, without their value and the hidden labels."""
    panel = _framed(table.Panel(), frame, GRAPH_HEIGHT, [])
    exclude: dict[str, object] = dict.fromkeys(("Time", "Value", "__name__", *hidden), True)
    options: dict[str, object] = {"excludeByName": exclude}
    return panel.with_target(_target(query, 0).instant().format(PromQueryFormat.TABLE)).with_transformation(
        models.DataTransformerConfig(id_val="organize", options=options)
    )


def _framed(panel: Panel, frame: Frame, height: int, queries: Sequence[Query]) -> Panel:
    panel = (
        panel.title(frame.title)
        .description(frame.description)
        .unit(frame.unit)
        .datasource(DATASOURCE)
        .span(frame.width)
        .height(height)
    )
    for index, query in enumerate(queries):
        panel = panel.with_target(_target(query, index).range())
    return panel if frame.decimals is None else panel.decimals(frame.decimals)


def _target(query: Query, index: int) -> prometheus.Dataquery:
    target = prometheus.Dataquery().ref_id("ABCDEFGH"[index]).datasource(DATASOURCE).expr(query.expr)
    return target.legend_format(query.legend) if query.legend else target


def _thresholds(lights: Lights) -> builders.ThresholdsConfig:
    steps = [models.Threshold(value=value, color=colour) for value, colour in lights]
    return builders.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(steps)


def _legend(width: int) -> common.VizLegendOptions:
    """Wide panels have room for figures."""
    legend = common.VizLegendOptions().show_legend(True).placement(common_models.LegendPlacement.BOTTOM)
    if width < 10:
        return legend.display_mode(common_models.LegendDisplayMode.LIST)
    return legend.display_mode(common_models.LegendDisplayMode.TABLE).calcs(["lastNotNull", "mean", "max"])


def _fixed(colour: str) -> models.DynamicConfigValue:
    return models.DynamicConfigValue(id_val="color", value={"mode": "fixed", "fixedColor": colour})

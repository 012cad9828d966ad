"""`python -m deploy.grafana.preview`: the overview's panels with a running Prometheus' data, as a picture.

Drawn by matplotlib, not by Grafana: same queries, places, units, colours, but a plain look. For docs, reports and
machines without Grafana. Needs the extra `load`.

    python -m deploy.grafana.preview --prometheus http://localhost:9090 --minutes 15 --out overview.png
"""

import argparse
import io
import math
import re
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import matplotlib as mpl
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator
from PIL import Image

from deploy.grafana.dashboard_file import DashboardPanel, PanelQuery, View, read_panels
from deploy.grafana.overview import FILE
from deploy.grafana.prometheus_api import PrometheusApi, PrometheusError, Series

COLUMN_INCHES, ROW_INCHES, DPI = 0.6, 0.27, 90
POINTS = 200  # of a graph
PALETTE = ("#3274D9", "#FF780A", "#56A64B", "#8F3BB8", "#E02F44", "#E0B400", "#37A2B8", "#7D5F48", "#B877D9", "#5F6C7B")
INK, FAINT = "#1f2328", "#8b949e"
LEGEND_ENTRIES = 10
LEGEND_POINTS, LEGEND_LINE_INCHES = 7.5, 0.14
LETTER_INCHES, HANDLE_INCHES = 0.062, 0.3  # of a legend, about
CELL = 18  # characters of a label
Ask = Callable[[DashboardPanel, PanelQuery], list[Series]]
Drawn = list[tuple[PanelQuery, list[Series]]]


def shown(value: float, unit: str) -> str:
    """A value in one of the units that the dashboard has, short enough for a tile."""
    if unit == "percentunit":
        return f"{value:.0%}"
    if unit == "bytes":
        return f"{value / 2**20:,.0f} MiB"
    if unit == "s":
        return _duration(value)
    number = f"{value:,.0f}" if abs(value) >= 10 or value == int(value) else f"{value:.2g}"
    return f"{number} {unit.removeprefix('suffix:')}" if unit.startswith("suffix:") else number


def name_of(query: PanelQuery, labels: dict[str, str]) -> str:
    """A series' name: the query's legend with the labels filled in."""
    return re.sub(r"\{\{(\w+)\}\}", lambda match: labels.get(match[1], ""), query.legend)


def _duration(seconds: float) -> str:
    for size, unit in ((3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.3g} s" if seconds >= 1 or seconds == 0 else f"{seconds * 1000:.3g} ms"


def draw(panels: Sequence[DashboardPanel], ask: Ask, caption: str) -> Figure:
    """One picture of all panels, each where the dashboard has it. `ask` answers with points in minutes."""
    mpl.rcParams.update({"font.size": 9, "axes.edgecolor": "#d0d7de", "text.color": INK, "axes.labelcolor": INK})
    bottom = max(panel.y + panel.height for panel in panels) + 1
    figure = Figure(figsize=(24 * COLUMN_INCHES, bottom * ROW_INCHES), dpi=DPI, facecolor="white")
    figure.text(0.99, 1 - 0.5 / bottom, caption, fontsize=9, color=FAINT, va="center", ha="right")
    for row, y in {panel.row: panel.y for panel in reversed(panels)}.items():
        figure.text(0.006, 1 - (y - 0.4) / bottom, row, fontsize=13, fontweight="bold", color=INK, va="center")
    for panel in panels:
        drawn = [(query, ask(panel, query)) for query in panel.queries]
        if panel.kind == "stat":
            _tile(figure.add_axes(_box(panel, bottom, 0.12, 0.25, 0.12, 0.25)), panel, drawn)
            continue
        axes = figure.add_axes(_box(panel, bottom, 0.95, 1.3, 0.4, 1.1))
        axes.set_title(f"{panel.title}{_unit_note(panel.unit)}", loc="left", fontsize=10, color=INK)
        if not any(series for _, series in drawn):
            axes.set_axis_off()
            axes.text(0.5, 0.5, "no data", ha="center", va="center", color=FAINT)
        else:
            {"bargauge": _ranking, "heatmap": _distribution, "table": _table}.get(panel.kind, _graph)(
                axes, panel, drawn
            )
    return figure


def _box(
    panel: DashboardPanel, bottom: int, left: float, top: float, right: float, below: float
) -> tuple[float, float, float, float]:
    """Place in the figure, in shares of it; margins in columns and rows of the dashboard's grid."""
    x, y = (panel.x + left) / 24, 1 - (panel.y + panel.height - below) / bottom
    return x, y, (panel.width - left - right) / 24, (panel.height - top - below) / bottom


def _unit_note(unit: str) -> str:
    return {"short": "", "percentunit": ", %", "bytes": ", MiB"}.get(unit, f", {unit.removeprefix('suffix:')}")


def _tile(axes: Axes, panel: DashboardPanel, drawn: Drawn) -> None:
    series = [one for _, found in drawn for one in found]
    value = series[0].points[-1][1] if series else None
    colour = next((c for at, c in reversed(panel.lights) if at is None or (value is not None and value >= at)), FAINT)
    lit = len(panel.lights) > 1 and value is not None
    axes.set_facecolor(colour if lit else "#f6f8fa")
    axes.set_xticks([])
    axes.set_yticks([])
    ink = "white" if lit else INK
    axes.text(0.05, 0.93, panel.title, transform=axes.transAxes, va="top", fontsize=8.5, color=ink)
    text = "idle" if value is None else shown(value, panel.unit)
    axes.text(
        0.5, 0.45, text, transform=axes.transAxes, ha="center", va="center", fontsize=15, color=ink, weight="bold"
    )


def _graph(axes: Axes, panel: DashboardPanel, drawn: Drawn) -> None:
    named = [(name_of(query, dict(one.labels)), one) for query, found in drawn for one in found]
    named.sort(key=lambda pair: list(panel.colours).index(pair[0]) if pair[0] in panel.colours else -1)
    others = sorted({name for name, _ in named} - panel.colours.keys())
    colours = {name: PALETTE[index % len(PALETTE)] for index, name in enumerate(others)} | dict(panel.colours)
    scale = {"percentunit": 0.01, "bytes": 2**20}.get(panel.unit, 1)  # the title names the unit
    right = axes.twinx() if panel.on_the_right else axes
    if panel.stacked:
        handles = _stack(axes, panel, named, colours)
    else:
        handles = {}
        for name, one in named:
            side = right if name in panel.on_the_right else axes
            xs, ys = [at for at, _ in one.points], [value / scale for _, value in one.points]
            [handles[name]] = side.plot(xs, ys, color=colours[name], linewidth=1.5)
    top = axes.get_ylim()[1]
    for at, colour in panel.lights:
        if at is not None and at < top * 1.5:
            axes.axhline(at, color=colour, linestyle="--", linewidth=0.9)
    kept = [name for name in dict.fromkeys(n for n, one in named if any(v for _, v in one.points)) if name]
    kept = kept[-LEGEND_ENTRIES:]
    columns, taken = _legend_room(axes, kept)
    for side in {axes, right}:
        _axes_style(side, panel.unit, taken)
    right.spines["right"].set_visible(right is not axes)
    if kept:
        axes.legend(
            [handles[name] for name in kept],
            kept,
            loc="upper left",
            fontsize=LEGEND_POINTS,
            ncols=columns,
            frameon=False,
            handlelength=1.1,
            columnspacing=1,
            borderpad=0.1,
            borderaxespad=0.1,
            labelspacing=0.25,
        )


def _legend_room(axes: Axes, names: Sequence[str]) -> tuple[int, float]:
    """(columns of a legend, share of the axes' height that it takes): nothing is drawn under it."""
    figure = axes.get_figure(root=True)
    assert figure is not None
    box, (width, height) = axes.get_position(), figure.get_size_inches()
    columns = max((n for n in range(1, len(names) + 1) if _inches(names, n) <= box.width * width), default=1)
    return columns, (math.ceil(len(names) / columns) * LEGEND_LINE_INCHES + 0.05) / (box.height * height)


def _inches(names: Sequence[str], columns: int) -> float:
    """About how wide a legend is; matplotlib fills its columns one after the other, the first ones fuller by one."""
    fewest, fuller = divmod(len(names), columns)
    starts = [number * fewest + min(number, fuller) for number in range(columns + 1)]
    longest = [max(map(len, names[start:end])) for start, end in pairwise(starts)]
    return sum(longest) * LETTER_INCHES + columns * HANDLE_INCHES


def _stack(
    axes: Axes, panel: DashboardPanel, named: list[tuple[str, Series]], colours: dict[str, str]
) -> dict[str, Artist]:
    """Areas or bars on top of each other, by name; a point that a series lacks counts as 0."""
    times = sorted({at for _, one in named for at, _ in one.points})
    width = min((after - before for before, after in pairwise(times)), default=1.0)
    handles: dict[str, Artist] = {}
    below = [0.0] * len(times)
    for name, one in named:
        points = dict(one.points)
        values = [points.get(at, 0.0) for at in times]
        above = [base + value for base, value in zip(below, values, strict=True)]
        if panel.drawn_as_bars:
            handles[name] = axes.bar(times, values, -0.9 * width, below, align="edge", color=colours[name])[0]
        else:
            handles[name] = axes.fill_between(times, below, above, color=colours[name], alpha=0.65, linewidth=0)
        below = above
    return handles


def _axes_style(axes: Axes, unit: str, taken: float = 0.0) -> None:
    """`taken`: the share of the height, from the top, that stays free."""
    drawn = 100 if unit == "percentunit" else axes.dataLim.y1 if axes.dataLim.y1 > 0 else 1
    axes.set_ylim(bottom=0, top=drawn * 1.04 / (1 - taken))
    axes.margins(x=0)
    axes.grid(True, color="#eaeef2", linewidth=0.6)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda minutes, _: f"{minutes:g} min"))
    axes.yaxis.set_major_locator(FixedLocator(range(0, 101, 25)) if unit == "percentunit" else MaxNLocator(4))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}" if value >= 10 else f"{value:.2g}"))
    axes.tick_params(labelsize=7.5, colors=FAINT, length=2)


def _ranking(axes: Axes, panel: DashboardPanel, drawn: Drawn) -> None:
    named = [(name_of(query, dict(one.labels)), one.points[-1][1]) for query, found in drawn for one in found]
    named.sort(key=lambda pair: pair[1])
    axes.barh([name for name, _ in named], [value for _, value in named], color=panel.colour or PALETTE[0], height=0.65)
    for index, (_, value) in enumerate(named):
        axes.text(value, index, f" {shown(value, panel.unit)}", va="center", fontsize=7.5)
    axes.set_xlim(0, max(value for _, value in named) * 1.15 or 1)
    axes.set_xticks([])
    # The names need more room than an axis of numbers.
    box = axes.get_position()
    axes.set_position((box.x0 + 0.1, box.y0 - 0.006, box.width - 0.1, box.height))
    axes.tick_params(labelsize=7.5, length=0)
    for side in ("top", "right", "bottom", "left"):
        axes.spines[side].set_visible(False)


def _distribution(axes: Axes, panel: DashboardPanel, drawn: Drawn) -> None:
    """Buckets as rows. Prometheus' are cumulative: each loses what the one below it holds."""
    by_bound = sorted(((float(one.labels["le"]), dict(one.points)) for one in drawn[0][1]), key=lambda pair: pair[0])
    times = sorted({at for _, points in by_bound for at in points})
    lower = dict.fromkeys(times, 0.0)
    rows = []
    for _, points in by_bound:
        rows.append([max(0.0, points.get(at, 0.0) - lower[at]) for at in times])
        lower = {at: points.get(at, 0.0) for at in times}
    axes.pcolormesh(times, range(len(rows)), rows, cmap="Blues", shading="nearest")
    _axes_style(axes, "short")
    axes.set_ylim(-0.5, len(rows) - 0.5)
    axes.grid(False)
    names = ["more" if bound == math.inf else shown(bound, panel.unit) for bound, _ in by_bound]
    axes.set_yticks(range(1, len(rows), 3), names[1::3])


def _table(axes: Axes, panel: DashboardPanel, drawn: Drawn) -> None:
    labels = [{k: v for k, v in one.labels.items() if k != "__name__"} for _, found in drawn for one in found]
    columns = sorted({name for one in labels for name in one})
    cells = [[one.get(column, "")[:CELL] for column in columns] for one in labels]
    axes.set_axis_off()
    table = axes.table(cellText=cells, colLabels=columns, loc="upper left", cellLoc="left")
    table.auto_set_font_size(False)
    table.set_fontsize(7)
    table.auto_set_column_width(range(len(columns)))
    for cell in table.get_celld().values():
        cell.set_edgecolor("#d0d7de")


def main() -> None:
    """Ask, draw, save."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--prometheus", default="http://localhost:9090")
    parser.add_argument("--minutes", type=float, default=15, help="of the past that are drawn")
    parser.add_argument("--ago", type=float, default=0, help="minutes that have passed since")
    parser.add_argument("--scrape-s", type=int, default=15, help="the scrape interval of that Prometheus")
    parser.add_argument("--job", default=".*", help="regular expression")
    parser.add_argument("--out", type=Path, default=Path("overview.png"))
    options = parser.parse_args()
    api, end_s, range_s = PrometheusApi(options.prometheus), time.time() - options.ago * 60, int(options.minutes * 60)
    view = View(range_s, max(1, range_s // POINTS), options.scrape_s, {"job": options.job, "instance": ".*"})

    def ask(panel: DashboardPanel, query: PanelQuery) -> list[Series]:
        step_s = view.step_of(panel)
        expr = view.interpolate(query.expr, step_s)
        start_s = end_s - range_s // step_s * step_s
        found = api.now(expr, end_s) if query.instant else api.over(expr, start_s, end_s, step_s)
        return [Series(one.labels, tuple(((at - end_s) / 60, value) for at, value in one.points)) for one in found]

    when = datetime.fromtimestamp(end_s).astimezone()
    caption = (
        f"docmill overview, {options.minutes:g} minutes to {when:%Y-%m-%d %H:%M}; panels' data, drawn by matplotlib"
    )
    try:
        figure = draw(read_panels(FILE), ask, caption)
    except PrometheusError as error:
        raise SystemExit(str(error)) from error
    save(figure, options.out)


def save(figure: Figure, out: Path) -> None:
    """As a PNG with a palette of 128 colours: a third of the size, which matters in git."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    Image.open(buffer).convert("RGB").quantize(128, kmeans=1, dither=Image.Dither.NONE).save(out, optimize=True)


if __name__ == "__main__":
    main()

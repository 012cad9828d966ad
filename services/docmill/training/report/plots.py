"""Figures of an evaluation as SVG, to stand in a page. Text stays text, and the same figures give the same bytes."""

import io
import re
from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from docmill.evaluation.score import FieldScore
from docmill.training.report.content import (
    Comparison,
    Confusion,
    CoveragePoint,
    CurvePoint,
    Measure,
    Reliability,
)
from docmill.training.report.markup import Html
from docmill.training.report.words import MEASURE_NAMES

STYLE: Any = {  # matplotlib's own type names every key that there is
    "svg.fonttype": "none",
    "svg.hashsalt": "docmill",
    "font.family": "sans-serif",
    "font.sans-serif": ["Helvetica", "Arial", "DejaVu Sans", "sans-serif"],
    "font.size": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10.0,
}
styled = mpl.rc_context(STYLE)  # a decorator: texts take their size when they are made
NO_METADATA = {"Date": None, "Creator": None, "Format": None, "Type": None}
COLOURS = ("#1d3557", "#e07b00", "#2a9d8f", "#b5179e", "#6a994e", "#d00000", "#577590", "#8d6e63")
GREY, LIGHT = "#555555", "#dddddd"
SMALL_W, SMALL_H = 2.7, 2.5  # inches of one among several
IN_A_ROW = 4
FIELD_MARKS = {
    "value precision": ("precision", "o", COLOURS[0], True),
    "value recall": ("recall", "s", COLOURS[1], True),
    "span precision": ("span_precision", "o", COLOURS[0], False),
    "span recall": ("span_recall", "s", COLOURS[1], False),
}
CURVE_MEASURES: tuple[Measure, ...] = ("type_macro_f1", "field_f1_value")


@styled
def differences(comparisons: Sequence[Comparison], names: Mapping[str, str]) -> Html:
    """A line a source and measure: the difference and its interval, filled where it is beyond noise."""
    figure = _figure(7.6, 0.9 + 0.24 * len(comparisons))
    axes = figure.subplots()
    for place, found in enumerate(comparisons):
        low, high = found.interval
        beyond = not low <= 0 <= high
        colour = COLOURS[5] if beyond and high < 0 else COLOURS[2] if beyond else GREY
        axes.plot([low, high], [place, place], color=colour, linewidth=1.6)
        axes.plot([found.difference], [place], "o", color=colour, markerfacecolor=colour if beyond else "white")
    axes.axvline(0, color=GREY, linewidth=0.8)
    labels = [f"{names[found.source]}: {MEASURE_NAMES[found.measure]}" for found in comparisons]
    axes.set_yticks(range(len(comparisons)), labels)
    axes.invert_yaxis()
    axes.set_xlabel("difference, with 95 % interval")
    axes.grid(visible=True, axis="x", color=LIGHT)
    return _svg(figure)


@styled
def reliability(found: Sequence[Reliability], names: Mapping[str, str]) -> Html:
    """A small diagram each: precision over confidence, the size of a point for the decisions in it."""
    figure, places = _small(len(found))
    for axes, one in zip(places, found, strict=True):
        axes.plot([0, 1], [0, 1], color=GREY, linewidth=0.8, linestyle="--")
        sizes = [8 + 120 * b.count / one.decisions for b in one.bins]
        confidence, right = [b.confidence for b in one.bins], [b.right for b in one.bins]
        axes.plot(confidence, right, color=COLOURS[0], linewidth=1)
        axes.scatter(confidence, right, s=sizes, color=COLOURS[0], alpha=0.7)
        axes.set(xlim=(0, 1.04), ylim=(0, 1.04))
        axes.set_title(f"{names[one.source]}: {one.what}s, n = {one.decisions}")
        _grid(axes, "confidence", "share right")
    return _svg(figure)


@styled
def coverage(found: Mapping[str, Sequence[CoveragePoint]], names: Mapping[str, str]) -> Html:
    """Accuracy of the surest documents over their share, a line a source."""
    figure = _figure(7.6, 3.6)
    axes = figure.subplots()
    for number, (source, points) in enumerate(found.items()):
        shares, right = [p.coverage for p in points], [p.accuracy for p in points]
        axes.plot(shares, right, color=COLOURS[number % len(COLOURS)], label=names[source], linewidth=1.5)
    axes.set_xlim(0, 1.02)
    axes.set_ylim(top=1.01)
    _grid(axes, "coverage: share of documents, surest first", "type accuracy among these")
    axes.legend(fontsize=8, loc="lower left", frameon=False)
    return _svg(figure)


@styled
def confusion(matrix: Confusion, title: str) -> Html:
    """Gold labels down, predicted ones across; shades are shares of a row."""
    rows, columns = len(matrix.gold), len(matrix.predicted)
    cell = 0.3 if columns > 12 else 0.42
    figure = _figure(2.6 + cell * columns, 2.2 + cell * rows)
    axes = figure.subplots()
    shares = [[count / max(sum(row), 1) for count in row] for row in matrix.counts]
    axes.pcolormesh(shares, cmap="Blues", vmin=0, vmax=1, edgecolors="white", linewidth=0.5)
    for row, counts in enumerate(matrix.counts):
        for column, count in enumerate(counts):
            if count:
                shade = "white" if shares[row][column] > 0.55 else "black"
                axes.text(column + 0.5, row + 0.5, str(count), ha="center", va="center", color=shade, fontsize=7)
    axes.set_xticks(
        [i + 0.5 for i in range(columns)], [_last(label) for label in matrix.predicted], rotation=60, ha="right"
    )
    axes.set_yticks([i + 0.5 for i in range(rows)], [_last(label) for label in matrix.gold])
    axes.invert_yaxis()
    axes.set(title=title, xlabel="predicted", ylabel="gold")
    return _svg(figure)


@styled
def curve(points: Sequence[CurvePoint], names: Mapping[str, str]) -> Html:
    """Type macro-F1 and value F1 over the number of training documents, a line a source."""
    figure = _figure(10.8, 3.6)
    lines: dict[str, Line2D] = {}  # a source each, in any panel: one without fields has no value
    for axes, measure in zip(figure.subplots(1, 2), CURVE_MEASURES, strict=True):
        for number, (source, name) in enumerate(names.items()):
            known = [(p.documents, getattr(p.sources[source], measure)) for p in points if source in p.sources]
            known = [(documents, value) for documents, value in known if value is not None]
            if known:
                xs, ys = [x for x, _ in known], [y for _, y in known]
                [lines[name]] = axes.plot(xs, ys, "o-", color=COLOURS[number % len(COLOURS)], markersize=4)
        axes.set_xscale("log")
        axes.set_xticks([p.documents for p in points], [str(p.documents) for p in points])
        axes.minorticks_off()
        axes.set_ylim(0, 1.02)
        _grid(axes, "training documents", MEASURE_NAMES[measure])
    shown = {name: lines[name] for name in names.values() if name in lines}
    axes.legend(shown.values(), shown, fontsize=7.5, frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return _svg(figure)


@styled
def fields(scores: Mapping[str, FieldScore], name: str) -> Html:
    """A line a field: precision and recall, by value (filled) and by span."""
    figure = _figure(6.4, 1.3 + 0.27 * len(scores))
    axes = figure.subplots()
    for shown, (attribute, mark, colour, is_filled) in FIELD_MARKS.items():
        known = [(getattr(score, attribute), place) for place, score in enumerate(scores.values())]
        known = [(value, place) for value, place in known if value is not None]
        face = colour if is_filled else "none"
        places = [value for value, _ in known], [place for _, place in known]
        axes.plot(*places, mark, color=colour, markerfacecolor=face, label=shown, markersize=6)
    axes.set_yticks(range(len(scores)), list(scores))
    axes.set_ylim(len(scores) - 0.5, -0.5)
    axes.set(xlim=(0, 1.03), title=name)
    axes.grid(visible=True, color=LIGHT, linewidth=0.6)
    axes.legend(fontsize=7.5, frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return _svg(figure)


def _small(count: int) -> tuple[Figure, list[Axes]]:
    columns = min(count, IN_A_ROW)
    rows = ceil(count / columns)
    figure = _figure(SMALL_W * columns, SMALL_H * rows)
    places = list(figure.subplots(rows, columns, squeeze=False).flat)
    for empty in places[count:]:
        empty.set_axis_off()
    return figure, places[:count]


def _grid(axes: Axes, x: str, y: str) -> None:
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.grid(visible=True, color=LIGHT, linewidth=0.6)
    axes.set_axisbelow(True)


def _figure(width: float, height: float) -> Figure:
    return Figure(figsize=(width, height), layout="constrained")


def _last(label: str) -> str:
    return label.partition(".")[2] or label


def _svg(figure: Figure) -> Html:
    """The figure from its <svg> on; ids that nothing refers to are left out, since a page holds several figures."""
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata=NO_METADATA)
    drawn = buffer.getvalue()
    return Html(re.sub(r'<g id="[^"]*"', "<g", drawn[drawn.index("<svg") :]))

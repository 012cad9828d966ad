"""A load report as a picture. Imports matplotlib when it draws, and nothing else does."""

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docmill.load.judge import StepResult
from docmill.load.report import LoadReport
from docmill.load.search import Purpose

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

INSTALL = "pip install 'docmill[load]'"
COLOURS = {"p50": "#2a9d8f", "p95": "#e07b00", "p99": "#b5179e", "max": "#8d99ae"}
TARGET_COLOUR, GREY = "#d00000", "#555555"
HELD_MARK = "o"
MARKS: dict[str, tuple[str, Callable[[StepResult], bool]]] = {
    HELD_MARK: ("held", lambda step: step.held),
    "s": ("not held", lambda step: not step.held and not step.ended_early),
    "^": ("not held, ended early: at least", lambda step: not step.held and step.ended_early),
}
SIZE_INCHES, DOTS_PER_INCH = (12.5, 6.2), 110


def can_plot() -> bool:
    """Whether matplotlib is installed."""
    return find_spec("matplotlib") is not None


def write_plot(report: LoadReport, path: Path) -> None:
    """Latency over the rate offered, and over time in the step that the answer rests on; a PNG.

    Raises:
        OSError: the file cannot be written.
    """
    from matplotlib.figure import Figure  # noqa: PLC0415 - an extra

    figure = Figure(figsize=SIZE_INCHES, dpi=DOTS_PER_INCH, layout="constrained")
    figure.suptitle(_title(report), fontsize=13, fontweight="bold")
    over_rate, over_time = figure.subplots(1, 2, width_ratios=(1.15, 1))
    _draw_rates(over_rate, report)
    _draw_timeline(over_time, report)
    figure.text(0.01, -0.01, _footnote(report), fontsize=8, color=GREY, va="top")
    figure.savefig(path, format="png", bbox_inches="tight", pad_inches=0.15)


def _title(report: LoadReport) -> str:
    step = report.answer
    found = "no rate held" if step is None else f"{step.rate:.3g} documents/s held"
    return f"docmill load: {found} at {report.target.name} ≤ {report.target.seconds:g} s\n{report.machine}"


def _footnote(report: LoadReport) -> str:
    load = f"Open loop, {report.arrivals} arrivals, mix {report.mix}, seed {report.seed}; {report.at:%Y-%m-%d}"
    what = f"docmill {report.processor_docmill or report.docmill}, bundle {report.bundle or 'not known'}"
    return f"{load}\n{what}" + (f"; {report.note}" if report.note else "")


def _draw_rates(axes: "Axes", report: LoadReport) -> None:
    """Quantiles over the rate: a point a step, a line through the longest step of each rate; nothing where nothing
    came out.
    """
    steps = sorted((step for step in report.steps if step.latency.p50_s is not None), key=lambda step: step.rate)
    if not steps:
        axes.set_axis_off()
        return
    line = [step for step in steps if step is _longest(report, step.rate)]
    for name in ("p50", "p95", "p99"):
        axes.plot(*_points(line, f"{name}_s"), color=COLOURS[name], linewidth=1.4, label=name)
        for mark, (_, belongs) in MARKS.items():
            marked = [step for step in steps if belongs(step)]
            axes.plot(*_points(marked, f"{name}_s"), mark, markersize=6, **_colours(mark, COLOURS[name]))
    _target_line(axes, report)
    for mark, (label, _) in MARKS.items():
        axes.plot([], [], mark, label=label, **_colours(mark, GREY))
    if report.answer is not None:
        axes.axvline(report.answer.rate, color=GREY, linewidth=1, linestyle=":", zorder=0)
    axes.set_xscale("log")
    axes.set_yscale("log")
    _plain_decades(axes.xaxis)
    _plain_decades(axes.yaxis)
    axes.set_xlabel("documents offered per second")
    axes.set_ylabel("seconds from due to outcome")
    axes.set_title("Latency over offered rate", fontsize=11)
    _finish(axes)


def _draw_timeline(axes: "Axes", report: LoadReport) -> None:
    """Quantiles over the counted part of one step."""
    line = report.timeline
    if line is None or report.shown is None:
        axes.set_axis_off()
        return
    step = report.steps[report.shown]
    for name, values in (("max", line.max_s), ("p95", line.p95_s), ("p50", line.p50_s)):
        known = [float("nan") if value is None else value for value in values]
        width = 4 if name == "max" else 1.4  # of few documents the p95 is the longest, and lies upon it
        axes.plot(line.at_s, known, color=COLOURS[name], linewidth=width, marker=".", label=name)
    _target_line(axes, report)
    verdict = "held" if step.held else "not held"
    axes.set_title(f"Latency over time at {step.rate:.3g} documents/s ({verdict})", fontsize=11)
    axes.set_xlabel("seconds after the warm-up (when a document was due)")
    axes.set_ylabel("seconds from due to outcome")
    axes.set_xlim(0, step.counted_s)
    axes.set_ylim(bottom=0)
    _finish(axes)


def _target_line(axes: "Axes", report: LoadReport) -> None:
    target = report.target
    label = f"target: {target.name} at most {target.seconds:g} s"
    axes.axhline(target.seconds, color=TARGET_COLOUR, linewidth=1.2, linestyle="--", label=label)


def _finish(axes: "Axes") -> None:
    axes.grid(True, which="major", color="#dddddd", linewidth=0.7)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(fontsize=9, frameon=True, framealpha=0.9)


def _plain_decades(axis: "Axis") -> None:
    """Ticks 1, 2, 5, 10 of a logarithmic axis as plain numbers."""
    from matplotlib.ticker import LogLocator, NullLocator  # noqa: PLC0415 - an extra

    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(lambda value, _: f"{value:g}")


def _colours(mark: str, colour: str) -> dict[str, Any]:
    """Filled is held."""
    return {"color": colour, "markerfacecolor": colour if mark == HELD_MARK else "white"}


def _longest(report: LoadReport, rate: float) -> StepResult:
    of_rate = (step for step in report.steps if step.rate == rate)
    return max(of_rate, key=lambda step: (step.counted_s, step.purpose is Purpose.CONFIRM))


def _points(steps: Sequence[StepResult], quantile: str) -> tuple[list[float], list[float]]:
    """Rates and latencies; a quantile that never came out has no place on the picture."""
    known = [(step.rate, getattr(step.latency, quantile)) for step in steps]
    known = [(rate, seconds) for rate, seconds in known if seconds is not None]
    return [rate for rate, _ in known], [seconds for _, seconds in known]

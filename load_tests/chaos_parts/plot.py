"""A run as a picture: throughput over time, faults marked. Imports matplotlib when it draws."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from load_tests.chaos_parts.plan import Kind
from load_tests.chaos_parts.state import State
from load_tests.chaos_parts.throughput import BIN_S

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIZE_INCHES, DOTS_PER_INCH = (15.0, 5.0), 110
LINE, GREY = "#1d3557", "#555555"
COLOURS = {
    Kind.KILL: "#d00000",
    Kind.FAILPOINT: "#e07b00",
    Kind.SIGTERM: "#8d99ae",
    Kind.ZOMBIE: "#6a4c93",
    Kind.STOPPED: "#b5179e",
    Kind.BROKER_KILL: "#000000",
    Kind.BROKER_AWAY: "#7f5539",
    Kind.BLACKHOLE: "#0077b6",
    Kind.HALF_OPEN: "#00b4d8",
    Kind.DELAY: "#90e0ef",
    Kind.STORM: "#2a9d8f",
    Kind.KILLER: "#ff006e",
    Kind.NEW_BUNDLE: "#70e000",
    Kind.BAD_BUNDLE: "#386641",
}
LEGEND = {
    Kind.FAILPOINT: "kill -9 at a step",
    Kind.STOPPED: "SIGSTOP at a step",
    Kind.BAD_BUNDLE: "corrupt bundle pushed",
}
SMOOTHED_S = 3.0


def write_plot(state: State, title: str, path: Path) -> None:
    """Outcomes a second as a reader of committed records saw them; a PNG.

    Raises:
        OSError: the file cannot be written.
    """
    from matplotlib.figure import Figure  # noqa: PLC0415 - an extra

    figure = Figure(figsize=SIZE_INCHES, dpi=DOTS_PER_INCH, layout="constrained")
    axes = figure.subplots()
    seconds = [number * BIN_S for number in range(len(state.bins))]
    axes.plot(seconds, smoothed(state.bins), color=LINE, linewidth=1.2)
    _mark_faults(axes, state)
    axes.set_title(title, fontsize=12, loc="left")
    axes.set_xlabel("seconds; a fault that lasts is shaded")
    axes.set_ylabel(f"outcomes a second, mean of {SMOOTHED_S:g} s")
    axes.set_xlim(0, max(seconds, default=1))
    axes.set_ylim(bottom=0)
    axes.grid(True, color="#dddddd", linewidth=0.7)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(fontsize=8, frameon=True, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    figure.savefig(path, format="png")


def smoothed(bins: Sequence[int]) -> list[float]:
    """Outcomes a second over the last SMOOTHED_S seconds."""
    width = int(SMOOTHED_S / BIN_S)
    return [sum(bins[max(0, at + 1 - width) : at + 1]) / SMOOTHED_S for at in range(len(bins))]


def _mark_faults(axes: "Axes", state: State) -> None:
    told: set[Kind] = set()
    for one in state.happened:
        if not one.struck:
            continue
        kind = _kind(one.name)
        label = None if kind in told else LEGEND.get(kind, kind.value)
        told.add(kind)
        axes.axvline(one.began_s, color=COLOURS[kind], linewidth=1.1, alpha=0.8, label=label)
        axes.axvspan(one.began_s, one.ended_s, color=COLOURS[kind], alpha=0.12, linewidth=0)


def _kind(name: str) -> Kind:
    """The longest kind that the name begins with: 'kill -9 at sent' is no 'kill -9'."""
    return max((kind for kind in Kind if name.startswith(kind.value)), key=lambda kind: len(kind.value))

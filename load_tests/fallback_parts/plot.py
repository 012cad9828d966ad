"""Coverage against accuracy as a picture. Imports matplotlib when it draws."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from load_tests.fallback_parts.compare import ALONE, BLEND, HEAD_BLEND, RETRAINED, VOTE, Decided
from load_tests.fallback_parts.measures import coverage_curve

COLOURS = {ALONE: "#8d99ae", VOTE: "#e07b00", BLEND: "#2a9d8f", HEAD_BLEND: "#5e60ce"}
LEAST_DOCUMENTS = 10  # below it the curve is noise, and is not drawn


def write_plot(slices: Mapping[str, Sequence[tuple[str, Decided]]], title: str, path: Path) -> None:
    """A row a source, a column a slice. Raises: OSError."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - an extra

    columns = max(len(of_source) for of_source in slices.values())
    figure = Figure(figsize=(6 * columns, 4.2 * len(slices)), dpi=110, layout="constrained")
    figure.suptitle(title, fontsize=11)
    axes = figure.subplots(len(slices), columns, squeeze=False)
    for row, (source, of_source) in zip(axes, slices.items(), strict=True):
        for axis, (name, decided) in zip(row, of_source, strict=False):
            for way, colour in COLOURS.items():
                coverage, accuracy = coverage_curve(decided.confidence[way], decided.right(way))
                drawn = slice(LEAST_DOCUMENTS - 1, None)
                axis.plot(100 * coverage[drawn], 100 * accuracy[drawn], color=colour, label=way)
            if RETRAINED in decided.said:
                retrained = 100 * decided.right(RETRAINED).mean()
                axis.plot([100], [retrained], "D", color="#b5179e", label=RETRAINED, clip_on=False)
            axis.set_title(f"{source}: {name}, {len(decided.gold)} documents", fontsize=10)
            axis.set_xlabel("coverage, % of the slice")
            axis.set_ylabel("accuracy of what is covered, %")
            axis.set_xlim(0, 100)
            axis.grid(True, color="#dddddd", linewidth=0.7)
            axis.spines[["top", "right"]].set_visible(False)
            axis.legend(fontsize=8)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, format="png")

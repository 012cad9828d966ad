"""Figures of an evaluation in words, the same on the card and in the report."""

from docmill.bundle.manifest import Manifest
from docmill.training.report.content import Comparison, Evaluation, Interval, Measure, Row, Straight

MEASURE_NAMES: dict[Measure, str] = {
    "type_accuracy": "type accuracy",
    "type_macro_f1": "type macro-F1",
    "field_f1_value": "value F1",
    "field_f1_span": "span F1",
}
MODEL_NAMES = {
    "teacher": "teacher",
    "baseline": "student without a teacher",
    "student": "student",
}
FEW = 30  # documents; below, an interval is as good as its sample


def figure(value: float | None) -> str:
    """Three digits; a dash where there is nothing to measure."""
    return "-" if value is None else f"{value:.3f}"


def span(interval: Interval | None) -> str:
    """An interval, or a dash."""
    return "-" if interval is None else f"{interval[0]:.3f} to {interval[1]:.3f}"


def signed(interval: Interval) -> str:
    """An interval of a difference."""
    return f"{interval[0]:+.3f} to {interval[1]:+.3f}"


def own_seed(evaluation: Evaluation) -> int | None:
    """The bundle's own seed; None where there are no rows."""
    return next((row.seed for row in evaluation.rows if row.graph == "int8"), None)


def model_name(row: Row, own: int | None) -> str:
    """A row's model, its graph, and its seed where that is not the bundle's own."""
    seed = "" if row.seed == own else f", seed {row.seed}"
    return f"{MODEL_NAMES.get(row.model, row.model)}, {row.graph}{seed}"


def graph_name(name: str) -> str:
    """A side of a comparison, `model graph`."""
    model, _, graph = name.partition(" ")
    return f"{MODEL_NAMES.get(model, model)}, {graph}"


def verdict(comparison: Comparison) -> str:
    """What a difference and its interval amount to."""
    low, high = comparison.interval
    few = f" ({comparison.documents} documents: only a large one would show)" if comparison.documents < FEW else ""
    if low <= 0 <= high:
        what = "difference" if comparison.difference == 0 else "loss" if comparison.difference < 0 else "gain"
        return f"no {what} beyond noise{few}"
    return f"{'loses' if high < 0 else 'gains'} {abs(comparison.difference):.3f}"


def source_name(name: str, manifest: Manifest) -> str:
    """A source; one that is made up says so wherever a figure of it stands."""
    synthetic = any(source.synthetic for source in manifest.training.sources if source.name == name)
    return f"{name} (synthetic)" if synthetic else name


def why_not(row: Straight) -> str:
    """Why a source has little or nothing straight through: the group's missing thresholds, else what held it back."""
    if row.reason is not None:
        return row.reason
    held = sorted(row.deferrals.items(), key=lambda pair: (-pair[1], pair[0]))
    return ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in held)

"""Window outputs to one prediction of a document: `merge`, then `read_off`. Does not know thresholds or routes."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from docmill.pipeline.calibrate import softmax
from docmill.pipeline.normalise import normalise
from docmill.pipeline.spans import OUTSIDE, Floats, field_spans
from docmill.pipeline.types import FieldSpec, ModelSpec, OutlierSpec, Prediction, Span, WindowOutput
from docmill.pipeline.window import Tokens, Window

ALTERNATIVES = 3


@dataclass(frozen=True, slots=True)
class Merged:
    """What all windows of a document say together, before anything is calibrated."""

    type_logits: Floats  # [C]
    columns: tuple[int, ...]  # fields, as positions in the tag head
    tag_logits: Floats  # [T, len(columns), 3]
    outlier_distance: float


def merge(
    tokens: Tokens,
    windows: Sequence[Window],
    outputs: Sequence[WindowOutput],
    spec: ModelSpec,
    further: Collection[str] = (),
) -> Merged:
    """The outputs of a document's windows as one, for the fields of the likeliest type's group and `further` ones."""
    head = outputs[: spec.type_windows]
    type_logits = mean_over([o.type_logits for o in head])
    likeliest = spec.labels[likeliest_first(type_logits)[0]]
    wanted = {*spec.group_of(likeliest).fields, *further}
    columns = tuple(i for i, field in enumerate(spec.fields) if field.name in wanted)
    tag_logits = merge_tags(len(tokens), windows, outputs, columns)
    distance = outlier_distance(mean_over([o.pooled for o in head]), spec.outlier)
    return Merged(type_logits, columns, tag_logits, distance)


def read_off(text: str, tokens: Tokens, merged: Merged, spec: ModelSpec) -> Prediction:
    """The prediction that merged outputs amount to; fields beyond those of the type's group are passed over."""
    probabilities = softmax(merged.type_logits, spec.type_temperature)
    order = likeliest_first(merged.type_logits)
    label = spec.labels[order[0]]
    group = spec.group_of(label)
    own = [i for i, column in enumerate(merged.columns) if spec.fields[column].name in group.fields]
    columns, logits = [merged.columns[i] for i in own], merged.tag_logits[:, own]
    tags, raw = tag_probabilities(logits, columns, spec), softmax(logits, 1.0)
    spans: list[Span] = []
    for position, column in enumerate(columns):
        field = spec.fields[column]
        counted = counted_from(text, spans, field, spec)
        spans += field_spans(text, tokens, raw[:, position], tags[:, position], field, counted)
    spans.sort(key=lambda span: (span.start, span.end, span.field))
    return Prediction(
        label=label,
        probability=float(probabilities[order[0]]),
        alternatives=tuple((spec.labels[i], float(probabilities[i])) for i in order[1 : 1 + ALTERNATIVES]),
        spans=tuple(spans),
        outlier_distance=merged.outlier_distance,
    )


def tag_probabilities(logits: Floats, columns: Sequence[int], spec: ModelSpec) -> Floats:
    """Calibrated probabilities [T, len(columns), 3] of merged logits of the same shape.

    Source: bias-corrected temperature scaling, Alexandari et al., "Maximum Likelihood with Bias-Corrected
    Calibration is Hard-To-Beat at Label Shift Adaptation", ICML 2020; one bias a field.
    """
    shifted = logits.copy()
    shifted[..., OUTSIDE] += np.array([spec.fields[column].outside_bias for column in columns], dtype=np.float32)
    return softmax(shifted, spec.tag_temperature)


def mean_over(windows: Sequence[Floats]) -> Floats:
    """Mean of one vector a window."""
    mean: Floats = np.mean(windows, axis=0, dtype=np.float32)
    return mean


def merge_tags(
    total: int, windows: Sequence[Window], outputs: Sequence[WindowOutput], columns: Sequence[int]
) -> Floats:
    """Tag logits [T, len(columns), 3] of a whole document: each token is taken from the window in which it stands
    farthest from an edge, where it sees most of its context.
    """
    merged = np.empty((total, len(columns), 3), dtype=np.float32)
    best = np.full(total, -1, dtype=np.int32)
    for window, output in zip(windows, outputs, strict=True):
        positions = np.arange(window.length, dtype=np.int32)
        # The document's own ends are no edges: nothing is cut off there.
        left = positions if window.first > 0 else np.full_like(positions, total)
        right = positions[::-1] if window.first + window.length < total else np.full_like(positions, total)
        context = np.minimum(left, right)
        stretch = slice(window.first, window.first + window.length)
        better = context > best[stretch]
        best[stretch][better] = context[better]
        merged[stretch][better] = output.tag_logits[1:-1][:, columns][better]
    return merged


def counted_from(text: str, found: Sequence[Span], field: FieldSpec, spec: ModelSpec) -> str | None:
    """ISO date from which a period in a field counts: the value of the first of its `counts_from` that was found."""
    kinds = {other.name: other for other in spec.fields}
    for name in field.counts_from:
        for span in found:
            if span.field == name and span.readable:
                return normalise(kinds[name].kind, text[span.start : span.end], day_first=kinds[name].day_first)
    return None


def outlier_distance(pooled: Floats, outlier: OutlierSpec) -> float:
    """Squared distance of a pooled hidden state [H] to the nearest class centroid in the whitened projection."""
    projected = (pooled - outlier.mean) @ outlier.projection
    return float(((outlier.centroids - projected) ** 2).sum(axis=1).min())


def likeliest_first(logits: Floats) -> NDArray[np.intp]:
    """Positions of labels, likeliest first."""
    return np.argsort(-logits, kind="stable")

"""Window outputs to one prediction of a document: `merge`, then `read_off`. Does not know thresholds or routes."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from docmill.pipeline.calibrate import softmax
from docmill.pipeline.normalise import normalise
from docmill.pipeline.types import FieldSpec, ModelSpec, OutlierSpec, Prediction, Span, WindowOutput
from docmill.pipeline.window import Tokens, Window

OUTSIDE, BEGIN, INSIDE = 0, 1, 2
ALTERNATIVES = 3
LIKELY = 0.5  # calibrated confidence of a span among several, where the field does not say
POSSIBLE = 0.35  # of a span that is the only one, likewise: see field_spans
Floats = NDArray[np.float32]


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


def field_spans(
    text: str, tokens: Tokens, raw: Floats, calibrated: Floats, field: FieldSpec, start_date: str | None = None
) -> list[Span]:
    """Spans of one field from its tag probabilities [T, 3].

    Boundaries are drawn as the head was trained to draw them (`raw`), confidence is calibrated. Of a field that a
    document may hold several times all that are likely enough, each value once. Else the most confident one, of those
    that can be read as a value of the field's kind where there are any, if it is likely enough that showing it does
    more good than harm; whether it is sure enough is the route's to say.

    Source: F1 is highest where one accepts from half its own value on, Lipton et al., "Optimal Thresholding of
    Classifiers to Maximize F1 Measure", ECML PKDD 2014. Fields have an F1 of 0.7 as a rule: 0.35.
    """
    spans = spans_below(0.5, text, tokens, raw, calibrated, field, start_date)
    least = field.min_confidence
    if field.many:
        enough = LIKELY if least is None else least
        return each_value_once([span for span in spans if span.confidence >= enough], text, field)
    best = max(spans, key=lambda span: (span.readable, span.confidence, -span.start), default=None)
    return [best] if best is not None and best.confidence >= (POSSIBLE if least is None else least) else []


def spans_below(
    limit: float,
    text: str,
    tokens: Tokens,
    raw: Floats,
    calibrated: Floats,
    field: FieldSpec,
    start_date: str | None = None,
) -> list[Span]:
    """All spans of one field, in text order, of tokens whose raw probability of "outside" is below `limit`.

    `start_date`: ISO date from which a period in them counts.
    """
    inside = raw[:, OUTSIDE] < limit
    if not inside.any():
        return []
    begins = inside & (raw[:, BEGIN] > raw[:, INSIDE])
    begins |= inside & ~np.concatenate(([False], inside[:-1]))
    firsts = np.flatnonzero(begins)
    last_inside = np.flatnonzero(inside & ~np.concatenate((inside[1:], [False])))
    spans: list[Span] = []
    for i, first in enumerate(firsts):
        limit = firsts[i + 1] - 1 if i + 1 < len(firsts) else len(raw) - 1
        last = min(int(last_inside[np.searchsorted(last_inside, first)]), int(limit))
        start, end = _trim(text, int(tokens.starts[first]), int(tokens.ends[last]))
        if start < end:
            confidence = float(1 - calibrated[first : last + 1, OUTSIDE].mean())
            if spans and start < spans[-1].end:  # two beginnings within one word are one span
                start, confidence = spans[-1].start, max(confidence, spans.pop().confidence)
            value = normalise(field.kind, text[start:end], day_first=field.day_first, start_date=start_date)
            spans.append(Span(field.name, start, end, min(1.0, confidence), value is not None, start_date))
    return spans


def each_value_once(spans: Sequence[Span], text: str, field: FieldSpec) -> list[Span]:
    """Of the spans of a field that have one value the surest, of equally sure ones the first; in text order."""
    surest: dict[str, Span] = {}
    for span in spans:
        value = value_key(span, text, field)
        if value not in surest or span.confidence > surest[value].confidence:
            surest[value] = span
    return sorted(surest.values(), key=lambda span: span.start)


def value_key(span: Span, text: str, field: FieldSpec) -> str:
    """Equal for spans of a field that have one value; case and white space do not make another."""
    words = " ".join(text[span.start : span.end].split())
    value = normalise(field.kind, words, day_first=field.day_first, start_date=span.start_date)
    return (value or words).casefold()


def outlier_distance(pooled: Floats, outlier: OutlierSpec) -> float:
    """Squared distance of a pooled hidden state [H] to the nearest class centroid in the whitened projection."""
    projected = (pooled - outlier.mean) @ outlier.projection
    return float(((outlier.centroids - projected) ** 2).sum(axis=1).min())


def likeliest_first(logits: Floats) -> NDArray[np.intp]:
    """Positions of labels, likeliest first."""
    return np.argsort(-logits, kind="stable")


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    """Shrink [start, end) past white space, then grow it to whole words: a part of a word is nobody's value."""
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    while start < end and start > 0 and text[start].isalnum() and text[start - 1].isalnum():
        start -= 1
    while start < end < len(text) and text[end - 1].isalnum() and text[end].isalnum():
        end += 1
    return start, end

"""All that the model thought of a document, for whoever decides it instead: every label, and n spans a field.

Asked for of deferred documents only, so that the fast path does not pay for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from docmill.pipeline.calibrate import softmax
from docmill.pipeline.decode import (
    Merged,
    counted_from,
    likeliest_first,
    tag_probabilities,
)
from docmill.pipeline.spans import LONGEST_VALUE, field_spans, is_nested, spans_below, value_key
from docmill.pipeline.types import ModelSpec, Span
from docmill.pipeline.window import Tokens

SPANS_PER_FIELD = 5
DOUBTFUL_OUTSIDE = 0.95  # raw: a token less likely outside than this may belong to a span, if nothing better is there


@dataclass(frozen=True, slots=True)
class NBest:
    """Labels and spans with their calibrated probabilities, best first. Of one field no span overlaps another, nor has
    its value. A span is as sure here as it is by itself, whatever its rivals: whoever decides weighs these as well.
    """

    labels: tuple[tuple[str, float], ...]  # all of the bundle's
    spans: tuple[Span, ...]  # by field in the order of the tag head


def n_best(text: str, tokens: Tokens, merged: Merged, spec: ModelSpec) -> NBest:
    """Every label, and the best spans of each field that was merged.

    Of a field first the spans that the head cuts as it was trained, among them those that were published; then, up to
    the number, those that a looser cut finds elsewhere: where the head says "outside" everywhere, these are all. Of
    either those first that can be read. Where values do not nest, none that stands within a better one, or around it.
    """
    probabilities = softmax(merged.type_logits, spec.type_temperature)
    labels = tuple((spec.labels[i], float(probabilities[i])) for i in likeliest_first(merged.type_logits))
    calibrated, raw = tag_probabilities(merged.tag_logits, merged.columns, spec), softmax(merged.tag_logits, 1.0)
    spans: list[Span] = []
    published: list[Span] = []  # periods count from these: what is a guess itself is no ground for another
    for position, column in enumerate(merged.columns):
        field, kept, values, sure = spec.fields[column], list[Span](), set[str](), list[Span]()
        tags = raw[:, position], calibrated[:, position]
        counted = counted_from(text, published, field, spec)
        published += field_spans(text, tokens, *tags, field, counted)
        for limit in (0.5, DOUBTFUL_OUTSIDE):
            found = spans_below(limit, text, tokens, *tags, field, counted)
            short = _apart_from(sure, [span for span in found if span.end - span.start <= LONGEST_VALUE])
            for span in sorted(short, key=lambda span: (not span.readable, -span.confidence, span.start)):
                if len(kept) == SPANS_PER_FIELD:
                    break
                value = value_key(span, text, field)
                if value not in values and (field.nested or not any(is_nested(span, other, text) for other in kept)):
                    kept.append(span)
                    values.add(value)
            sure = short
        spans += kept
    return NBest(labels, tuple(spans))


def _apart_from(others: Sequence[Span], spans: Sequence[Span]) -> list[Span]:
    """Those of `spans` that overlap none of `others`; both are in text order, and apart from their like."""
    found, place = [], 0
    for span in spans:
        while place < len(others) and others[place].end <= span.start:
            place += 1
        if place == len(others) or span.end <= others[place].start:
            found.append(span)
    return found

"""All that the model thought of a document, for whoever decides it instead: every label, and n spans a field.

Asked for of deferred documents only, so that the fast path does not pay for it.
"""

from dataclasses import dataclass

from docmill.pipeline.calibrate import softmax
from docmill.pipeline.decode import (
    Merged,
    counted_from,
    likeliest_first,
    tag_probabilities,
)
from docmill.pipeline.spans import field_spans, spans_below, value_key
from docmill.pipeline.types import ModelSpec, Span
from docmill.pipeline.window import Tokens

SPANS_PER_FIELD = 5
DOUBTFUL_OUTSIDE = 0.95  # raw: a token less likely outside than this may belong to a span, if nothing better is there
MAX_CHARACTERS = 400  # of a span: what is longer is nobody's value, and would weigh on the record


@dataclass(frozen=True, slots=True)
class NBest:
    """Labels and spans with their calibrated probabilities, best first. Of one field no span overlaps another, nor has
    its value.
    """

    labels: tuple[tuple[str, float], ...]  # all of the bundle's
    spans: tuple[Span, ...]  # by field in the order of the tag head


def n_best(text: str, tokens: Tokens, merged: Merged, spec: ModelSpec) -> NBest:
    """Every label, and the best spans of each field that was merged.

    Of a field first the spans that the head cuts as it was trained, among them those that were published; then, up to
    the number, those that a looser cut finds elsewhere: where the head says "outside" everywhere, these are all. Of
    either those first that can be read.
    """
    probabilities = softmax(merged.type_logits, spec.type_temperature)
    labels = tuple((spec.labels[i], float(probabilities[i])) for i in likeliest_first(merged.type_logits))
    calibrated, raw = tag_probabilities(merged.tag_logits, merged.columns, spec), softmax(merged.tag_logits, 1.0)
    spans: list[Span] = []
    published: list[Span] = []  # periods count from these: what is a guess itself is no ground for another
    for position, column in enumerate(merged.columns):
        field, kept, seen = spec.fields[column], list[Span](), list[Span]()
        tags = raw[:, position], calibrated[:, position]
        counted = counted_from(text, published, field, spec)
        published += field_spans(text, tokens, *tags, field, counted)
        for limit in (0.5, DOUBTFUL_OUTSIDE):
            found = spans_below(limit, text, tokens, *tags, field, counted)
            short = [span for span in found if span.end - span.start <= MAX_CHARACTERS]
            elsewhere = [span for span in short if not any(_overlap(span, other) for other in seen)]
            seen += elsewhere
            for span in sorted(elsewhere, key=lambda span: (not span.readable, -span.confidence, span.start)):
                if value_key(span, text, field) not in {value_key(other, text, field) for other in kept}:
                    kept.append(span)
        spans += kept[:SPANS_PER_FIELD]
    return NBest(labels, tuple(spans))


def _overlap(one: Span, other: Span) -> bool:
    return one.start < other.end and other.start < one.end

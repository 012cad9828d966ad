"""Prediction and policy to a route: a pure function, no clock and no luck in it."""

from docmill_schemas.reasons import DeferralReason
from docmill.pipeline.types import Deferral, ModelSpec, Prediction, Route, StraightThrough


def route(prediction: Prediction, spec: ModelSpec, *, language_known: bool) -> Route:
    """Straight through when type and every required field pass their certified thresholds; else why not.

    All reasons are given, not only the first.
    """
    group = spec.group_of(prediction.label)
    reasons = []
    if not language_known:
        reasons.append(DeferralReason.UNKNOWN_LANGUAGE)
    if prediction.outlier_distance > spec.outlier.threshold:
        reasons.append(DeferralReason.UNFAMILIAR_DOCUMENT)
    if group.type_threshold is None:
        reasons.append(DeferralReason.TYPE_NOT_CERTIFIED)
    elif prediction.probability < group.type_threshold:
        reasons.append(DeferralReason.LOW_TYPE_CONFIDENCE)
    best: dict[str, float] = {}
    for span in prediction.spans:
        best[span.field] = max(best.get(span.field, 0.0), span.confidence)
    missing = tuple(name for name in group.required if name not in best)
    if missing:
        reasons.append(DeferralReason.MISSING_FIELD)
    threshold = group.field_threshold
    if any(name in best and (threshold is None or best[name] < threshold) for name in group.required):
        reasons.append(DeferralReason.LOW_FIELD_CONFIDENCE)
    return Deferral(tuple(reasons), missing) if reasons else StraightThrough()

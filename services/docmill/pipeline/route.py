"""Prediction and policy to a route: a pure function, no clock and no luck in it."""

from docmill.pipeline.types import Deferral, ModelSpec, Prediction, Route, StraightThrough
from docmill_schemas.reasons import DeferralReason


def route(
    prediction: Prediction, spec: ModelSpec, *, language_known: bool, has_unread_attachments: bool = False
) -> Route:
    """Straight through when type and every required field pass their certified thresholds; else why not.

    All reasons are given, not only the first. What nobody could read may say otherwise, however sure the model is of
    the rest.
    """
    group = spec.group_of(prediction.label)
    reasons = []
    if has_unread_attachments:
        reasons.append(DeferralReason.UNREAD_ATTACHMENT)
    if not language_known:
        reasons.append(DeferralReason.UNKNOWN_LANGUAGE)
    # Comparisons are written so that NaN, of a broken window, passes none of them.
    if not prediction.outlier_distance <= spec.outlier.threshold:
        reasons.append(DeferralReason.UNFAMILIAR_DOCUMENT)
    no_threshold = group.type_threshold is None or (group.required and group.field_threshold is None)
    if no_threshold or prediction.label in group.vetoed:
        reasons.append(DeferralReason.NOT_CERTIFIED)
    if group.type_threshold is not None and not prediction.probability >= group.type_threshold:
        reasons.append(DeferralReason.LOW_TYPE_CONFIDENCE)
    best: dict[str, float] = {}
    for span in prediction.spans:
        if span.readable:  # "the third anniversary" is no date: whoever needs one would get null
            best[span.field] = max(best.get(span.field, 0.0), span.confidence)
    missing = tuple(name for name in group.required if name not in best)
    if missing:
        reasons.append(DeferralReason.MISSING_FIELD)
    threshold = group.field_threshold
    if threshold is not None and any(not best.get(name, threshold) >= threshold for name in group.required):
        reasons.append(DeferralReason.LOW_FIELD_CONFIDENCE)
    return Deferral(tuple(reasons), missing) if reasons else StraightThrough()

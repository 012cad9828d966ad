import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from docmill.pipeline.normalise import FieldKind
from docmill.pipeline.route import route
from docmill.pipeline.spans import field_spans
from docmill.pipeline.types import Deferral, FieldSpec, Prediction, Span, StraightThrough
from docmill_schemas.reasons import DeferralReason
from tests.unit.pipeline.fakes import model_spec, tokens_of_length

SURE = Prediction("receipt", 0.95, (), (Span("date", 0, 4, 0.9),), outlier_distance=1.0)
CONFIDENCES = st.floats(0, 1)


def test_sure_of_everything_goes_straight_through() -> None:
    assert route(SURE, model_spec(), language_known=True) == StraightThrough()


def test_thresholds_themselves_pass() -> None:
    at = Prediction("receipt", 0.9, (), (Span("date", 0, 4, 0.8),), outlier_distance=4.0)
    assert route(at, model_spec(), language_known=True) == StraightThrough()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"probability": 0.89}, DeferralReason.LOW_TYPE_CONFIDENCE),
        ({"outlier_distance": 4.1}, DeferralReason.UNFAMILIAR_DOCUMENT),
        ({"spans": ()}, DeferralReason.MISSING_FIELD),
        ({"spans": (Span("date", 0, 4, 0.99, readable=False),)}, DeferralReason.MISSING_FIELD),
        ({"spans": (Span("date", 0, 4, 0.79),)}, DeferralReason.LOW_FIELD_CONFIDENCE),
        ({"probability": math.nan}, DeferralReason.LOW_TYPE_CONFIDENCE),
        ({"outlier_distance": math.nan}, DeferralReason.UNFAMILIAR_DOCUMENT),
        ({"spans": (Span("date", 0, 4, math.nan),)}, DeferralReason.LOW_FIELD_CONFIDENCE),
    ],
)
def test_each_doubt_has_its_reason(change: dict[str, object], reason: DeferralReason) -> None:
    decision = route(replace(SURE, **change), model_spec(), language_known=True)  # type: ignore[arg-type]
    assert isinstance(decision, Deferral)
    assert decision.reasons == (reason,)
    assert decision.missing_fields == (("date",) if reason is DeferralReason.MISSING_FIELD else ())


def test_an_unknown_language_defers() -> None:
    assert route(SURE, model_spec(), language_known=False) == Deferral((DeferralReason.UNKNOWN_LANGUAGE,))


def test_an_unread_attachment_defers_however_sure_the_rest_is() -> None:
    decision = route(SURE, model_spec(), language_known=True, has_unread_attachments=True)
    assert decision == Deferral((DeferralReason.UNREAD_ATTACHMENT,))


def test_a_vetoed_label_never_goes_straight_through() -> None:
    spec = model_spec()
    vetoed = replace(spec.groups["receipt"], vetoed=frozenset({"receipt"}))
    decision = route(SURE, replace(spec, groups=spec.groups | {"receipt": vetoed}), language_known=True)
    assert decision == Deferral((DeferralReason.NOT_CERTIFIED,))


def test_a_veto_is_of_its_own_label_alone() -> None:
    spec = model_spec()
    vetoed = replace(spec.groups["receipt"], vetoed=frozenset({"receipt.other"}))
    assert (
        route(SURE, replace(spec, groups=spec.groups | {"receipt": vetoed}), language_known=True) == StraightThrough()
    )


def test_what_was_not_certified_never_goes_straight_through() -> None:
    not_certified = Deferral((DeferralReason.NOT_CERTIFIED,))
    assert route(SURE, model_spec(type_threshold=None), language_known=True) == not_certified
    assert route(SURE, model_spec(field_threshold=None), language_known=True) == not_certified
    assert route(SURE, model_spec(type_threshold=None, field_threshold=None), language_known=True) == not_certified


def test_without_required_fields_no_field_threshold_is_needed() -> None:
    letter = replace(SURE, label="letter.short", spans=())
    assert route(letter, model_spec(), language_known=True) == StraightThrough()


def test_the_best_span_of_a_field_counts() -> None:
    twice = replace(SURE, spans=(Span("date", 0, 4, 0.1), Span("date", 9, 13, 0.9), Span("date", 20, 24, 0.2)))
    assert route(twice, model_spec(), language_known=True) == StraightThrough()


def test_all_reasons_are_given() -> None:
    doubtful = Prediction("receipt", 0.1, (), (Span("date", 0, 4, 0.1),), outlier_distance=9.0)
    spec = model_spec(required=("date", "total"))
    decision = route(doubtful, spec, language_known=False, has_unread_attachments=True)
    assert decision == Deferral(
        (
            DeferralReason.UNREAD_ATTACHMENT,
            DeferralReason.UNKNOWN_LANGUAGE,
            DeferralReason.UNFAMILIAR_DOCUMENT,
            DeferralReason.LOW_TYPE_CONFIDENCE,
            DeferralReason.MISSING_FIELD,
            DeferralReason.LOW_FIELD_CONFIDENCE,
        ),
        missing_fields=("total",),
    )


@pytest.mark.parametrize(("exclusive", "passes"), [(False, True), (True, False)])
def test_a_value_with_a_rival_is_not_sure_enough(exclusive: bool, passes: bool) -> None:
    """Both are found at 0.9, above the threshold of 0.8."""
    field = FieldSpec("date", FieldKind.TEXT, many=False, exclusive=exclusive)
    found = (0.1, 0.8, 0.1)
    tags = np.array([found, (0.9, 0.05, 0.05), found], dtype=np.float32)
    spans = tuple(field_spans("a b c", tokens_of_length(3), tags, tags, field))
    decision = route(replace(SURE, spans=spans), model_spec(), language_known=True)
    assert decision == (StraightThrough() if passes else Deferral((DeferralReason.LOW_FIELD_CONFIDENCE,), ()))


@given(CONFIDENCES, CONFIDENCES, st.floats(0, 10), st.booleans())
def test_straight_through_means_that_every_threshold_is_met(
    probability: float, confidence: float, distance: float, known: bool
) -> None:
    prediction = Prediction("receipt", probability, (), (Span("date", 0, 4, confidence),), distance)
    passes = known and probability >= 0.9 and confidence >= 0.8 and distance <= 4.0
    decision = route(prediction, model_spec(), language_known=known)
    assert isinstance(decision, StraightThrough) == passes
    if isinstance(decision, Deferral):
        assert decision.reasons
        assert len(set(decision.reasons)) == len(decision.reasons)

"""Temperature and threshold of a policy: load_tests/fallback_parts/certified.py, on invented opinions."""

from random import Random

import numpy as np
import pytest

from docmill.fallback.decide import decide_label
from docmill.fallback.types import LabelAbstained, LabelAccepted
from docmill.training.certify import certify, fewest
from load_tests.fallback_parts.certified import Opinion, blended, fit, fit_temperature
from load_tests.fallback_parts.published import Share, Target
from tests.unit.fallback.builders import document, neighbour, policy

TARGET = Target(precision=0.9, confidence_level=0.95)


def opinions(count: int, claimed: float, right: float, half: int | None = None) -> list[Opinion]:
    """So many of two types, `claimed` sure of the first, of which a share is right; halves in turn."""
    random = Random(5)
    gold = ["a"] * round(right * count) + ["b"] * (count - round(right * count))
    random.shuffle(gold)
    said = {"a": claimed, "b": 1 - claimed}
    return [Opinion(said, of, n % 2 if half is None else half) for n, of in enumerate(gold)]


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_the_confidence_is_the_one_that_the_fallback_decides_by(temperature: float) -> None:
    given = document(a=0.6, b=0.3, c=0.1)
    near = [neighbour("a", 0.9), neighbour("b", 0.8), neighbour("new", 0.7)]
    ours = policy(temperature=temperature, threshold=0.0)
    decision = decide_label(given, near, ours)
    thought = blended(given, near, policy())
    assert isinstance(decision, LabelAccepted)
    assert thought is not None
    of = Opinion(thought, decision.label, 0)
    assert of.confidence(temperature) == pytest.approx(decision.confidence)
    assert of.is_right
    assert not Opinion(thought, "b", 0).is_right


def test_what_is_held_back_whatever_the_threshold_is_no_opinion() -> None:
    """Nobody near, nobody alike, nobody who speaks for the likeliest; the policy's own threshold is not asked."""
    given = document(a=0.95, b=0.05)
    near = [neighbour("a", 0.4)]
    assert blended(given, [], policy()) is None
    assert blended(given, near, policy(least_similarity=0.5)) is None
    assert blended(given, [neighbour("b", 0.9)], policy(vote_weight=0.1)) is None
    assert isinstance(decide_label(given, near, policy(threshold=None)), LabelAbstained)
    assert blended(given, near, policy(threshold=None)) is not None


def test_equals_are_told_apart_by_name_as_the_fallback_does() -> None:
    equal = {"b": 0.5, "a": 0.5}
    assert Opinion(equal, "a", 0).is_right
    assert not Opinion(equal, "b", 0).is_right


def test_who_claims_too_much_is_cooled_and_who_claims_too_little_is_sharpened() -> None:
    assert fit_temperature(opinions(200, claimed=0.95, right=0.8)) > 1.5
    assert fit_temperature(opinions(200, claimed=0.7, right=0.95)) < 0.7
    [sure] = opinions(1, claimed=0.9, right=1)
    fitted = fit_temperature(opinions(1000, claimed=0.95, right=0.8))
    assert Opinion({"a": 0.95, "b": 0.05}, "a", 0).confidence(fitted) == pytest.approx(0.8, abs=0.02)
    assert sure.is_right
    assert fit_temperature([]) == 1.0


def test_a_type_that_nobody_thought_of_is_no_infinite_loss() -> None:
    thought = [Opinion({"a": 1.0}, "b", 0), *opinions(50, claimed=0.7, right=0.9)]
    assert np.isfinite(fit_temperature(thought))


def test_each_half_is_judged_by_the_temperature_of_the_other() -> None:
    careless, careful = opinions(100, 0.95, 0.7, half=0), opinions(100, 0.7, 0.95, half=1)
    found = fit([*careless, *careful], TARGET)
    hot, cold = found.of_halves
    assert hot > 1 > cold
    assert cold < found.temperature < hot
    assert found.confidence[:100] == pytest.approx([careless[0].confidence(cold)] * 100)
    assert found.confidence[100:] == pytest.approx([careful[0].confidence(hot)] * 100)


def test_the_gold_of_a_half_has_no_say_in_its_own_confidence() -> None:
    first, second = opinions(60, 0.9, 0.8, half=0), opinions(60, 0.8, 0.9, half=1)
    other = [Opinion(one.blended, "b", 0) for one in first]
    before, after = fit([*first, *second], TARGET), fit([*other, *second], TARGET)
    np.testing.assert_array_equal(before.confidence[:60], after.confidence[:60])
    assert (before.confidence[60:] != after.confidence[60:]).all()


def test_the_threshold_is_certified_as_a_bundle_s_is() -> None:
    """The surer are nearly all right, the less sure are not: they are left out, and the policy says from where on."""
    sure, unsure = opinions(200, 0.95, 0.99), opinions(100, 0.6, 0.5)
    found = fit([*sure, *unsure], TARGET)
    expected = certify(found.confidence, found.right, TARGET.precision, TARGET.confidence_level)
    assert found.certified == expected
    assert expected.threshold is not None
    everything = np.ones(300, bool)
    of_sure = np.arange(300) < 200
    assert found.accepted(everything) == Share(expected.correct, expected.accepted)
    assert found.accepted(of_sure) == Share(198, 200)
    assert found.accepted(~of_sure) == Share(0, 0)
    given = policy(citations=2, least_similarity=0.3)
    fitted = found.policy(given)
    assert (fitted.temperature, fitted.threshold) == (found.temperature, expected.threshold)
    assert (fitted.neighbours, fitted.citations, fitted.least_similarity) == (given.neighbours, 2, 0.3)


def test_too_few_certify_nothing() -> None:
    """29 without an error would do; 28 never do, and then the policy publishes nothing."""
    enough = fewest(0, TARGET.precision, TARGET.confidence_level)
    found = fit(opinions(enough - 1, 0.95, 1), TARGET)
    assert found.certified.threshold is None
    assert found.accepted(np.ones(enough - 1, bool)) == Share(0, 0)
    assert found.policy(policy()).threshold is None
    assert fit(opinions(enough, 0.95, 1), TARGET).certified.threshold is not None
    assert fit([], TARGET).certified.threshold is None

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docmill.fallback.blend import blend, calibrated

LABELS = st.sampled_from("abcd")


def _normalised(weights: dict[str, float]) -> dict[str, float]:
    total = math.fsum(weights.values())
    return {label: weight / total for label, weight in weights.items()}


OPINIONS = st.dictionaries(LABELS, st.floats(0.01, 1), min_size=1).map(_normalised)


def test_a_mixture_where_both_know_all_labels() -> None:
    assert blend({"a": 0.7, "b": 0.3}, {"b": 1.0}, 0.25) == {"a": pytest.approx(0.525), "b": pytest.approx(0.475)}


def test_a_label_that_the_classifier_does_not_know_keeps_all_its_votes() -> None:
    """Neighbours give 0.8 to `new`; the classifier's opinion is worth the other 0.2, of which it gets half."""
    said = blend({"a": 0.9, "b": 0.1}, {"new": 0.8, "b": 0.2}, 0.5)
    assert said == {"a": pytest.approx(0.09), "b": pytest.approx(0.11), "new": 0.8}


def test_where_all_neighbours_are_of_an_unknown_label_the_classifier_has_no_say() -> None:
    assert blend({"a": 1.0}, {"new": 1.0}, 0.1) == {"a": 0.0, "new": 1.0}


def test_one_of_the_two_alone() -> None:
    assert blend({"a": 1.0}, {}, 0.9) == {"a": 1.0}
    assert blend({}, {"a": 1.0}, 0.1) == {"a": 1.0}
    assert blend({}, {}, 0.5) == {}


def test_a_temperature_above_one_doubts_and_one_below_sharpens() -> None:
    assert calibrated({"a": 0.8, "b": 0.2}, 2.0) == {"a": pytest.approx(2 / 3), "b": pytest.approx(1 / 3)}
    assert calibrated({"a": 0.8, "b": 0.2}, 0.5) == {"a": pytest.approx(16 / 17), "b": pytest.approx(1 / 17)}
    assert calibrated({"a": 1.0, "b": 0.0}, 3.0) == {"a": 1.0, "b": 0.0}
    assert calibrated({}, 2.0) == {}


@given(OPINIONS, OPINIONS, st.floats(0, 1), st.floats(0.2, 5))
def test_it_stays_a_distribution_and_calibration_keeps_the_order(
    classifier: dict[str, float], votes: dict[str, float], weight: float, temperature: float
) -> None:
    blended = blend(classifier, votes, weight)
    after = calibrated(blended, temperature)
    assert math.fsum(blended.values()) == pytest.approx(1)
    assert math.fsum(after.values()) == pytest.approx(1)
    best = max(blended, key=blended.__getitem__)
    assert after[best] == pytest.approx(max(after.values()))

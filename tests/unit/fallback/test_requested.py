import math

import pytest

from docmill.fallback.requested import deferred_document
from docmill_schemas import examples
from docmill_schemas.events import LabelProbability


def test_all_that_the_model_thought() -> None:
    document = deferred_document(examples.FALLBACK)
    assert document.text == examples.FALLBACK.text
    assert math.fsum(document.label_probabilities.values()) == pytest.approx(1)
    total = document.candidates[2]
    assert (total.field, total.value, total.confidence) == ("total", "41.50 MYR", 0.3127)
    for candidate in document.candidates:
        assert document.text[candidate.start : candidate.end] == candidate.text


def test_an_event_of_before_has_the_likeliest_labels_and_the_published_fields() -> None:
    old = examples.FALLBACK.model_copy(update={"label_probabilities": (), "candidates": ()})
    document = deferred_document(old)
    assert document.label_probabilities == {"receipt": 0.9796, "contract.supply": 0.0024}
    assert [candidate.field for candidate in document.candidates] == ["company", "date"]


def test_probabilities_that_are_all_nought_say_nothing() -> None:
    """Of a broken window: NaN goes over the wire as 0."""
    broken = examples.FALLBACK.model_copy(
        update={"label_probabilities": (LabelProbability(label="receipt", probability=0.0),)}
    )
    assert deferred_document(broken).label_probabilities == {}

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from docmill.pipeline.calibrate import softmax

LOGITS = st.lists(st.floats(-1000, 1000, width=32), min_size=1, max_size=6)
TEMPERATURES = st.floats(0.125, 16, width=32)


@given(LOGITS, TEMPERATURES)
def test_probabilities_sum_to_one(logits: list[float], temperature: float) -> None:
    probabilities = softmax(np.array(logits, dtype=np.float32), temperature)
    assert ((probabilities >= 0) & (probabilities <= 1)).all()
    assert probabilities.sum() == pytest.approx(1, abs=1e-5)


@given(LOGITS, TEMPERATURES)
def test_the_order_of_labels_does_not_depend_on_the_temperature(logits: list[float], temperature: float) -> None:
    array = np.array(logits, dtype=np.float32)
    assert softmax(array, temperature)[array.argmax()] == softmax(array, temperature).max()


def test_temperature_divides_the_logits() -> None:
    logits = np.array([[2.0, 0.0], [0.0, 0.0]], dtype=np.float32)
    expected = 1 / (1 + np.exp(-1))  # of 2 / 2
    assert softmax(logits, 2.0) == pytest.approx(np.array([[expected, 1 - expected], [0.5, 0.5]]))


def test_a_higher_temperature_is_less_sure() -> None:
    logits = np.array([3.0, 1.0, 0.0], dtype=np.float32)
    sure = [softmax(logits, temperature)[0] for temperature in (0.5, 1.0, 2.0, 8.0)]
    assert sure == sorted(sure, reverse=True)


def test_no_columns_no_failure() -> None:
    assert softmax(np.empty((5, 0, 3), dtype=np.float32), 1.0).shape == (5, 0, 3)

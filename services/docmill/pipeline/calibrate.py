"""Logits to probabilities by temperature scaling.

Source: Guo et al., "On Calibration of Modern Neural Networks", 2017.
"""

import numpy as np
from numpy.typing import NDArray


def softmax(logits: NDArray[np.float32], temperature: float) -> NDArray[np.float32]:
    """Probabilities over the last axis of `logits / temperature`."""
    scaled = logits / temperature
    scaled = scaled - scaled.max(axis=-1, keepdims=True)
    exponentials = np.exp(scaled)
    probabilities: NDArray[np.float32] = exponentials / exponentials.sum(axis=-1, keepdims=True)
    return probabilities

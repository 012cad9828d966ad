"""How far the confidence of a source's decisions is their precision. Pure: knows no model.

Of fewer than `LEAST_DECISIONS` no calibration error is told, as `docmill evaluate` has it: it says more about their
number than about the confidence.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from docmill.evaluation.metrics import LEAST_DECISIONS, Floats, interval
from load_tests.fallback_parts.measures import expected_calibration_error
from load_tests.fallback_parts.published import NOTHING, Share

CALIBRATION_HEADINGS = (
    "source",
    "of the fallback's opinions on the type",
    "documents",
    "mean confidence",
    "type right",
    "calibration error",
    "its interval (95 %)",
)


@dataclass(frozen=True, slots=True)
class Calibration:
    """So many decisions, and what they claimed."""

    claimed: float | None  # mean confidence; None: there are none
    right: Share
    error: tuple[float, float, float] | None  # with the ends of its interval

    def cells(self, source: str, of: str) -> tuple[str, ...]:
        """A row of `CALIBRATION_HEADINGS`."""
        claimed = NOTHING if self.claimed is None else f"{100 * self.claimed:.1f} %"
        if self.error is None:
            return source, of, str(self.right.of), claimed, self.right.told(), NOTHING, NOTHING
        error, low, high = self.error
        return source, of, str(self.right.of), claimed, self.right.told(), f"{error:.3f}", f"{low:.3f} to {high:.3f}"


def calibration(decisions: Sequence[tuple[float, bool]]) -> Calibration:
    """Of (confidence, whether it is right), one a document.

    The error is over equally filled bins; its interval is the bootstrap of `docmill evaluate`, documents resampled.
    """
    confidence = np.array([claimed for claimed, _ in decisions], dtype=np.float64)
    right = np.array([is_right for _, is_right in decisions], dtype=bool)

    def error(weights: Floats) -> Floats:
        drawn = (np.repeat(np.arange(len(right)), times) for times in weights.astype(np.int64))
        return np.array([expected_calibration_error(confidence[rows], right[rows]) for rows in drawn])

    limits = interval(error, len(right)) if len(right) >= LEAST_DECISIONS else None
    return Calibration(
        claimed=float(confidence.mean()) if len(right) else None,
        right=Share(int(right.sum()), len(right)),
        error=None if limits is None else (expected_calibration_error(confidence, right), *limits),
    )

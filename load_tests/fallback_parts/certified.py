"""A policy's temperature and threshold, from documents that nothing was trained on. Pure: knows no files, no model.

The temperature is cross-fitted: each half of the documents is judged by the one that the other half fitted, and on
these confidences the threshold is certified, as a bundle's are (`docmill.training.certify`). The policy gets the
temperature of all of them. So the certificate is of two temperatures that are hardly another: `of_halves` says how far.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from docmill.evaluation.metrics import Floats
from docmill.fallback.blend import blend, calibrated
from docmill.fallback.decide import decide_label
from docmill.fallback.policy import Policy
from docmill.fallback.types import DeferredDocument, LabelAccepted, Neighbour, Probabilities
from docmill.fallback.vote import vote, voters
from docmill.training.calibration import TEMPERATURES
from docmill.training.certify import Certified, certify
from load_tests.fallback_parts.published import Share, Target
from load_tests.fallback_parts.tune import LEAST

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Opinion:
    """What tier 1 thinks of the type of a document, and what it is; `half`, 0 or 1, is that in which it fits."""

    blended: Probabilities  # before any temperature
    gold: str
    half: int

    @property
    def is_right(self) -> bool:
        """Of equals the first by name, as `decide_label` has it. No temperature changes that."""
        return min(self.blended, key=lambda label: (-self.blended[label], label)) == self.gold

    def confidence(self, temperature: float) -> float:
        """Of the likeliest."""
        return max(calibrated(self.blended, temperature).values())


@dataclass(frozen=True, slots=True)
class Fitted:
    """Of D documents. `confidence` and `right` [D]: each under the temperature that the other half fitted."""

    temperature: float  # that all of them fit
    of_halves: tuple[float, float]  # that halves 0 and 1 fit
    confidence: Floats
    right: Flags
    certified: Certified

    def accepted(self, chosen: Flags) -> Share:
        """What the certified threshold accepts of some of the documents, chosen [D]."""
        threshold = self.certified.threshold
        if threshold is None:
            return Share(0, 0)
        rows = chosen & (self.confidence >= threshold)
        return Share(int(self.right[rows].sum()), int(rows.sum()))

    def policy(self, given: Policy) -> Policy:
        """The given one with this temperature, and with the threshold that is certified, if any is."""
        return replace(given, temperature=self.temperature, threshold=self.certified.threshold)


def blended(document: DeferredDocument, neighbours: Sequence[Neighbour], policy: Policy) -> Probabilities | None:
    """What a threshold is to judge, before its temperature; None: the type is held back whatever the threshold."""
    if not isinstance(decide_label(document, neighbours, replace(policy, threshold=0.0)), LabelAccepted):
        return None
    voting = voters(neighbours, policy.neighbours, policy.vote_temperature)
    return blend(document.label_probabilities, vote(voting), policy.vote_weight)


def fit(opinions: Sequence[Opinion], target: Target) -> Fitted:
    """The likeliest temperature, and the lowest threshold that provably holds the target."""
    first, second = (fit_temperature([one for one in opinions if one.half == half]) for half in (0, 1))
    confidence = np.array([one.confidence(first if one.half else second) for one in opinions], dtype=np.float64)
    right = np.array([one.is_right for one in opinions], dtype=bool)
    return Fitted(
        temperature=fit_temperature(opinions),
        of_halves=(first, second),
        confidence=confidence,
        right=right,
        certified=certify(confidence, right, target.precision, target.confidence_level),
    )


def fit_temperature(opinions: Sequence[Opinion]) -> float:
    """The one with the lowest negative log-likelihood of the right type; 1 where there is nothing to fit."""
    if not opinions:
        return 1.0

    def loss(temperature: float) -> float:
        likelihoods = [calibrated(one.blended, temperature).get(one.gold, 0.0) for one in opinions]
        return float(-np.log(np.maximum(likelihoods, LEAST)).sum())

    return float(min(TEMPERATURES, key=loss))

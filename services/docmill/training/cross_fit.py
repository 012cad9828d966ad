"""What unseen documents say of a student's certainty, and decisions that no document judges by what it chose itself."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np

from docmill.pipeline.types import ModelSpec
from docmill.training.calibration import Decisions, decisions, fit_tags, fit_type_temperature, halves
from docmill.training.outliers import outlier_threshold
from docmill.training.reading import Read


@dataclass(frozen=True, slots=True)
class Fitted:
    """What some documents say of a student's certainty; `biases` are of "outside", by field."""

    type_temperature: float
    tag_temperature: float
    biases: dict[str, float]
    outlier_threshold: float

    def on(self, spec: ModelSpec) -> ModelSpec:
        """The spec with what was fitted; thresholds are as they were."""
        return replace(
            spec,
            fields=tuple(replace(field, outside_bias=self.biases.get(field.name, 0.0)) for field in spec.fields),
            type_temperature=self.type_temperature,
            tag_temperature=self.tag_temperature,
            outlier=replace(spec.outlier, threshold=self.outlier_threshold),
        )


def fitted_on(reads: Sequence[Read], bare: ModelSpec) -> Fitted:
    """Temperatures and biases of the lowest negative log-likelihood, and how far the known kinds reach."""
    tag_temperature, biases = fit_tags(reads, bare)
    distances = np.array([read.merged.outlier_distance for read in reads])
    reach = outlier_threshold(distances, [read.document.group for read in reads])
    return Fitted(fit_type_temperature(reads, bare), tag_temperature, biases, reach)


def cross_fitted(
    reads: Sequence[Read],
    bare: ModelSpec,
    seed: int,
    uncertifying: Collection[str] = (),
    other_types: Collection[str] = (),
) -> tuple[Decisions, ...]:
    """What is decided of each half by what the other fitted; by all, where the other is empty.

    What ships is fitted on both, so it rests on twice the documents that fitted what the certificates judge. Of the
    sources `uncertifying` nothing is decided, though they fit. `other_types` are of `decisions`.
    """
    one, other = halves(reads, seed)
    parts = []
    for own, by in ((one, other), (other, one)):
        spec = fitted_on(by or reads, bare).on(bare)
        certifying = [read for read in own if read.document.source not in uncertifying]
        parts.append(decisions(certifying, spec, other_types))
    return tuple(parts)

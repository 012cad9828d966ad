"""The index of a measurement: documents that people decided, each with its vector, type and values. Knows no files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from docmill.evaluation.gold import GoldDocument, GoldField
from docmill.fallback.types import Neighbour
from docmill.pipeline.normalise import normalise

Values = Mapping[str, tuple[str, ...]]  # by field


@dataclass(frozen=True, slots=True)
class Exemplars:
    """Vectors [N, D] of length 1, labels and values of N documents."""

    vectors: NDArray[np.float32]
    labels: tuple[str, ...]
    values: tuple[Values, ...]

    def near(self, vector: NDArray[np.float32], most: int) -> list[Neighbour]:
        """The nearest, nearest first."""
        cosines = self.vectors @ vector
        best = np.argsort(-cosines, kind="stable")[:most]
        return [Neighbour(f"e{i}", self.labels[i], float(cosines[i]), self.values[i]) for i in best]


def exemplar_values(document: GoldDocument, fields: Sequence[GoldField]) -> Values:
    """By field what a person found, as `arbiter.exemplar` has it: normalised, and as it is written; each once."""
    found = {}
    for field in fields:
        stretches = {document.text[start:end] for start, end in document.spans.get(field.name, ())}
        written = sorted(stretches | document.values.get(field.name, frozenset()))
        read = (normalise(field.kind, text, day_first=field.day_first) for text in written)
        said = dict.fromkeys(value for value in (*read, *written) if value and value.strip())
        if said:
            found[field.name] = tuple(said)
    return found

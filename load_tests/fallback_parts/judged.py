"""Documents as tier 1 sees them, in arrays: what the classifier thought, and who their neighbours are.

D documents, L labels, K neighbours.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from docmill.fallback.types import DeferredDocument, Neighbour

NEAREST = 50  # neighbours kept of each document: as many as the service retrieves (the tables of docs/fallback had 60)
Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Exemplars:
    """The index: vectors of length 1, and labels as positions among all labels."""

    vectors: NDArray[np.float32]  # [N, H]
    labels: Integers  # [N]


@dataclass(frozen=True, slots=True)
class Judged:
    """Documents that neither the classifier has been trained on nor the index holds."""

    ids: tuple[str, ...]
    gold: Integers  # [D]
    classifier: Floats  # [D, L], calibrated; 0 for a label that it does not know
    deferred: NDArray[np.bool_]  # [D]
    similarities: Floats  # [D, K], nearest first
    neighbours: Integers  # [D, K]: labels; K may be 0
    index_head: Floats  # [D, L]: what a logistic head trained on the index's vectors says, instead of a vote

    def take(self, chosen: NDArray[np.bool_] | Integers) -> "Judged":
        """Some of the documents."""
        positions = np.arange(len(self.ids))[chosen]
        return Judged(
            tuple(self.ids[i] for i in positions),
            self.gold[positions],
            self.classifier[positions],
            self.deferred[positions],
            self.similarities[positions],
            self.neighbours[positions],
            self.index_head[positions],
        )

    def beside(self, other: "Judged") -> "Judged":
        """These documents, then those; of the same labels."""
        return Judged(
            (*self.ids, *other.ids),
            np.concatenate([self.gold, other.gold]),
            np.concatenate([self.classifier, other.classifier]),
            np.concatenate([self.deferred, other.deferred]),
            np.concatenate([self.similarities, other.similarities]),
            np.concatenate([self.neighbours, other.neighbours]),
            np.concatenate([self.index_head, other.index_head]),
        )

    def as_asked(self, position: int, labels: Sequence[str]) -> tuple[DeferredDocument, list[Neighbour]]:
        """One document as the fallback gets it."""
        known = {labels[i]: float(p) for i, p in enumerate(self.classifier[position]) if p > 0}
        pairs = zip(self.similarities[position], self.neighbours[position], strict=True)
        nearest = [
            Neighbour(f"{n:04}", labels[label], float(similarity)) for n, (similarity, label) in enumerate(pairs)
        ]
        return DeferredDocument("", known), nearest


def nearest(queries: NDArray[np.float32], index: Exemplars) -> tuple[Floats, Integers]:
    """(cosines [D, K], labels [D, K]) of the nearest exemplars, nearest first; of equals the earlier."""
    cosines = queries.astype(np.float64) @ index.vectors.astype(np.float64).T
    order = np.argsort(-cosines, axis=1, kind="stable")[:, :NEAREST]
    return np.take_along_axis(cosines, order, axis=1), index.labels[order]

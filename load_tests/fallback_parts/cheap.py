"""The cheap mode: half A trains a logistic head, half B is the index. Documents and vectors to `Judged` ones."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from docmill.training.certify import certify
from load_tests.fallback_parts import head
from load_tests.fallback_parts.corpora import FOLDS, Halves
from load_tests.fallback_parts.judged import Exemplars, Floats, Integers, Judged, nearest
from load_tests.fallback_parts.tune import CONFIDENCE_LEVEL, TARGET

MODE = "logistic head on frozen MiniLM (not the shipped classifier)"
HARD_SHARE = 0.4  # of the second slice: the least confident documents, by a quantile of the training data


@dataclass(frozen=True, slots=True)
class Part:
    """Documents in arrays."""

    ids: tuple[str, ...]
    vectors: NDArray[np.float32]  # [D, H]
    gold: Integers  # [D]

    def take(self, chosen: NDArray[np.bool_] | Integers) -> "Part":
        """Some of the documents."""
        positions = np.arange(len(self.ids))[chosen]
        return Part(tuple(self.ids[i] for i in positions), self.vectors[positions], self.gold[positions])

    def beside(self, other: "Part") -> "Part":
        """These documents, then those."""
        return Part(
            (*self.ids, *other.ids),
            np.concatenate([self.vectors, other.vectors]),
            np.concatenate([self.gold, other.gold]),
        )


@dataclass(frozen=True, slots=True)
class Material:
    """A source in arrays. L labels."""

    source: str
    labels: tuple[str, ...]  # [L]
    half_a: Part
    fold: Integers  # of half A
    half_b: Part
    test: Part


@dataclass(frozen=True, slots=True)
class Read:
    """What a classifier trained on half A says, and one trained on both halves."""

    tuning: Judged  # half A, by classifiers that were not trained on what they read
    test: Judged
    retrained: Integers | None  # [D]: labels, of the test documents; None: none was trained without these
    threshold: float | None  # above it the classifier alone decides; None: nothing was certified, all are deferred
    hard_below: float  # the confidence below which a document is among the hardest


def material(halves: Halves, vectors: NDArray[np.float32]) -> Material:
    """Arrays of the halves. Args: vectors: of `halves.everything`, in its order."""
    position = {label: i for i, label in enumerate(halves.labels)}
    parts, first = [], 0
    for documents in (halves.half_a, halves.half_b, halves.test):
        own = vectors[first : first + len(documents)]
        gold = np.array([position[document.label or ""] for document in documents], dtype=np.int64)
        parts.append(Part(tuple(document.id for document in documents), own, gold))
        first += len(documents)
    fold = np.array([halves.fold[id] for id in parts[0].ids], dtype=np.int64)
    return Material(halves.source, halves.labels, parts[0], fold, parts[1], parts[2])


def read(half_a: Part, fold: Integers, half_b: Part, test: Part, labels: int, *, index_head: bool = True) -> Read:
    """Train on half A, calibrate out of fold, certify the threshold that defers, find the neighbours in half B."""
    calibrated = head.out_of_fold(half_a.vectors, half_a.gold, fold, labels)
    on_test = head.trained(half_a.vectors, half_a.gold, calibrated.calibration, test.vectors, labels)
    both = half_a.beside(half_b)
    retrained = head.trained(both.vectors, both.gold, calibrated.calibration, test.vectors, labels)
    confidence = calibrated.probabilities.max(axis=1)
    right = calibrated.probabilities.argmax(axis=1) == half_a.gold
    threshold = certify(confidence, right, TARGET, CONFIDENCE_LEVEL).threshold
    index = Exemplars(half_b.vectors, half_b.gold)
    return Read(
        tuning=_judged(half_a, calibrated.probabilities, threshold, index, index_head),
        test=_judged(test, on_test, threshold, index, index_head),
        retrained=retrained.argmax(axis=1),
        threshold=threshold,
        hard_below=float(np.quantile(confidence, HARD_SHARE)),
    )


def validation(of: Material, *, index_head: bool = True) -> Read:
    """Everything chosen on half A, tested on the validation part."""
    return read(of.half_a, of.fold, of.half_b, of.test, len(of.labels), index_head=index_head)


def cross_fitted(of: Material) -> list[Read]:
    """Each fold of half A as a test part, everything chosen on the other folds."""
    reads = []
    for number in range(FOLDS):
        own = of.fold == number
        reads.append(read(of.half_a.take(~own), of.fold[~own], of.half_b, of.half_a.take(own), len(of.labels)))
    return reads


def _judged(part: Part, said: Floats, threshold: float | None, index: Exemplars, index_head: bool) -> Judged:
    deferred = np.ones(len(said), dtype=bool) if threshold is None else ~(said.max(axis=1) >= threshold)
    similarities, neighbours = nearest(part.vectors, index)
    labels = said.shape[1]
    on_index = head.of_index(index.vectors, index.labels, part.vectors, labels) if index_head else np.zeros_like(said)
    return Judged(part.ids, part.gold, said, deferred, similarities, neighbours, on_index)

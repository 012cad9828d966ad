"""The cheap mode's classifier: a logistic head on the frozen embedder's vectors. It is NOT the classifier that ships.

It stands in for a fast model trained on half A where two trainings are not to be had: its vectors are those that the
neighbours are sought with, so it says little of how far a fine-tuned encoder and the neighbours complement each other.
"""

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from load_tests.fallback_parts.judged import Floats, Integers

STRENGTHS = (1.0, 10.0, 100.0)  # scikit-learn's C: of vectors of length 1 a large one is usual
TEMPERATURES = tuple(np.geomspace(0.4, 3.0, 25).tolist())
LEAST = 1e-12
INDEX_FOLDS = 5
Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Calibration:
    """What was chosen out of fold."""

    strength: float
    temperature: float


@dataclass(frozen=True, slots=True)
class OutOfFold:
    """Calibrated probabilities [D, L] of documents by heads that have not seen them, and what was chosen by them."""

    probabilities: Floats
    calibration: Calibration


def out_of_fold(vectors: Vectors, gold: Integers, fold: Integers, labels: int) -> OutOfFold:
    """Choose strength and temperature by the likelihood of predictions out of fold, and hand these out."""
    best: tuple[float, OutOfFold] | None = None
    for strength in STRENGTHS:
        raw = np.zeros((len(gold), labels))
        for number in sorted(set(fold.tolist())):
            own = fold == number
            raw[own] = probabilities(_fit(vectors[~own], gold[~own], strength), vectors[own], labels)
        for temperature in TEMPERATURES:
            said = tempered(raw, temperature)
            loss = float(-np.log(np.maximum(said[np.arange(len(gold)), gold], 1e-3)).mean())
            if best is None or loss < best[0]:
                best = loss, OutOfFold(said, Calibration(strength, temperature))
    assert best is not None
    return best[1]


def trained(vectors: Vectors, gold: Integers, calibration: Calibration, queries: Vectors, labels: int) -> Floats:
    """Calibrated probabilities [D, L] of queries by a head trained on all the vectors."""
    raw = probabilities(_fit(vectors, gold, calibration.strength), queries, labels)
    return tempered(raw, calibration.temperature)


def of_index(vectors: Vectors, gold: Integers, queries: Vectors, labels: int) -> Floats:
    """Probabilities [D, L] of queries by a head trained on the index alone, calibrated out of fold within it."""
    if len(set(gold.tolist())) < 2:
        return np.zeros((len(queries), labels))
    calibration = out_of_fold(vectors, gold, np.arange(len(gold)) % INDEX_FOLDS, labels).calibration
    return trained(vectors, gold, calibration, queries, labels)


def probabilities(head: LogisticRegression, queries: Vectors, labels: int) -> Floats:
    """[D, L]; 0 for labels that the head has not seen."""
    said = np.zeros((len(queries), labels))
    said[:, head.classes_] = np.maximum(head.predict_proba(queries.astype(np.float64)), LEAST)
    return said


def tempered(said: Floats, temperature: float) -> Floats:
    """Temperature scaling of probabilities; 0 stays 0."""
    raised = said ** (1 / temperature)
    again: Floats = raised / raised.sum(axis=1, keepdims=True)
    return again


def _fit(vectors: Vectors, gold: Integers, strength: float) -> LogisticRegression:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return LogisticRegression(C=strength, max_iter=200).fit(vectors.astype(np.float64), gold)

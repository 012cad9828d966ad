"""Metrics as functions of document weights, so that a bootstrap is one call with many weightings.

Weights [R, N]: how often each of N documents counts in each of R samples; a row of ones is the sample itself.
Every metric returns [R], NaN where it is not defined.

Source of the bootstrap: Efron, Tibshirani, "An Introduction to the Bootstrap", 1993, percentile intervals.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
Metric = Callable[[Floats], Floats]

RESAMPLES = 500
SEED = 20240601
COVERAGE = 0.95
ECE_BINS = 15
LEAST_DECISIONS = 200  # of fewer, a calibration error says more about their number than about the confidence


def point(metric: Metric, documents: int) -> float | None:
    """A metric on the documents themselves."""
    value = float(metric(np.ones((1, documents)))[0])
    return None if np.isnan(value) else value


def interval(metric: Metric, documents: int, resamples: int = RESAMPLES) -> tuple[float, float] | None:
    """95 % percentile bootstrap interval of a metric, resampling documents; the same documents, the same interval."""
    draws = np.random.default_rng(SEED).multinomial(documents, np.full(documents, 1 / documents), size=resamples)
    values = metric(draws.astype(np.float64))
    values = values[~np.isnan(values)]
    if not values.size:
        return None
    low, high = np.quantile(values, [(1 - COVERAGE) / 2, (1 + COVERAGE) / 2])
    return float(low), float(high)


def f1(weights: Floats, counts: Counts) -> Floats:
    """Micro F1 of counts [N, 3]: true positives, false positives, false negatives."""
    hits, extra, missed = (weights @ counts).T
    return _ratio(2 * hits, 2 * hits + extra + missed)


def accuracy(weights: Floats, gold: Counts, predicted: Counts) -> Floats:
    """Share of right labels among documents whose gold label is known (not negative)."""
    known = gold >= 0
    return _ratio(weights @ (known & (gold == predicted)), weights @ known)


def macro_f1(weights: Floats, gold: Counts, predicted: Counts) -> Floats:
    """Mean F1 over the labels that occur in a sample's gold."""
    known = gold >= 0
    total, labels = np.zeros(len(weights)), np.zeros(len(weights))
    for label in np.unique(gold[known]):
        of_gold, of_prediction = gold == label, known & (predicted == label)
        support = weights @ of_gold
        score = _ratio(2 * (weights @ (of_gold & of_prediction)), support + weights @ of_prediction)
        total += np.where(support > 0, score, 0)
        labels += support > 0
    return _ratio(total, labels)


def calibration_error(weights: Floats, probability: Floats, correct: NDArray[np.bool_]) -> Floats:
    """Expected calibration error over 15 bins of equal width; documents with a NaN probability do not count.

    Source: Guo et al., "On Calibration of Modern Neural Networks", 2017, equation 3.
    """
    counted = ~np.isnan(probability)
    bins = np.minimum((np.where(counted, probability, 0) * ECE_BINS).astype(np.int64), ECE_BINS - 1)
    gap = np.where(counted, correct - np.where(counted, probability, 0), 0)
    per_bin = np.zeros((len(probability), ECE_BINS))
    per_bin[np.arange(len(bins)), bins] = gap
    return _ratio(np.abs(weights @ per_bin).sum(axis=1), weights @ counted)


def _ratio(numerator: Floats, denominator: Floats) -> Floats:
    ratio: Floats = np.full(len(denominator), np.nan)
    return np.divide(numerator, denominator, out=ratio, where=denominator > 0)

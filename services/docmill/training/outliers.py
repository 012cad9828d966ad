"""How far a document is from what the model was trained on: centroids, whitening, and the distance that is too far."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from docmill.pipeline.types import OutlierSpec

SHRINKAGE = 0.1  # of the within-class covariance towards its mean variance
IN_DISTRIBUTION_SHARE = 0.98  # of unseen documents of the known kinds that count as familiar


def unfitted(hidden: int) -> OutlierSpec:
    """Nothing is an outlier yet."""
    nothing = np.zeros((1, 1), dtype=np.float32)
    return OutlierSpec(np.zeros(hidden, dtype=np.float32), np.zeros((hidden, 1), dtype=np.float32), nothing, np.inf)


def fit_outliers(pooled: NDArray[np.float32], labels: Sequence[str]) -> OutlierSpec:
    """Class centroids and whitening from documents trained on, pooled [N, H]; the threshold is still infinite."""
    vectors = pooled.astype(np.float64)
    names, index = np.unique(np.array(labels), return_inverse=True)
    centroids = np.stack([vectors[index == i].mean(axis=0) for i in range(len(names))])
    mean = vectors.mean(axis=0)
    centred = vectors - centroids[index]
    covariance = centred.T @ centred / len(centred)
    spread = np.trace(covariance) / len(covariance)
    covariance = (1 - SHRINKAGE) * covariance + SHRINKAGE * max(spread, 1e-9) * np.eye(len(covariance))
    values, directions = np.linalg.eigh(covariance)
    projection = (directions / np.sqrt(values)).astype(np.float32)
    return OutlierSpec(
        mean=mean.astype(np.float32),
        projection=projection,
        centroids=((centroids - mean) @ projection).astype(np.float32),
        threshold=np.inf,
    )


def outlier_threshold(distances: NDArray[np.float64], groups: Sequence[str]) -> float:
    """The squared distance within which IN_DISTRIBUTION_SHARE of unseen documents lie, all groups weighing alike."""
    names = np.array(groups)
    weights = np.array([1 / (names == group).sum() for group in groups])
    order = np.argsort(distances)
    cumulative = np.cumsum(weights[order]) / weights.sum()
    last = min(int(np.searchsorted(cumulative, IN_DISTRIBUTION_SHARE)), len(order) - 1)
    return float(distances[order][last])

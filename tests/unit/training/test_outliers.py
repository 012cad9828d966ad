import numpy as np
import pytest

from docmill.pipeline.decode import outlier_distance
from docmill.training.outliers import IN_DISTRIBUTION_SHARE, fit_outliers, outlier_threshold, unfitted

RNG = np.random.default_rng(0)
CENTRES = np.array([[5, 0, 0, 0], [0, 5, 0, 0]], dtype=np.float32)
LABELS = ["a", "b"] * 200
POOLED = (CENTRES[[0, 1] * 200] + RNG.normal(0, [1, 1, 3, 0.1], (400, 4))).astype(np.float32)


def test_distances_are_to_the_nearest_centroid_in_units_of_the_spread_within_classes() -> None:
    outlier = fit_outliers(POOLED, LABELS)
    at_centres = [outlier_distance(centre, outlier) for centre in CENTRES]
    assert max(at_centres) < 0.2
    wide, narrow = CENTRES[0] + [0, 0, 3, 0], CENTRES[0] + [0, 0, 0, 3]
    assert outlier_distance(wide.astype(np.float32), outlier) < 3
    assert outlier_distance(narrow.astype(np.float32), outlier) > outlier_distance(wide.astype(np.float32), outlier)
    assert outlier.threshold == np.inf
    assert outlier.centroids.shape == (2, 4)


def test_known_documents_lie_about_as_far_as_there_are_dimensions() -> None:
    pooled = (CENTRES[[0, 1] * 200] + RNG.normal(0, 2, (400, 4))).astype(np.float32)
    outlier = fit_outliers(pooled, LABELS)
    assert np.mean([outlier_distance(vector, outlier) for vector in pooled]) == pytest.approx(4, rel=0.3)


def test_a_label_of_one_document_is_its_own_centroid() -> None:
    outlier = fit_outliers(POOLED[:3], ["a", "b", "c"])
    assert outlier_distance(POOLED[2], outlier) == pytest.approx(0, abs=1e-3)
    assert np.isfinite(outlier.projection).all()


def test_nothing_is_an_outlier_before_it_is_fitted() -> None:
    assert outlier_distance(POOLED[0], unfitted(4)) <= unfitted(4).threshold


def test_the_threshold_leaves_the_last_few_out() -> None:
    distances = np.arange(1000, dtype=np.float64)
    assert outlier_threshold(distances, ["a"] * 1000) == pytest.approx(1000 * IN_DISTRIBUTION_SHARE, abs=2)


def test_groups_weigh_alike_in_the_threshold() -> None:
    distances = np.concatenate([np.zeros(1000), np.arange(100.0)])
    threshold = outlier_threshold(distances, ["large"] * 1000 + ["small"] * 100)
    assert threshold == pytest.approx(100 - 2 * 100 * (1 - IN_DISTRIBUTION_SHARE), abs=2)


def test_a_single_document() -> None:
    assert outlier_threshold(np.array([3.0]), ["a"]) == 3.0

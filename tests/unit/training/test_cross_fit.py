from dataclasses import replace

import numpy as np
import pytest

from docmill.training.calibration import halves
from docmill.training.cross_fit import Fitted, cross_fitted, fitted_on
from docmill.training.reading import Read
from tests.unit.training.test_calibration import SPEC, read

SEED = 1


def too_sure(name: str, number: int) -> Read:
    """Right in 7 of 10 cases, at a margin that claims far more."""
    return read(f"{name}{number}", says="receipt" if number % 10 < 7 else "contract.lease", margin=6)


def test_what_was_fitted_is_put_on_a_spec() -> None:
    spec = Fitted(2.0, 3.0, {"total": 1.5}, 4.0).on(SPEC)
    assert (spec.type_temperature, spec.tag_temperature, spec.outlier.threshold) == (2.0, 3.0, 4.0)
    assert [field.outside_bias for field in spec.fields] == [1.5, 0.0]
    assert spec.outlier.centroids is SPEC.outlier.centroids


def test_each_half_is_judged_by_what_the_other_fitted() -> None:
    """One half is right always, the other in seven of ten cases: the first is doubted and the second believed."""
    of_names = halves([read(f"d{n}") for n in range(400)], SEED)
    right = [read(of.document.id, margin=6) for of in of_names[0]]
    wrong = [
        read(of.document.id, says="receipt" if n % 10 < 7 else "contract.lease", margin=6)
        for n, of in enumerate(of_names[1])
    ]
    one, other = cross_fitted([*right, *wrong], SPEC, SEED)
    doubted = {score for _, score, _ in one["receipt", "type"]}
    believed = {score for _, score, _ in other["receipt", "type"]}
    assert max(doubted) == pytest.approx(0.7, abs=0.1)
    assert min(believed) > 0.99
    assert len(one["receipt", "type"]) == len(right)


def test_the_decisions_of_all_documents_are_made_once() -> None:
    reads = [too_sure("d", n) for n in range(60)]
    one, other = cross_fitted(reads, SPEC, SEED)
    assert one.keys() == other.keys()
    assert sum(len(part[key]) for part in (one, other) for key in part if key[1] == "type") == len(reads)


def test_what_does_not_certify_fits_all_the_same() -> None:
    written = [too_sure("w", n) for n in range(100)]
    generated = [read(f"g{n}", margin=6) for n in range(100)]
    generated = [replace(of, document=replace(of.document, source="generated")) for of in generated]
    alone = cross_fitted([*generated, *written], SPEC, SEED, {"generated"})
    together = cross_fitted([*generated, *written], SPEC, SEED)
    assert sum(len(part["receipt", "type"]) for part in alone) == 70
    assert sum(len(part["receipt", "type"]) for part in together) == 170
    assert set(alone[0]["receipt", "type"]) <= set(together[0]["receipt", "type"])  # by the same temperature


def test_documents_of_types_that_are_not_known_are_decided_too() -> None:
    reads = [read(f"d{n}", label=None if n % 4 == 0 else "receipt") for n in range(60)]
    parts = cross_fitted(reads, SPEC, SEED, other_types={f"d{n}" for n in range(0, 60, 4)})
    assert sorted(right for part in parts for *_, right in part["receipt", "type"]) == [False] * 15 + [True] * 45


@pytest.mark.parametrize("count", [1, 2])
def test_a_handful_may_lie_in_one_half(count: int) -> None:
    reads = [read(f"d{n}") for n in range(count)]
    parts = cross_fitted(reads, SPEC, SEED)
    assert sum(len(part["receipt", "type"]) for part in parts) == count


def test_all_documents_together_fit_what_ships() -> None:
    reads = [too_sure("d", n) for n in range(200)]
    fitted = fitted_on(reads, SPEC)
    assert fitted.type_temperature > 2
    assert fitted.biases.keys() == {"total"}
    assert np.isfinite(fitted.outlier_threshold)

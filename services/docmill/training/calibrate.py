"""The calibration of a student: all that its bundle says about its own certainty, as files of the cache."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict

from docmill.bundle.manifest import OUTLIER_FILE, Certificate, Veto
from docmill.bundle.save import outlier_bytes
from docmill.pipeline.types import ModelSpec, OutlierSpec
from docmill.runtime.session import read_signature
from docmill.training.calibration import certificates
from docmill.training.cross_fit import cross_fitted, fitted_on
from docmill.training.export import INT8_FILE
from docmill.training.materials import Materials
from docmill.training.other_types import read_other_types
from docmill.training.out_of_fold import CENTROID_DOCUMENTS, read_all, reading
from docmill.training.outliers import fit_outliers
from docmill.training.training_set import sample

CALIBRATION_FILE = "calibration.json"


class Calibration(BaseModel):
    """Scalars and certificates; `biases` are of "outside", by field."""

    model_config = ConfigDict(frozen=True)

    type_temperature: float
    tag_temperature: float
    biases: dict[str, float]
    outlier_threshold: float
    certified: tuple[Certificate, ...]
    vetoed: tuple[Veto, ...]


def make_calibration(materials: Materials, reads_folders: list[Path], graphs: Path, others: Path, folder: Path) -> None:
    """Fit and certify on what the folds' students say; centroids and whitening are the shipped student's own.

    An outlier's distance is whitened, so the distances at which the folds' students see unseen documents tell how far
    unseen documents of the known kinds may lie from the shipped student's centroids.
    """
    reads = read_all(materials, reads_folders)
    bare = materials.bare_spec(read_signature(graphs / INT8_FILE).hidden_size)
    fitted = fitted_on(reads, bare)
    recipe = materials.recipe
    decided = cross_fitted(reads, bare, recipe.seed, recipe.uncertifying, read_other_types(others))
    certified, vetoed = certificates(decided, recipe.policy)
    calibration = Calibration(
        type_temperature=fitted.type_temperature,
        tag_temperature=fitted.tag_temperature,
        biases=fitted.biases,
        outlier_threshold=fitted.outlier_threshold,
        certified=certified,
        vetoed=vetoed,
    )
    (folder / CALIBRATION_FILE).write_text(calibration.model_dump_json(indent=1) + "\n", encoding="utf-8")
    outlier = replace(_student_outlier(materials, graphs, fitted.on(bare)), threshold=fitted.outlier_threshold)
    (folder / OUTLIER_FILE).write_bytes(outlier_bytes(outlier))


def read_calibration(folder: Path) -> tuple[Calibration, OutlierSpec]:
    """What `make_calibration` wrote."""
    text = (folder / CALIBRATION_FILE).read_text(encoding="utf-8")
    calibration = Calibration.model_validate_json(text)
    with np.load(folder / OUTLIER_FILE) as arrays:
        outlier = OutlierSpec(arrays["mean"], arrays["projection"], arrays["centroids"], calibration.outlier_threshold)
    return calibration, outlier


def _student_outlier(materials: Materials, graphs: Path, spec: ModelSpec) -> OutlierSpec:
    known = sample(materials.training.all, CENTROID_DOCUMENTS)
    with reading(materials, graphs / INT8_FILE, spec) as reader:
        return fit_outliers(reader.pooled(known), [str(document.label) for document in known])

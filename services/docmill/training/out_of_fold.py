"""What a model that never saw a document says of it, for every training document: calibration and thresholds need it.

Either the last fold is held out of all training and the shipped student itself reads it; or a student for each fold is
trained on the other folds alone, from the base model's own layers: no weight of it has seen a label of its fold, not
even through a teacher. It has seen less than the shipped student, so what is certified on it should err on the careful
side; docs/decisions/0013-model-factory.md has what was measured.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from docmill.pipeline.types import ModelSpec
from docmill.runtime.session import OnnxInference, read_signature
from docmill.runtime.threads import default_threads
from docmill.training.corpus import LabelledDocument
from docmill.training.export import graph_config, int8_graph, weights_of
from docmill.training.materials import Materials
from docmill.training.model import load_model
from docmill.training.outliers import fit_outliers
from docmill.training.progress import Counter
from docmill.training.reading import Read, Reader, load_reads, save_reads
from docmill.training.recipe_stages import Schedule
from docmill.training.student import make_untaught
from docmill.training.training_set import sample

READS_FILE = "reads.npz"
CENTROID_DOCUMENTS = 60  # a label, for centroids and the within-class covariance


def make_fold_student(materials: Materials, fold: int, folder: Path) -> None:
    """Train the student of one fold, at the shipped student's rates and with as many layers frozen."""
    recipe = materials.recipe
    assert recipe.out_of_fold.tokens is not None  # else a fold is held out, and there are no such students
    others, _ = materials.training.split(fold)
    rates = recipe.student.model_dump(include={"encoder_lr", "head_lr", "frozen_layers"})
    schedule = Schedule(tokens=recipe.out_of_fold.tokens, **rates)
    make_untaught(materials, others, schedule, f"fold {fold}", folder)


def make_reads(materials: Materials, fold: int, model_folder: Path, folder: Path) -> None:
    """Read a fold with its student, in int8 as it would serve; distances are to what that student was trained on."""
    model = load_model(model_folder)
    others, own = materials.training.split(fold)
    trained = [document for of_source in others.values() for document in of_source]
    with TemporaryDirectory() as temporary:
        path = Path(temporary) / "model.onnx"
        path.write_bytes(int8_graph(weights_of(model), graph_config(model, materials), materials, trained))
        _save_reads(materials, path, trained, own, folder)


def make_held_out_reads(materials: Materials, graph: Path, folder: Path) -> None:
    """Read what was held out of all training with the shipped student."""
    _save_reads(materials, graph, materials.training.all, materials.held_out, folder)


def read_all(materials: Materials, folders: list[Path]) -> list[Read]:
    """What was read, a folder each in the order of the folds, or the one of what was held out."""
    parts = (
        [materials.held_out] if materials.held_out else [materials.training.split(f)[1] for f in range(len(folders))]
    )
    reads: list[Read] = []
    for own, folder in zip(parts, folders, strict=True):
        path = folder / READS_FILE
        reads += load_reads(path, own, materials.tokenizer, materials.windowing, materials.taught)
    return reads


def _save_reads(
    materials: Materials,
    graph: Path,
    trained: Sequence[LabelledDocument],
    own: Sequence[LabelledDocument],
    folder: Path,
) -> None:
    spec = materials.bare_spec(read_signature(graph).hidden_size)
    with reading(materials, graph, spec) as reader:
        known = sample(trained, CENTROID_DOCUMENTS)
        outlier = fit_outliers(reader.pooled(known), [str(document.label) for document in known])
    with reading(materials, graph, replace(spec, outlier=outlier)) as reader:
        save_reads(folder / READS_FILE, list(reader.read(own, Counter("documents", materials.on_moment))))


@contextmanager
def reading(materials: Materials, graph: Path, spec: ModelSpec) -> Iterator[Reader]:
    """A reader over a graph, whose threads end with it."""
    inference = OnnxInference(graph, default_threads())
    try:
        yield Reader(materials.tokenizer, materials.windowing, inference, spec, materials.taught)
    finally:
        inference.close()

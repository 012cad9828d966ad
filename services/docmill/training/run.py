"""`docmill train run`: labelled documents to a bundle, stage by stage; what is in the cache is taken from there.

    gate -> corpus -> vocabulary -> teacher -> student (-> baseline) -> graphs
         -> what a student says of documents that it never saw -> calibration -> evaluation -> bundle

Imports torch; set the environment of its threads before (see `prepare_environment` of environment.py).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from docmill.bundle.bundle import Bundle
from docmill.bundle.manifest import GoldenEntry
from docmill.bundle.save import resave_bundle
from docmill.training import stages
from docmill.training.assemble import assemble
from docmill.training.cache import Cache, Result, file_digest
from docmill.training.card import model_card
from docmill.training.corpus import PARTS, part
from docmill.training.device import choose_device
from docmill.training.examples import ExampleMaker
from docmill.training.export import FP32_FILE
from docmill.training.finish import EVALUATION_FILE, read_evaluation, sample_texts
from docmill.training.fit import OnMoment
from docmill.training.materials import Materials, base_digest, base_folder
from docmill.training.model import trained_as
from docmill.training.recipe import Recipe
from docmill.training.sources import source_folders
from docmill.training.tokenizer import windowing
from docmill.training.training_set import read_training_set

BUNDLE_TOLERANCE = 0.02  # of a golden probability, between kinds of processors


@dataclass(frozen=True, slots=True)
class Task:
    """`recipe` as it is to be run, `recipe_path` its file, `data` the folder of sources, `samples` of golden texts."""

    recipe: Recipe
    recipe_path: Path
    data: Path
    samples: Path
    out: Path


@dataclass(frozen=True, slots=True)
class Made:
    """The bundle and the stages that a report may want to look into; `rows` are fp32 graphs by name."""

    bundle: Bundle
    materials: Materials
    graphs: Result
    rows: Mapping[str, Path]
    reads: Sequence[Result]


def train(task: Task, cache: Cache, on_moment: OnMoment) -> Made:
    """Make the bundle of a recipe.

    Raises:
        ConfigurationError: data, recipe or base model are not usable, or the quality gate refuses.
    """
    recipe = task.recipe
    data = source_folders(recipe, task.data, cache)
    files = {f"{s.name}/{name}": part(data, s.name, name) for s in recipe.sources for name in PARTS}
    digests = {name: file_digest(path) for name, path in files.items()}
    base = base_folder(recipe, task.recipe_path.parent)
    known_base = base_digest(base)
    cache.result(stages.gate(recipe, data, digests))
    corpus = cache.result(stages.corpus(recipe, data, digests))
    vocabulary = cache.result(stages.vocabulary(recipe, base, known_base, corpus))
    materials = materials_of(recipe, base, corpus, vocabulary, on_moment)
    inputs = {"base": known_base, "corpus": corpus.digest, "vocabulary": vocabulary.digest}
    if materials.held_out:
        inputs["held out"] = "the last fold"

    teacher = cache.result(stages.teacher(materials, inputs))
    student = cache.result(stages.student(materials, inputs, teacher))
    models = {"teacher": teacher, "student": student}
    if recipe.baseline is not None:
        models["baseline"] = cache.result(stages.baseline(materials, inputs, recipe.baseline))
    graphs = cache.result(stages.graphs(materials, inputs, student))
    reads = _reads(cache, materials, inputs, graphs)
    rows = {name: _fp32(cache, materials, name, model) for name, model in models.items() if name != "student"}
    rows["student"] = graphs.file(FP32_FILE)
    calibration = cache.result(stages.calibration(materials, inputs, reads, graphs))

    recipe_text = task.recipe_path.read_text(encoding="utf-8")
    trained = tuple(trained_as(result.folder) for result in (teacher, student))
    validation = [path for name, path in files.items() if name.endswith("/validation")]
    evaluation = cache.result(
        stages.evaluation(
            materials,
            recipe_text,
            graphs,
            calibration,
            trained,
            validation,
            {name: digest for name, digest in digests.items() if name.endswith("/validation")},
            sample_texts(task.samples),
        )
    )
    bundle = assemble(task.out, materials, recipe_text, graphs.folder, calibration.folder, trained)
    return Made(_finish(task, bundle, evaluation), materials, graphs, rows, reads)


def _reads(cache: Cache, materials: Materials, inputs: Mapping[str, str], graphs: Result) -> list[Result]:
    """Predictions for documents that the predicting student never saw."""
    if materials.held_out:
        return [cache.result(stages.held_out_reads(materials, inputs, graphs))]
    reads = []
    for fold in range(materials.recipe.out_of_fold.folds):
        of_fold = cache.result(stages.fold_student(materials, inputs, fold))
        reads.append(cache.result(stages.fold_reads(materials, inputs, fold, of_fold)))
    return reads


def materials_of(recipe: Recipe, base: Path, corpus: Result, vocabulary: Result, on_moment: OnMoment) -> Materials:
    """What the stages that train and read share."""
    documents = read_training_set(corpus.folder, [source.name for source in recipe.sources])
    last = recipe.out_of_fold.folds - 1
    held_out = documents.split(last)[1] if recipe.out_of_fold.tokens is None else []
    training = documents.without(last) if held_out else documents
    tokenizer = Tokenizer.from_file(str(vocabulary.file(stages.TOKENIZER_FILE)))
    windows = windowing(tokenizer, recipe.encoder)
    return Materials(
        recipe=recipe,
        training=training,
        held_out=held_out,
        labels=documents.labels,
        tokenizer=tokenizer,
        windowing=windows,
        kept=np.load(vocabulary.file(stages.KEPT_FILE)),
        base=base,
        make=ExampleMaker(recipe, documents.labels, tokenizer, windows),
        device=choose_device(),
        on_moment=on_moment,
    )


def _fp32(cache: Cache, materials: Materials, name: str, model: Result) -> Path:
    return cache.result(stages.fp32_graph(materials, name, model)).file(FP32_FILE)


def _finish(task: Task, bundle: Bundle, evaluation: Result) -> Bundle:
    """Add evaluation, golden documents and the card."""
    scores = read_evaluation(evaluation.file(EVALUATION_FILE))
    further = {
        EVALUATION_FILE: evaluation.file(EVALUATION_FILE).read_bytes(),
        "MODEL_CARD.md": model_card(bundle.manifest, scores, task.recipe.limits).encode(),
    }
    golden = evaluation.file(stages.GOLDEN_FILE)
    entry = None
    if golden.exists():
        further[stages.GOLDEN_FILE] = golden.read_bytes()
        entry = GoldenEntry(tolerance=BUNDLE_TOLERANCE)
    return resave_bundle(task.out, further, entry)

"""`docmill train run`: labelled documents to a bundle, stage by stage; what is in the cache is taken from there.

    gate -> corpus -> which documents are of other types -> vocabulary
         -> teacher -> student -> its type head, and words -> graphs
         -> what a student says of documents that it never saw -> calibration
         -> what all graphs say of validation documents -> evaluation -> bundle and report

`--study` adds models to evaluation, card and report alone: the teacher, and further students (study.py). Imports torch;
set the environment of its threads before (see `prepare_environment` of environment.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from docmill.bundle.bundle import Bundle
from docmill.bundle.manifest import MANIFEST_FILE, GoldenEntry
from docmill.bundle.save import check_place, resave_bundle
from docmill.errors import ConfigurationError
from docmill.training import closing_stages, stages
from docmill.training.assemble import assemble
from docmill.training.cache import Cache, Result, file_digest, unchanged
from docmill.training.card import model_card
from docmill.training.closing_stages import Calibrated, EvaluatedPoint, EvaluatedRow, Graph, Validation
from docmill.training.corpus import PARTS, load_part, part
from docmill.training.device import choose_device
from docmill.training.examples import ExampleMaker
from docmill.training.export import FP32_FILE, INT8_FILE
from docmill.training.finish import CARD_FILE, EVALUATION_FILE, REPORT_FILE, sample_texts
from docmill.training.fit import OnMoment
from docmill.training.materials import Materials, base_digest, base_folder
from docmill.training.model import trained_as
from docmill.training.recipe import Recipe
from docmill.training.recipe_stages import Schedule, Study
from docmill.training.report.compose import BASELINE, STUDENT, TEACHER
from docmill.training.report.content import Graph as Kind
from docmill.training.report.content import read_evaluation
from docmill.training.report.page import report_page
from docmill.training.report.speed import SPEED_FILE, read_speed
from docmill.training.row import read_rows
from docmill.training.sources import source_folders
from docmill.training.study import curve_samples, with_seed
from docmill.training.tokenizer import extended_tokenizer, windowing
from docmill.training.training_set import read_parts

BUNDLE_TOLERANCE = 0.02  # of a golden probability, between kinds of processors
GRAPHS: dict[Kind, str] = {"fp32": FP32_FILE, "int8": INT8_FILE}


@dataclass(frozen=True, slots=True)
class Task:
    """`recipe` as it is to be run, `data` the folder of sources, `samples` of golden texts.

    `recipe_path`: its file, and `recipe_text` what stood there when it was read, which goes into the bundle.
    `study`: also read validation with the teacher, and make what the recipe's section of that name asks for.
    """

    recipe: Recipe
    recipe_path: Path
    recipe_text: str
    data: Path
    samples: Path
    out: Path
    study: bool = False
    replaces: bool = True  # the bundle that lies at `out`, if there is one


@dataclass(frozen=True, slots=True)
class Made:
    """The bundle, and the page beside its evaluation.json that shows what that holds.

    `findings`: how many the quality gate had, by severity.
    """

    bundle: Bundle
    report: Path
    findings: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Trained:
    """A model as a row of the report."""

    model: str
    seed: int
    name: str  # of its stages
    result: Result


def train(task: Task, cache: Cache, on_moment: OnMoment) -> Made:
    """Make the bundle of a recipe, and its report.

    Raises:
        ConfigurationError: data, samples, recipe or base model are not usable, the quality gate refuses, data were
            edited meanwhile, or a bundle lies at `out` that is not to be replaced.
        BundleError: `out` holds something that is no bundle, or nothing can be written there.
    """
    check_place(task.out)
    recipe = task.recipe
    study = _study(task)
    base = base_folder(recipe, task.recipe_path.parent)
    known_base = base_digest(base)
    samples = sample_texts(task.samples, extended_tokenizer(base / stages.TOKENIZER_FILE))
    data = source_folders(recipe, task.data, cache)
    files = {f"{s.name}/{name}": part(data, s.name, name) for s in recipe.sources for name in PARTS}
    for path in files.values():
        if next(read_rows(path), None) is None:
            raise ConfigurationError(f"{path} holds no document: `docmill train import --validation` puts some aside")
    digests = {name: file_digest(path) for name, path in files.items()}
    gate = cache.result(unchanged(stages.gate(recipe, data, digests), files))
    corpus = cache.result(unchanged(stages.corpus(recipe, data, digests), files))
    others = cache.result(unchanged(stages.other_types(recipe, data, digests), files))
    vocabulary = cache.result(stages.vocabulary(recipe, base, known_base, corpus))
    materials = materials_of(recipe, base, corpus, vocabulary, on_moment)
    inputs = {"base": known_base, "corpus": corpus.digest, "vocabulary": vocabulary.digest}
    if recipe.out_of_fold.tokens is None:
        inputs["held out"] = "the last fold"

    teacher = cache.result(stages.teacher(materials, inputs))
    student = cache.result(stages.student(materials, inputs, teacher))
    graphs = cache.result(stages.graphs(materials, inputs, _settled(cache, materials, inputs, STUDENT, student)))
    reads = _reads(cache, materials, inputs, graphs)
    made = Calibrated(graphs, cache.result(stages.calibration(materials, inputs, reads, graphs, others)))

    trained = tuple(trained_as(result.folder) for result in (teacher, student))
    validation = Validation(
        files={name: path for name, path in files.items() if name.endswith("/validation")},
        digests={name: digest for name, digest in digests.items() if name.endswith("/validation")},
        documents=lambda: [d for source in recipe.sources for d in load_part(data, source, "validation", recipe)],
    )
    reader = _Reader(cache, materials, inputs, made, validation)
    rows = [reader.row(found) for found in _study_models(cache, materials, inputs, teacher, study)]
    rows += [reader.shipped(kind, file, trained[-1].tokens) for kind, file in GRAPHS.items()]
    curve = _curve(reader, study)
    agreement = cache.result(closing_stages.agreement(materials, inputs, graphs, validation))
    evaluation = cache.result(closing_stages.evaluation(materials, made, rows, curve, agreement, validation))
    golden = cache.result(closing_stages.golden(materials, made, samples))
    speed = cache.result(closing_stages.speed(materials, made, validation))

    if not task.replaces and (task.out / MANIFEST_FILE).exists():  # at the beginning it did not
        raise ConfigurationError(
            f"{task.out} has become a bundle meanwhile: run this again with --out, which finds all stages in the cache"
        )
    bundle = assemble(task.out, materials, task.recipe_text, graphs.folder, made.calibration.folder, trained)
    made_of = _finish(task, bundle, evaluation, golden, speed)
    return Made(*made_of, stages.findings_of(gate))


@dataclass(frozen=True, slots=True)
class _Reader:
    """Has graphs read the validation documents."""

    cache: Cache
    materials: Materials
    inputs: Mapping[str, str]
    made: Calibrated
    validation: Validation

    def opinions(self, graph: Graph) -> Result:
        return self.cache.result(
            closing_stages.opinions(self.materials, self.inputs, graph, self.made, self.validation)
        )

    def settled(self, name: str, model: Result) -> Result:
        return _settled(self.cache, self.materials, self.inputs, name, model)

    def fp32(self, name: str, model: Result) -> Graph:
        result = self.cache.result(stages.fp32_graph(self.materials, name, model))
        return Graph(name, result.file(FP32_FILE), result.digest)

    def row(self, trained: Trained) -> EvaluatedRow:
        """The row of a model that is not shipped."""
        opinions = self.opinions(self.fp32(trained.name, self.settled(trained.name, trained.result)))
        tokens = trained_as(trained.result.folder).tokens
        return EvaluatedRow(trained.model, "fp32", trained.seed, tokens, opinions)

    def shipped(self, kind: Kind, file: str, tokens: int) -> EvaluatedRow:
        """The row of one of the student's own graphs."""
        graphs = self.made.graphs
        graph = Graph(f"{STUDENT}-{kind}", graphs.file(file), graphs.digest)
        return EvaluatedRow(STUDENT, kind, self.materials.recipe.seed, tokens, self.opinions(graph))


def _study(task: Task) -> Study | None:
    """What is to be made beside the bundle; None: nothing."""
    if not task.study:
        return None
    if task.recipe.study is None:
        raise ConfigurationError(f"recipe {task.recipe_path} has no section [study], which --study is to make")
    return task.recipe.study


def _study_models(
    cache: Cache, materials: Materials, inputs: Mapping[str, str], teacher: Result, study: Study | None
) -> list[Trained]:
    """Teacher, baseline, and students and baselines of further seeds; all students learn from the one teacher.

    The teacher is among them since its type head and its reading of validation take twelve minutes more (mailroom-en).
    """
    if study is None:
        return []
    seed = materials.recipe.seed
    found = [Trained(TEACHER, seed, TEACHER, teacher)]
    if study.baseline is not None:
        result = cache.result(stages.baseline(materials, inputs, study.baseline))
        found.append(Trained(BASELINE, seed, BASELINE, result))
    for further in (other for other in study.seeds if other != seed):
        seeded = with_seed(materials, further)
        name = f"{STUDENT}-seed-{further}"
        found.append(Trained(STUDENT, further, name, cache.result(stages.student(seeded, inputs, teacher, name))))
        if study.baseline is not None:
            name = f"{BASELINE}-seed-{further}"
            result = cache.result(stages.baseline(seeded, inputs, study.baseline, name))
            found.append(Trained(BASELINE, further, name, result))
    return found


def _curve(reader: _Reader, study: Study | None) -> list[EvaluatedPoint]:
    """Students without a teacher on ever more documents, at the baseline's rates, else at the student's.

    On all of them that is the baseline, where there is one: few documents are learnt by heart long before it ends.
    """
    if study is None or study.curve_tokens is None:
        return []
    rates = study.baseline or reader.materials.recipe.student
    few = Schedule(tokens=study.curve_tokens, **rates.model_dump(include={"encoder_lr", "head_lr", "frozen_layers"}))
    points = []
    for sample in curve_samples(reader.materials.training, study.curve):
        baseline = study.baseline if sample.is_all else None
        name, schedule = (f"curve-{sample.documents}", few) if baseline is None else (BASELINE, baseline)
        of_sample = replace(reader.materials, training=sample.training)
        result = reader.cache.result(stages.baseline(of_sample, reader.inputs, schedule, name))
        settled = replace(reader, materials=of_sample).settled(name, result)
        opinions = reader.opinions(reader.fp32(name, settled))
        points.append(EvaluatedPoint(sample.documents, schedule.tokens, sample.is_all, opinions))
    return points


def _reads(cache: Cache, materials: Materials, inputs: Mapping[str, str], graphs: Result) -> list[Result]:
    """Predictions for documents that the predicting student never saw."""
    if materials.recipe.out_of_fold.tokens is None:
        return [cache.result(stages.held_out_reads(materials, inputs, graphs))]
    reads = []
    for fold in range(materials.recipe.out_of_fold.folds):
        of_fold = cache.result(stages.fold_student(materials, inputs, fold))
        others = replace(materials, training=materials.training.without(fold))
        settled = _settled(cache, others, inputs, f"fold-{fold}", of_fold)
        reads.append(cache.result(stages.fold_reads(materials, inputs, fold, settled)))
    return reads


def _settled(cache: Cache, materials: Materials, inputs: Mapping[str, str], name: str, model: Result) -> Result:
    """A trained model whose type head has seen its training documents whole, and their words."""
    headed = cache.result(stages.type_head(materials, inputs, name, model))
    words = cache.result(stages.words(materials, inputs))
    return cache.result(stages.type_words(name, headed, words))


def materials_of(recipe: Recipe, base: Path, corpus: Result, vocabulary: Result, on_moment: OnMoment) -> Materials:
    """What the stages that train and read share."""
    parts = read_parts(corpus.folder, recipe)
    tokenizer = Tokenizer.from_file(str(vocabulary.file(stages.TOKENIZER_FILE)))
    windows = windowing(tokenizer, recipe.encoder)
    return Materials(
        recipe=recipe,
        training=parts.training,
        held_out=parts.held_out,
        labels=parts.labels,
        tokenizer=tokenizer,
        windowing=windows,
        kept=np.load(vocabulary.file(stages.KEPT_FILE)),
        base=base,
        make=ExampleMaker(recipe, parts.labels, tokenizer, windows),
        device=choose_device(),
        on_moment=on_moment,
    )


def _finish(task: Task, bundle: Bundle, evaluation: Result, golden: Result, speed: Result) -> tuple[Bundle, Path]:
    """Add evaluation, golden documents and the card to the bundle; and the report, which is no part of it."""
    path = evaluation.file(EVALUATION_FILE)
    scores = read_evaluation(path)
    further = {
        EVALUATION_FILE: path.read_bytes(),
        CARD_FILE: model_card(bundle.manifest, scores, task.recipe.limits).encode(),
    }
    rows = golden.file(closing_stages.GOLDEN_FILE)
    entry = None
    if rows.exists():
        further[closing_stages.GOLDEN_FILE] = rows.read_bytes()
        entry = GoldenEntry(tolerance=BUNDLE_TOLERANCE)
    complete = resave_bundle(task.out, further, entry)
    page = report_page(complete.manifest, scores, task.recipe.limits, read_speed(speed.file(SPEED_FILE)))
    report = task.out / REPORT_FILE
    report.write_text(page, encoding="utf-8")
    return complete, report

"""The stages that make a model: what each depends on, and the version of its code. Does not know their order.

Raise a version when the same inputs come to give another result: what was cached before is then made anew. Stages that
read documents depend on the code that reads them, too; those that train do not, since they are dear.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from docmill import evaluation as evaluation_code
from docmill import pipeline, runtime
from docmill.errors import ConfigurationError
from docmill.pipeline import window
from docmill.training.cache import Result, Stage, code_digest, file_digest
from docmill.training.calibrate import make_calibration
from docmill.training.corpus import Places, load_corpus
from docmill.training.export import INT8_FILE, make_fp32_graph, make_graphs
from docmill.training.last_head import make_type_head
from docmill.training.materials import Materials, training_section
from docmill.training.other_types import write_other_types
from docmill.training.out_of_fold import make_fold_student, make_held_out_reads, make_reads
from docmill.training.quality_gate import QualityReport, check_corpus, report_json
from docmill.training.recipe import Recipe
from docmill.training.recipe_stages import Schedule
from docmill.training.student import make_student, make_untaught
from docmill.training.teacher import make_teacher
from docmill.training.tokenizer import extended_tokenizer
from docmill.training.training_set import read_parts, write_training_set
from docmill.training.type_words import make_type_words, make_words
from docmill.training.vocabulary import prune, used_ids

QUALITY_FILE = "quality.json"
TOKENIZER_FILE, KEPT_FILE = "tokenizer.json", "kept.npy"
# Of the code that runs here, as it is imported: a stage may be reached an hour after somebody edited a file of it.
PIPELINE, EVALUATION, RUNTIME = (code_digest(package) for package in (pipeline, evaluation_code, runtime))
WINDOW = file_digest(Path(str(window.__file__)))
DRAWING = 8  # version of how examples are made and drawn, and of the training loop: of every stage that trains


def gate(recipe: Recipe, data: Places, data_digests: Mapping[str, str]) -> Stage:
    """The quality gate. Refuses a corpus that it would be pointless to train on."""

    def make(folder: Path) -> None:
        report = check_corpus(load_corpus(data, recipe), recipe)
        (folder / QUALITY_FILE).write_text(json.dumps(report_json(report), indent=1) + "\n", encoding="utf-8")
        if report.is_refused:
            raise ConfigurationError(refusal(report))

    section = {**_corpus_section(recipe), "seed": recipe.seed, "values": values_digest()}
    return Stage("gate", 2, section, data_digests, make)


def findings_of(gate_result: Result) -> Mapping[str, int]:
    """How many findings the gate had, by severity."""
    counts: dict[str, int] = json.loads(gate_result.file(QUALITY_FILE).read_text(encoding="utf-8"))["counts"]
    return counts


def corpus(recipe: Recipe, data: Places, data_digests: Mapping[str, str]) -> Stage:
    """The training documents, mapped, without copies of validation documents, in folds."""

    def make(folder: Path) -> None:
        write_training_set(load_corpus(data, recipe), recipe.out_of_fold, folder)

    out_of_fold = recipe.out_of_fold
    section = {**_corpus_section(recipe), "folds": out_of_fold.folds, "held out": out_of_fold.tokens is None}
    if any(source.values_decide for source in recipe.sources):
        section["values"] = values_digest()
    return Stage("corpus", 4, section, data_digests, make)


def other_types(recipe: Recipe, data: Places, data_digests: Mapping[str, str]) -> Stage:
    """Which training documents are of types that the recipe unlabels. Calibration alone depends on it."""

    def make(folder: Path) -> None:
        write_other_types(load_corpus(data, recipe), recipe, folder)

    return Stage("other-types", 1, _corpus_section(recipe), data_digests, make)


def vocabulary(recipe: Recipe, base: Path, base_digest: str, corpus_result: Result) -> Stage:
    """The tokenizer that all models share."""

    def make(folder: Path) -> None:
        tokenizer = extended_tokenizer(base / TOKENIZER_FILE)
        documents = read_parts(corpus_result.folder, recipe).training.all
        pruned = prune(tokenizer, used_ids(tokenizer, (d.text for d in documents)), recipe.vocabulary.most_frequent)
        (folder / TOKENIZER_FILE).write_text(pruned.tokenizer, encoding="utf-8")
        np.save(folder / KEPT_FILE, pruned.kept)

    section = {**recipe.vocabulary.model_dump(mode="json"), "held out": recipe.out_of_fold.tokens is None}
    return Stage("vocabulary", 2, section, {"base": base_digest, "corpus": corpus_result.digest}, make)


def teacher(materials: Materials, inputs: Mapping[str, str]) -> Stage:
    """The whole base model, told by labels."""
    section = {**training_section(materials.recipe), "teacher": materials.recipe.teacher.model_dump(mode="json")}
    return Stage("teacher", DRAWING, section, inputs, lambda folder: make_teacher(materials, folder))


def student(materials: Materials, inputs: Mapping[str, str], teacher_result: Result, name: str = "student") -> Stage:
    """Some of the teacher's layers, told by labels and by it."""
    section = {**training_section(materials.recipe), "student": materials.recipe.student.model_dump(mode="json")}
    return Stage(
        name,
        DRAWING,
        section,
        {**inputs, "teacher": teacher_result.digest},
        lambda folder: make_student(materials, teacher_result.folder, folder),
    )


def baseline(materials: Materials, inputs: Mapping[str, str], schedule: Schedule, name: str = "baseline") -> Stage:
    """The same student without a teacher, on the training documents of `materials`.

    The name is part of what the result depends on, as is the number of documents where it is in the name.
    """
    documents = materials.training.documents
    return Stage(
        name,
        DRAWING,
        {**_untaught_section(materials.recipe), "schedule": schedule.model_dump(mode="json")},
        inputs,
        lambda folder: make_untaught(materials, documents, schedule, "baseline", folder),
    )


def type_head(materials: Materials, inputs: Mapping[str, str], name: str, model: Result) -> Stage:
    """A model with its type head fitted to whole documents: those of `materials`, on which it was trained.

    The version is of last_head.py, whole_documents.py, and what these take from first_heads.py and labels_loss.py.
    """
    return Stage(
        f"{name}-type-head",
        3,
        _cutting_section(materials.recipe),
        {**inputs, "model": model.digest},
        lambda folder: make_type_head(materials, model.folder, folder),
    )


def words(materials: Materials, inputs: Mapping[str, str]) -> Stage:
    """What tokens by themselves say of the type, learnt from documents of `materials`.

    The version is of type_words.py, whole_documents.py, and what these take from labels_loss.py.
    """
    return Stage(
        "words",
        1,
        _cutting_section(materials.recipe),
        {**inputs, "documents": materials.training.digest},
        lambda folder: make_words(materials, folder),
    )


def type_words(name: str, model: Result, words_result: Result) -> Stage:
    """A model that also heeds the words. The version is of type_words.py."""
    return Stage(
        f"{name}-type-words",
        2,
        {},
        {"model": model.digest, "words": words_result.digest},
        lambda folder: make_type_words(model.folder, words_result.folder, folder),
    )


def fold_student(materials: Materials, inputs: Mapping[str, str], fold: int) -> Stage:
    """The student that never saw one fold."""
    recipe = materials.recipe
    rates = recipe.student.model_dump(mode="json", include={"encoder_lr", "head_lr"})
    if recipe.student.frozen_layers:  # what was cached before folds heeded it had none
        rates["frozen_layers"] = recipe.student.frozen_layers
    section = {**_untaught_section(recipe), **rates, "tokens": recipe.out_of_fold.tokens, "fold": fold}
    return Stage(f"fold-{fold}", DRAWING, section, inputs, lambda folder: make_fold_student(materials, fold, folder))


def fold_reads(materials: Materials, inputs: Mapping[str, str], fold: int, model: Result) -> Stage:
    """What that student says of its fold."""
    section = {
        "int8": materials.recipe.int8.model_dump(mode="json"),
        "builder": RUNTIME,
        "fold": fold,
        **reading_section(materials.recipe),
    }
    return Stage(
        f"fold-{fold}-reads",
        1,
        section,
        {**inputs, "model": model.digest},
        lambda folder: make_reads(materials, fold, model.folder, folder),
    )


def held_out_reads(materials: Materials, inputs: Mapping[str, str], graphs_result: Result) -> Stage:
    """What the shipped student says of the fold that nothing is trained on."""
    return Stage(
        "held-out-reads",
        1,
        reading_section(materials.recipe),
        {**inputs, "graphs": graphs_result.digest},
        lambda folder: make_held_out_reads(materials, graphs_result.file(INT8_FILE), folder),
    )


def graphs(materials: Materials, inputs: Mapping[str, str], student_result: Result) -> Stage:
    """The student as ONNX, fp32 and int8."""
    section = {
        "int8": materials.recipe.int8.model_dump(mode="json"),
        "seed": materials.recipe.seed,
        "builder": RUNTIME,
    }
    return Stage(
        "graphs",
        1,
        {**section, **reading_section(materials.recipe)},
        {**inputs, "model": student_result.digest},
        lambda folder: make_graphs(materials, student_result.folder, folder),
    )


def fp32_graph(materials: Materials, name: str, model: Result) -> Stage:
    """Another model as fp32 ONNX, to be evaluated beside the student."""
    section = {"max_tokens": materials.recipe.encoder.max_tokens, "builder": RUNTIME}
    return Stage(
        f"{name}-graph",
        1,
        section,
        {"model": model.digest},
        lambda folder: make_fp32_graph(materials, model.folder, folder),
    )


def calibration(
    materials: Materials, inputs: Mapping[str, str], reads: Sequence[Result], graphs_result: Result, others: Result
) -> Stage:
    """Temperatures, biases, thresholds, vetoes and outlier statistics."""
    recipe = materials.recipe
    of_reads = {f"reads {fold}": result.digest for fold, result in enumerate(reads)}
    judged = recipe.model_dump(mode="json", include={"fields", "groups", "policy"})
    judged["uncertifying"] = sorted(recipe.uncertifying)
    return Stage(
        "calibration",
        9,
        {**reading_section(recipe), "judged": judged, "seed": recipe.seed, "judge": EVALUATION},
        {**inputs, **of_reads, "graphs": graphs_result.digest, "other types": others.digest},
        lambda folder: make_calibration(
            materials, [r.folder for r in reads], graphs_result.folder, others.folder, folder
        ),
    )


def refusal(report: QualityReport) -> str:
    """The gate's reasons in one message."""
    refused = [finding for finding in report.findings if finding.severity.value == "refuse"]
    lines = [f"{finding.where + ': ' if finding.where else ''}{finding.count} {finding.what}" for finding in refused]
    return "\n  ".join(["the quality gate refuses the corpus:", *lines, "`docmill train check` says more"])


def _corpus_section(recipe: Recipe) -> dict[str, Any]:
    """What of a recipe decides which documents there are and what they are labelled."""
    section = recipe.model_dump(mode="json", include={"groups", "fields", "sources", "labels", "languages"})
    for field in section["fields"].values():
        for of_reading in ("min_confidence", "joined", "nested", "within_column", "exclusive"):
            del field[of_reading]
    windows = {"head_windows", "head_drawn", "entity_windows", "other_windows"}
    others = {"share", "per_label", "augment", "certifies", *windows}
    sources = [{key: value for key, value in source.items() if key not in others} for source in section["sources"]]
    return {**section, "sources": sources}


def values_digest() -> list[str]:
    """What decides whether a text is a value. Where it changes and documents do not, training is not made anew."""
    return [EVALUATION, PIPELINE]


def _untaught_section(recipe: Recipe) -> dict[str, Any]:
    return {**training_section(recipe), "layers": list(recipe.student.layers)}


def reading_section(recipe: Recipe) -> dict[str, Any]:
    """What decides how documents are cut and which fields are read."""
    section = training_section(recipe)
    own = {key: section[key] for key in ("encoder", "fields", "groups", "sources")}
    return {**own, "code": PIPELINE}


def _cutting_section(recipe: Recipe) -> dict[str, Any]:
    """What decides how documents are cut."""
    return {"encoder": recipe.encoder.model_dump(mode="json"), "code": WINDOW}

"""Which way to out-of-fold predictions is sound? Measured against documents that nothing has seen (extra [train]).

A quarter of the training documents is put aside first and never trained on: the truth. On the rest a teacher and its
student are trained, and out-of-fold predictions are made in four ways:

    in-sample    the student reads the documents that it was trained on: what all of this is to avoid
    heads        the student's trunk, frozen; new heads for each of three folds (the trunk has seen the labels)
    last layer   likewise, with a new last layer
    students     a student without a teacher for each fold, from the base model: what `docmill train run` does where
                 the recipe's [out_of_fold] has `tokens` (without, it holds out a fold, as the truth is held out here)

Each way yields temperatures, biases and certified thresholds. They are put on the student, and the truth says how
precise it is where they accept it.

    python -m load_tests.out_of_fold recipes/mailroom-en.toml --data $DOCMILL_DATA --work DIR  # a table, and JSON
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence, Set
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from docmill.training.environment import prepare_environment

prepare_environment()

from rich.console import Console  # noqa: E402

from docmill.pipeline.decode import read_off  # noqa: E402
from docmill.pipeline.types import ModelSpec  # noqa: E402
from docmill.training import stages  # noqa: E402
from docmill.training.cache import Cache, Result, Stage, file_digest  # noqa: E402
from docmill.training.calibration import (  # noqa: E402
    certificates,
    field_decisions,
    threshold,
)
from docmill.training.corpus import PARTS, LabelledDocument, part  # noqa: E402
from docmill.training.cross_fit import cross_fitted, fitted_on  # noqa: E402
from docmill.training.export import graph_config, int8_graph, weights_of  # noqa: E402
from docmill.training.fit import fit, seed_of  # noqa: E402
from docmill.training.folds import assign_folds  # noqa: E402
from docmill.training.labels_loss import LabelsLoss, class_weights  # noqa: E402
from docmill.training.materials import Materials, base_digest, base_folder, training_section  # noqa: E402
from docmill.training.model import JointModel, initial_model, load_model, student_of  # noqa: E402
from docmill.training.other_types import read_other_types  # noqa: E402
from docmill.training.out_of_fold import READS_FILE, reading  # noqa: E402
from docmill.training.progress import Counter, Telling  # noqa: E402
from docmill.training.reading import Read, load_reads, save_reads  # noqa: E402
from docmill.training.recipe import load_recipe  # noqa: E402
from docmill.training.recipe_stages import OutOfFold, Schedule  # noqa: E402
from docmill.training.run import materials_of  # noqa: E402
from docmill.training.sources import source_folders  # noqa: E402
from docmill.training.tokenizer import extended_tokenizer, initial_ids  # noqa: E402
from docmill.training.training_set import TrainingSet  # noqa: E402

FOLDS = 3
TRUTH = FOLDS  # one more part, of a quarter
PER_LABEL = 150  # documents of a label and source that take part: this is to be quick
FROZEN_SHARE = 0.5  # of a fold student's tokens, for new heads on a frozen trunk
BINS = 10


def main() -> None:
    """Train, read, compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True, help="cache of the stages, and result.json")
    parser.add_argument("--budget", type=float, default=1.0)
    parser.add_argument("--fold-tokens", type=int, default=500_000, help="of each fold's student, before --budget")
    args = parser.parse_args()
    of_folds = OutOfFold(folds=FOLDS, tokens=args.fold_tokens)
    recipe = load_recipe(args.recipe).model_copy(update={"out_of_fold": of_folds}).scaled(args.budget)
    with Telling(Console(stderr=True, highlight=False)) as telling:
        cache = Cache(args.work / "cache", telling.on_stage)
        data = source_folders(recipe, args.data, cache)
        files = {f"{s.name}/{name}": part(data, s.name, name) for s in recipe.sources for name in PARTS}
        digests = {name: file_digest(path) for name, path in files.items()}
        base = base_folder(recipe, args.recipe.parent)
        corpus = cache.result(stages.corpus(recipe, data, digests))
        others = read_other_types(cache.result(stages.other_types(recipe, data, digests)).folder)
        vocabulary = cache.result(stages.vocabulary(recipe, base, base_digest(base), corpus))
        materials = materials_of(recipe, base, corpus, vocabulary, telling.on_moment)
        seen, truth = _set_aside(materials.training)
        materials = replace(materials, training=seen)
        inputs = {"corpus": corpus.digest, "vocabulary": vocabulary.digest, "part": f"three quarters of {PER_LABEL}"}
        teacher = cache.result(stages.teacher(materials, inputs))
        student = cache.result(stages.student(materials, inputs, teacher))
        on_truth = _read(cache, materials, "truth", student, truth)
        ways = {"in-sample": _read(cache, materials, "in-sample", student, seen.all)}
        for way, layers in (("heads", 0), ("last layer", 1)):
            ways[way] = _by_fold(cache, materials, way, partial(_frozen, materials, student, layers))
        ways["students"] = _by_fold(
            cache, materials, "students", lambda fold: stages.fold_student(materials, inputs, fold)
        )
    rows = {way: _row(materials, reads, on_truth, others) for way, reads in ways.items()}
    rows["truth itself"] = _row(materials, on_truth, on_truth, others)
    (args.work / "result.json").write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    json.dump(rows, sys.stdout, indent=1)


def _set_aside(training: TrainingSet) -> tuple[TrainingSet, list[LabelledDocument]]:
    """(three quarters in three folds, one quarter), near-duplicates together, so many documents of a label at most."""
    documents: dict[str, list[LabelledDocument]] = {}
    for source, of_source in training.documents.items():
        counts: dict[str | None, int] = {}
        kept = []
        for document in of_source:
            counts[document.label] = counts.get(document.label, 0) + 1
            limit = PER_LABEL if len({d.label for d in of_source}) > 1 else 10 * PER_LABEL
            if counts[document.label] <= limit:
                kept.append(document)
        documents[source] = kept
    folds = assign_folds([d for of_source in documents.values() for d in of_source], {}, FOLDS + 1)
    seen = {name: [d for d in of_source if folds[d.id] != TRUTH] for name, of_source in documents.items()}
    truth = [d for of_source in documents.values() for d in of_source if folds[d.id] == TRUTH]
    return TrainingSet(seen, folds), truth


def _frozen(materials: Materials, student: Result, layers: int, fold: int) -> Stage:
    """New heads, and so many new last layers, on the student's trunk, trained on the other folds."""
    recipe, device = materials.recipe, materials.device
    name = f"{layers} new layers {fold}"
    fold_tokens = recipe.out_of_fold.tokens
    assert fold_tokens is not None  # `main` has said how many

    def make(folder: Path) -> None:
        trunk = load_model(student.folder)
        fresh = initial_model(
            materials.base,
            recipe.student.layers,
            len(materials.labels),
            len(recipe.fields),
            initial_ids=initial_ids(extended_tokenizer(materials.base / "tokenizer.json")),
            kept=materials.kept,
            dropout=recipe.training.dropout,
            seed=seed_of(materials.seed(name)),
        )
        model = _with_new(trunk, fresh, layers, recipe.training.dropout)
        others, _ = materials.training.split(fold)
        weights = class_weights(materials.training.all, len(materials.labels), materials.make)
        tokens = max(recipe.training.tokens_per_step, round(FROZEN_SHARE * fold_tokens))
        schedule = Schedule(tokens=tokens, encoder_lr=recipe.student.encoder_lr, head_lr=recipe.student.head_lr)
        course = materials.course(others, tokens, name)
        loss = LabelsLoss(recipe.training, weights.to(device.torch))
        seed, trained = materials.seed(name), materials.trained(name, course)
        fit(model, course, loss, schedule, device, folder, seed, materials.on_moment, trained)

    section = {**training_section(recipe), "tokens": recipe.out_of_fold.tokens, "layers": layers, "fold": fold}
    return Stage("frozen", 1, section, {"student": student.digest}, make)


def _with_new(trunk: JointModel, fresh: JointModel, layers: int, dropout: float) -> JointModel:
    """The trunk with the fresh model's heads and last layers; the rest is frozen."""
    count = trunk.encoder.config.num_hidden_layers
    model = student_of(trunk, tuple(range(count)), dropout)
    for parameter in model.encoder.parameters():
        parameter.requires_grad_(requires_grad=False)
    for index in range(count - layers, count):
        model.encoder.encoder.layer[index].load_state_dict(fresh.encoder.encoder.layer[index].state_dict())
        for parameter in model.encoder.encoder.layer[index].parameters():
            parameter.requires_grad_(requires_grad=True)
    model.type_head.load_state_dict(fresh.type_head.state_dict())
    model.tag_head.load_state_dict(fresh.tag_head.state_dict())
    return model


def _by_fold(cache: Cache, materials: Materials, way: str, stage: Callable[[int], Stage]) -> list[Read]:
    """What a model for each fold says of it."""
    reads: list[Read] = []
    for fold in range(FOLDS):
        model = cache.result(stage(fold))
        _, own = materials.training.split(fold)
        reads += _read(cache, materials, f"{way} {fold}", model, own)
    return reads


def _read(
    cache: Cache, materials: Materials, name: str, model: Result, documents: Sequence[LabelledDocument]
) -> list[Read]:
    """Documents through the int8 graph of a model."""

    def make(folder: Path) -> None:
        loaded = load_model(model.folder)
        spec = materials.bare_spec(loaded.encoder.config.hidden_size)
        graph = int8_graph(weights_of(loaded), graph_config(loaded, materials), materials, materials.training.all)
        with TemporaryDirectory() as temporary:
            path = Path(temporary) / "model.onnx"
            path.write_bytes(graph)
            with reading(materials, path, spec) as reader:
                reads = list(reader.read(documents, Counter("documents", materials.on_moment)))
        save_reads(folder / READS_FILE, reads)

    ids = sorted(document.id for document in documents)
    result = cache.result(Stage(name.replace(" ", "-"), 1, {"ids": ids}, {"model": model.digest}, make))
    return load_reads(result.file(READS_FILE), documents, materials.tokenizer, materials.windowing, materials.taught)


def _row(materials: Materials, reads: Sequence[Read], truth: Sequence[Read], others: Set[str]) -> dict[str, Any]:
    """What a way says of itself, and how its calibration and thresholds do on the truth.

    `others`: documents of types that the recipe unlabels, whose types are wrong on both sides.
    """
    bare = materials.bare_spec(1)
    policy = materials.recipe.policy
    fitted = fitted_on(reads, bare)
    spec = replace(fitted.on(bare), outlier=bare.outlier)
    decided = cross_fitted(reads, bare, materials.recipe.seed, materials.recipe.uncertifying, others)
    certified, _ = certificates(decided, policy)
    row: dict[str, Any] = {
        "temperatures": [round(spec.type_temperature, 2), round(spec.tag_temperature, 2)],
        "biases": {name: round(bias, 2) for name, bias in fitted.biases.items()},
    }
    for group in materials.recipe.groups:
        for what in ("type", "field"):
            own, true = (_decisions(of, spec, group, what, others) for of in (reads, truth))
            if not len(own) or not len(true):
                continue
            entry: dict[str, Any] = {
                "own accuracy": _round(own[:, 1].mean()),
                "true accuracy": _round(true[:, 1].mean()),
                "true mean score": _round(true[:, 0].mean()),
                "true ece": _round(_ece(true)),
            }
            for target in (0.90, 0.95):
                least = threshold(certified, group, what, target)
                if least is not None:
                    accepted = true[true[:, 0] >= least]
                    entry[f"at {target}"] = {
                        "threshold": _round(least),
                        "true accepted": len(accepted),
                        "of": len(true),
                        "true precision": _round(accepted[:, 1].mean()) if len(accepted) else None,
                    }
            row[f"{group} {what}"] = entry
    return row


def _decisions(reads: Sequence[Read], spec: ModelSpec, group: str, what: str, others: Set[str]) -> np.ndarray[Any, Any]:
    """[N, 2]: score, whether right."""
    own = [
        (read, read_off(read.document.text, read.tokens, read.merged, spec))
        for read in reads
        if read.document.label is not None or read.document.id in others
    ]
    own = [(read, prediction) for read, prediction in own if spec.group_of(prediction.label).name == group]
    if what == "type":
        found = [(p.probability, p.label == read.document.label) for read, p in own]
    else:
        fields = spec.groups[group].required or spec.groups[group].fields
        found = [(score, right) for name in fields for _, score, right in field_decisions(own, [name], group, spec)]
    return np.array(found, dtype=np.float64).reshape(-1, 2)


def _ece(decisions: np.ndarray[Any, Any]) -> float:
    """Expected calibration error over equally filled bins."""
    ordered = decisions[np.argsort(decisions[:, 0])]
    parts = np.array_split(ordered, BINS)
    return float(sum(len(p) * abs(p[:, 0].mean() - p[:, 1].mean()) for p in parts if len(p)) / len(ordered))


def _round(value: float) -> float:
    return round(float(value), 3)


if __name__ == "__main__":
    main()

"""One trial: a student without a teacher is trained, and reads documents that it was not trained on."""

import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from docmill.evaluation.counts import comparable, gold_comparable, in_terms_of
from docmill.evaluation.metrics import macro_f1, point
from docmill.pipeline.decode import read_off
from docmill.pipeline.types import FieldSpec, ModelSpec, Prediction
from docmill.pipeline.window import TextTokenizer, TokenEncoding
from docmill.runtime.session import read_signature
from docmill.training.corpus import LabelledDocument
from docmill.training.examples import ExampleMaker
from docmill.training.export import FP32_FILE, make_fp32_graph
from docmill.training.materials import Materials
from docmill.training.out_of_fold import reading
from docmill.training.progress import Counter, Telling
from docmill.training.reading import Read
from docmill.training.recipe_stages import Schedule
from docmill.training.student import make_untaught
from docmill.training.training_set import TrainingSet
from load_tests.trial_parts.records import Measured, SourceScores

STAGE = "trial"  # part of the seed of all draws: trials of one seed draw alike
BLANKS = str.maketrans("\n\t", "  ")


@dataclass(frozen=True, slots=True)
class LayoutAsBlanks:
    """A tokenizer that takes line breaks and tabs for blanks; offsets are those of the text as it is."""

    tokenizer: TextTokenizer

    def encode(self, text: str, *, add_special_tokens: bool) -> TokenEncoding:
        return self.tokenizer.encode(text.translate(BLANKS), add_special_tokens=add_special_tokens)

    def token_to_id(self, token: str) -> int | None:
        return self.tokenizer.token_to_id(token)


def trial_materials(
    materials: Materials, training: TrainingSet, *, layout_tokens: bool, bf16: bool = True
) -> Materials:
    """Materials with less to train on, without tokens of line breaks and tabs or in fp32 where that is tried."""
    if not bf16:
        materials = replace(materials, device=materials.device.in_fp32())
    if layout_tokens:
        return replace(materials, training=training)
    tokenizer: Any = LayoutAsBlanks(materials.tokenizer)  # nothing more is called of it where texts are cut
    make = ExampleMaker(materials.recipe, materials.labels, tokenizer, materials.windowing)
    return replace(materials, training=training, tokenizer=tokenizer, make=make)


def train_and_read(
    materials: Materials, schedule: Schedule, documents: Sequence[LabelledDocument], name: str, telling: Telling
) -> Measured:
    """Train on all documents of `materials`, read `documents` with the fp32 graph, count.

    Nothing is calibrated: values are read off as in the product, at temperature 1.
    """
    telling.begin(f"{name}: cut texts")
    course = materials.course(materials.training.documents, schedule.tokens, STAGE)  # the one that training takes
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        telling.begin(f"{name}: train")
        began_s = time.monotonic()
        make_untaught(materials, materials.training.documents, schedule, STAGE, folder)
        trained_s = time.monotonic()
        telling.begin(f"{name}: read")
        make_fp32_graph(materials, folder, folder)
        graph = folder / FP32_FILE
        spec = materials.bare_spec(read_signature(graph).hidden_size)
        with reading(materials, graph, spec) as reader:
            reads = list(reader.read(documents, Counter("documents", materials.on_moment)))
        sources = score(reads, spec)
        read_s = time.monotonic() - trained_s
    return Measured(
        steps=len(course),
        tokens=course.tokens,
        train_s=round(trained_s - began_s, 1),
        read_s=round(read_s, 1),
        device=materials.device.name,
        sources=sources,
    )


def score(reads: Iterable[Read], spec: ModelSpec) -> dict[str, SourceScores]:
    """The scores of each source, in the order in which they come."""
    by_source: dict[str, list[tuple[Read, Prediction]]] = defaultdict(list)
    for read in reads:
        prediction = read_off(read.document.text, read.tokens, read.merged, spec)
        by_source[read.document.source].append((read, prediction))
    return {source: _scores(own, spec) for source, own in by_source.items()}


def _scores(own: Sequence[tuple[Read, Prediction]], spec: ModelSpec) -> SourceScores:
    places = {label: place for place, label in enumerate(spec.labels)}
    gold = np.array([places[str(read.document.label)] for read, _ in own])
    predicted = np.array([places[prediction.label] for _, prediction in own])
    fields = {field.name: field for field in spec.fields}
    counts = np.array([_counts(*pair, fields[name]) for pair in own for name in _judged(pair[0])], np.int64)
    hits, found, marked = counts.reshape(-1, 3).sum(0).tolist()
    macro = point(partial(macro_f1, gold=gold, predicted=predicted), len(own))
    assert macro is not None  # there are documents
    return SourceScores(
        documents=len(own),
        types_right=round(float((gold == predicted).mean()), 4),
        macro_f1=round(macro, 4),
        value_f1=round(2 * hits / (found + marked), 4) if found + marked else None,
    )


def _judged(read: Read) -> list[str]:
    """Fields of which it is known what they hold: a value that stands nowhere as written cannot be compared."""
    return [name for name in read.taught if name not in read.document.unplaced]


def _counts(read: Read, prediction: Prediction, field: FieldSpec) -> tuple[bool, bool, bool]:
    """Of one field of one document: is its surest value one that is right, is there one, is any right?"""
    text = read.document.text
    spans = [span for span in prediction.spans if span.field == field.name]
    best = max(spans, key=lambda span: span.confidence, default=None)
    start_date = None if best is None else best.start_date
    gold = {gold_comparable(field, words, start_date) for words in read.document.right_texts(field.name)} - {""}
    if best is None:
        return False, False, bool(gold)
    value = comparable(field, text[best.start : best.end], start_date)
    return in_terms_of(gold, {value}, field) <= gold, True, bool(gold)

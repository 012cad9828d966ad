"""What the report shows beside the bundle's own making: teacher, students without one, further seeds, a learning curve.

Nothing of it is chosen from; what the bundle says of documents is the same without.
"""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from docmill.training.corpus import LabelledDocument
from docmill.training.examples import ExampleMaker
from docmill.training.training_set import TrainingSet

if TYPE_CHECKING:
    from docmill.training.materials import Materials  # imports torch


@dataclass(frozen=True, slots=True)
class CurveSample:
    """Training documents by source, so many in all."""

    documents: int
    is_all: bool
    training: TrainingSet


def with_seed(materials: "Materials", seed: int) -> "Materials":
    """The same materials for a training with another seed."""
    recipe = materials.recipe.model_copy(update={"seed": seed})
    make = ExampleMaker(recipe, materials.labels, materials.tokenizer, materials.windowing)
    return replace(materials, recipe=recipe, make=make)


def curve_samples(training: TrainingSet, sizes: Sequence[int]) -> list[CurveSample]:
    """Ever larger parts of the training documents, at last all of them; a smaller part is within every larger one.

    Sizes that the documents do not suffice for are left out. Every source and label has its share of each part, as far
    as whole documents go.
    """
    order = nested_order(training.all)
    fitting = sorted({size for size in sizes if size < len(order)})
    return [
        CurveSample(size, size == len(order), TrainingSet(_of(training, {d.id for d in order[:size]}), training.folds))
        for size in [*fitting, len(order)]
    ]


def nested_order(documents: Sequence[LabelledDocument]) -> list[LabelledDocument]:
    """Documents in an order each beginning of which is spread over sources and labels as all of them are."""
    strata: dict[tuple[str, str | None], list[LabelledDocument]] = defaultdict(list)
    for document in documents:
        strata[document.source, document.label].append(document)
    places = []
    for own in strata.values():
        own.sort(key=_hash)
        places += [((number + 0.5) / len(own), _hash(document), document) for number, document in enumerate(own)]
    return [document for _, _, document in sorted(places, key=lambda place: place[:2])]


def _of(training: TrainingSet, ids: set[str]) -> dict[str, list[LabelledDocument]]:
    return {name: [d for d in own if d.id in ids] for name, own in training.documents.items()}


def _hash(document: LabelledDocument) -> bytes:
    return hashlib.sha256(f"{document.source}:{document.id}".encode()).digest()

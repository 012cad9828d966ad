"""The full mode: bundles trained on half A read, half B is the index. Documents to `Judged` ones, as `cheap` does.

A policy is chosen on folds of half A, each as a bundle reads it whose training `corpora.write_halves` kept it out of.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import reduce
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from docmill.bundle.bundle import Bundle
from docmill.bundle.load import load_bundle
from docmill.bundle.manifest import SourceNames
from docmill.errors import ConfigurationError
from docmill.pipeline.types import Deferral
from docmill.processing import Decided, Mill, ReceivedDocument
from docmill.runtime.session import OnnxInference
from docmill.training.corpus import LabelledDocument
from docmill.training.recipe import load_recipe
from load_tests.fallback_parts import head
from load_tests.fallback_parts.cheap import HARD_SHARE, Read
from load_tests.fallback_parts.corpora import OTHER_FOLDS, TUNING_FOLD, Halves, write_halves
from load_tests.fallback_parts.held_out import held_out_ids
from load_tests.fallback_parts.judged import Exemplars, Floats, Integers, Judged, nearest

SLICE = 8
NOON = datetime(2000, 1, 1, 12, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Bundles:
    """Folders of what was trained on what `corpora.write_halves` wrote."""

    a: Path  # on half A without TUNING_FOLD
    ab: Path  # on that and half B
    others: tuple[Path, ...] = ()  # on half A without each of OTHER_FOLDS, in their order; none, or all

    def by_part(self) -> dict[str, Path]:
        """By the name of the folder that it was trained on."""
        others = zip(OTHER_FOLDS, self.others, strict=bool(self.others))
        return {"a": self.a, "ab": self.ab} | {f"a{number}": folder for number, folder in others}


def check_parts(bundles: Bundles, data: Path) -> None:
    """See that each was trained on its part of the data, else it would be tested on what it knows; a minute.

    Raises:
        BundleError: a bundle cannot be loaded.
        ConfigurationError: one was not, or a source of its recipe is not there.
    """
    with TemporaryDirectory() as folder:
        first = load_bundle(bundles.a)
        for source in load_recipe(first.folder / first.manifest.training.recipe).sources:
            write_halves(data, source.name, Path(folder))
        for part, of_part in bundles.by_part().items():
            try:
                held_out_ids(load_bundle(of_part), Path(folder) / part)
            except ConfigurationError as error:
                raise ConfigurationError(f"{of_part.name} was to be of the part {part}: {error}") from None


def read_with_bundles(bundles: Bundles, halves: Halves, vectors: NDArray[np.float32]) -> list[Read]:
    """Validation as test documents of bundle A; with the bundles of the other folds then each fold of half A as well.

    Validation's policy is chosen on all folds that there is a bundle for. A fold is read by the bundle that does not
    know it, and its policy is chosen on the other folds, each as read by its own bundle (which does know this one).

    Args:
        vectors: of `halves.everything`, in its order.

    Raises:
        BundleError: a bundle cannot be loaded.
        ConfigurationError: a bundle was not trained on the source.
    """
    of_fold = {TUNING_FOLD: load_bundle(bundles.a)}
    others = zip(OTHER_FOLDS, bundles.others, strict=bool(bundles.others))
    of_fold |= {number: load_bundle(folder) for number, folder in others}
    bundle, retrained = of_fold[TUNING_FOLD], load_bundle(bundles.ab)
    for one in (retrained, *of_fold.values()):
        _names(one, halves.source)
    full = {label: full_label(bundle, halves.source, label) for label in halves.labels}
    known = (label for one in (retrained, *of_fold.values()) for label in one.spec.labels)
    labels = tuple(sorted({*full.values(), *known}))
    position = {label: i for i, label in enumerate(labels)}
    count_a, count_b = len(halves.half_a), len(halves.half_b)
    gold = np.array([position[full[document.label or ""]] for document in halves.everything])
    in_b = slice(count_a, count_a + count_b)
    index = Exemplars(vectors[in_b], gold[in_b])

    def judged(reader: Bundle, documents: Sequence[LabelledDocument], rows: NDArray[np.int64]) -> Judged:
        said, deferred = _opinions(reader, documents, position)
        similarities, neighbours = nearest(vectors[rows], index)
        on_index = head.of_index(index.vectors, index.labels, vectors[rows], len(labels))
        ids = tuple(document.id for document in documents)
        return Judged(ids, gold[rows], said, deferred, similarities, neighbours, on_index)

    folds = []
    for number, reader in of_fold.items():
        own = [i for i, document in enumerate(halves.half_a) if halves.fold[document.id] == number]
        folds.append(judged(reader, [halves.half_a[i] for i in own], np.array(own, dtype=np.int64)))
    test = judged(bundle, halves.test, np.arange(count_a + count_b, len(gold)))
    both, _ = _opinions(retrained, halves.test, position)
    reads = [_read(folds, test, both.argmax(axis=1))]
    if bundles.others:
        reads += [_read(folds[:i] + folds[i + 1 :], fold, None) for i, fold in enumerate(folds)]
    return reads


def _read(tuning: Sequence[Judged], test: Judged, retrained: Integers | None) -> Read:
    together = reduce(Judged.beside, tuning)
    return Read(together, test, retrained, None, float(np.quantile(together.classifier.max(axis=1), HARD_SHARE)))


def own_threshold(a: Path, source: str) -> float | None:
    """From which probability of a type on bundle A publishes documents of a source; None: never.

    Raises:
        ConfigurationError: the bundle was not trained on the source.
    """
    bundle = load_bundle(a)
    names = _names(bundle, source)
    return bundle.spec.groups[names.group].type_threshold


def mode(bundles: Bundles) -> str:
    """How tables name what decided."""
    first, second = load_bundle(bundles.a), load_bundle(bundles.ab)
    folds = f", and {len(bundles.others)} more of other parts of A" if bundles.others else ""
    return f"bundles {first.name} {first.version} (A) and {second.name} {second.version} (A + B){folds}"


def _opinions(
    bundle: Bundle, documents: Sequence[LabelledDocument], position: dict[str, int]
) -> tuple[Floats, NDArray[np.bool_]]:
    """(probabilities [D, L], deferred [D]); of a document that goes straight through the likeliest labels only.

    A document that cannot be read is deferred, with every label as likely as another.
    """
    said = np.zeros((len(documents), len(position)))
    deferred = np.ones(len(documents), dtype=bool)
    inference = OnnxInference(bundle.model_path, 1)
    mill = Mill(bundle, inference)
    known = [position[label] for label in bundle.spec.labels]
    try:
        for first in range(0, len(documents), SLICE):
            for row, outcome in enumerate(mill.process([received(d) for d in documents[first : first + SLICE]]), first):
                if not isinstance(outcome, Decided):
                    said[row, known] = 1 / len(known)
                    continue
                prediction, further = outcome.prediction, outcome.n_best
                top = ((prediction.label, prediction.probability), *prediction.alternatives)
                for label, probability in further.labels if further else top:
                    said[row, position[label]] = max(probability, 1e-12)
                deferred[row] = isinstance(outcome.route, Deferral)
    finally:
        inference.close()
    return said / said.sum(axis=1, keepdims=True), deferred


def full_label(bundle: Bundle, source: str, label: str) -> str:
    """A source's label as the bundle calls it. Raises: ConfigurationError: the bundle was not trained on the source."""
    return _names(bundle, source).full_label(label)


def _names(bundle: Bundle, source: str) -> SourceNames:
    names = bundle.manifest.source_names(source)
    if names is None:
        raise ConfigurationError(f"bundle {bundle.name} was not trained on {source}, or does not say how it read it")
    return names


def received(document: LabelledDocument) -> ReceivedDocument:
    """A labelled document as if it came in."""
    content = document.text.encode("utf-8", "replace")
    return ReceivedDocument(document.id, document.id, content, "text/plain", "utf-8", NOON)

"""The full mode: a bundle trained on half A reads, half B is the index. Documents to `Judged` ones, as `cheap` does.

What a policy is chosen on is the fold of half A that `corpora.write_halves` keeps out of the training.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

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
from load_tests.fallback_parts import head
from load_tests.fallback_parts.cheap import HARD_SHARE, Read
from load_tests.fallback_parts.corpora import TUNING_FOLD, Halves
from load_tests.fallback_parts.judged import Exemplars, Floats, Judged, nearest

SLICE = 8
NOON = datetime(2000, 1, 1, 12, tzinfo=UTC)


def read_with_bundles(a: Path, ab: Path, halves: Halves, vectors: NDArray[np.float32]) -> Read:
    """What both bundles say of the test documents, and the first of those that a policy is chosen on.

    Args:
        vectors: of `halves.everything`, in its order.

    Raises:
        BundleError: a bundle cannot be loaded.
        ConfigurationError: the bundle was not trained on the source.
    """
    bundle, retrained = load_bundle(a), load_bundle(ab)
    full = {label: full_label(bundle, halves.source, label) for label in halves.labels}
    labels = tuple(sorted({*full.values(), *bundle.spec.labels, *retrained.spec.labels}))
    position = {label: i for i, label in enumerate(labels)}
    count_a, count_b = len(halves.half_a), len(halves.half_b)
    tuned = [i for i, document in enumerate(halves.half_a) if halves.fold[document.id] == TUNING_FOLD]
    gold = np.array([position[full[document.label or ""]] for document in halves.everything])
    in_b = slice(count_a, count_a + count_b)
    index = Exemplars(vectors[in_b], gold[in_b])

    def judged(documents: Sequence[LabelledDocument], rows: NDArray[np.int64]) -> Judged:
        said, deferred = _opinions(bundle, documents, position)
        similarities, neighbours = nearest(vectors[rows], index)
        on_index = head.of_index(index.vectors, index.labels, vectors[rows], len(labels))
        ids = tuple(document.id for document in documents)
        return Judged(ids, gold[rows], said, deferred, similarities, neighbours, on_index)

    tuning = judged([halves.half_a[i] for i in tuned], np.array(tuned, dtype=np.int64))
    test = judged(halves.test, np.arange(count_a + count_b, len(gold)))
    both, _ = _opinions(retrained, halves.test, position)
    hard_below = float(np.quantile(tuning.classifier.max(axis=1), HARD_SHARE))
    return Read(tuning, test, both.argmax(axis=1), None, hard_below)


def own_threshold(a: Path, source: str) -> float | None:
    """From which probability of a type on bundle A publishes documents of a source; None: never.

    Raises:
        ConfigurationError: the bundle was not trained on the source.
    """
    bundle = load_bundle(a)
    names = _names(bundle, source)
    return bundle.spec.groups[names.group].type_threshold


def mode(a: Path, ab: Path) -> str:
    """How tables name what decided."""
    first, second = load_bundle(a), load_bundle(ab)
    return f"bundles {first.name} {first.version} (A) and {second.name} {second.version} (A + B)"


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

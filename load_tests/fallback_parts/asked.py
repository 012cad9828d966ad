"""A source as the fallback is asked about it: exemplars, questions with their gold, and what the fast model decided.

Each document is embedded once into the user's cache. Knows no policy.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from docmill.bundle.bundle import Bundle
from docmill.evaluation.gold import GoldSource
from docmill.processing import Decided, Mill
from docmill.runtime.session import OnnxInference
from docmill.training.corpus import LabelledDocument
from load_tests.fallback_parts.bundles import received
from load_tests.fallback_parts.corpora import Folders, Halves
from load_tests.fallback_parts.embeddings import cached
from load_tests.fallback_parts.exemplars import Exemplars, exemplar_values
from load_tests.fallback_parts.gold import gold_of

Vectors = NDArray[np.float32]  # [D, 384], of length 1


@dataclass(frozen=True, slots=True)
class Source:
    """What is indexed of a source, and what is judged."""

    indexed: GoldSource
    index_vectors: Vectors  # in its order
    tested: GoldSource
    test_vectors: Vectors  # in its order
    test: tuple[LabelledDocument, ...]  # likewise


def read(bundle: Bundle, data: Folders, halves: Halves, tested: str = "validation") -> Source:
    """Half B and the test documents of a source with gold and vectors; `tested`: the part that the latter are of."""
    of_half_b = gold_of(bundle, data, halves.source, "train", halves.half_b)
    of_test = gold_of(bundle, data, halves.source, tested, halves.test)
    vectors = cached(halves.source, [document.text for document in (*halves.half_b, *halves.test)])
    count = len(halves.half_b)
    return Source(of_half_b, vectors[:count], of_test, vectors[count:], halves.test)


def exemplars(sources: Sequence[Source]) -> Exemplars:
    """What is indexed of every source, in one index."""
    documents = [(source.indexed.fields, document) for source in sources for document in source.indexed.documents]
    return Exemplars(
        np.concatenate([source.index_vectors for source in sources]),
        tuple(document.label or "" for _, document in documents),
        tuple(exemplar_values(document, fields) for fields, document in documents),
    )


def decisions(bundle: Bundle, documents: Sequence[LabelledDocument]) -> Iterator[Decided | None]:
    """What the fast model makes of each document, in their order; None: it cannot be read."""
    with closing(OnnxInference(bundle.model_path, 1)) as inference:
        mill = Mill(bundle, inference)
        for document in documents:
            [outcome] = mill.process([received(document)])
            yield outcome if isinstance(outcome, Decided) else None

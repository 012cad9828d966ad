"""Documents of another source as one label that nothing knows: how many exemplars until they are recognised?

The easy case beside `fresh`: a kind of paper unlike all others, as a mailroom meets it when a new form comes in.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from load_tests.fallback_parts import head
from load_tests.fallback_parts.cheap import Material, validation
from load_tests.fallback_parts.fresh import DRAWS, EXEMPLARS, SEED
from load_tests.fallback_parts.judged import Exemplars, Judged, nearest
from load_tests.fallback_parts.tune import choose, opinion

POOL = 20  # documents of the kind that exemplars are drawn from; the others are the test
SURE = 0.9


@dataclass(frozen=True, slots=True)
class NewKind:
    """Means over the draws of exemplars; shares of all test documents of the kind, whether they are deferred or not."""

    kind: str
    exemplars: int
    documents: int
    recognised: float
    sure: float  # recognised with a confidence of SURE or more
    classifier_confidence: float  # of its own, wrong label, on average
    others_taken: float  # of the deferred test documents of known labels, taken for the new kind


def new_kind(of: Material, kind: str, vectors: NDArray[np.float32]) -> list[NewKind]:
    """Add a kind, given by vectors [N, H] of its documents, to the index of a source; no choice knows of it."""
    labels = len(of.labels) + 1
    read = validation(of, index_head=False)
    policy = choose(read.tuning.take(read.tuning.deferred)).policy
    calibration = head.out_of_fold(of.half_a.vectors, of.half_a.gold, of.fold, labels).calibration
    pool, asked = vectors[:POOL], vectors[POOL:]
    wrong = head.trained(of.half_a.vectors, of.half_a.gold, calibration, asked, labels)
    known = np.flatnonzero(read.test.deferred)
    right = head.trained(of.half_a.vectors, of.half_a.gold, calibration, of.test.vectors[known], labels)
    random = np.random.default_rng(SEED)
    rows = []
    for count in EXEMPLARS:
        tried = []
        for _ in range(DRAWS if count else 1):
            added = pool[random.choice(len(pool), min(count, len(pool)), replace=False)]
            index = Exemplars(
                np.concatenate([of.half_b.vectors, added]),
                np.concatenate([of.half_b.gold, np.full(len(added), labels - 1)]),
            )
            said = opinion(_judged(asked, wrong, index), policy)
            new = said.argmax(axis=1) == labels - 1
            taken = opinion(_judged(of.test.vectors[known], right, index), policy).argmax(axis=1) == labels - 1
            tried.append((new.mean(), (new & (said.max(axis=1) >= SURE)).mean(), taken.mean() if len(taken) else 0.0))
        recognised, sure, others = np.array(tried).mean(axis=0).tolist()
        confidence = float(wrong.max(axis=1).mean())
        rows.append(NewKind(kind, count, len(asked), recognised, sure, confidence, others))
    return rows


def _judged(vectors: NDArray[np.float32], said: NDArray[np.float64], index: Exemplars) -> Judged:
    similarities, neighbours = nearest(vectors, index)
    ids = tuple(str(n) for n in range(len(vectors)))
    gold = np.zeros(len(vectors), dtype=np.int64)
    deferred = np.ones(len(vectors), dtype=bool)
    return Judged(ids, gold, said, deferred, similarities, neighbours, np.zeros_like(said))

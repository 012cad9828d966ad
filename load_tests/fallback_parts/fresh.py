"""A label that no classifier was trained on, added to the index only: how many exemplars until it is recognised?"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from load_tests.fallback_parts.cheap import Material, Part, Read, read
from load_tests.fallback_parts.judged import Exemplars, Judged, nearest
from load_tests.fallback_parts.tune import choose, opinion

EXEMPLARS = (0, 1, 5, 20)
LEAST_TEST, LEAST_INDEXED = 10, 20  # documents of a label that takes part
DRAWS = 20  # of which exemplars
SEED = 7


@dataclass(frozen=True, slots=True)
class Fresh:
    """One label left out of training, policy and index, then added to the index with so many exemplars.

    Means over the draws of exemplars; shares of the test documents that the classifier defers.
    """

    label: str
    exemplars: int
    of_label: int  # test documents of it
    deferred: int  # of them: the others the classifier takes for something else, and is sure of it
    recognised: float
    accepted: float  # rightly, by the certified threshold
    accepted_precision: float | None  # of all deferred documents that are accepted as it; None: none is
    others: int  # deferred test documents of other labels
    others_right: float


def fresh(of: Material) -> list[Fresh]:
    """All labels that have documents enough."""
    rows = []
    for position, label in enumerate(of.labels):
        enough = (of.test.gold == position).sum() >= LEAST_TEST and (of.half_b.gold == position).sum() >= LEAST_INDEXED
        if enough and len(set(of.half_a.gold.tolist()) - {position}) > 1:
            rows += _of_label(of, position, label)
    return rows


def _of_label(of: Material, position: int, label: str) -> list[Fresh]:
    known = of.half_a.gold != position
    others = of.half_b.take(of.half_b.gold != position)
    pool = of.half_b.take(of.half_b.gold == position)
    without = read(of.half_a.take(known), of.fold[known], others, of.test, len(of.labels), index_head=False)
    if not without.tuning.deferred.any():
        return []
    policy = choose(without.tuning.take(without.tuning.deferred)).policy
    random = np.random.default_rng(SEED)
    rows = []
    for count in EXEMPLARS:
        tried = []
        for _ in range(DRAWS if count else 1):
            index = others.beside(pool.take(random.choice(len(pool.ids), count, replace=False)))
            test = _with_index(without, of.test, index).take(without.test.deferred)
            said = opinion(test, policy)
            best, mine = said.argmax(axis=1), test.gold == position
            sure = said.max(axis=1) >= (2.0 if policy.threshold is None else policy.threshold)
            taken = sure & (best == position)
            found, right = _mean((best == position)[mine]), _mean((best == test.gold)[~mine])
            tried.append((found, _mean(taken[mine]), float(taken.sum()), float((taken & mine).sum()), right))
        recognised, accepted, taken_all, taken_right, others_right = np.array(tried).T
        rows.append(
            Fresh(
                label=label,
                exemplars=count,
                of_label=int((of.test.gold == position).sum()),
                deferred=int(mine.sum()),
                recognised=float(recognised.mean()),
                accepted=float(accepted.mean()),
                accepted_precision=float(taken_right.sum() / taken_all.sum()) if taken_all.sum() else None,
                others=int((~mine).sum()),
                others_right=float(others_right.mean()),
            )
        )
    return rows


def _with_index(without: Read, test: Part, index: Part) -> Judged:
    similarities, neighbours = nearest(test.vectors, Exemplars(index.vectors, index.gold))
    judged = without.test
    return replace(judged, similarities=similarities, neighbours=neighbours)


def _mean(flags: NDArray[np.bool_]) -> float:
    return float(flags.mean()) if len(flags) else float("nan")

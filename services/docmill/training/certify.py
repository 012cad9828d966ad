"""Thresholds that hold: the lowest score at which decisions provably reach a target precision."""

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta

TOLERATED_ERRORS = (2, 1, 0)  # the sequence starts where this many errors could still pass: see first_step
MOST_AT_FIRST = 0.8  # of the decisions
GROWTH = 1.1  # each step of the sequence accepts a tenth more


@dataclass(frozen=True, slots=True)
class Certified:
    """Outcome of certification; `threshold` is None where not even the first step passes."""

    threshold: float | None
    decisions: int
    accepted: int
    correct: int


def certify(
    scores: NDArray[np.float64], correct: NDArray[np.bool_], target: float, confidence_level: float
) -> Certified:
    """The lowest threshold on `scores` whose accepted decisions have a precision of at least `target`.

    Fixed-sequence testing: ever lower thresholds, fixed by counts of scores before any outcome is looked at, are
    tested one after the other; the first that fails ends the sequence, so the error over all of it stays at
    1 - confidence_level. (Picking the best of many thresholds on the same data would void the bound.)

    Source: Angelopoulos et al., "Learn then Test", 2021, fixed-sequence testing; Clopper and Pearson, 1934.
    """
    order = np.argsort(-scores, kind="stable")
    ranked, right = scores[order], correct[order]
    best = Certified(None, len(scores), 0, 0)
    for count in sequence(len(scores), target, confidence_level):
        threshold = float(ranked[count - 1])
        accepted = int((ranked >= threshold).sum())  # ties are accepted together
        hits = int(right[:accepted].sum())
        if lower_bound(hits, accepted, confidence_level) < target:
            break
        best = Certified(threshold, len(scores), accepted, hits)
    return best


def sequence(decisions: int, target: float, confidence_level: float) -> list[int]:
    """How many decisions each step accepts."""
    first = first_step(decisions, target, confidence_level)
    if first is None:
        return []
    count, _ = first
    counts = []
    while count < decisions:
        counts.append(count)
        count = max(count + 1, math.floor(count * GROWTH))
    return [*counts, decisions]


def first_step(decisions: int, target: float, confidence_level: float) -> tuple[int, int] | None:
    """(how many decisions the first step accepts, how many of them may be wrong); None: there are too few.

    As many errors are tolerated as leave a fifth of the decisions out of the first step, so that their scores have a
    say in which they are; where none leave that, none.
    """
    steps = [(fewest(errors, target, confidence_level), errors) for errors in TOLERATED_ERRORS]
    first = next((step for step in steps if step[0] <= MOST_AT_FIRST * decisions), steps[-1])
    return first if first[0] <= decisions else None


def lower_bound(hits: int, total: int, confidence_level: float) -> float:
    """One-sided lower bound of a proportion (Clopper and Pearson)."""
    if hits == 0:
        return 0.0
    return float(beta.ppf(1 - confidence_level, hits, total - hits + 1))


@cache
def fewest(errors: int, target: float, confidence_level: float) -> int:
    """The fewest decisions that reach the target with this many errors among them."""
    total = errors + 1
    while lower_bound(total - errors, total, confidence_level) < target:
        total += 1
    return total

"""Labels that are plainly worse than their group, so that nothing of them goes straight through."""

from dataclasses import dataclass

from scipy.stats import beta


@dataclass(frozen=True, slots=True)
class LabelCount:
    """Accepted decisions of documents that the model gives one label."""

    label: str
    accepted: int
    correct: int


def is_vetoed(count: LabelCount, target: float, confidence_level: float, least_decisions: int) -> bool:
    """Whether `least_decisions` or more show that the label's own precision is below the target.

    A certificate's counts include what is vetoed afterwards: taking out a label whose precision is below the target
    cannot lower that of the rest below it.
    """
    if count.accepted < least_decisions:
        return False
    return upper_bound(count.correct, count.accepted, confidence_level) < target


def upper_bound(hits: int, total: int, confidence_level: float) -> float:
    """One-sided upper bound of a proportion (Clopper and Pearson, 1934)."""
    if hits == total:
        return 1.0
    return float(beta.ppf(confidence_level, hits + 1, total - hits))

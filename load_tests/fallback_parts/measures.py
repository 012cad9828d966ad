"""What two ways of deciding the same documents are worth. Knows no fallback."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

RESAMPLES = 10_000
SEED = 7
PAIR_HEADINGS = ("points [95 %]", "wins", "losses", "p (McNemar, exact)")
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Paired:
    """One way against another on the same documents; points are per cent."""

    documents: int
    wins: int  # right where the other is wrong
    losses: int
    points: float
    low: float  # 95 % bootstrap interval of `points`
    high: float
    p: float

    def cells(self) -> tuple[str, ...]:
        """A row of `PAIR_HEADINGS`."""
        points = f"{self.points:+.1f} [{self.low:+.1f}, {self.high:+.1f}]"
        return points, str(self.wins), str(self.losses), f"{self.p:.2g}"


def paired(ours: Flags, theirs: Flags) -> Paired:
    """Compare flags [D] of what is right.

    p is of McNemar's exact test: under the null hypothesis a document on which they differ is a coin toss.

    Source: McNemar, "Note on the sampling error of the difference between correlated proportions or percentages",
    1947; the exact binomial form, two-sided.
    """
    wins, losses = int((ours & ~theirs).sum()), int((theirs & ~ours).sum())
    p = float(binomtest(wins, wins + losses).pvalue) if wins + losses else 1.0
    difference = ours.astype(float) - theirs
    low, high = interval(difference)
    return Paired(len(ours), wins, losses, 100 * float(difference.mean()), 100 * low, 100 * high, p)


def interval(values: NDArray[np.float64]) -> tuple[float, float]:
    """95 % percentile bootstrap interval of the mean of values [D], documents resampled.

    Of few distinct values a resample is a draw of how often each comes: the same distribution, much faster.
    """
    distinct, counts = np.unique(values, return_counts=True)
    drawn = np.random.default_rng(SEED).multinomial(len(values), counts / len(values), RESAMPLES)
    low, high = np.quantile(drawn @ distinct / len(values), [0.025, 0.975])
    return float(low), float(high)


def coverage_curve(confidence: NDArray[np.float64], right: Flags) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(coverage, accuracy of what is covered), the most confident first; of equals those given first."""
    order = np.argsort(-confidence, kind="stable")
    counts = np.arange(1, len(order) + 1)
    return counts / len(order), np.cumsum(right[order]) / counts


def macro_f1(gold: NDArray[np.int64], said: NDArray[np.int64]) -> float:
    """Mean F1 of the labels that occur in `gold`."""
    scores = []
    for label in sorted(set(gold.tolist())):
        hits = int(((gold == label) & (said == label)).sum())
        scores.append(2 * hits / (int((gold == label).sum()) + int((said == label).sum())))
    return float(np.mean(scores))


def expected_calibration_error(confidence: NDArray[np.float64], right: Flags, bins: int = 10) -> float:
    """Mean gap of confidence and accuracy over equally filled bins. Source: Guo et al., 2017, with adaptive bins."""
    order = np.argsort(confidence, kind="stable")
    parts = [part for part in np.array_split(order, min(bins, len(order))) if len(part)]
    gaps = [len(part) * abs(float(confidence[part].mean() - right[part].mean())) for part in parts]
    return sum(gaps) / len(order)


def quantiles_ms(values: Sequence[float]) -> tuple[float, float]:
    """(p50, p95)."""
    p50, p95 = np.quantile(values, [0.5, 0.95])
    return float(p50), float(p95)

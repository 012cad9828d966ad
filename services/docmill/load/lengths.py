"""How long real documents are: quantiles of their characters, for the default documents of a load test.

Knows nothing of documents themselves. Recompute with `DOCMILL_DATA=... python load_tests/lengths.py`.
"""

import math
from bisect import bisect_right
from dataclasses import dataclass

QUANTILES = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1.0)


@dataclass(frozen=True, slots=True)
class Lengths:
    """Characters of a kind's real documents at each of QUANTILES."""

    source: str  # of labelled training documents
    documents: int
    characters: tuple[int, ...]

    def at(self, quantile: float) -> int:
        """Characters at a quantile in [0, 1]; between the measured ones, a straight line through their logarithms:
        lengths are spread over decades, and a line through the lengths themselves would fatten the tail.
        """
        right = min(bisect_right(QUANTILES, quantile), len(QUANTILES) - 1)
        low, high = QUANTILES[right - 1], QUANTILES[right]
        share = (quantile - low) / (high - low)
        shorter, longer = self.characters[right - 1], self.characters[right]
        return round(math.exp((1 - share) * math.log(shorter) + share * math.log(longer)))


# Measured on the training parts by load_tests/lengths.py (2026-11-24).
LENGTHS = {
    "receipts": Lengths("sroie", 546, (187, 471, 545, 637, 773, 934, 991, 1211, 1368)),
    "complaints": Lengths("cfpb", 2974, (36, 212, 387, 742, 1346, 2275, 2893, 5900, 25514)),
    "medical": Lengths("mtsamples", 1658, (325, 1140, 1689, 2690, 4039, 5728, 6929, 10949, 30978)),
    "contracts": Lengths("cuad", 347, (645, 5466, 15052, 32860, 66253, 117118, 159187, 272018, 300768)),
}

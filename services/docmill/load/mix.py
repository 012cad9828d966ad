"""Which kinds of documents come, and in which order. A step holds its mix exactly; only the order is drawn.

Drawing each document by itself would let one step in ten carry a quarter more contracts than asked, and contracts are
most of the work: steps could not be compared.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from random import Random

from docmill.errors import ConfigurationError
from docmill.load.documents import LoadDocument, Shelf

# An assumption, not a measurement: a mailroom whose paper is mostly receipts.
DEFAULT_MIX = "receipts=55,complaints=25,medical=15,contracts=5"


@dataclass(frozen=True, slots=True)
class Mix:
    """Weights by kind, in any unit."""

    weights: Mapping[str, float]

    def __str__(self) -> str:
        return ",".join(f"{kind}={weight:g}" for kind, weight in self.weights.items())


def parse_mix(text: str) -> Mix:
    """`receipts=55,complaints=25`: kinds and their weights.

    Raises:
        ConfigurationError: it is not of that form, names a kind twice, or has a weight that is not above zero.
    """
    weights: dict[str, float] = {}
    for part in text.split(","):
        kind, _, weight = (piece.strip() for piece in part.partition("="))
        try:
            number = float(weight)
        except ValueError:
            number = math.nan
        if not kind or not 0 < number < math.inf:
            raise ConfigurationError(f"{part.strip()!r} is not KIND=WEIGHT with a weight above 0: like {DEFAULT_MIX}")
        if kind in weights:
            raise ConfigurationError(f"{kind} is there twice")
        weights[kind] = number
    return Mix(weights)


def deal(shelf: Shelf, mix: Mix, count: int, random: Random) -> list[LoadDocument]:
    """`count` documents in random order: of each kind its share to the nearest document, and of a kind's n documents
    one from each n-th part of its lengths.
    """
    documents: list[LoadDocument] = []
    for kind, share in _counts(mix, count, random).items():
        documents += (_pick(shelf[kind], (step + random.random()) / share) for step in range(share))
    random.shuffle(documents)
    return documents


def _pick(ascending: Sequence[LoadDocument], quantile: float) -> LoadDocument:
    return ascending[min(int(quantile * len(ascending)), len(ascending) - 1)]


def _counts(mix: Mix, count: int, random: Random) -> dict[str, int]:
    """Whole shares that add up to `count`, each within one of the exact share and that share on average.

    Source: systematic sampling, Madow & Madow, 1944: one random start, equal strides over the summed weights.
    """
    total, start = sum(mix.weights.values()), random.random()
    borders = [int(reached / total * count + start) for reached in accumulate(mix.weights.values())]
    borders[-1] = count  # start < 1, but for rounding
    return dict(zip(mix.weights, (high - low for low, high in zip([0, *borders], borders, strict=False)), strict=True))

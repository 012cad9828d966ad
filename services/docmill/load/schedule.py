"""When each document is due. Decided before the first is sent; nothing that happens later changes it."""

from enum import StrEnum
from random import Random


class Arrivals(StrEnum):
    """How documents are spaced."""

    POISSON = "poisson"  # as from many independent senders
    CONSTANT = "constant"


def due_times(arrivals: Arrivals, count: int, duration_s: float, random: Random) -> list[float]:
    """`count` times in [0, duration_s), ascending.

    Poisson arrivals are conditioned on their count, so that the rate offered is exactly the rate asked for.

    Source: given their number, the arrivals of a Poisson process are uniform (Ross, Stochastic Processes, 2.3).
    """
    match arrivals:
        case Arrivals.POISSON:
            return sorted(random.random() * duration_s for _ in range(count))
        case Arrivals.CONSTANT:
            return [index * duration_s / count for index in range(count)]

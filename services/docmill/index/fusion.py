"""Two rankings into one, by reciprocal rank. Knows ids and places, no scores.

Source: Cormack, Clarke, Buettcher, "Reciprocal Rank Fusion outperforms Condorcet and individual Rank Learning
Methods", SIGIR 2009; k = 60 as there.
"""

from collections.abc import Callable, Sequence
from typing import Any

RANK_OFFSET = 60


def reciprocal_rank(rank: int) -> float:
    """What a place, from 1, in one ranking adds."""
    return 1 / (RANK_OFFSET + rank)


def fuse(rankings: Sequence[Sequence[int]], tie_break: Callable[[int], Any]) -> list[tuple[int, float]]:
    """Ids with their fused scores, best first; of equal scores the smaller `tie_break` comes first."""
    scores: dict[int, float] = {}
    for ranking in rankings:
        for rank, id in enumerate(ranking, start=1):
            scores[id] = scores.get(id, 0.0) + reciprocal_rank(rank)
    return sorted(scores.items(), key=lambda item: (-item[1], tie_break(item[0])))

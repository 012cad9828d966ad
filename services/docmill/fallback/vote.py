"""Neighbours to a vote over labels. Knows no classifier."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from docmill.fallback.types import Neighbour, Probabilities


@dataclass(frozen=True, slots=True)
class Voter:
    """A neighbour and the share of the vote that it has."""

    neighbour: Neighbour
    share: float


def voters(neighbours: Iterable[Neighbour], most: int, temperature: float) -> tuple[Voter, ...]:
    """The `most` nearest neighbours with their shares, nearest first; shares add up to 1, unless there is nobody.

    A share is proportional to exp(similarity / temperature). Of unit vectors the cosine is 1 - d^2 / 2, so these are
    the weights exp(-d^2) of kNN-LM at twice the temperature. The order given does not matter: ties are broken by
    passage id. A passage that comes twice, by two of its chunks, votes once, by the nearest.

    Source: Khandelwal et al., "Generalization through Memorization: Nearest Neighbor Language Models", ICLR 2020,
    equation 2; with a temperature as in "Nearest Neighbor Machine Translation", ICLR 2021, equation 3.
    """
    nearest: dict[str, Neighbour] = {}
    for neighbour in sorted(neighbours, key=_nearest_first):
        nearest.setdefault(neighbour.passage_id, neighbour)
    chosen = list(nearest.values())[:most]
    if not chosen:
        return ()
    weights = [math.exp((one.similarity - chosen[0].similarity) / temperature) for one in chosen]
    total = math.fsum(weights)
    return tuple(Voter(one, weight / total) for one, weight in zip(chosen, weights, strict=True))


def vote(of: Sequence[Voter]) -> Probabilities:
    """The voters' shares by label; nothing where nobody votes."""
    shares: dict[str, list[float]] = {}
    for voter in of:
        shares.setdefault(voter.neighbour.label, []).append(voter.share)
    return {label: math.fsum(own) for label, own in shares.items()}


def _nearest_first(neighbour: Neighbour) -> tuple[float, str, str]:
    return -neighbour.similarity, neighbour.passage_id, neighbour.label

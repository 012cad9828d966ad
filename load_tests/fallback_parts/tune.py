"""The policy, chosen on training data: neighbours, temperatures and weight by likelihood, threshold by certification.

The arithmetic of docmill.fallback in arrays, for a grid of some thousands; a test holds the two together.
"""

from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from docmill.fallback.policy import Policy
from docmill.training.certify import certify
from load_tests.fallback_parts.judged import Floats, Judged

NEIGHBOURS = (1, 3, 5, 9, 15, 25, 40, 50)
VOTE_TEMPERATURES = (0.01, 0.02, 0.04, 0.08, 0.16, 1.0)
WEIGHTS = tuple(round(0.1 * tenths, 1) for tenths in range(11))  # 0: the classifier alone; 1: the vote alone
TEMPERATURES = (0.4, 0.6, 0.8, 1.0, 1.25, 1.6, 2.0, 3.0)
# Of the classifier alone: it matters only where neighbours are of a label that the classifier does not know.
WHERE_IT_DOES_NOT_COUNT = (15, 0.04)
LEAST = 1e-3  # of a probability, where its logarithm is taken: one neighbour alone may say 0
FOLDS = 5
TARGET, CONFIDENCE_LEVEL = 0.90, 0.95  # as recipes/mailroom-en.toml


@dataclass(frozen=True, slots=True)
class Chosen:
    """A policy, and how its choice looked on the training data: all out of fold."""

    policy: Policy
    documents: int  # that it was chosen on
    accepted: int  # of them, by the certified threshold
    precision: float | None  # of those accepted


def opinion(judged: Judged, policy: Policy) -> Floats:
    """[D, L]: `blend.calibrated(blend.blend(...))` of every document."""
    blended = _blended(judged.classifier, votes(judged, policy.neighbours, policy.vote_temperature), policy.vote_weight)
    return _calibrated(blended, policy.temperature)


def votes(judged: Judged, neighbours: int, temperature: float) -> Floats:
    """[D, L]: `vote.vote(vote.voters(...))` of every document."""
    similarities = judged.similarities[:, :neighbours]
    shares = np.zeros_like(judged.classifier)
    if similarities.shape[1]:
        weights = np.exp((similarities - similarities[:, :1]) / temperature)
        weights /= weights.sum(axis=1, keepdims=True)
        rows = np.broadcast_to(np.arange(len(shares))[:, None], weights.shape)
        np.add.at(shares, (rows, judged.neighbours[:, :neighbours]), weights)
    return shares


def choose(judged: Judged, weights: tuple[float, ...] = WEIGHTS) -> Chosen:
    """The likeliest policy of the grid, then the threshold that holds on predictions out of fold.

    Args:
        judged: the deferred documents of the training data.
        weights: of the vote, that take part: (1.0,) for the vote alone.
    """
    if not len(judged.ids):
        raise ValueError("no training document is deferred: there is nothing to choose a policy on")
    policies, losses = _losses(judged, weights)
    best = policies[int(losses.mean(axis=1).argmin())]
    scores, right = _out_of_fold(judged, policies, losses)
    held = certify(scores, right, TARGET, CONFIDENCE_LEVEL)
    precision = held.correct / held.accepted if held.accepted else None
    return Chosen(replace(best, threshold=held.threshold), len(judged.ids), held.accepted, precision)


def with_index_head(tuning: Judged, test: Judged) -> Floats:
    """[D, L] of the test: the classifier blended with a logistic head on the index instead of a vote; only tried.

    Weight and temperature are the likeliest on the tuning documents, of which that head has seen none.
    """
    rows = np.arange(len(tuning.ids))

    def loss(choice: tuple[float, float]) -> float:
        said = _calibrated(_blended(tuning.classifier, tuning.index_head, choice[0]), choice[1])
        return float(-np.log(np.maximum(said[rows, tuning.gold], LEAST)).mean())

    weight, temperature = min(product(WEIGHTS, TEMPERATURES), key=loss)
    return _calibrated(_blended(test.classifier, test.index_head, weight), temperature)


def _out_of_fold(judged: Judged, policies: list[Policy], losses: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """(confidence, right) of each document under the policy that the others would have chosen."""
    fold = np.arange(len(judged.ids)) % FOLDS
    scores, right = np.zeros(len(fold)), np.zeros(len(fold), dtype=bool)
    for number in sorted(set(fold.tolist())):
        own = fold == number
        others = losses[:, ~own] if not own.all() else losses
        part = judged.take(own)
        said = opinion(part, policies[int(others.mean(axis=1).argmin())])
        scores[own], right[own] = said.max(axis=1), said.argmax(axis=1) == part.gold
    return scores, right


def _losses(judged: Judged, weights: tuple[float, ...]) -> tuple[list[Policy], Floats]:
    """(policies, negative log-likelihood [P, D] of the right label). The simplest first: of equals it is taken."""
    policies, losses = [], []
    rows = np.arange(len(judged.ids))
    for neighbours, vote_temperature in product(NEIGHBOURS, VOTE_TEMPERATURES):
        voted = votes(judged, neighbours, vote_temperature)
        for weight in weights:
            if weight == 0 and (neighbours, vote_temperature) != WHERE_IT_DOES_NOT_COUNT:
                continue
            blended = _blended(judged.classifier, voted, weight)
            for temperature in TEMPERATURES:
                said = _calibrated(blended, temperature)[rows, judged.gold]
                policies.append(Policy(neighbours, vote_temperature, weight, temperature, None))
                losses.append(-np.log(np.maximum(said, LEAST)))
    return policies, np.stack(losses)


def _blended(classifier: Floats, voted: Floats, weight: float) -> Floats:
    knows = classifier > 0
    voting = voted.any(axis=1, keepdims=True)
    known = np.where(knows, voted, 0).sum(axis=1, keepdims=True)
    blended = np.where(knows, weight * voted + (1 - weight) * known * classifier, voted)
    return np.where(voting, blended, classifier)


def _calibrated(probabilities: Floats, temperature: float) -> Floats:
    most = probabilities.max(axis=1, keepdims=True)
    raised = (probabilities / np.maximum(most, 1e-300)) ** (1 / temperature)
    calibrated: Floats = raised / raised.sum(axis=1, keepdims=True)
    return calibrated

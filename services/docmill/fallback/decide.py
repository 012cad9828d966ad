"""A deferred document and its neighbours to a decision on its type: accepted with citations, or abstained on."""

from collections.abc import Sequence

from docmill.fallback.blend import blend, calibrated
from docmill.fallback.policy import Policy
from docmill.fallback.types import (
    AbstentionReason,
    CitedPassage,
    DeferredDocument,
    LabelAbstained,
    LabelAccepted,
    LabelDecision,
    Neighbour,
    Ranked,
)
from docmill.fallback.vote import Voter, vote, voters

ALTERNATIVES = 3


def decide_label(document: DeferredDocument, neighbours: Sequence[Neighbour], policy: Policy) -> LabelDecision:
    """The likeliest label, if it is sure enough and a neighbour can be cited for it; all reasons where not.

    The label may be one that only the exemplars know. The order of neighbours does not matter.
    """
    voting = voters(neighbours, policy.neighbours, policy.vote_temperature)
    opinion = calibrated(blend(document.label_probabilities, vote(voting), policy.vote_weight), policy.temperature)
    ranking = tuple(Ranked(label, p) for label, p in sorted(opinion.items(), key=lambda item: (-item[1], item[0])))
    citations = _citations(voting, ranking[0].label, policy.citations) if ranking else ()
    reasons = tuple(_reasons(voting, ranking, citations, policy))
    if reasons:
        return LabelAbstained(reasons, ranking[: 1 + ALTERNATIVES], citations)
    best = ranking[0]
    return LabelAccepted(best.label, best.probability, ranking[1 : 1 + ALTERNATIVES], citations)


def _citations(voting: Sequence[Voter], label: str, most: int) -> tuple[CitedPassage, ...]:
    """Who spoke for the label, nearest first: a neighbour of another label supports nothing."""
    speaking = [voter.neighbour for voter in voting if voter.neighbour.label == label]
    return tuple(CitedPassage(neighbour.passage_id) for neighbour in speaking[:most])


def _reasons(
    voting: Sequence[Voter], ranking: Sequence[Ranked], citations: Sequence[CitedPassage], policy: Policy
) -> list[AbstentionReason]:
    reasons = []
    if not voting:
        reasons.append(AbstentionReason.NO_NEIGHBOURS)
    # Comparisons are written so that NaN, of a broken vector, passes none of them.
    elif not voting[0].neighbour.similarity >= policy.least_similarity:
        reasons.append(AbstentionReason.DISTANT_NEIGHBOURS)
    if not citations:
        reasons.append(AbstentionReason.UNSUPPORTED)
    if policy.threshold is None:
        reasons.append(AbstentionReason.NOT_CERTIFIED)
    elif not ranking or not ranking[0].probability >= policy.threshold:
        reasons.append(AbstentionReason.LOW_CONFIDENCE)
    return reasons

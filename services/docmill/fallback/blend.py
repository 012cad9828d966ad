"""The classifier's probabilities and the neighbours' vote to one opinion. Knows no thresholds and no neighbours."""

import math

from docmill.fallback.types import Probabilities


def blend(classifier: Probabilities, votes: Probabilities, vote_weight: float) -> Probabilities:
    """weight x vote + (1 - weight) x classifier, over the labels of both.

    The classifier speaks under the condition that the document is of a label which it knows. How likely that is the
    neighbours say: its part is scaled by their vote for labels that it knows, and what they give to others stays
    theirs in full. So a label that only exemplars have can win, however sure the classifier is of its own, and where
    no exemplar is of such a label this is the plain mixture of the source. It adds up to 1.

    Where nobody votes the classifier speaks alone, and likewise the other way round.

    Source: Khandelwal et al., "Generalization through Memorization: Nearest Neighbor Language Models", ICLR 2020,
    equation 3. The condition is ours.
    """
    if not votes or not classifier:
        return dict(votes or classifier)
    known = math.fsum(share for label, share in votes.items() if label in classifier)
    blended = {
        label: vote_weight * votes.get(label, 0.0) + (1 - vote_weight) * known * probability
        for label, probability in classifier.items()
    }
    return blended | {label: share for label, share in votes.items() if label not in classifier}


def calibrated(probabilities: Probabilities, temperature: float) -> Probabilities:
    """Probabilities proportional to p^(1 / temperature), which is temperature scaling of their logarithms.

    Source: Guo et al., "On Calibration of Modern Neural Networks", ICML 2017.
    """
    most = max(probabilities.values(), default=0.0)
    if most <= 0:
        return dict(probabilities)
    raised = {label: (p / most) ** (1 / temperature) for label, p in probabilities.items()}
    total = math.fsum(raised.values())
    return {label: value / total for label, value in raised.items()}

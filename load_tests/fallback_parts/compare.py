"""Ways of deciding the deferred documents, side by side. All choices are made on training data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from load_tests.fallback_parts.cheap import HARD_SHARE, Read
from load_tests.fallback_parts.judged import Floats, Integers
from load_tests.fallback_parts.measures import Paired, paired
from load_tests.fallback_parts.tune import WEIGHTS, Chosen, choose, opinion, with_index_head

ALONE, VOTE, BLEND, RETRAINED = "classifier alone (A)", "neighbour vote (B)", "blend", "classifier retrained (A + B)"
HEAD_BLEND = "blend with a head on B (tried)"
WAYS = (ALONE, VOTE, BLEND, HEAD_BLEND, RETRAINED)
WITH_CONFIDENCE = (ALONE, VOTE, BLEND, HEAD_BLEND)
PAIRS = (
    (BLEND, ALONE),
    (VOTE, ALONE),
    (HEAD_BLEND, ALONE),
    (RETRAINED, ALONE),
    (BLEND, RETRAINED),
    (HEAD_BLEND, RETRAINED),
    (HEAD_BLEND, BLEND),
)


@dataclass(frozen=True, slots=True)
class Decided:
    """Test documents of a slice by all ways. D documents."""

    gold: Integers  # [D]
    said: Mapping[str, Integers]  # by way, [D]; RETRAINED only where a classifier was trained without these documents
    confidence: Mapping[str, Floats]  # by way but RETRAINED, [D]
    accepted: NDArray[np.bool_]  # [D]: by the blend's certified threshold
    policies: tuple[Chosen, ...]  # of the blend: one, or one a fold
    of: int  # test documents, deferred or not

    def right(self, way: str) -> NDArray[np.bool_]:
        """[D]"""
        flags: NDArray[np.bool_] = self.said[way] == self.gold
        return flags

    @property
    def ways(self) -> tuple[str, ...]:
        """WAYS that were tried on these documents."""
        return tuple(way for way in WAYS if way in self.said)

    def pairs(self) -> dict[str, Paired]:
        """PAIRS of `ways`, by name."""
        return {
            f"{ours} / {theirs}": paired(self.right(ours), self.right(theirs))
            for ours, theirs in PAIRS
            if ours in self.said and theirs in self.said
        }


def deferred_slice(read: Read) -> Decided:
    """What the certified threshold defers."""
    return _decide(read, read.tuning.deferred, read.test.deferred)


def hard_slice(read: Read) -> Decided:
    """The least confident share, by a quantile of the training data."""
    return _decide(
        read, read.tuning.classifier.max(axis=1) < read.hard_below, read.test.classifier.max(axis=1) < read.hard_below
    )


def slices_of(reads: Sequence[Read]) -> dict[str, list[Decided]]:
    """Both slices of each test part, by name."""
    return {
        "deferred": [deferred_slice(read) for read in reads],
        f"least confident {100 * HARD_SHARE:.0f} %": [hard_slice(read) for read in reads],
    }


def pooled(parts: Sequence[Decided]) -> Decided:
    """Several test parts of one source as one, by the ways that were tried on all of them.

    What decided a part was chosen on others, in the cheap mode as read by classifiers that knew nothing of this one. In
    the full mode those that read for a fifth of half A had learnt from it: else it would take ten trainings more.
    """
    ways = [way for way in WAYS if all(way in part.said for part in parts)]
    return Decided(
        np.concatenate([part.gold for part in parts]),
        {way: np.concatenate([part.said[way] for part in parts]) for way in ways},
        {way: np.concatenate([part.confidence[way] for part in parts]) for way in WITH_CONFIDENCE},
        np.concatenate([part.accepted for part in parts]),
        tuple(chosen for part in parts for chosen in part.policies),
        sum(part.of for part in parts),
    )


def _decide(read: Read, tuned_on: NDArray[np.bool_], tested_on: NDArray[np.bool_]) -> Decided:
    tuning, test = read.tuning.take(tuned_on), read.test.take(tested_on)
    chosen, voting = choose(tuning, WEIGHTS), choose(tuning, (1.0,))
    opinions = {
        ALONE: test.classifier,
        VOTE: opinion(test, voting.policy),
        BLEND: opinion(test, chosen.policy),
        HEAD_BLEND: with_index_head(tuning, test),
    }
    said = {way: of_way.argmax(axis=1) for way, of_way in opinions.items()}
    confidence = {way: of_way.max(axis=1) for way, of_way in opinions.items()}
    threshold = chosen.policy.threshold
    accepted = np.zeros(len(test.ids), dtype=bool) if threshold is None else confidence[BLEND] >= threshold
    # Who cites nobody decides nothing (docmill.fallback.decide).
    cited = (test.neighbours[:, : chosen.policy.neighbours] == said[BLEND][:, None]).any(axis=1)
    return Decided(
        test.gold,
        said | ({} if read.retrained is None else {RETRAINED: read.retrained[tested_on]}),
        confidence,
        accepted & cited,
        (chosen,),
        len(read.test.ids),
    )

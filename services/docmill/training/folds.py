"""Documents to folds: what is alike stays together, every label is spread. Does not depend on the order of files."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence

from docmill.training.corpus import LabelledDocument, near_duplicates

LARGEST_SHARE = 0.1  # of a fold that judges, for documents that are all alike

Cluster = list[LabelledDocument]


def assign_folds(
    documents: Sequence[LabelledDocument],
    families: Mapping[str, str],
    folds: int,
    judging: int | None = None,
    *,
    turns: Mapping[str, int] | None = None,
) -> dict[str, int]:
    """The fold of each document by its id, from 0.

    Near-duplicates share a fold, and so do documents of one family (by id; a document without one is its own). Clusters
    are dealt label by label, largest first, each to the fold that has the fewest documents of that label.

    What is right or wrong in the fold `judging` is counted as so many independent decisions. So near-duplicates that
    would be more than a tenth of what it has of their label go elsewhere, if twice what it needs is left without them.

    `turns`, by source (0 if not named): those of a higher one are dealt when all others are, whose folds they do not
    change. What is alike to documents that were dealt goes where most of these are.
    """
    turn_of = turns or {}
    deal = _Deal(families, folds, judging)
    for turn in sorted({turn_of.get(document.source, 0) for document in documents}):
        deal.take([document for document in documents if turn_of.get(document.source, 0) <= turn])
    return deal.assigned


class _Deal:
    """Documents dealt so far, turn by turn."""

    def __init__(self, families: Mapping[str, str], folds: int, judging: int | None) -> None:
        self.assigned: dict[str, int] = {}
        self._families, self._folds, self._judging = families, folds, judging
        self._of_label: dict[str | None, Counter[int]] = {}
        self._in_all: Counter[int] = Counter()

    def take(self, documents: Sequence[LabelledDocument]) -> None:
        """Deal those of `documents` that were not; the others must be among them."""
        clusters = _joined(near_duplicates(documents), self._families)
        clusters.sort(key=lambda cluster: (-len(cluster), _hash(cluster)))
        shares = {label: count / self._folds for label, count in Counter(d.label for d in documents).items()}
        elsewhere = _elsewhere(clusters, self._families, shares)
        for number, cluster in enumerate(clusters):
            dealt = Counter(self.assigned[document.id] for document in cluster if document.id in self.assigned)
            fold = (
                min(dealt, key=lambda fold: (-dealt[fold], fold)) if dealt else self._fold(cluster, number in elsewhere)
            )
            self._put([document for document in cluster if document.id not in self.assigned], fold)

    def _fold(self, cluster: Cluster, is_elsewhere: bool) -> int:
        counts = self._of_label.setdefault(_commonest(cluster), Counter())
        places = [fold for fold in range(self._folds) if fold != self._judging or not is_elsewhere]
        return min(places, key=lambda fold: (counts[fold], self._in_all[fold], fold))

    def _put(self, documents: Sequence[LabelledDocument], fold: int) -> None:
        for document in documents:
            self.assigned[document.id] = fold
            self._of_label.setdefault(document.label, Counter())[fold] += 1
            self._in_all[fold] += 1


def _elsewhere(
    clusters: Sequence[Cluster], families: Mapping[str, str], shares: Mapping[str | None, float]
) -> set[int]:
    """Numbers of the clusters of near-duplicates that are too large to judge by; `shares`: of a fold, by label."""
    large: dict[str | None, list[int]] = {}
    left: Counter[str | None] = Counter()
    for number, cluster in enumerate(clusters):
        label = _commonest(cluster)
        is_family = any(document.id in families for document in cluster)
        if len(cluster) > max(1, LARGEST_SHARE * shares[label]) and not is_family:
            large.setdefault(label, []).append(number)
        else:
            left[label] += len(cluster)
    return {number for label, numbers in large.items() if left[label] >= 2 * shares[label] for number in numbers}


def _joined(clusters: Sequence[Cluster], families: Mapping[str, str]) -> list[Cluster]:
    """Clusters that share a family, as one."""
    joined: list[Cluster] = []
    place: dict[str, int] = {}  # of a family in `joined`
    for cluster in clusters:
        own = {families[document.id] for document in cluster if document.id in families}
        places = sorted({place[family] for family in own if family in place})
        members = [document for index in places for document in joined[index]] + cluster
        for index in places:
            joined[index] = []
        joined.append(members)
        for family in {families[document.id] for document in members if document.id in families}:
            place[family] = len(joined) - 1
    return [cluster for cluster in joined if cluster]


def _commonest(cluster: Cluster) -> str | None:
    counts = Counter(document.label for document in cluster)
    return max(counts, key=lambda label: (counts[label], str(label)))


def _hash(cluster: Cluster) -> str:
    return hashlib.sha256(min(document.id for document in cluster).encode()).hexdigest()

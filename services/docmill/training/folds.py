"""Documents to folds: what is alike stays together, every label is spread. Does not depend on the order of files."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence

from docmill.training.corpus import LabelledDocument, near_duplicates


def assign_folds(documents: Sequence[LabelledDocument], families: Mapping[str, str], folds: int) -> dict[str, int]:
    """The fold of each document by its id, from 0.

    Near-duplicates share a fold, and so do documents of one family (by id; a document without one is its own). Clusters
    are dealt label by label, largest first, each to the fold that has the fewest documents of that label.
    """
    clusters = _joined(near_duplicates(documents), families)
    clusters.sort(key=lambda cluster: (-len(cluster), _hash(cluster)))
    of_label: dict[str | None, Counter[int]] = {}
    in_all: Counter[int] = Counter()
    assigned = {}
    for cluster in clusters:
        label = _commonest(cluster)
        counts = of_label.setdefault(label, Counter())
        fold = min(range(folds), key=lambda fold: (counts[fold], in_all[fold], fold))
        for document in cluster:
            assigned[document.id] = fold
            of_label.setdefault(document.label, Counter())[fold] += 1
            in_all[fold] += 1
    return assigned


def _joined(clusters: Sequence[list[LabelledDocument]], families: Mapping[str, str]) -> list[list[LabelledDocument]]:
    """Clusters that share a family, as one."""
    joined: list[list[LabelledDocument]] = []
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


def _commonest(cluster: Sequence[LabelledDocument]) -> str | None:
    counts = Counter(document.label for document in cluster)
    return max(counts, key=lambda label: (counts[label], str(label)))


def _hash(cluster: Sequence[LabelledDocument]) -> str:
    return hashlib.sha256(min(document.id for document in cluster).encode()).hexdigest()

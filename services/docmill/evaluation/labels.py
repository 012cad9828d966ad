"""Labels of a labelled file to the bundle's. Does not know documents."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LabelMatch:
    """`labels`: gold label to the bundle's full label, None where the bundle has none or cannot tell which.

    `group`: the group that the file plainly belongs to, None where none has the majority.
    """

    labels: dict[str, str | None]
    group: str | None


def match_labels(gold: Mapping[str, int], labels: Sequence[str]) -> LabelMatch:
    """Match the gold labels of one file, given with their document counts, to a bundle's `group` or `group.name`.

    In this order: the same label; the only label with that last part; the label with that last part in the file's
    group, which is the group of more than half of the documents matched so far.
    """
    by_last: dict[str, list[str]] = defaultdict(list)
    for label in labels:
        by_last[label.rpartition(".")[2]].append(label)
    matched: dict[str, str | None] = {}
    for label in gold:
        candidates = [label] if label in labels else by_last.get(label, [])
        matched[label] = candidates[0] if len(candidates) == 1 else None
    votes: Counter[str] = Counter()
    for label, full in matched.items():
        if full is not None:
            votes[_group(full)] += gold[label]
    group = next((name for name, count in votes.items() if 2 * count > votes.total()), None)
    for label, full in matched.items():
        in_group = [candidate for candidate in by_last.get(label, []) if _group(candidate) == group]
        if full is None and len(in_group) == 1:
            matched[label] = in_group[0]
    return LabelMatch(matched, group)


def _group(label: str) -> str:
    return label.partition(".")[0]

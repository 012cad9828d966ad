"""Labels of a labelled file to the bundle's. Does not know documents."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from docmill.bundle.manifest import SourceNames


@dataclass(frozen=True, slots=True)
class LabelMatch:
    """`labels`: gold label to the bundle's full label, None where the bundle has none or cannot tell which.

    `group`: the group that the file belongs to, None where nothing tells.
    """

    labels: dict[str, str | None]
    group: str | None


def mapped_labels(gold: Iterable[str], names: SourceNames, labels: Sequence[str]) -> LabelMatch:
    """The gold labels of a source that the bundle was trained on, mapped as its training did; nothing is guessed."""
    full = {label: names.full_label(label) for label in gold}
    return LabelMatch({own: name if name in labels else None for own, name in full.items()}, names.group)


def match_labels(gold: Mapping[str, int], labels: Sequence[str]) -> LabelMatch:
    """Match the gold labels of a file that no training knew, given with their document counts, to a bundle's.

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
            votes[group_of(full)] += gold[label]
    group = next((name for name, count in votes.items() if 2 * count > votes.total()), None)
    for label, full in matched.items():
        in_group = [candidate for candidate in by_last.get(label, []) if group_of(candidate) == group]
        if full is None and len(in_group) == 1:
            matched[label] = in_group[0]
    return LabelMatch(matched, group)


def group_of(label: str) -> str:
    """The group of types that a full label belongs to."""
    return label.partition(".")[0]

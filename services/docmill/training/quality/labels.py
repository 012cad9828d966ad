"""How many documents there are, of each type and in all."""

import math
from collections import Counter
from collections.abc import Iterator

from docmill.training.quality.finding import Code, Example, Finding, Severity
from docmill.training.quality.subject import Subject

ACCEPTED, BEST, BEST_MAX = 200, 1_000, 5_000  # training documents in all
REFUSED_BELOW, SMALL_BELOW = 5, 20  # of one label
IMBALANCE_WARNED, IMBALANCE_NOTED = 50.0, 10.0  # largest label to smallest


def check_size(subject: Subject) -> Iterator[Finding]:
    """Fewer training documents than is good."""
    count = sum(1 for _ in subject.training())
    if count < BEST:
        below = count < ACCEPTED
        yield Finding(
            Severity.WARN if below else Severity.NOTE,
            Code.FEW_DOCUMENTS,
            "",
            f"training documents in all: fewer than {ACCEPTED if below else BEST:,}",
            f"Label more, the small labels first: {ACCEPTED} to 500 is the accepted minimum, {BEST:,} to {BEST_MAX:,} "
            f"is best, and care with each counts more than their number",
            count,
            "documents",
        )


def check_labels(subject: Subject) -> Iterator[Finding]:
    """Labels that are too small, missing in a part, or out of proportion."""
    in_training = {group: subject.labels("train", group) for group in subject.recipe.groups}
    in_validation = {group: subject.labels("validation", group) for group in subject.recipe.groups}
    yield from _without_labels(in_training)
    both: Counter[str] = sum(in_training.values(), Counter())
    for counts in in_training.values():
        both.update(dict.fromkeys(counts, 0))  # keeps those that nobody bears
    validated: Counter[str] = sum(in_validation.values(), Counter())
    yield from _small(both)
    yield from _on_one_side(both, validated)
    yield from _imbalance(in_training)


def _without_labels(in_training: dict[str, Counter[str]]) -> Iterator[Finding]:
    bare = [group for group, counts in in_training.items() if not counts.total()]
    if bare:
        yield Finding(
            Severity.REFUSE,
            Code.NO_LABELS,
            "",
            "groups without one labelled training document",
            "Label their documents, or take the group out of the recipe: a type that was never seen is never found",
            len(bare),
            "groups",
            examples=tuple(map(Example, bare)),
        )


def _small(counts: Counter[str]) -> Iterator[Finding]:
    ranked = sorted(counts.items(), key=lambda item: (item[1], item[0]))
    kinds = (
        (
            Severity.REFUSE,
            Code.LABEL_TOO_SMALL,
            0,
            REFUSED_BELOW,
            "Merge each into another label, drop or unlabel it: ",
        ),
        (Severity.WARN, Code.LABEL_SMALL, REFUSED_BELOW, SMALL_BELOW, "Label more of them, or merge alike ones: "),
    )
    for severity, code, least, below, do in kinds:
        small = [(name, count) for name, count in ranked if least <= count < below]
        if small:
            yield Finding(
                severity,
                code,
                "",
                f"labels with fewer than {below} training documents",
                f"{do}see [labels] in the recipe",
                len(small),
                "labels",
                total=len(counts),
                examples=tuple(Example(name, f"{count} document{'s' * (count != 1)}") for name, count in small),
            )


def _on_one_side(training: Counter[str], validation: Counter[str]) -> Iterator[Finding]:
    missing = [name for name in validation if not training[name]]
    if missing:
        yield Finding(
            Severity.WARN,
            Code.LABEL_ONLY_IN_VALIDATION,
            "",
            "labels of validation documents that no training document bears",
            "Move some of them to the training part, or map them: as it is, each of these counts as an error",
            len(missing),
            "labels",
            examples=tuple(Example(name, f"{validation[name]} in validation") for name in sorted(missing)),
        )
    unmeasured = [name for name, count in training.items() if count and not validation[name]]
    if unmeasured:
        yield Finding(
            Severity.NOTE,
            Code.LABEL_NOT_IN_VALIDATION,
            "",
            "labels without a validation document",
            "Nothing will say how well these are told apart: put some into the validation part",
            len(unmeasured),
            "labels",
            total=len(training),
            examples=tuple(Example(name, f"{training[name]} in training") for name in sorted(unmeasured)),
        )


def _imbalance(in_training: dict[str, Counter[str]]) -> Iterator[Finding]:
    examples: dict[Severity, list[Example]] = {Severity.WARN: [], Severity.NOTE: []}
    for group, counts in in_training.items():
        ranked = [(name, count) for name, count in counts.most_common() if count]
        if len(ranked) < 2 or ranked[0][1] / ranked[-1][1] < IMBALANCE_NOTED:
            continue
        ratio = ranked[0][1] / ranked[-1][1]
        detail = f"{ratio:,.0f} times: {ranked[0][0]} {ranked[0][1]:,}, {ranked[-1][0]} {ranked[-1][1]:,}; "
        detail += f"{len(ranked)} labels weigh as much as {effective_number([n for _, n in ranked]):.1f} of equal size"
        examples[Severity.WARN if ratio >= IMBALANCE_WARNED else Severity.NOTE].append(Example(group, detail))
    for severity, found in examples.items():
        if found:
            limit = IMBALANCE_WARNED if severity is Severity.WARN else IMBALANCE_NOTED
            yield Finding(
                severity,
                Code.IMBALANCE,
                "",
                f"groups whose largest label has {limit:.0f} times the documents of the smallest, or more",
                "Draw fewer of the large ones (`per_label` of the source) or label more of the small ones, and read "
                "macro figures: accuracy speaks for the large labels alone",
                len(found),
                "groups",
                examples=tuple(found),
            )


def effective_number(sizes: list[int]) -> float:
    """How many labels of equal size would be as uncertain: the exponential of the entropy of their shares.

    Source: Hill, "Diversity and evenness: a unifying notation and its consequences", 1973, order 1.
    """
    total = sum(sizes)
    return math.exp(-sum(size / total * math.log(size / total) for size in sizes))

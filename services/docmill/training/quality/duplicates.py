"""Texts that occur more than once, within the training part and across the parts, and labels that contradict."""

from collections import defaultdict
from collections.abc import Iterator

from docmill.training.corpus import LabelledDocument
from docmill.training.quality.finding import Code, Example, Finding, Severity
from docmill.training.quality.subject import Pair, Subject

MANY = 0.05  # of the training documents


def check_duplicates(subject: Subject) -> Iterator[Finding]:
    """Duplicates of all kinds, and conflicts among them."""
    documents = list(subject.training())
    validated = sum(1 for _ in subject.validation())
    yield from _exact(_copies(documents), len(documents))
    within = [pair for pair in subject.pairs if pair.within_training and pair.is_copy]
    yield from _near([pair for pair in within if not _same(pair)], len(documents))
    across = [pair for pair in subject.pairs if pair.across]
    yield from _across([pair for pair in across if pair.is_copy], validated)
    yield from _forms([pair for pair in across if not pair.is_copy], validated)
    yield from _conflicts(within)


def _exact(copies: list[list[LabelledDocument]], total: int) -> Iterator[Finding]:
    if copies:
        yield Finding(
            Severity.WARN,
            Code.EXACT_DUPLICATE,
            "",
            "training documents with the same text as an earlier one",
            "Keep one of each: a copy weighs again and teaches nothing",
            sum(len(group) - 1 for group in copies),
            "documents",
            total,
            tuple(Example(group[0].id, " = ".join(d.id for d in group[1:])) for group in copies),
        )


def _near(pairs: list[Pair], total: int) -> Iterator[Finding]:
    later = {pair.second.document.id for pair in pairs}
    if later:
        yield Finding(
            Severity.WARN if len(later) > MANY * total else Severity.NOTE,
            Code.NEAR_DUPLICATE,
            "",
            "training documents that are nearly the text of an earlier one",
            "Keep them where the mailroom really sees a form letter so often, else one of each; folds and the "
            "calibration part never separate them",
            len(later),
            "documents",
            total,
            tuple(Example(str(pair)) for pair in pairs),
        )


def _across(pairs: list[Pair], total: int) -> Iterator[Finding]:
    if pairs:
        yield Finding(
            Severity.WARN,
            Code.COPY_IN_VALIDATION,
            "",
            "validation documents that a training document repeats, which makes figures kind",
            "Nothing, if you like: training leaves the training copies out; better, split anew so that both stay on "
            "one side",
            len(_validated(pairs)),
            "documents",
            total,
            tuple(Example(str(pair), _labels(pair)) for pair in pairs),
        )


def _forms(pairs: list[Pair], total: int) -> Iterator[Finding]:
    if pairs:
        yield Finding(
            Severity.NOTE,
            Code.FORM_IN_VALIDATION,
            "",
            "validation documents on a form that training documents use too (a form letter, the receipts of one till)",
            "Nothing where the mailroom knows the form as well; figures say little about forms never seen",
            len(_validated(pairs)),
            "documents",
            total,
            tuple(Example(str(pair), _labels(pair)) for pair in pairs),
        )


def _validated(pairs: list[Pair]) -> set[str]:
    return {p.document.id for pair in pairs for p in (pair.first, pair.second) if p.part == "validation"}


def _conflicts(pairs: list[Pair]) -> Iterator[Finding]:
    conflicts = [pair for pair in pairs if _conflicting(pair)]
    if conflicts:
        yield Finding(
            Severity.WARN,
            Code.LABEL_CONFLICT,
            "",
            "near-identical training documents with different labels",
            "Decide which label is right, or set both to null: no model can learn both",
            len(conflicts),
            "pairs",
            examples=tuple(Example(str(pair), _labels(pair)) for pair in conflicts),
        )


def _conflicting(pair: Pair) -> bool:
    first, second = pair.first.document, pair.second.document
    return first.label is not None and second.label is not None and first.label != second.label


def _labels(pair: Pair) -> str:
    first, second = pair.first.document.label, pair.second.document.label
    return f"{first} / {second}" if first != second else ""


def _copies(documents: list[LabelledDocument]) -> list[list[LabelledDocument]]:
    """Documents of the same text, case and white space apart."""
    by_text: dict[str, list[LabelledDocument]] = defaultdict(list)
    for document in documents:
        by_text[_folded(document)].append(document)
    return [group for group in by_text.values() if len(group) > 1]


def _same(pair: Pair) -> bool:
    return _folded(pair.first.document) == _folded(pair.second.document)


def _folded(document: LabelledDocument) -> str:
    return " ".join(document.text.split()).casefold()

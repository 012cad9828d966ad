"""Which types are taken for which. Pure."""

from collections import Counter
from collections.abc import Sequence

from docmill.evaluation.counts import Answer
from docmill.evaluation.gold import GoldSource
from docmill.training.report.content import Confusion

REJECTED = "(rejected)"


def confusion(source: GoldSource, answers: Sequence[Answer | None]) -> Confusion | None:
    """Documents with a known label by it and the answer's; None: there are none.

    The predicted labels are the gold ones in the same order, then others.
    """
    pairs = Counter(
        (document.label, REJECTED if answer is None else answer.label)
        for document, answer in zip(source.documents, answers, strict=True)
        if document.label is not None
    )
    if not pairs:
        return None
    gold = sorted({label for label, _ in pairs})
    predicted = [*gold, *sorted({label for _, label in pairs} - set(gold))]
    return Confusion(
        gold=tuple(gold),
        predicted=tuple(predicted),
        counts=tuple(tuple(pairs[label, other] for other in predicted) for label in gold),
    )

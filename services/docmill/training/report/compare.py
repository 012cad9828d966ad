"""Two models on the same documents: the difference, and whether it is more than luck of the draw of documents."""

from collections.abc import Iterator

import numpy as np

from docmill.evaluation.metrics import Floats, interval, point
from docmill.evaluation.score import DocumentCounts
from docmill.training.report.content import MEASURES, Comparison, Measure, Measures

RESAMPLES = 2000


def measures_of(counts: DocumentCounts) -> Measures:
    """The measures of one source."""
    found = counts.measures()
    return Measures.model_validate({name: point(found[name], len(counts.gold)) for name in MEASURES})


def compare(
    before: DocumentCounts, after: DocumentCounts, *, names: tuple[str, str], seed: int, source: str
) -> Iterator[Comparison]:
    """`after` against `before` by every measure that both have; documents in the same order.

    Source: paired bootstrap, Koehn, "Statistical Significance Tests for Machine Translation Evaluation", EMNLP 2004.
    """
    total = len(before.gold)
    of_before, of_after = before.measures(), after.measures()
    for measure in MEASURES:

        def difference(weights: Floats, measure: Measure = measure) -> Floats:
            return of_after[measure](weights) - of_before[measure](weights)

        found, bounds = point(difference, total), interval(difference, total, RESAMPLES)
        if found is not None and bounds is not None:
            yield Comparison(
                before=names[0],
                after=names[1],
                seed=seed,
                source=source,
                measure=measure,
                difference=found,
                interval=bounds,
                documents=_documents(measure, before, after),
            )


def _documents(measure: Measure, before: DocumentCounts, after: DocumentCounts) -> int:
    match measure:
        case "type_accuracy" | "type_macro_f1":
            return int((before.gold >= 0).sum())
        case "field_f1_value":
            counts = np.concatenate([before.values, after.values], axis=1)
        case "field_f1_span":
            counts = np.concatenate([before.spans, after.spans], axis=1)
    return int(counts.any(axis=(1, 2)).sum())

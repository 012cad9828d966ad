"""What a list of vendors in the index does to the company of receipts, with the bundle that ships.

    DOCMILL_DATA=FOLDER python -m load_tests.fallback_fields [--bundle B]

The list is the companies of the training receipts, the test the validation receipts; the weights are the defaults of
`FieldPolicy`, so nothing is chosen on either. Prints how often the company decided is the right one (case, spaces and
outer punctuation apart), without and with the list, and how often the right one is among the n best spans at all.
"""

import argparse
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from docmill.bundle.load import default_bundle, load_bundle
from docmill.evaluation.gold import Row, read_rows
from docmill.fallback.fields import decide_field, same_value
from docmill.fallback.policy import FieldPolicy
from docmill.fallback.types import Candidate, CodeList, FieldAccepted, FieldDecision
from docmill.pipeline.normalise import FieldKind, normalise
from docmill.processing import Decided, Mill, ReceivedDocument
from docmill.runtime.session import OnnxInference
from load_tests.fallback_parts.measures import paired

FIELD = "company"
NOON = datetime(2000, 1, 1, 12, tzinfo=UTC)


def main(arguments: Sequence[str] | None = None) -> None:
    """Read, decide twice, compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("DOCMILL_DATA"), help="default: DOCMILL_DATA")
    parser.add_argument("--source", default="sroie")
    parser.add_argument("--bundle", type=Path, help="default: the one shipped")
    args = parser.parse_args(arguments)
    if args.data is None:
        parser.error("say where the labelled documents are: --data or DOCMILL_DATA")
    folder = Path(args.data) / args.source
    vendors = sorted({gold for row in read_rows(folder / "train.jsonl") if (gold := company(row))})
    rows = [row for row in read_rows(folder / "validation.jsonl") if company(row)]
    listed = CodeList("vendors", {FIELD: tuple(vendors)})
    found = candidates(rows, args.bundle or default_bundle())
    rows = [row for row in rows if row.id in found]
    without = [decide_field(FIELD, found[row.id], (), (), FieldPolicy()) for row in rows]
    with_list = [decide_field(FIELD, found[row.id], (), (listed,), FieldPolicy()) for row in rows]
    plain = np.array([right(row, decision) for row, decision in zip(rows, without, strict=True)])
    helped = np.array([right(row, decision) for row, decision in zip(rows, with_list, strict=True)])
    reachable = sum(any(same_value(one, company(row)) for one in found[row.id]) for row in rows)
    known = sum(any(same_value(_said(company(row)), vendor) for vendor in vendors) for row in rows)
    print(f"{len(rows)} deferred receipts; {known} of a listed vendor; right one among the n best: {reachable}")
    for name, decisions, flags in (("without the list", without, plain), ("with the list", with_list, helped)):
        accepted = np.array([isinstance(decision, FieldAccepted) for decision in decisions])
        print(f"{name}: {flags.sum()} right; {accepted.sum()} accepted, {(flags & accepted).sum()} of them rightly")
    print(paired(helped, plain))


def candidates(rows: Sequence[Row], bundle_folder: Path) -> dict[str, tuple[Candidate, ...]]:
    """The n best spans of the company, by id, of receipts that the bundle defers."""
    bundle = load_bundle(bundle_folder)
    inference = OnnxInference(bundle.model_path, 1)
    mill = Mill(bundle, inference)
    found = {}
    try:
        for row in rows:
            content = row.text.encode("utf-8", "replace")
            [outcome] = mill.process([ReceivedDocument(row.id, row.id, content, "text/plain", "utf-8", NOON)])
            if isinstance(outcome, Decided) and outcome.n_best is not None:
                spans = [span for span in outcome.n_best.spans if span.field == FIELD]
                texts = [outcome.text[span.start : span.end] for span in spans]
                found[row.id] = tuple(
                    Candidate(FIELD, span.start, span.end, text, normalise(FieldKind.TEXT, text), span.confidence)
                    for span, text in zip(spans, texts, strict=True)
                )
    finally:
        inference.close()
    return found


def right(row: Row, decision: FieldDecision) -> bool:
    """Whether the candidate decided for, or the best of an abstention, is the company."""
    best = decision.candidate if isinstance(decision, FieldAccepted) else decision.best
    return best is not None and same_value(best, company(row))


def company(row: Row) -> str:
    """The company as a person read it; empty where the row names none."""
    value = row.fields.get(FIELD)
    return value if isinstance(value, str) else ""


def _said(value: str) -> Candidate:
    return Candidate(FIELD, 0, len(value), value, None, 0.0)


if __name__ == "__main__":
    main()

"""Does the search for suspect labels find mistakes? Plants some among real labels and counts.

    DOCMILL_DATA=FOLDER python load_tests/suspects.py [SOURCE ...]

Of each source's training documents a twentieth gets another label, drawn alike from the others, three times with
different seeds. `precision` counts the planted mistakes alone: real mistakes among the suspects count as wrong, so it
is a lower bound. Validation documents are not read.
"""

import os
import random
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

from docmill.training.corpus import LabelledDocument, part
from docmill.training.quality.suspects import find_suspects
from docmill.training.row import read_rows

SOURCES = ("cfpb5", "mtsamples", "cfpb", "cuad")
SHARE = 0.05
SEEDS = (1, 2, 3)
LEAST = 20  # documents of a label that is used


def main() -> None:
    folder = os.environ.get("DOCMILL_DATA")
    if not folder:
        raise SystemExit("set DOCMILL_DATA to the folder of labelled sources")
    print(
        "source",
        "documents",
        "labels",
        "seed",
        "planted",
        "suspects",
        "precision",
        "recall",
        "right_label",
        "s",
        sep="\t",
    )
    for source in sys.argv[1:] or SOURCES:
        documents = labelled(Path(folder), source)
        for seed in SEEDS:
            planted, truth = plant(documents, seed)
            started = time.perf_counter()
            suspects = find_suspects(planted, seed).suspects
            seconds = time.perf_counter() - started
            hits = [s for s in suspects if s.document.id in truth]
            right = sum(s.suggested == truth[s.document.id] for s in hits)
            shares = (len(hits) / len(suspects), len(hits) / len(truth), right / len(hits))
            labels = len({document.label for document in documents})
            counts = (len(documents), labels, seed, len(truth), len(suspects))
            print(source, *counts, *(f"{share:.2f}" for share in shares), f"{seconds:.1f}", sep="\t", flush=True)


def labelled(data: Path, source: str) -> list[LabelledDocument]:
    """Training documents whose label has enough of them."""
    rows = list(read_rows(part(data, source, "train")))
    counts = Counter(row.label for row in rows if row.label is not None)
    large = {label for label, count in counts.items() if count >= LEAST}
    return [LabelledDocument(r.id, source, source, r.label, r.text, ()) for r in rows if r.label in large]


def plant(documents: list[LabelledDocument], seed: int) -> tuple[list[LabelledDocument], dict[str, str]]:
    """The documents with some labels exchanged, and the true labels of those by id."""
    rng = random.Random(seed)
    labels = sorted({str(document.label) for document in documents})
    truth = {d.id: str(d.label) for d in rng.sample(documents, round(SHARE * len(documents)))}
    planted = []
    for document in documents:
        others = [label for label in labels if label != document.label]
        planted.append(replace(document, label=rng.choice(others)) if document.id in truth else document)
    return planted, truth


if __name__ == "__main__":
    main()

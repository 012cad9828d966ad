"""Lengths of real documents, as the table in services/docmill/load/lengths.py holds them.

    DOCMILL_DATA=FOLDER python load_tests/lengths.py

Prints the quantiles of the characters of each source's training documents, beside the mean and what the table's
interpolation makes of it.
"""

import gzip
import json
import os
from collections.abc import Iterator
from pathlib import Path

from docmill.load.lengths import LENGTHS, QUANTILES

STEPS = 10_000


def main() -> None:
    folder = os.environ.get("DOCMILL_DATA")
    if not folder:
        raise SystemExit("set DOCMILL_DATA to the folder of labelled sources")
    names = (f"q{quantile:g}" for quantile in QUANTILES)
    print("kind", "source", "documents", *names, "mean", "mean_of_table", sep="\t")
    for kind, lengths in LENGTHS.items():
        found = sorted(characters(Path(folder), lengths.source))
        quantiles = [found[min(len(found) - 1, int(quantile * len(found)))] for quantile in QUANTILES]
        of_table = sum(lengths.at((step + 0.5) / STEPS) for step in range(STEPS)) / STEPS
        print(kind, lengths.source, len(found), *quantiles, round(sum(found) / len(found)), round(of_table), sep="\t")


def characters(data: Path, source: str) -> Iterator[int]:
    """The length of each training document's text, in characters."""
    for name in ("train.jsonl", "train.jsonl.gz"):
        path = data / source / name
        if path.exists():
            with gzip.open(path, "rb") if name.endswith(".gz") else path.open("rb") as lines:
                yield from (len(json.loads(line)["text"]) for line in lines if line.strip())
            return
    raise SystemExit(f"no train.jsonl[.gz] in {data / source}")


if __name__ == "__main__":
    main()

"""The corpus as files: two of JSON lines in the format of the other sources, and a README. Does not know layouts."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from docmill.training.claims.generate import Document
from docmill.training.claims.pools import Part
from docmill.training.claims.statistics import report

FOLDER = "claims"
LICENCE = "Apache-2.0 (docmill); synthetic, every name, number and place is invented"
README = """# SYNTHETIC insurance claims

Made by `python -m docmill.training.claims --documents {documents} --seed {seed}`. No document,
person, company or number in it is real. Every figure measured on it is a figure on synthetic text and must say so. How
it is split (by layout, and by all pools of names) and what it is unlike: docs/decisions/0011-claims-corpus.md.

Licence: {licence}.

## Record

One JSON object a line, UTF-8: `id`, `text`, `label`, `entities` (list of `label`, `start`, `end`, `text`; code points),
`source` (names the layout), `license`, `fields` (one value a field, as it stands in the text first; a field that the
document does not tell is absent).

## Counts

```
{counts}
```
"""


def row(document: Document, seed: int) -> dict[str, Any]:
    """One line of a file, with the keys of the other sources, and `encloses`: the layout of what is enclosed.

    `source` names the layout alone: documents of one are kept in one fold.
    """
    entities = [
        {"label": mark.field, "start": mark.start, "end": mark.end, "text": document.text[mark.start : mark.end]}
        for mark in document.marks
    ]
    return {
        "id": document.id,
        "text": document.text,
        "label": document.kind.value,
        "entities": entities,
        "source": f"SYNTHETIC: docmill claims generator, layout {document.layout}, seed {seed}",
        "license": LICENCE,
        "fields": document.values,
        "encloses": document.enclosure,
    }


def write(out: Path, parts: Mapping[Part, Sequence[Document]], seed: int) -> Path:
    """Write both parts and the README below `out`; returns the folder. What stood there under these names is replaced.

    Raises:
        OSError: the folder cannot be made or written to.
    """
    folder = out / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for part, documents in parts.items():
        lines = (json.dumps(row(document, seed), ensure_ascii=False) + "\n" for document in documents)
        (folder / f"{part.value}.jsonl").write_text("".join(lines), encoding="utf-8", newline="\n")
    counts = "\n".join(report(part.value, documents) for part, documents in parts.items())
    total = sum(map(len, parts.values()))
    text = README.format(documents=total, seed=seed, licence=LICENCE, counts=counts)
    (folder / "README.md").write_text(text, encoding="utf-8", newline="\n")
    return folder

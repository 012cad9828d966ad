"""Our samples as labelled sources, as recipes/samples.toml wants them.

Of each kind the last text document is for validation, the others come in variations for training: digits permuted,
lines dropped. All documents of a kind have that kind's one label.
"""

import json
import random
from pathlib import Path
from typing import Any

from docmill.resources import resource
from docmill.training.augment import ReceiptAugmenter
from docmill.training.corpus import Entity, LabelledDocument

LABELS = {
    "claims": "claim",
    "complaints": "complaint",
    "contracts": "contract",
    "medical": "medical",
    "receipts": "receipt",
}
VARIATIONS = 4
SEED = 7


def write_sample_sources(folder: Path) -> Path:
    """Write them below `folder` and return it."""
    samples = resource("samples")
    rows = [json.loads(line) for line in (samples / "labels.jsonl").read_text(encoding="utf-8").splitlines()]
    for kind, label in LABELS.items():
        own = [row for row in rows if row["kind"] == kind and "entities" in row]
        documents = [_document(row, label, (samples / row["file"]).read_text(encoding="utf-8")) for row in own]
        train = [varied for document in documents[:-1] for varied in _variations(document)]
        (folder / kind).mkdir(parents=True)
        for part, of_part in (("train", train), ("validation", documents[-1:])):
            lines = "".join(json.dumps(_row(document)) + "\n" for document in of_part)
            (folder / kind / f"{part}.jsonl").write_text(lines, encoding="utf-8")
    return folder


def _document(row: dict[str, Any], label: str, text: str) -> LabelledDocument:
    entities = tuple(Entity(e["label"], e["start"], e["end"]) for e in row["entities"])
    return LabelledDocument(row["id"], row["kind"], label, label, text, entities)


def _variations(document: LabelledDocument) -> list[LabelledDocument]:
    rng = random.Random(f"{SEED}:{document.id}")
    augment = ReceiptAugmenter([], rng)
    varied = [document, *(augment(document) for _ in range(VARIATIONS - 1))]
    return [
        LabelledDocument(f"{one.id}#{n}", one.source, one.group, one.label, one.text, one.entities)
        for n, one in enumerate(varied)
    ]


def _row(document: LabelledDocument) -> dict[str, Any]:
    entities = [{"label": e.field, "start": e.start, "end": e.end} for e in document.entities]
    return {"id": document.id, "label": document.label, "text": document.text, "entities": entities}

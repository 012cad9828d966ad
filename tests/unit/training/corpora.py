"""A recipe of two groups and three sources, and corpora for it, as files."""

import json
import random
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from docmill.training.corpus import Corpus, read_corpus
from docmill.training.recipe import Recipe

Row = dict[str, Any]
VALUES: dict[str, Any] = {
    "name": "by-hand",
    "version": "0",
    "base_model": "none",
    "base_model_licence": "none",
    "languages": ["en"],
    "limits": [],
    "seed": 7,
    "encoder": {"max_tokens": 64, "stride": 16, "type_windows": 2},
    "teacher": {"tokens": 1000, "encoder_lr": 1e-4, "head_lr": 1e-3},
    "student": {"tokens": 1000, "encoder_lr": 1e-4, "head_lr": 1e-3, "layers": [1]},
    "out_of_fold": {"tokens": 1000},
    "policy": {"target_precision": 0.9, "confidence_level": 0.95},
    "groups": {
        "receipt": {"fields": ["shop", "total"], "required": ["total"]},
        "letter": {"fields": ["party", "law"], "required": []},
    },
    "fields": {
        "shop": {"kind": "text"},
        "total": {"kind": "money"},
        "party": {"kind": "text", "many": True, "values": ["party", "parties"]},
        "law": {"kind": "text", "entities": ["governing_law", "jurisdiction"]},
    },
    "sources": [
        {"name": "till", "group": "receipt", "licence": "none"},
        {"name": "post", "group": "letter", "licence": "none"},
        {"name": "scans", "group": "letter", "licence": "none"},
    ],
}


def recipe(sources: Sequence[dict[str, Any]] = (), **changes: Any) -> Recipe:
    """The recipe with top-level values changed; each of `sources` changes the source of its name."""
    by_name = {change["name"]: change for change in sources}
    changed = [source | by_name.get(source["name"], {}) for source in VALUES["sources"]]
    return Recipe.model_validate(VALUES | {"sources": changed} | changes)


def written(seed: int, words: int = 40) -> str:
    """A text of words that no other seed shares in this order."""
    rng = random.Random(seed)
    return " ".join(rng.choice("abcdefgh") * rng.randint(1, 5) + str(rng.randrange(50)) for _ in range(words))


def row(name: str, label: str | None = None, text: str | None = None, *found: tuple[str, str], **further: Any) -> Row:
    """A row; its entities are given as name and words, which stand in the text."""
    text = written(hash_of(name)) if text is None else text
    entities = []
    for entity, words in found:
        start = text.index(words)
        entities.append({"label": entity, "start": start, "end": start + len(words), "text": words})
    return {"id": name, "label": label, "text": text, "entities": entities, **further}


def hash_of(name: str) -> int:
    """The same in every process, unlike hash()."""
    return int.from_bytes(name.encode(), "big")


def rows(label: str | None, count: int, prefix: str = "") -> list[Row]:
    """So many rows of different texts."""
    return [row(f"{prefix}{label}-{number}", label) for number in range(count)]


def write_source(folder: Path, name: str, train: Iterable[Row] = (), validation: Iterable[Row] = ()) -> None:
    """The two files of a source."""
    (folder / name).mkdir(exist_ok=True)
    for part, part_rows in (("train", train), ("validation", validation)):
        text = "".join(json.dumps(values) + "\n" for values in part_rows)
        (folder / name / f"{part}.jsonl").write_text(text, encoding="utf-8")


def read(
    folder: Path,
    of: Recipe,
    train: dict[str, list[Row]] | None = None,
    validation: dict[str, list[Row]] | None = None,
) -> Corpus:
    """Write rows by source and read them; sources that are not named are empty."""
    for source in of.sources:
        write_source(folder, source.name, (train or {}).get(source.name, ()), (validation or {}).get(source.name, ()))
    return read_corpus(folder, of)

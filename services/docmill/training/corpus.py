"""Labelled documents: reading, splitting off the calibration part, near-duplicates kept together."""

import gzip
import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docmill.errors import ConfigurationError
from docmill.training.recipe import Recipe, Source

SKETCH_SIZE = 16  # smallest shingle hashes kept of a document
SKETCH_SHARED = 8  # documents that share this many of them are near-duplicates
SHINGLE_WORDS = 6


@dataclass(frozen=True, slots=True)
class Entity:
    """`text[start:end]` of its document carries `field`; code points."""

    field: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class LabelledDocument:
    id: str
    source: str
    group: str
    label: str | None  # full name, group first; None: the source gives no single one
    text: str
    entities: tuple[Entity, ...]


def full_label(group: str, label: str) -> str:
    """The bundle's name of a source's label: `group.label`, or the group where they are the same."""
    return group if label == group else f"{group}.{label}"


def read_jsonl(path: Path) -> Iterator[dict[str, Any]]:
    """Rows of a `.jsonl` or `.jsonl.gz` file."""
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
        for line in lines:
            if line.strip():
                yield json.loads(line)


def part(data: Path, source: str, name: str) -> Path:
    """The file of one part (`train`, `validation`) of a source.

    Raises:
        ConfigurationError: it is not there.
    """
    for suffix in (".jsonl", ".jsonl.gz"):
        path = data / source / f"{name}{suffix}"
        if path.exists():
            return path
    raise ConfigurationError(f"no {name}.jsonl[.gz] in {data / source}; set DOCMILL_DATA to the folder of sources")


def load_part(data: Path, source: Source, name: str, recipe: Recipe) -> list[LabelledDocument]:
    """All labelled documents of one part of a source, in file order."""
    documents = []
    for row in read_jsonl(part(data, source.name, name)):
        entities = []
        for entity in row["entities"]:
            field = recipe.entity_field(entity["label"], source.group)
            if field is not None:
                entities.append(Entity(field, entity["start"], entity["end"]))
        label = None if row["label"] is None else full_label(source.group, row["label"])
        documents.append(LabelledDocument(row["id"], source.name, source.group, label, row["text"], tuple(entities)))
    return documents


def hold_out(
    documents: list[LabelledDocument], share: float, seed: int
) -> tuple[list[LabelledDocument], list[LabelledDocument]]:
    """Split into (fit, calibration); near-duplicates always fall on the same side.

    The side is a hash of the seed and the cluster's first id, so it does not depend on the order of the files.
    """
    fit: list[LabelledDocument] = []
    calibration: list[LabelledDocument] = []
    for cluster in near_duplicates(documents):
        digest = hashlib.sha256(f"{seed}:{min(document.id for document in cluster)}".encode()).digest()
        (calibration if int.from_bytes(digest[:4], "big") < share * 2**32 else fit).extend(cluster)
    return fit, calibration


def near_duplicates(documents: list[LabelledDocument]) -> list[list[LabelledDocument]]:
    """Clusters of documents that share most of their rarest-hash word shingles (bottom-k sketch).

    Source: Broder, "On the resemblance and containment of documents", 1997.
    """
    sketches = [_sketch(document.text) for document in documents]
    parent = list(range(len(documents)))

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    holders: dict[int, list[int]] = defaultdict(list)
    for index, sketch in enumerate(sketches):
        shared: dict[int, int] = defaultdict(int)
        for value in sketch:
            for other in holders[value]:
                shared[other] += 1
            holders[value].append(index)
        for other, count in shared.items():
            if count >= min(SKETCH_SHARED, len(sketch), len(sketches[other])):
                parent[root(index)] = root(other)
    clusters: dict[int, list[LabelledDocument]] = defaultdict(list)
    for index, document in enumerate(documents):
        clusters[root(index)].append(document)
    return list(clusters.values())


def _sketch(text: str) -> frozenset[int]:
    words = re.findall(r"\w+", text.lower())
    shingles = {" ".join(words[i : i + SHINGLE_WORDS]) for i in range(max(1, len(words) - SHINGLE_WORDS + 1))}
    hashes = sorted(int.from_bytes(hashlib.blake2b(s.encode(), digest_size=8).digest(), "big") for s in shingles)
    return frozenset(hashes[:SKETCH_SIZE])

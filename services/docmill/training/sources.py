"""Where the sources of a recipe lie: in the user's folder, among docmill's samples, or made here. Needs no torch."""

import json
from pathlib import Path

from docmill.errors import ConfigurationError
from docmill.resources import resource
from docmill.training import claims
from docmill.training.cache import Cache, Stage, code_digest
from docmill.training.claims.generate import documents
from docmill.training.claims.pools import Part
from docmill.training.claims.write import row
from docmill.training.corpus import PARTS
from docmill.training.recipe import Recipe, Source

SEED = 7  # of synthetic documents: another seed of the recipe trains anew, on the same documents
GENERATOR = code_digest(claims)  # as it is imported: a file may be edited before it runs
VALIDATION_SHARE = 5  # one document in so many


def source_folders(recipe: Recipe, data: Path, cache: Cache) -> dict[str, Path]:
    """By source the folder in which its own folder lies; synthetic ones are made if they are not there.

    Raises:
        ConfigurationError: docmill has no such packaged source, or the cache cannot be written.
    """
    return {source.name: _place(source, data, cache) for source in recipe.sources}


def _place(source: Source, data: Path, cache: Cache) -> Path:
    if source.synthetic_claims is not None:
        return _claims(source.name, source.synthetic_claims, cache)
    return _packaged(source.name) if source.packaged else data


def _packaged(name: str) -> Path:
    samples = resource("samples")
    known = sorted(path.parent.name for path in samples.glob(f"*/{PARTS[0]}.jsonl"))
    if name not in known:
        raise ConfigurationError(
            f"docmill has no packaged source {name!r}, only {known}: without `packaged` it is yours"
        )
    return samples


def _claims(name: str, count: int, cache: Cache) -> Path:
    validation = count // VALIDATION_SHARE

    def make(folder: Path) -> None:
        (folder / name).mkdir(exist_ok=True)
        for part, size in ((Part.TRAIN, count - validation), (Part.VALIDATION, validation)):
            lines = (json.dumps(row(document, SEED)) + "\n" for document in documents(part, size, SEED))
            (folder / name / f"{part.value}.jsonl").write_text("".join(lines), encoding="utf-8")
        if code_digest(claims) != GENERATOR:  # lists of words are read when they are needed
            raise ConfigurationError("docmill.training.claims was changed while it was being used: run this again")

    section = {"name": name, "documents": count, "seed": SEED}
    return cache.result(Stage("synthetic-claims", 1, section, {"generator": GENERATOR}, make)).folder

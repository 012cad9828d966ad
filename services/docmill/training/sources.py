"""Where the sources of a recipe lie: in the user's folder, or made here because they are synthetic. Needs no torch."""

import json
from pathlib import Path

from docmill.resources import resource
from docmill.training import claims
from docmill.training.cache import Cache, Stage, code_digest
from docmill.training.claims.generate import documents
from docmill.training.claims.pools import Part
from docmill.training.claims.write import row
from docmill.training.recipe import Recipe

SEED = 7  # of synthetic documents: another seed of the recipe trains anew, on the same documents
VALIDATION_SHARE = 5  # one document in so many


def source_folders(recipe: Recipe, data: Path, cache: Cache) -> list[Path]:
    """Folders in which a source's folder is sought, one after the other; synthetic ones are made if they are not there.

    Raises:
        ConfigurationError: the cache cannot be written.
    """
    wanted = ((source.name, source.synthetic_claims) for source in recipe.sources)
    made = [_claims(name, count, cache) for name, count in wanted if count is not None]
    packaged = [resource("samples")] if any(source.packaged for source in recipe.sources) else []
    return [*made, *packaged, data]


def _claims(name: str, count: int, cache: Cache) -> Path:
    validation = count // VALIDATION_SHARE

    def make(folder: Path) -> None:
        (folder / name).mkdir(exist_ok=True)
        for part, size in ((Part.TRAIN, count - validation), (Part.VALIDATION, validation)):
            lines = (json.dumps(row(document, SEED)) + "\n" for document in documents(part, size, SEED))
            (folder / name / f"{part.value}.jsonl").write_text("".join(lines), encoding="utf-8")

    section = {"name": name, "documents": count, "seed": SEED}
    return cache.result(Stage("synthetic-claims", 1, section, {"generator": code_digest(claims)}, make)).folder

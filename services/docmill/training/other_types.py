"""Training documents of types that the recipe unlabels: whatever type one is given is wrong, and certificates say so.

To training it is a document without a type, so which these are is kept apart: no model depends on it.
"""

import json
from collections.abc import Set
from pathlib import Path

from docmill.training.corpus import Corpus
from docmill.training.recipe import Recipe

OTHER_TYPES_FILE = "other_types.json"


def other_types(corpus: Corpus, recipe: Recipe) -> Set[str]:
    """Ids of the training documents whose row names a type that the recipe unlabels. A row without a type is none."""
    return {
        row.id
        for part in corpus.parts
        if part.name == "train"
        for row in part.rows
        if row.label is not None and recipe.merged_label(row.label, part.source) in recipe.labels.unlabel
    }


def write_other_types(corpus: Corpus, recipe: Recipe, folder: Path) -> None:
    """The ids as a sorted JSON list."""
    (folder / OTHER_TYPES_FILE).write_text(json.dumps(sorted(other_types(corpus, recipe))) + "\n", encoding="utf-8")


def read_other_types(folder: Path) -> Set[str]:
    """What `write_other_types` wrote."""
    return frozenset(json.loads((folder / OTHER_TYPES_FILE).read_text(encoding="utf-8")))

"""A recipe of two groups and the documents for it, written by hand."""

from typing import Any

from docmill.training.corpus import Entity, LabelledDocument
from docmill.training.recipe import Recipe

RECIPE: dict[str, Any] = {
    "name": "by-hand",
    "version": "0",
    "base_model": "none",
    "base_model_licence": "none",
    "languages": ["en"],
    "limits": [],
    "seed": 7,
    "encoder": {"max_tokens": 16, "stride": 4, "type_windows": 2},
    "training": {"tokens_per_step": 64},
    "teacher": {"tokens": 1000, "encoder_lr": 1e-4, "head_lr": 1e-3},
    "student": {"tokens": 2000, "encoder_lr": 1e-4, "head_lr": 1e-3, "layers": [0, 2]},
    "out_of_fold": {"tokens": 500},
    "policy": {"target_precision": 0.95, "confidence_level": 0.95},
    "groups": {
        "receipt": {"fields": ["company", "date", "total"], "required": ["total"]},
        "contract": {"fields": ["party", "law"], "required": []},
    },
    "fields": {
        "company": {"kind": "text"},
        "date": {"kind": "date", "day_first": True},
        "total": {"kind": "money"},
        "party": {"kind": "text", "many": True},
        "law": {"kind": "text", "entities": ["governing_law", "jurisdiction"]},
    },
    "sources": [
        {"name": "slips", "group": "receipt", "licence": "none", "augment": True},
        {"name": "deeds", "group": "contract", "licence": "none"},
    ],
}


def recipe(**changes: Any) -> Recipe:
    return Recipe.model_validate(RECIPE | changes)


def with_sources(only: str | None = None, **changes: Any) -> Recipe:
    """The recipe with all its sources changed, or only one."""
    sources = [one | (changes if only in (None, one["name"]) else {}) for one in RECIPE["sources"]]
    return recipe(sources=sources)


def entity(text: str, field: str, words: str) -> Entity:
    start = text.index(words)
    return Entity(field, start, start + len(words))


def document(
    text: str, *found: tuple[str, str], name: str = "d", group: str = "receipt", label: str | None = "receipt"
) -> LabelledDocument:
    """A document whose entities are given as field and words, which stand in the text."""
    entities = tuple(entity(text, field, words) for field, words in found)
    return LabelledDocument(name, "slips" if group == "receipt" else "deeds", group, label, text, entities)

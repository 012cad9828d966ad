"""Names in the data against the recipe's mapping table: which mean nothing, and which entries map nothing."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from docmill.training.recipe import ANY, Recipe, Source, full_label
from docmill.training.row import LabelledRow

WHAT_TO_DO = {
    "labels": "Map each with `labels` of its source, or with merge, drop or unlabel under [labels], or add it to "
    "`labels` of its group",
    "entities": "Map each with `entities` of its source, or list it under its `unused`",
}


@dataclass(frozen=True, slots=True)
class UnknownNames:
    """Names that the recipe neither maps nor knows, with the number of their uses, most used first."""

    labels: Mapping[str, int]  # in full
    entities: Mapping[str, int]

    def __bool__(self) -> bool:
        return bool(self.labels or self.entities)

    def __str__(self) -> str:
        both = (("labels", self.labels), ("entities", self.entities))
        return "; ".join(f"{what} {counted(counts)}" for what, counts in both if counts)


def counted(counts: Mapping[str, int]) -> str:
    """`name (count), name (count)`."""
    return ", ".join(f"{name} ({count:,})" for name, count in counts.items())


def unknown_names(rows: Sequence[LabelledRow], source: Source, recipe: Recipe) -> UnknownNames:
    """Names in rows of a source that the recipe neither maps nor knows."""
    known = recipe.known_labels(source.group)
    let_go = {*recipe.labels.drop, *recipe.labels.unlabel}
    labels = Counter(recipe.merged_label(row.label, source) for row in rows if row.label is not None)
    entities = Counter(entity.label for row in rows for entity in row.entities)
    return UnknownNames(
        labels=_ranked({n: c for n, c in labels.items() if known is not None and n not in known | let_go}),
        entities=_ranked({name: count for name, count in entities.items() if not recipe.knows_entity(name, source)}),
    )


def idle_entries(rows_by_source: Iterable[tuple[Source, Sequence[LabelledRow]]], recipe: Recipe) -> list[str]:
    """Entries of the mapping table whose names occur nowhere in the data, most likely misspelt."""
    full: set[str] = set()
    idle: list[str] = []
    seen: dict[str, tuple[Source, set[str], set[str]]] = {}
    for source, rows in rows_by_source:
        _, labels, entities = seen.setdefault(source.name, (source, set(), set()))
        labels.update(row.label for row in rows if row.label is not None)
        entities.update(entity.label for row in rows for entity in row.entities)
    for source, labels, entities in seen.values():
        full |= {full_label(source.group, source.labels.get(label, label)) for label in labels}
        idle += [f"labels of source {source.name}: {name}" for name in source.labels if name not in labels]
        idle += [f"entities of source {source.name}: {name}" for name in source.entities if name not in entities]
        unused = (name for name in source.unused if name != ANY and name not in entities)
        idle += [f"unused of source {source.name}: {name}" for name in unused]
    table = (("merge", recipe.labels.merge), ("drop", recipe.labels.drop), ("unlabel", recipe.labels.unlabel))
    return idle + [f"[labels] {key}: {name}" for key, names in table for name in names if name not in full]


def _ranked(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))

"""The recipe's mapping table as a bundle keeps it, so that further documents of a source can be scored."""

from docmill.bundle.manifest import SourceNames
from docmill.training.recipe import ANY, Recipe, Source


def source_names(source: Source, recipe: Recipe) -> SourceNames:
    """What of the table is about one source, the recipe-wide `[labels]` included."""
    merged = (old for old in recipe.labels.merge if old == source.group or old.startswith(f"{source.group}."))
    renamed = (*source.labels, *(old.removeprefix(f"{source.group}.") for old in merged))
    return SourceNames(
        group=source.group,
        labels={name: recipe.merged_label(name, source) for name in renamed},
        entities=source.entities,
        unused=tuple(dict.fromkeys(name for name in source.unused if name != ANY)),
        masked=tuple(dict.fromkeys(source.masked)),
        untaught=tuple(label for label in recipe.labels.unlabel if label.partition(".")[0] == source.group),
    )

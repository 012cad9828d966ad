"""Which marked places hold a value that the row names, as against what else was marked there.

Whoever marks a contract's parties marks ("Licensor") and 'each a "Party"' along with their names. Where the row names
its values under `fields` as well, these say which of the places are taught.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from docmill.evaluation.counts import comparable, gold_comparable, in_terms_of
from docmill.evaluation.gold import named_values, own_names
from docmill.pipeline.normalise import FieldKind, normalise
from docmill.training.recipe import Recipe, Source
from docmill.training.row import LabelledRow
from docmill.training.source_names import source_names

Place = tuple[int, int]  # [start, end), code points


@dataclass(frozen=True, slots=True)
class Settled:
    """Of one field: the places that are taught, and those that were marked and hold nothing that the row names."""

    places: tuple[Place, ...]
    doubtful: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True)
class _ReadField:
    """A field as its values are compared."""

    kind: FieldKind
    day_first: bool


def values_of(row: LabelledRow, field: str, source: Source, recipe: Recipe) -> set[str]:
    """The values of a field that a row of a source names, as written."""
    aliases = own_names(field, recipe.fields[field].values, source_names(source, recipe))
    return named_values(row.fields, aliases, FieldKind(recipe.fields[field].kind), many=recipe.fields[field].many)


def settle(row: LabelledRow, field: str, marked: Sequence[Place], source: Source, recipe: Recipe) -> Settled:
    """Which of the marked places of a field hold a value that the row names.

    Each is read by itself, also where neighbours would be joined. Where none of them holds one, all of them stay: they
    are read otherwise than by their annotator, which tells nothing apart.
    """
    read = _ReadField(FieldKind(recipe.fields[field].kind), recipe.fields[field].day_first)
    named = values_of(row, field, source, recipe)
    starts = (None, *_start_dates(row, field, source, recipe))
    right = tuple(
        (start, end)
        for start, end in marked
        if 0 <= start < end <= len(row.text)
        and any(_says(row.text[start:end], named, read, start_date) for start_date in starts)
    )
    return Settled(right, tuple(place for place in marked if place not in right)) if right else Settled(tuple(marked))


def _says(found: str, named: set[str], field: _ReadField, start_date: str | None) -> bool:
    """Whether a text is one of the values, as evaluation compares them."""
    gold = {gold_comparable(field, value, start_date) for value in named} - {""}
    return in_terms_of(gold, {comparable(field, found, start_date)}, field) <= gold


def _start_dates(row: LabelledRow, field: str, source: Source, recipe: Recipe) -> list[str]:
    """ISO dates from which a period counts, as the row names them."""
    days = (
        normalise(FieldKind.DATE, value, day_first=recipe.fields[name].day_first)
        for name in recipe.fields[field].counts_from
        for value in sorted(values_of(row, name, source, recipe))
    )
    return [day for day in days if day is not None]

"""Where the values that a row names stand in its text, as against what else was marked there.

Whoever marks a contract's parties marks ("Licensor") and 'each a "Party"' along with their names. Where the row names
its values under `fields` as well, these say which of the places are taught.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from docmill.evaluation.counts import comparable, gold_comparable, in_terms_of
from docmill.evaluation.gold import named_values
from docmill.pipeline.normalise import AS_WRITTEN, FieldKind, normalise
from docmill.training.recipe import FieldRecipe, Recipe
from docmill.training.row import LabelledRow

LEAST_LENGTH = 4  # code points; what is shorter stands everywhere

Place = tuple[int, int]  # [start, end), code points


@dataclass(frozen=True, slots=True)
class Settled:
    """Of one field: the places that hold a value, and those that were marked and hold none that the row names."""

    places: tuple[Place, ...]
    doubtful: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True)
class _ReadField:
    """A field as its values are compared."""

    kind: FieldKind
    day_first: bool


def values_of(row: LabelledRow, name: str, field: FieldRecipe) -> set[str]:
    """The values of a field that a row names, as written."""
    aliases = (name,) if field.values is None else field.values
    return named_values(row.fields, aliases, is_list=field.many and field.kind in AS_WRITTEN)


def settle(row: LabelledRow, name: str, marked: Sequence[Place], recipe: Recipe) -> Settled:
    """Which of the marked places of the field `name` hold a value that the row names.

    What is named, held by no place and written in the text is added where it stands first. Where no marked place holds
    what is named, all of them stay: they are read otherwise than by their annotator, which tells nothing apart.
    """
    field = recipe.fields[name]
    kind = FieldKind(field.kind)
    read = _ReadField(kind, field.day_first)
    named = values_of(row, name, field)
    starts = (None, *(_start_dates(row, field.counts_from, recipe) if kind is FieldKind.END_DATE else ()))
    held: dict[Place, set[str]] = {}
    for start, end in marked:
        found = row.text[start:end]
        held[start, end] = {value for value in named if any(_says(found, value, read, day) for day in starts)}
    right = tuple(place for place in marked if held[place])
    if not right:
        return Settled(tuple(marked))
    missing = sorted(named - set().union(*held.values())) if kind in AS_WRITTEN else []
    added = (place for value in missing if (place := _first_place(value, row.text)) is not None)
    return Settled((*right, *added), tuple(place for place in marked if not held[place]))


def as_written(value: str) -> re.Pattern[str]:
    """A value in any case and white space; no number within a longer one, nor a word within a longer one."""
    words = r"\s+".join(re.escape(word) for word in value.split())
    before = r"(?<![\d.,])" if value[0].isdigit() else r"(?<!\w)"
    after = r"(?![.,]?\d)" if value[-1].isdigit() else r"(?!\w)"
    return re.compile(before + words + after, re.IGNORECASE)


def _says(found: str, value: str, field: _ReadField, start_date: str | None) -> bool:
    gold = {gold_comparable(field, value, start_date)} - {""}
    return in_terms_of(gold, {comparable(field, found, start_date)}, field) <= gold


def _start_dates(row: LabelledRow, names: Sequence[str], recipe: Recipe) -> list[str]:
    """ISO dates from which a period of the row counts, as it names them."""
    days = (
        normalise(FieldKind.DATE, value, day_first=recipe.fields[name].day_first)
        for name in names
        for value in sorted(values_of(row, name, recipe.fields[name]))
    )
    return [day for day in days if day is not None]


def _first_place(value: str, text: str) -> Place | None:
    found = as_written(value).search(text) if len(value) >= LEAST_LENGTH else None
    return found and found.span()

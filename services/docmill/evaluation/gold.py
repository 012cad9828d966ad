"""Labelled documents as they come, to what is right for the fields and labels of one bundle. Does not score.

A row of a `.jsonl` or `.jsonl.gz` file: `id`, `text`, `label` (or null), `entities` (`label`, `start`, `end` in code
points) and `fields` (name to a value or a list of values); further keys are passed over.
"""

import gzip
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from docmill.bundle.manifest import Manifest, SourceNames
from docmill.errors import ConfigurationError
from docmill.evaluation.labels import mapped_labels, match_labels
from docmill.evaluation.parties import split_names
from docmill.pipeline.normalise import AS_WRITTEN, FieldKind

PART = r"(?:train|validation|valid|val|dev|test)(?:-\d+)?"
IS_PART = re.compile(PART)
PART_SUFFIX = re.compile(rf"[-_.]{PART}$")
NO_NAMES = SourceNames(group="")  # nothing is called otherwise


@dataclass(frozen=True, slots=True)
class GoldField:
    """A field of the bundle, and the names under which labelled data holds it."""

    name: str
    kind: FieldKind
    many: bool
    day_first: bool
    entities: tuple[str, ...]
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GoldDocument:
    """What is right for one document. Fields that it does not have are missing from the maps.

    `is_of_other_type`: its type is known to be none of the bundle's, so whatever the bundle says of it is wrong.
    """

    id: str
    text: str
    label: str | None  # the bundle's full label
    label_is_unknown: bool  # the row has one, the bundle has not
    values: Mapping[str, frozenset[str]]  # field to its values as written
    spans: Mapping[str, frozenset[tuple[int, int]]]  # field to [start, end)
    is_of_other_type: bool = False


@dataclass(frozen=True, slots=True)
class GoldSource:
    """All documents of one name. `fields` occur in some row of it, `span_fields` with offsets."""

    name: str
    documents: tuple[GoldDocument, ...]
    fields: tuple[GoldField, ...]
    span_fields: frozenset[str]
    fields_not_in_bundle: tuple[str, ...]  # names of entities and values that no field of the bundle claims


class RowEntity(BaseModel):
    model_config = ConfigDict(frozen=True)
    label: str
    start: int = Field(ge=0)
    end: int = Field(ge=0)


class Row(BaseModel):
    model_config = ConfigDict(frozen=True)
    id: str
    text: str
    label: str | None = None
    entities: tuple[RowEntity, ...] = ()
    fields: dict[str, JsonValue] = {}


def gold_fields(manifest: Manifest, names: SourceNames | None = None) -> tuple[GoldField, ...]:
    """Fields of a bundle with their names in labelled data: its aliases, else the field's own name.

    `names` are those of the source, which go before: what it maps to another field or does not use is no alias here,
    and fields that it masks are left out.
    """
    names = names or NO_NAMES
    return tuple(
        GoldField(
            name=entry.name,
            kind=entry.kind,
            many=entry.many,
            day_first=entry.day_first,
            entities=own_names(entry.name, entry.entities, names),
            values=own_names(entry.name, entry.values, names),
        )
        for entry in manifest.fields
        if entry.name not in names.masked
    )


def own_names(field: str, aliases: Sequence[str] | None, names: SourceNames) -> tuple[str, ...]:
    """Under which names a source holds a field: `aliases` are those of every source, None for the field's own."""
    mapped = [name for name, target in names.entities.items() if target == field]
    common = (field,) if aliases is None else aliases
    kept = [name for name in common if name not in names.entities and name not in names.unused]
    return (*mapped, *kept)


def source_name(path: Path) -> str:
    """`sroie` for `sroie/test.jsonl`, `sroie_test.jsonl.gz` and `sroie.jsonl`."""
    stem = path.name.removesuffix(".gz").removesuffix(".jsonl")
    if IS_PART.fullmatch(stem):
        return path.absolute().parent.name  # a link is known by its own place
    return PART_SUFFIX.sub("", stem)


def read_rows(path: Path) -> Iterator[Row]:
    """Rows of a file, in its order.

    Raises:
        ConfigurationError: it cannot be read, or a line is no row; the message names the line.
    """
    try:
        with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield _row(line, f"{path}:{number}")
    except (OSError, EOFError, UnicodeError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}") from error


def read_source(name: str, paths: Sequence[Path], manifest: Manifest) -> GoldSource:
    """All rows of the files of one source, seen with a bundle's fields and labels.

    A source that the bundle was trained on is read as its training read it, if the manifest says how. Of any other
    the labels are matched (see `match_labels`). The fields are those of the source's group, or of the whole bundle
    where the labels tell none.

    Raises:
        ConfigurationError: as `read_rows`, or there is no row at all.
    """
    rows = [row for path in paths for row in read_rows(path)]
    if not rows:
        raise ConfigurationError(f"no labelled document in {', '.join(map(str, paths))}")
    counts = Counter(row.label for row in rows if row.label is not None)
    names = manifest.source_names(name)
    match = match_labels(counts, manifest.labels) if names is None else mapped_labels(counts, names, manifest.labels)
    of_group = None if match.group is None else manifest.groups[match.group].fields
    fields = [field for field in gold_fields(manifest, names) if of_group is None or field.name in of_group]
    entity_names = {entity.label for row in rows for entity in row.entities}
    value_names = {key for row in rows for key, value in row.fields.items() if _texts(value)}
    span_fields = {field.name for field in fields if entity_names & set(field.entities)}
    annotated = [field for field in fields if field.name in span_fields or value_names & set(field.values)]
    claimed = {alias for field in fields for alias in (*field.entities, *field.values)}
    return GoldSource(
        name=name,
        documents=tuple(_document(row, match.labels, annotated, names) for row in rows),
        fields=tuple(annotated),
        span_fields=frozenset(span_fields),
        fields_not_in_bundle=tuple(sorted((entity_names | value_names) - claimed)),
    )


def _row(line: str, where: str) -> Row:
    try:
        return Row.model_validate_json(line)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise ConfigurationError(f"{where} is no labelled document: {problems}") from error


def _document(
    row: Row, labels: Mapping[str, str | None], fields: Sequence[GoldField], own: SourceNames | None
) -> GoldDocument:
    """`own`: names of its source, if the bundle was trained on it; elsewhere a label may be another name of a type."""
    values, spans = {}, {}
    for field in fields:
        stretches = {(e.start, e.end) for e in row.entities if e.label in field.entities}
        if stretches:
            spans[field.name] = frozenset(stretches)
        named = named_values(row.fields, field.values, field.kind, many=field.many)
        found = named or {row.text[start:end] for start, end in stretches}
        if found:
            values[field.name] = frozenset(found)
    label = None if row.label is None else labels[row.label]
    untaught = row.label is not None and own is not None and own.full_label(row.label) in own.untaught
    return GoldDocument(
        id=row.id,
        text=row.text,
        label=label,
        label_is_unknown=row.label is not None and label is None,
        values=values,
        spans=spans,
        is_of_other_type=untaught,
    )


def named_values(values: Mapping[str, JsonValue], aliases: Sequence[str], kind: FieldKind, *, many: bool) -> set[str]:
    """Document-level values of a field under any of its names; a string that stands for many texts lists names."""
    found: set[str] = set()
    for alias in aliases:
        value = values.get(alias)
        if isinstance(value, str) and many and kind in AS_WRITTEN:
            found.update(split_names(value))
        else:
            found.update(_texts(value))
    return {value.replace("_", " ") for value in found}


def _texts(value: JsonValue) -> list[str]:
    """A value or a list of values as texts; what is empty, true, false or an object is none."""
    values = value if isinstance(value, list) else [value]
    numbers_too = [v for v in values if isinstance(v, str | int | float) and not isinstance(v, bool)]
    return [text for v in numbers_too if (text := str(v).strip())]

"""CSV with a document a row: columns for the text and the label, if wanted for id, spans and field values."""

import csv
import io
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docmill.errors import ConfigurationError
from docmill.training.importers.imported import Imported, Unusable, read_text
from docmill.training.importers.jsonl import row_of

SPAN_PARTS = 3


@dataclass(frozen=True, slots=True)
class Columns:
    """Names of columns; those that are None are not there. `fields` are values for scoring."""

    text: str = "text"
    label: str | None = "label"
    id: str | None = None
    spans: str | None = None
    fields: tuple[str, ...] = ()

    def named(self) -> list[str]:
        """All that must be there."""
        return [name for name in (self.text, self.label, self.id, self.spans, *self.fields) if name is not None]


def import_csv(path: Path, columns: Columns, delimiter: str = ",") -> Imported:
    """Rows of a CSV file with a header; without an id column a row is named after the file and its number.

    The spans column holds JSON: a list of `{"label", "start", "end"}` or of `[start, end, label]`.

    Raises:
        ConfigurationError: the file cannot be read, is no CSV, or lacks a column.
    """
    text = read_text(path)
    imported = Imported()
    with _fields_of_any_size():
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        try:
            header = next(reader, [])
            places = _places(path, header, columns)
            line = reader.line_num + 1
            for number, cells in enumerate(reader, start=1):
                if cells:
                    _add(imported, f"line {line}", f"{path.stem}-{number:06d}", cells, (header, places, columns))
                line = reader.line_num + 1
        except csv.Error as error:
            raise ConfigurationError(
                f"{path}, line {reader.line_num}: no CSV ({error}). Quote texts with line ends or delimiters, and "
                f'double quotes within them ("")'
            ) from error
    return imported


def _places(path: Path, header: Sequence[str], columns: Columns) -> dict[str, int]:
    places = {name.strip(): place for place, name in enumerate(header)}
    if missing := [name for name in columns.named() if name not in places]:
        raise ConfigurationError(
            f"{path} has no column {', '.join(missing)}; its columns are {', '.join(places) or 'none'}. Name them with "
            f"--text-column, --label-column, --id-column, --spans-column, --field-column, or the --delimiter"
        )
    return places


def _add(
    imported: Imported,
    where: str,
    default_id: str,
    cells: Sequence[str],
    table: tuple[Sequence[str], dict[str, int], Columns],
) -> None:
    header, places, columns = table
    try:
        if len(cells) != len(header):
            raise Unusable(f"{len(cells)} cells, where the header has {len(header)}")
        cell = {name: cells[place] for name, place in places.items()}
        values: dict[str, Any] = {"id": default_id, "text": cell[columns.text]}
        if columns.id is not None:
            values["id"] = cell[columns.id].strip()
        if columns.label is not None:
            values["label"] = cell[columns.label]
        if columns.spans is not None:
            values["entities"] = _spans(cell[columns.spans])
        values["fields"] = {name: cell[name].strip() for name in columns.fields if cell[name].strip()}
        imported.add(row_of(values, imported), where)
    except Unusable as unusable:
        imported.skip(where, str(unusable))


def _spans(cell: str) -> list[Any]:
    if not cell.strip():
        return []
    try:
        spans = json.loads(cell)
    except (ValueError, RecursionError) as error:
        raise Unusable("the spans are no JSON") from error
    if not isinstance(spans, list):
        raise Unusable("the spans are no list")
    return [
        {"start": span[0], "end": span[1], "label": span[2]}
        if isinstance(span, list) and len(span) == SPAN_PARTS
        else span
        for span in spans
    ]


@contextmanager
def _fields_of_any_size() -> Iterator[None]:
    """The csv module's limit of 131,072 characters a cell is shorter than a contract."""
    before = csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    try:
        yield
    finally:
        csv.field_size_limit(before)

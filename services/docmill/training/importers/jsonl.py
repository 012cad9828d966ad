"""Our own JSONL, looked through: ids as texts, labels trimmed, spans put right, further keys left out."""

import json
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from docmill.training.importers.imported import Imported, Unusable, clean_label, read_text
from docmill.training.importers.offsets import EXACT, settle
from docmill.training.row import LabelledRow, problems


def import_jsonl(path: Path) -> Imported:
    """Rows of a JSONL file; a line that is none is skipped.

    Raises:
        ConfigurationError: the file cannot be read.
    """
    imported = Imported()
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        if line.strip():
            where = f"line {number}"
            try:
                imported.add(_row(line, imported), where)
            except Unusable as unusable:
                imported.skip(where, str(unusable))
    return imported


def _row(line: str, imported: Imported) -> LabelledRow:
    try:
        values = json.loads(line, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise Unusable("not JSON") from error
    if not isinstance(values, dict):
        raise Unusable("no JSON object")
    return row_of(values, imported)


def row_of(values: dict[str, Any], imported: Imported) -> LabelledRow:
    """A row from JSON values of any origin, put right.

    Raises:
        Unusable: it is none; the message names the key.
    """
    number = values.get("id")
    if isinstance(number, int) and not isinstance(number, bool):
        values = {**values, "id": str(number)}
    label = values.get("label")
    if isinstance(label, str):
        values = {**values, "label": clean_label(label)}
    values = {key: value for key, value in values.items() if value is not None}
    try:
        row = LabelledRow.model_validate(values)
    except ValidationError as error:
        raise Unusable(problems(error)) from error
    text, entities, how = settle(row.text, row.entities)
    if how != EXACT:
        imported.note(f"spans counted in {how}, put right")
    if text != row.text:
        imported.note("line ends made one, as a processor does")
    return row.model_copy(update={"text": text, "entities": entities})


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")

"""A code list as a table: the values of each column that is named for a field. Knows no Kafka."""

import csv
import re

DELIMITERS = ",;\t|"
FIELD_NAME = re.compile(r"[a-z][a-z0-9_]*")


def values_by_field(text: str) -> dict[str, tuple[str, ...]]:
    """Of a CSV (RFC 4180; also by semicolons, tabs or bars) whose first line names its columns: the values of those
    that may be fields of a bundle, each once, in their order. Other columns are for people.

    Raises:
        ValueError: no column is named for a field, or two for the same; a row has more cells than the first; it has no
            values. The message is for whoever wrote it.
    """
    header, _, _ = text.partition("\n")
    rows = csv.reader(text.splitlines(keepends=True), delimiter=max(DELIMITERS, key=header.count), strict=True)
    try:
        columns = [name.strip() for name in next(rows, [])]
        named = [name for name in columns if FIELD_NAME.fullmatch(name)]
        if not named or len(set(named)) < len(named):
            raise ValueError("its first line must name the columns, each field once and as the bundle does: company")
        found: dict[str, dict[str, None]] = {name: {} for name in named}
        for row in rows:
            if len(row) > len(columns):
                raise ValueError(f"line {rows.line_num} has {len(row)} cells, the first line names {len(columns)}")
            for name, cell in zip(columns, row, strict=False):
                if name in found and (value := cell.strip()):
                    found[name][value] = None
    except csv.Error as error:
        raise ValueError(f"line {rows.line_num}: {error}") from None
    if not any(found.values()):
        raise ValueError(f"no value stands under {', '.join(named)}")
    return {name: tuple(values) for name, values in found.items() if values}

"""A code list as a table: the values of each column that is named for a field. Knows no bundle and no Kafka."""

import csv
import io
import re
from collections.abc import Collection
from dataclasses import dataclass

DELIMITERS = ",;\t|"


@dataclass(frozen=True, slots=True)
class CodeListTable:
    """What a table lists: values by field, each once and in their order; and the columns that are no field's."""

    fields: dict[str, tuple[str, ...]]
    others: tuple[str, ...]

    def told(self, allowed: Collection[str]) -> str:
        """What counts of it, for whoever adds it; `allowed`: names of fields that a list may have values of."""
        counts = [f"{len(values):,} of {name}" for name, values in self.fields.items()]
        if not counts:
            names = ", ".join(allowed)
            return f"no column with a value is called as a field that a list decides ({names}): it decides none"
        others = f"; for people alone: {', '.join(self.others)}" if self.others else ""
        return f"values that it lists: {', '.join(counts)}{others}"


def read_table(text: str, allowed: Collection[str], delimiter: str | None = None) -> CodeListTable:
    """Of a CSV (RFC 4180; also by semicolons, tabs or bars) whose first line that is not blank names its columns.

    Args:
        allowed: names of fields; a column has one, whatever its case, with blanks for `_`.
        delimiter: default: the one of DELIMITERS that the first line has most of outside of quotes.

    Raises:
        ValueError: quotes are broken, or a row has more cells than the first. The message is for whoever wrote it.
    """
    header = re.sub('"[^"]*"', "", next((line for line in text.split("\n") if line.strip()), ""))
    rows = csv.reader(
        io.StringIO(text, newline=""), delimiter=delimiter or max(DELIMITERS, key=header.count), strict=True
    )
    try:
        columns = next((cells for row in rows if any(cells := [cell.strip() for cell in row])), [])
        names = ["_".join(column.casefold().split()) for column in columns]
        found: dict[str, dict[str, None]] = {name: {} for name in names if name in allowed}
        for row in rows:
            if any(cell.strip() for cell in row[len(columns) :]):
                raise ValueError(f"line {rows.line_num} has {len(row)} cells, the first line names {len(columns)}")
            for name, cell in zip(names, row, strict=False):
                if name in found and (value := cell.strip()):
                    found[name][value] = None
    except csv.Error as error:
        raise ValueError(f"line {rows.line_num}: {error}") from None
    fields = {name: tuple(values) for name, values in found.items() if values}
    return CodeListTable(fields, tuple(c for c, name in zip(columns, names, strict=True) if c and name not in fields))

"""What an importer gives: rows, what it skipped, and what a person should know. Does not know any format."""

import gzip
import json
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from docmill.errors import ConfigurationError
from docmill.training.row import LabelledRow


@dataclass(frozen=True, slots=True)
class Skipped:
    """`where` in the file (`line 7`, `task 12`), and why; never text of a document."""

    where: str
    why: str


class Unusable(Exception):
    """One document cannot be imported; its message says why, without text of the document."""


@dataclass(slots=True)
class Imported:
    """Rows in the order of the file, with ids of their own."""

    rows: list[LabelledRow] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    notes: Counter[str] = field(default_factory=Counter)  # how often something was mended or chosen
    _ids: set[str] = field(default_factory=set)

    def add(self, row: LabelledRow, where: str) -> None:
        """Take a row, unless another one has its id or UTF-8 cannot hold it."""
        if row.id in self._ids:
            self.skip(where, "an earlier document has the same id")
        elif not _is_unicode(row):
            self.skip(where, "it holds half a surrogate pair: export it as UTF-8")
        else:
            self._ids.add(row.id)
            self.rows.append(row)

    def skip(self, where: str, why: str) -> None:
        """Leave something out."""
        self.skipped.append(Skipped(where, why))

    def note(self, what: str, times: int = 1) -> None:
        """Count something worth telling; nothing where `times` is 0."""
        if times:
            self.notes[what] += times


def read_text(path: Path) -> str:
    """The whole file (`.gz`: unpacked), UTF-8, a byte order mark or not.

    Raises:
        ConfigurationError: it cannot be read or is not UTF-8; the message says where.
    """
    try:
        content = path.read_bytes()
        return (gzip.decompress(content) if path.suffix == ".gz" else content).decode("utf-8-sig")
    except (OSError, EOFError, zlib.error) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}") from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ConfigurationError(
            f"{path}, line {line}: not UTF-8. Export it as UTF-8, or convert it: iconv -f WINDOWS-1252 -t UTF-8"
        ) from error


def clean_label(label: str | None) -> str | None:
    """A label without white space around it; None where nothing is left."""
    return None if label is None else label.strip() or None


def _is_unicode(row: LabelledRow) -> bool:
    try:
        _line(row).encode()
    except UnicodeEncodeError:
        return False
    return True


def _line(row: LabelledRow) -> str:
    return json.dumps(row.model_dump(), ensure_ascii=False) + "\n"


def write_rows(path: Path, rows: Sequence[LabelledRow]) -> None:
    """Write rows as JSONL, by way of a file beside it, so that half a file never bears the name.

    Raises:
        ConfigurationError: it cannot be written.
    """
    beside = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(map(_line, rows))
        beside.replace(path)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error.strerror}") from error

"""One's own documents with the labels that one has of them, one at a time. Does not know a bundle.

Documents are found as `docmill publish` finds them, and in .jsonl.gz files, too.
"""

import gzip
import json
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from docmill.errors import ConfigurationError
from docmill.kafka.read_paths import (
    BYTE_ORDER_MARK,
    Listing,
    SourceDocument,
    SourceFile,
    Unreadable,
    list_files,
    media_type_of,
    read_row,
)

ROWS = (".jsonl", ".jsonl.gz")
CANNOT_READ = (OSError, EOFError, zlib.error)  # the last two: a .gz file that was cut or altered


@dataclass(frozen=True, slots=True)
class OwnDocument:
    """A document and what it is, as its owner calls it."""

    document: SourceDocument
    label: str | None
    source: str  # the file of rows that it comes from; empty for a document in a file of its own


@dataclass(frozen=True, slots=True)
class Census:
    """What a first look at the documents counts: the labels of a whole source say what each of them means."""

    documents: int  # readable or not
    labels: Mapping[str, Mapping[str, int]]  # by source: label to documents


class _LabelRow(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    label: str | None = None
    file: str | None = None
    id: str | None = None


class LabelsFile:
    """Labels of documents that lie elsewhere: rows of `file` (a path from the labels' own folder) or `id`, and `label`.

    Where a row has both, the file counts.
    """

    def __init__(self, path: Path) -> None:
        """Raises: ConfigurationError: it cannot be read, or a line is no such row; the message names the line."""
        self._by_file: dict[Path, str] = {}
        self._by_id: dict[str, str] = {}
        try:
            for number, line in _lines(path):
                self._add(path, line, f"{path}:{number}")
        except CANNOT_READ as error:
            raise ConfigurationError(f"{path} cannot be read: {error}") from error

    def __len__(self) -> int:
        return len(self._by_file) + len(self._by_id)

    def of(self, document_id: str, path: Path | None) -> str | None:
        """The label of a document."""
        if path is not None and (label := self._by_file.get(path.resolve())) is not None:
            return label
        return self._by_id.get(document_id)

    def _add(self, path: Path, line: bytes, where: str) -> None:
        try:
            row = _LabelRow.model_validate_json(line)
        except ValidationError as error:
            raise ConfigurationError(f"{where} is no label: {error.errors()[0]['msg']}") from error
        if row.file is None and row.id is None:
            raise ConfigurationError(f"{where} is no label: it has neither `file` nor `id`")
        if row.label is None:
            return
        if row.file is not None:
            self._by_file[(path.parent / row.file).resolve()] = row.label
        elif row.id is not None:
            self._by_id[row.id] = row.label


class OwnDocuments:
    """The documents under some paths, read anew each time they are gone through.

    Args:
        labels: of documents whose rows have none.
        labels_from_folders: call a file what the folder is called that it lies in.
    """

    def __init__(
        self, paths: Sequence[Path], labels: LabelsFile | None = None, *, labels_from_folders: bool = False
    ) -> None:
        """Raises: ConfigurationError: a folder cannot be read."""
        listing = _without_rows_in_folders(list_files(paths))
        self.files = listing.files
        self.passed_over = listing.passed_over
        self._labels = labels
        self._from_folders = labels_from_folders

    def __iter__(self) -> Iterator[OwnDocument | Unreadable]:
        for file in self.files:
            try:
                if _has_rows(file.path):
                    yield from self._rows(file)
                else:
                    yield self._document(file)
            except CANNOT_READ as error:
                problem = error.strerror if isinstance(error, OSError) else None
                yield Unreadable(file.document_id, f"cannot be read: {problem or error}")

    def census(self) -> Census:
        """Count documents and labels. Rows are read for it, files are not."""
        documents, labels = 0, defaultdict[str, Counter[str]](Counter)
        for file in self.files:
            if not _has_rows(file.path):
                documents += 1
                if (label := self._label_of_file(file)) is not None:
                    labels[""][label] += 1
                continue
            try:
                for _, line in _lines(file.path):
                    documents += 1
                    if (label := self._label_of_row(line)) is not None:
                        labels[file.document_id][label] += 1
            except CANNOT_READ:
                documents += 1  # which is told when it is read
        return Census(documents, dict(labels))

    def _document(self, file: SourceFile) -> OwnDocument:
        document = SourceDocument(file.document_id, file.path.read_bytes(), media_type_of(file.path))
        return OwnDocument(document, self._label_of_file(file), "")

    def _rows(self, file: SourceFile) -> Iterator[OwnDocument | Unreadable]:
        for number, line in _lines(file.path):
            document = read_row(line, f"{file.document_id}:{number}")
            if isinstance(document, Unreadable):
                yield document
            else:
                yield OwnDocument(document, self._label_of_row(line), file.document_id)

    def _label_of_file(self, file: SourceFile) -> str | None:
        if self._labels is not None and (label := self._labels.of(file.document_id, file.path)) is not None:
            return label
        return file.path.parent.name if self._from_folders else None

    def _label_of_row(self, line: bytes) -> str | None:
        """The row's own label, else that of the labels' file for its id."""
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            return None
        if not isinstance(row, dict):
            return None
        label = row.get("label")
        if isinstance(label, str | int) and not isinstance(label, bool) and str(label).strip():
            return str(label)
        named = next((str(row[name]) for name in ("document_id", "id") if row.get(name) is not None), None)
        return self._labels.of(named, None) if self._labels is not None and named is not None else None


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Lines that are not blank, with their numbers."""
    with gzip.open(path, "rb") if path.suffix.lower() == ".gz" else path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if row := line.removeprefix(BYTE_ORDER_MARK).strip():
                yield number, row


def _has_rows(path: Path) -> bool:
    return path.name.lower().endswith(ROWS)


def _without_rows_in_folders(listing: Listing) -> Listing:
    """As `list_files` passes over .jsonl files inside folders, so are .jsonl.gz files here."""
    inside = [f for f in listing.files if _has_rows(f.path) and f.document_id != f.path.name]
    files = tuple(file for file in listing.files if file not in inside)
    return Listing(files, (*listing.passed_over, *(file.path for file in inside)))

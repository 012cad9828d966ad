"""Files, folders and JSONL rows to documents that can be sent. Does not know Kafka; reads one document at a time."""

import json
import mimetypes
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from docmill.errors import ConfigurationError
from docmill.ingest.media_types import DOCX, HTML, JPEG, MAIL, PDF, PLAIN, PNG, TIFF, UNKNOWN
from docmill_schemas.events import DocumentReceived

JSONL = ".jsonl"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# What docmill reads, spelled the same on every machine; the rest is for the machine's own table to say.
MEDIA_TYPES = {
    ".txt": PLAIN,
    ".html": HTML,
    ".htm": HTML,
    ".pdf": PDF,
    ".docx": DOCX,
    ".eml": MAIL,
    ".jpg": JPEG,
    ".jpeg": JPEG,
    ".png": PNG,
    ".tif": TIFF,
    ".tiff": TIFF,
}


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file to send: as one document, or row by row."""

    path: Path
    document_id: str  # path from a root, posix style

    @property
    def has_rows(self) -> bool:
        """Whether each line of it is a document."""
        return self.path.suffix.lower() == JSONL


@dataclass(frozen=True, slots=True)
class Listing:
    """What lies under the given paths."""

    files: tuple[SourceFile, ...]
    passed_over: tuple[Path, ...]  # .jsonl files inside a folder: data about documents more often than documents
    dangling: tuple[SourceFile, ...] = ()  # links inside a folder to what is not there, for the moment or for good


@dataclass(frozen=True, slots=True)
class SourceDocument:
    """A document as it will be sent."""

    document_id: str
    content: bytes
    content_type: str  # as the header says it, charset included where it is known
    event_id: str | None = None  # ce_id; None: a new one each time it is sent


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file or a row that is no document."""

    document_id: str
    problem: str


class _TextRow(BaseModel):
    """A row `{"id", "text", ...}`: nothing else of it is read, labels least of all."""

    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True)

    id: str
    text: str


def list_files(paths: Sequence[Path], root: Path | None = None) -> Listing:
    """Files as given, and those of folders, recursively and sorted, without hidden ones.

    Args:
        root: ids are paths from it, of files below it. Default, and of others: from the parent of the path given.

    Raises:
        ConfigurationError: a folder cannot be read.
    """
    files: list[SourceFile] = []
    passed_over: list[Path] = []
    dangling: list[SourceFile] = []
    for path in paths:
        given = Path(os.path.abspath(path))  # keeps the name of a symbolic link
        start = root if root is not None and given.is_relative_to(root) else given.parent
        found = _walk(given) if given.is_dir() else [given]
        for file in found:
            source = SourceFile(file, file_id(file, start))
            if file != given and not file.exists():
                dangling.append(source)
            elif source.has_rows and file != given:
                passed_over.append(file)
            else:
                files.append(source)
    return Listing(tuple(files), tuple(passed_over), tuple(dangling))


def file_id(path: Path, root: Path) -> str:
    """The path from a folder above it, without the bytes of it that are no UTF-8, which an event cannot carry."""
    return os.fsencode(path.relative_to(root).as_posix()).decode(errors="replace")


def count_documents(files: Iterable[SourceFile]) -> int:
    """How many documents `read_documents` will yield, readable or not; an unreadable file counts as one."""
    return sum(_count_rows(file.path) if file.has_rows else 1 for file in files)


def read_documents(files: Iterable[SourceFile]) -> Iterator[SourceDocument | Unreadable]:
    """The documents of files, in their order."""
    for file in files:
        try:
            if file.has_rows:
                yield from _rows(file)
            else:
                yield SourceDocument(file.document_id, file.path.read_bytes(), media_type_of(file.path))
        except OSError as error:
            yield Unreadable(file.document_id, f"cannot be read: {error.strerror}")


def media_type_of(path: Path) -> str:
    """The media type that a file's name suggests."""
    known = MEDIA_TYPES.get(path.suffix.lower())
    if known is not None:
        return known
    guessed, compression = mimetypes.guess_type(path.name)
    return guessed if guessed is not None and compression is None else UNKNOWN


def read_row(line: bytes, default_id: str) -> SourceDocument | Unreadable:
    """One JSONL row: `{"id", "text", ...}` becomes a text/plain document, a DocumentReceived is sent as such.

    Keys that neither knows are left out.
    """
    try:
        row = json.loads(line)
        if not isinstance(row, dict):
            return Unreadable(default_id, "not a JSON object")
        if "id" in row and "text" in row:
            text = _TextRow.model_validate(row)
            return SourceDocument(text.id or default_id, text.text.encode(), "text/plain; charset=utf-8")
        event = DocumentReceived.model_validate(row)
        content = event.model_dump_json(exclude_none=True).encode()
        return SourceDocument(event.document_id or default_id, content, "application/json")
    except ValidationError as error:
        problems = "; ".join(e["msg"] if e["type"] == "value_error" else _where(e["loc"]) for e in error.errors())
        return Unreadable(default_id, f"neither {{id, text}} nor a DocumentReceived: {problems}")
    except (ValueError, RecursionError) as error:  # JSON, UTF-8, lone surrogates
        return Unreadable(default_id, f"not JSON in UTF-8: {type(error).__name__}")


def _where(location: tuple[int | str, ...]) -> str:
    return f"{'.'.join(map(str, location))} is of a wrong type or missing"


def _rows(file: SourceFile) -> Iterator[SourceDocument | Unreadable]:
    with file.path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            row = line.removeprefix(BYTE_ORDER_MARK).strip()
            if row:
                yield read_row(row, f"{file.document_id}:{number}")


def _count_rows(path: Path) -> int:
    try:
        with path.open("rb") as lines:
            return sum(1 for line in lines if line.removeprefix(BYTE_ORDER_MARK).strip())
    except OSError:
        return 1


def _walk(folder: Path) -> list[Path]:
    """Regular files below a folder, and links to nothing, sorted by path; links to folders are not followed."""

    def fail(error: OSError) -> None:
        raise ConfigurationError(f"{error.filename} cannot be read: {error.strerror}") from error

    found = []
    for here, folders, names in os.walk(folder, onerror=fail):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [Path(here, name) for name in names if not name.startswith(".")]
    return sorted(path for path in found if path.is_file() or (path.is_symlink() and not path.exists()))

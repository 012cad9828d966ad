"""What `docmill index add` publishes and deletes: the source texts under paths, each id once. Knows no Kafka client.

An id is the file's path from a root, the same whether the file itself or a folder above it is given.
"""

import os
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from docmill.indexer.sources import Described, Source, read_sources
from docmill.ingest import InThread
from docmill.kafka.read_paths import JSONL, SourceFile, Unreadable, file_id, list_files
from docmill_schemas.events import KnowledgeUpdated


@dataclass(frozen=True, slots=True)
class Listed:
    """What lies under the paths; nothing of it is read yet."""

    files: tuple[SourceFile, ...]
    passed_over: tuple[Path, ...]  # .jsonl files inside a folder
    folders: tuple[str, ...]  # those among the paths, as the ids of their files begin: `handbook/`

    @property
    def empty_folders(self) -> list[str]:
        """Folders without a file: more likely one that is not mounted than one whose texts are all to go."""
        return [folder for folder in self.folders if not any(one.startswith(folder) for one in self._file_ids)]

    def gone(self, known: Collection[str]) -> list[str]:
        """Of the ids of files known to the index those of the folders whose file is no more there, sorted."""
        there = self._file_ids
        return sorted(one for one in known if one.startswith(self.folders) and one not in there)

    @property
    def _file_ids(self) -> frozenset[str]:
        """Of files that turn out to be unreadable too: they are there."""
        return frozenset(file.document_id for file in self.files if not file.has_rows)


@dataclass(frozen=True, slots=True)
class Gathered:
    """What is read of files and rows."""

    updates: tuple[KnowledgeUpdated, ...]
    unreadable: tuple[Unreadable, ...]


def outside(paths: Sequence[Path], root: Path) -> list[Path]:
    """The paths that have no id from this root. A .jsonl file needs none: its lines name theirs."""
    given = [path for path in paths if path.is_dir() or path.suffix.lower() != JSONL]
    return [path for path in given if not _absolute(path).is_relative_to(_absolute(root))]


def list_sources(paths: Sequence[Path], root: Path) -> Listed:
    """The files under paths, none of which is `outside` the root.

    Raises:
        ConfigurationError: a folder cannot be read.
    """
    absolute = _absolute(root)
    listing = list_files(paths, absolute)
    folders = tuple(f"{file_id(_absolute(path), absolute)}/" for path in paths if path.is_dir())
    # A file that was given beside its folder is the same one.
    return Listed(tuple(dict.fromkeys(listing.files)), listing.passed_over, folders)


def gather(files: Sequence[SourceFile], described: Described, parser: InThread) -> Gathered:
    """Read all files and rows. Of what has the same id none is an update."""
    found = list(read_sources(files, described, parser))
    places: defaultdict[str, list[str]] = defaultdict(list)
    for one in found:
        if isinstance(one, Source):
            places[one.updated.passage_id].append(one.place)
    twice = {passage_id: where for passage_id, where in places.items() if len(where) > 1}
    problems = [Unreadable(passage_id, _twice(where)) for passage_id, where in twice.items()]
    sources = [one.updated for one in found if isinstance(one, Source)]
    return Gathered(
        updates=tuple(updated for updated in sources if updated.passage_id not in twice),
        unreadable=(*(one for one in found if isinstance(one, Unreadable)), *problems),
    )


def _twice(places: Sequence[str]) -> str:
    return f"{' and '.join(places)} have the same id: give each another one"


def _absolute(path: Path) -> Path:
    """Without a look at what is there: keeps the names of symbolic links."""
    return Path(os.path.abspath(path))

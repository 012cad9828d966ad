"""What `docmill index add` publishes and deletes: the source texts under paths, each id once. Knows no Kafka client.

An id is the file's path from a root, the same whether the file itself or a folder above it is given.
"""

import os
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from docmill.errors import ConfigurationError
from docmill.indexer.sources import Described, Source, read_sources
from docmill.indexer.standing import Standing, files_below
from docmill.indexer.tenants import Tenants, folders_of
from docmill.ingest import InThread
from docmill.kafka.read_paths import JSONL, SourceFile, Unreadable, file_id, list_files
from docmill_schemas.events import KnowledgeUpdated

DANGLING = "a link to what is not there: mend it, or remove the link if its text is to go"
LED_OUT = "a link to what lies outside of the folder: name the link itself to add it"


@dataclass(frozen=True, slots=True)
class Listed:
    """What lies under the paths; nothing of it is read yet."""

    root: Path  # absolute
    files: tuple[SourceFile, ...]
    passed_over: tuple[Path, ...]  # .jsonl files inside a folder
    led_out: tuple[SourceFile, ...]  # links inside a folder to what lies in none of the folders given
    dangling: tuple[SourceFile, ...]  # links inside a folder to what is not there, for the moment or for good
    folders: tuple[str, ...]  # those among the paths, as the ids of their files begin: `handbook/`; the root: nothing
    places: tuple[Path, ...]  # the same, absolute

    def gone(self, standing: Mapping[str, Standing], tenant: str | None) -> "Gone":
        """Of the files that stand for this tenant those of the folders whose file is no more there.

        It looks once more, and at hidden files, too: who named one added it, and what was added since the files were
        listed stands as well. So ask late.

        Raises:
            ConfigurationError: a folder of one that stands, and is not listed, cannot be looked into.
        """
        listed = self._file_ids
        known = files_below(standing, self.folders)
        missed = [one for one in known if standing[one].tenant == tenant and one not in listed]
        there = self._there_now(missed)
        gone = [one for one in missed if one not in there]
        held = self._empty(gone)
        counts = Counter(folder for one in gone for folder in held if one.startswith(folder))
        return Gone(tuple(one for one in gone if not one.startswith(held)), dict(sorted(counts.items())))

    def _there_now(self, missed: Sequence[str]) -> frozenset[str]:
        """The ids of all files of the folders, hidden ones and links to nothing too. Links to folders are not followed.

        Names are compared, not looked up: a file system may take `A.md` for `a.md`. Raises: as `gone`.
        """

        def fail(error: OSError) -> None:
            if any(one.startswith(begin_of(Path(error.filename), self.root)) for one in missed):
                problem = f"{error.filename} cannot be read: {error.strerror}"
                raise ConfigurationError(f"{problem}; texts of it stand, so nothing is deleted until it can") from error

        walked = (os.walk(place, onerror=fail) for place in self.places) if missed else ()
        return frozenset(
            file_id(Path(here, name), self.root) for walk in walked for here, _, names in walk for name in names
        )

    def _empty(self, gone: Sequence[str]) -> tuple[str, ...]:
        """Folders of what is gone that are there and hold nothing, the outermost."""
        below = {folder for one in gone for folder in folders_of(one) if folder.startswith(self.folders)}
        found = sorted(one for one in below if (self.root / one).is_dir() and self._holds_nothing(one))
        return tuple(one for one in found if not one.startswith(tuple(f for f in found if f != one)))

    def _holds_nothing(self, folder: str) -> bool:
        """No file at all, hidden ones and those with rows too. A link to a folder is not followed: it holds nothing."""
        path = self.root / folder
        if folder not in self.folders and path.is_symlink():
            return True
        return not any(names for _, _, names in os.walk(path))

    @property
    def _file_ids(self) -> frozenset[str]:
        """Of what turns out to be unreadable too: it is there."""
        return frozenset(file.document_id for file in (*self.files, *self.led_out, *self.dangling) if not file.has_rows)


@dataclass(frozen=True, slots=True)
class Gone:
    """What stands though its file is no more there."""

    ids: tuple[str, ...]  # to be deleted, sorted
    held: Mapping[str, int]  # empty folders, as likely not mounted, and how many texts of each stand: not to be


@dataclass(frozen=True, slots=True)
class Gathered:
    """What is read of files and rows."""

    updates: tuple[KnowledgeUpdated, ...]
    unreadable: tuple[Unreadable, ...]
    told: tuple[str, ...] = ()  # of updates, for whoever adds them


def outside(paths: Sequence[Path], root: Path) -> list[Path]:
    """The paths that have no id from this root. A .jsonl file needs none: its lines name theirs."""
    given = [path for path in paths if path.is_dir() or path.suffix.lower() != JSONL]
    return [path for path in given if not absolute_path(path).is_relative_to(absolute_path(root))]


def list_sources(paths: Sequence[Path], root: Path) -> Listed:
    """The files under paths, none of which is `outside` the root.

    Raises:
        ConfigurationError: a folder cannot be read.
    """
    absolute = absolute_path(root)
    listing = list_files(paths, absolute)
    given = {absolute_path(path) for path in paths}
    places = tuple(absolute_path(path) for path in paths if path.is_dir())
    inside = tuple(os.path.realpath(place) for place in places)
    # A file that was given beside its folder is the same one.
    files = dict.fromkeys(listing.files)
    led_out = dict.fromkeys(file for file in files if file.path not in given and _leads_out(file.path, inside))
    return Listed(
        root=absolute,
        files=tuple(file for file in files if file not in led_out),
        passed_over=listing.passed_over,
        led_out=tuple(led_out),
        dangling=listing.dangling,
        folders=tuple(begin_of(place, absolute) for place in places),
        places=places,
    )


def gather(
    listed: Listed,
    described: Described,
    parser: InThread,
    standing: Mapping[str, Standing],
    change_tenant: bool = False,
) -> Gathered:
    """Read all files and rows. Of what has the same id none is an update, nor what stands for another tenant.

    Args:
        standing: what is known of the ids; nothing: all are as if new.
        change_tenant: what stands for another tenant is one all the same.
    """
    found = list(read_sources(listed.files, described, parser, standing))
    sources = [one for one in found if isinstance(one, Source)]
    places: defaultdict[str, list[str]] = defaultdict(list)
    for one in sources:
        places[one.updated.passage_id].append(one.place)
    refused = {passage_id: _twice(where) for passage_id, where in places.items() if len(where) > 1}
    tenants = Tenants({} if change_tenant else standing)
    for one in sources:
        if one.updated.passage_id not in refused and (problem := tenants.problem(one.updated, listed.folders)):
            refused[one.updated.passage_id] = problem
    taken = [one for one in sources if one.updated.passage_id not in refused]
    return Gathered(
        updates=tuple(one.updated for one in taken),
        unreadable=(
            *(one for one in found if isinstance(one, Unreadable)),
            *(Unreadable(file.document_id, LED_OUT) for file in listed.led_out),
            *(Unreadable(file.document_id, DANGLING) for file in listed.dangling if not file.has_rows),
            *(Unreadable(passage_id, problem) for passage_id, problem in refused.items()),
        ),
        told=tuple(f"{one.place}: {one.told}" for one in taken if one.told is not None),
    )


def _twice(places: Sequence[str]) -> str:
    return f"{' and '.join(places)} have the same id: give each another one"


def begin_of(folder: Path, root: Path) -> str:
    """How the ids of a folder's files begin: `handbook/`; of the root's: nothing."""
    return "" if folder == root else f"{file_id(folder, root)}/"


def absolute_path(path: Path) -> Path:
    """Without a look at what is there: keeps the names of symbolic links."""
    return Path(os.path.abspath(path))


def _leads_out(path: Path, inside: Sequence[str]) -> bool:
    if not path.is_symlink():
        return False
    target = Path(os.path.realpath(path))
    return not any(target.is_relative_to(folder) for folder in inside)

"""What `docmill index remove` deletes: names to the ids of what stands under them. Knows no Kafka client.

A name is an id, or a path of which `docmill index add` makes ids, whether or not there still is such a file. A deletion
is for good, so of a name that may mean two things nothing is deleted.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from docmill.indexer.gather import absolute_path, begin_of
from docmill.indexer.read import id_problem
from docmill.indexer.sources import row_ids
from docmill.indexer.standing import Standing, files_below
from docmill.indexer.tenants import for_whom
from docmill.kafka.read_paths import JSONL, SourceFile, Unreadable, file_id

NOTHING = (
    "nothing of that name stands on knowledge.updated; what docmill index search finds all the same, --ids deletes"
)

SAY_WHOSE = "say for whom by --tenant; a folder without it is what was added for all"


@dataclass(frozen=True, slots=True)
class Removal:
    """What is to go, and what is not."""

    deletions: Mapping[str, Standing]  # by id, as they were named
    missed: Mapping[str, str]  # names, or lines, of which nothing goes, and why
    left: Mapping[str, str]  # names of which a part goes, and what stays


@dataclass(frozen=True, slots=True)
class _Reading:
    """What a name may mean. `ids` stand, or the lines of a file name them."""

    what: str
    ids: tuple[str, ...]
    folder: str | None = None  # as the ids of its files begin
    unreadable: tuple[Unreadable, ...] = ()  # lines


def removal(names: Sequence[str], root: Path, standing: Mapping[str, Standing], tenant: str | None) -> Removal:
    """The ids that are meant. Of a folder: of the files that were added for this tenant; None: for all.

    Args:
        root: the folder from which paths are ids, as that of `add`; no name is the root itself.
        tenant: of ids by themselves, and of rows, too, where one is said.
    """
    top = absolute_path(root)
    deletions: dict[str, Standing] = {}
    missed: dict[str, str] = {}
    left: dict[str, str] = {}
    for name in names:
        try:
            readings = _readings(name, top, standing)
        except OSError as error:
            missed[name] = f"cannot be read: {error.strerror}"
            continue
        if len(readings) != 1:
            missed[name] = _ambiguous(name, readings) if readings else _nothing(name, top, standing)
            continue
        [reading] = readings
        missed |= {line.document_id: line.problem for line in reading.unreadable}
        wanted = [one for one in reading.ids if one in standing and _is_meant(standing[one], reading, tenant)]
        deletions |= {one: standing[one] for one in wanted}
        if stays := _stays(reading, wanted, standing):
            (left if wanted else missed)[name] = stays
    return Removal(deletions, missed, left)


def name_problem(name: str, root: Path) -> str | None:
    """Why this can be nothing's name; None: it can. A path may have an id though it is none itself."""
    path, top = absolute_path(Path(name)), absolute_path(root)
    return id_problem(file_id(path, top) if path.is_relative_to(top) else name)


def _readings(name: str, root: Path, standing: Mapping[str, Standing]) -> list[_Reading]:
    """All that the name may mean, of any tenant. Raises: OSError: a file of rows cannot be read."""
    path = absolute_path(Path(name))
    found = [_Reading("an id", (name,))] if name in standing else []
    if path.suffix.lower() == JSONL and os.path.isfile(path):
        lines = list(row_ids(SourceFile(path, name)))
        ids = tuple(dict.fromkeys(line for line in lines if isinstance(line, str)))
        unreadable = tuple(line for line in lines if isinstance(line, Unreadable))
        return [*found, _Reading(f"a file of {len(ids)} ids", ids, unreadable=unreadable)]
    if not path.is_relative_to(root):
        return found
    own, begin = file_id(path, root), begin_of(path, root)
    if own != name and not name.endswith("/") and own in standing and standing[own].is_file:
        found.append(_Reading(f"the file {own}", (own,)))
    if below := files_below(standing, (begin,)):
        found.append(_Reading(f"a folder of {len(below)} files", tuple(below), begin))
    return found


def _is_meant(what: Standing, reading: _Reading, tenant: str | None) -> bool:
    return what.tenant == tenant or (tenant is None and reading.folder is None)


def _stays(reading: _Reading, wanted: Sequence[str], standing: Mapping[str, Standing]) -> str:
    """What of this is not deleted; nothing: all of it is."""
    there, gone = [one for one in reading.ids if one in standing], set(wanted)
    others = [standing[one].tenant for one in there if one not in gone]
    told = [] if reading.ids else ["no line of it names an id"]
    if others:
        told.append(f"{len(others)} of its {len(there)} texts stand for {for_whom(set(others))}: {SAY_WHOSE}")
    if len(there) < len(reading.ids):
        told.append(f"of its {len(reading.ids)} ids {len(there)} stand on knowledge.updated")
    if reading.folder is not None and (rows := _of_no_file(reading.folder, standing)):
        told.append(f"{rows} ids begin so that are no file's: name them")
    return "; ".join(told)


def _of_no_file(folder: str, standing: Mapping[str, Standing]) -> int:
    return sum(one.startswith(folder) and not what.is_file for one, what in standing.items())


def _ambiguous(name: str, readings: Sequence[_Reading]) -> str:
    told = " and ".join(one.what for one in readings)
    return f"is {told}: --ids means ids alone, / behind a name a folder, ./ before it its path"


def _nothing(name: str, root: Path, standing: Mapping[str, Standing]) -> str:
    path = absolute_path(Path(name))
    if not path.is_relative_to(root):
        return f"{NOTHING}; as a path it lies outside of {root}, from which ids are read: name another folder by --root"
    if rows := _of_no_file(begin_of(path, root), standing):
        return f"no file of it stands on knowledge.updated, but {rows} ids begin so that are no file's: name them"
    if path.suffix.lower() == JSONL:
        return f"{NOTHING}; nor is there such a file, whose lines would name ids"
    return NOTHING

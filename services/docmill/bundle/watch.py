"""Looks whether a folder holds another bundle than the one in use. Reads the manifest alone, and loads nothing.

The folder may be anything that copies and mounts make of it: replaced as a whole, a symlink that is pointed elsewhere
(as Kubernetes does inside its mounts), or written into file by file. So what is asked is the manifest's digest, never
a time; and a folder is left alone until two looks in a row find it the same, files included: it may be half a copy.
"""

import hashlib
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

from docmill.bundle.files import read_manifest


class Finding(Enum):
    """What a look has found."""

    IN_USE = auto()  # the folder holds the bundle that is in use
    WAIT = auto()  # it is being written, or was tried as it is
    TRY = auto()


@dataclass(frozen=True, slots=True)
class FolderState:
    """`manifest_sha256` is None where there is no manifest to be read; `files`: name, inode, size and mtime of each."""

    manifest_sha256: str | None
    files: tuple[tuple[str, int, int, int], ...]


class BundleWatch:
    """What is known of the folder. For one thread at a time.

    Args:
        sha256: of the bundle in use.
    """

    def __init__(self, folder: Path, sha256: str) -> None:
        self.folder = folder
        self.in_use = sha256
        self._seen: FolderState | None = None
        self._tried: FolderState | None = None

    def look(self, *, at_once: bool = False) -> Finding:
        """Look at the folder.

        Args:
            at_once: somebody says that it is complete, and worth a try though it was tried before.
        """
        before, self._seen = self._seen, state_of(self.folder)
        if self._seen.manifest_sha256 == self.in_use:
            self._tried = None
            return Finding.IN_USE
        if at_once:
            return Finding.TRY
        return Finding.TRY if self._seen == before and self._seen != self._tried else Finding.WAIT

    def is_as_seen(self) -> bool:
        """Whether the folder is still as the last look saw it; if not, what was read from it meanwhile may be a mix."""
        return state_of(self.folder) == self._seen

    def tried(self) -> None:
        """What the last look saw is not to be tried again as it is."""
        self._tried = self._seen

    def took(self, sha256: str) -> None:
        """This bundle, read from the folder, is the one in use now."""
        self.in_use = sha256
        self._tried = None


def state_of(folder: Path) -> FolderState:
    """How a folder looks now; never raises, since anything may be happening to it."""
    try:
        digest = hashlib.sha256(read_manifest(folder)).hexdigest()
    except OSError:
        digest = None
    return FolderState(digest, _files(folder))


def _files(folder: Path) -> tuple[tuple[str, int, int, int], ...]:
    """Without hidden ones, which no bundle has: mounts keep their own there."""
    try:
        found = []
        for path in sorted(folder.iterdir()):
            if not path.name.startswith("."):
                stat = path.stat()
                found.append((path.name, stat.st_ino, stat.st_size, stat.st_mtime_ns))
        return tuple(found)
    except OSError:  # it goes while it is looked at
        return ()

"""Results of stages in a folder outside the checkout, by the digest of all that they depend on.

A stage is a pure function of its section of the recipe, the contents of its inputs and its code's version. Its result
is a folder of files, written under another name and renamed when it is complete and on the disk, so there is never half
a result. A killed stage finds its own folder again and may go on from what it left there. Does not know what they do.
"""

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

from docmill.bundle.save import sync_folder
from docmill.errors import ConfigurationError

RECORD = "stage.json"
KEY_DIGITS = 20  # of a SHA-256 in a folder's name
CODE = (".py", ".toml")


@dataclass(frozen=True, slots=True)
class Result:
    """A complete stage; `digest` is of the names and contents of its files."""

    folder: Path
    digest: str

    def file(self, name: str) -> Path:
        return self.folder / name


@dataclass(frozen=True, slots=True)
class Stage:
    """One step of the factory.

    Args:
        version: of its code: raise it when the same inputs come to give another result.
        section: what of the recipe it reads, as JSON.
        inputs: digests of what else it reads, by name.
        make: writes the result's files into the folder that it is given.
    """

    name: str
    version: int
    section: Any
    inputs: Mapping[str, str]
    make: Callable[[Path], None]

    @property
    def key(self) -> str:
        """SHA-256 of all that the result depends on."""
        known = {"stage": self.name, "version": self.version, "section": self.section, "inputs": dict(self.inputs)}
        return hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()


OnStage = Callable[[Stage, bool], None]  # the stage, and whether its result was there


def cache_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """DOCMILL_TRAIN_CACHE, else a folder in the user's cache; creates nothing."""
    if configured := environ.get("DOCMILL_TRAIN_CACHE"):
        return Path(configured).expanduser().absolute()
    if home := environ.get("DOCMILL_HOME"):
        return Path(home).expanduser().absolute() / "cache/train"
    base = Path(environ.get("XDG_CACHE_HOME", ""))
    # The XDG specification says to ignore relative paths.
    return (base if base.is_absolute() else Path.home() / ".cache") / "docmill/train"


class Cache:
    """Runs stages whose results are not there."""

    def __init__(self, root: Path, on_stage: OnStage = lambda stage, was_there: None) -> None:
        self.root = root
        self._on_stage = on_stage

    def result(self, stage: Stage) -> Result:
        """The result of a stage, made now unless it is there and whole. One that is there is read without the lock.

        Raises:
            ConfigurationError: another process is making it, or the folder cannot be written, locked or read.
        """
        folder = self.root / stage.name / stage.key[:KEY_DIGITS]
        if (found := _read(folder)) is not None:
            self._on_stage(stage, True)
            return found
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigurationError(
                f"{folder.parent} cannot be made ({error.strerror}): set DOCMILL_TRAIN_CACHE to a folder of yours"
            ) from error
        with _locked(folder.with_suffix(".lock"), stage.name):
            found = _read(folder)  # another process may have made it since
            self._on_stage(stage, found is not None)
            return found or _make(stage, folder)


def file_digest(path: Path) -> str:
    """SHA-256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def unchanged(stage: Stage, files: Mapping[str, Path]) -> Stage:
    """The same stage, but what it makes is not kept if a file of its inputs was edited meanwhile: the key would lie.

    Its `make` then raises ConfigurationError.
    """

    def make(folder: Path) -> None:
        stage.make(folder)
        for name, path in files.items():
            if name in stage.inputs and not _is(path, stage.inputs[name]):
                raise ConfigurationError(f"{path} was changed while it was used, or cannot be read: run this again")

    return replace(stage, make=make)


def code_digest(package: ModuleType) -> str:
    """SHA-256 over a package's code and words: an input of stages that must be made anew when these change.

    To be taken when the package is imported: later its files may be others than what runs.
    """
    folder = Path(package.__path__[0])
    files = sorted(path for path in folder.rglob("*") if path.suffix in CODE)
    named = "".join(f"{path.relative_to(folder).as_posix()} {file_digest(path)}\n" for path in files)
    return hashlib.sha256(named.encode()).hexdigest()


def _is(path: Path, digest: str) -> bool:
    try:
        return file_digest(path) == digest
    except OSError:
        return False


def _make(stage: Stage, folder: Path) -> Result:
    partial = folder.with_suffix(".partial")
    partial.mkdir(exist_ok=True)
    made = _read(partial)  # killed before it was renamed
    if made is None:  # what a killed run left is the stage's own to judge
        made = _complete(stage, partial)
    _sync(partial)
    shutil.rmtree(folder, ignore_errors=True)  # a damaged one
    partial.rename(folder)
    sync_folder(folder.parent)
    return Result(folder, made.digest)


def _complete(stage: Stage, folder: Path) -> Result:
    """Its files, and the record of them."""
    stage.make(folder)
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path != folder / RECORD)
    files = {path.relative_to(folder).as_posix(): file_digest(path) for path in paths}
    record = {"stage": stage.name, "version": stage.version, "section": stage.section, "inputs": dict(stage.inputs)}
    (folder / RECORD).write_text(json.dumps({**record, "files": files}, indent=1) + "\n", encoding="utf-8")
    return Result(folder, _digest(files))


def _sync(folder: Path) -> None:
    """All that is in it is on the disk when this returns."""
    for path in sorted(folder.rglob("*")):
        if path.is_dir():
            sync_folder(path)
        else:
            with path.open("rb+") as file:
                os.fsync(file.fileno())
    sync_folder(folder)


def _read(folder: Path) -> Result | None:
    """None: it is not there, not as it was written, or another process put another in its place meanwhile.

    Raises:
        ConfigurationError: it cannot be read, and so is left as it is: the disk may be better in a minute.
    """
    try:
        record = (folder / RECORD).read_text(encoding="utf-8")
        files = json.loads(record)["files"]
        whole = all(file_digest(folder / name) == digest for name, digest in files.items())
        if whole and (folder / RECORD).read_text(encoding="utf-8") == record:
            return Result(folder, _digest(files))
    except (FileNotFoundError, NotADirectoryError, ValueError, KeyError, TypeError, AttributeError):
        pass
    except OSError as error:
        raise ConfigurationError(
            f"{folder} cannot be read ({error.strerror}): see to the disk, or delete it to make it anew"
        ) from error
    return None


def _digest(files: Mapping[str, str]) -> str:
    return hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()


@contextmanager
def _locked(path: Path, name: str) -> Iterator[None]:
    """Held until the stage is done; the system lets go of it when the process dies.

    Raises:
        ConfigurationError: another process holds it, or it cannot be had here at all.
    """
    try:
        lock = path.open("w", encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(
            f"{path.parent} cannot be written ({error.strerror}): set DOCMILL_TRAIN_CACHE to a folder of yours"
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ConfigurationError(
                f"another docmill is making stage {name} in {path.parent}: wait for it, or set DOCMILL_TRAIN_CACHE "
                f"to another folder"
            ) from error
        except OSError as error:
            raise ConfigurationError(
                f"{path} cannot be locked ({error.strerror}), as on some network disks: set DOCMILL_TRAIN_CACHE to a "
                f"folder on a disk of this machine"
            ) from error
        yield

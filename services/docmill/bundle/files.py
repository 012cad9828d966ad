"""A bundle's folder, read once: what was checked is what is loaded, whatever becomes of the folder meanwhile.

The folder of a bundle in use may be replaced at any time, by one that is refused too. So its bytes are kept: a child
process that is to read as its parent does gets them from its parent.
"""

import errno
import hashlib
import json
import stat
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BufferedReader
from pathlib import Path

from pydantic import ValidationError

from docmill.bundle.manifest import FORMAT_VERSION, MANIFEST_FILE, MODEL_FILE, REQUIRED_FILES, Manifest
from docmill.errors import BundleError

COPY_AGAIN = "copy the bundle again from where it was made"
TRAIN_AGAIN = "train the bundle again"
MAX_MANIFEST_BYTES = 4 * 1024 * 1024  # some hundred times what one takes


@dataclass(frozen=True, slots=True)
class BundleFiles:
    """The files that serving needs, by name, the manifest among them. `sha256` is of the manifest's bytes."""

    folder: Path  # where they were read; for messages
    sha256: str
    manifest: Manifest
    contents: Mapping[str, bytes] = field(repr=False)

    @property
    def model(self) -> bytes:
        """The graph."""
        return self.contents[MODEL_FILE]


def read_files(folder: Path) -> BundleFiles:
    """Read a bundle's folder and compare every file with its digest; the files that serving does not need, too.

    Raises:
        BundleError: the first thing that is wrong, and what to do about it.
    """
    described = _manifest_bytes(folder)
    manifest = _parse_manifest(folder, described)
    golden = [manifest.golden.file] if manifest.golden else []
    needed = (*REQUIRED_FILES, *golden)
    if unlisted := [name for name in needed if name not in manifest.files]:
        raise BundleError(f"{folder / MANIFEST_FILE} gives no sha256 for {unlisted}: {TRAIN_AGAIN}")
    contents = {MANIFEST_FILE: described}
    for name, expected in manifest.files.items():
        if name in needed:
            contents[name] = _checked(folder / name, expected)
        else:
            _check(folder / name, expected)
    return BundleFiles(folder, hashlib.sha256(described).hexdigest(), manifest, contents)


def manifest_of(folder: Path) -> Manifest:
    """What a bundle says of itself, for who does not run it: no other file is looked at.

    Raises:
        BundleError: there is no manifest, or it is none.
    """
    return _parse_manifest(folder, _manifest_bytes(folder))


def files_of(folder: Path, contents: Mapping[str, bytes]) -> BundleFiles:
    """The `contents` of BundleFiles, as another process read them and checked their digests.

    Raises:
        BundleError: the manifest among them is none.
    """
    described = contents[MANIFEST_FILE]
    return BundleFiles(folder, hashlib.sha256(described).hexdigest(), _parse_manifest(folder, described), contents)


def read_manifest(folder: Path) -> bytes:
    """The manifest's bytes, unchecked.

    Raises:
        OSError: there is none to be read, or what is there is none.
    """
    with _open(folder / MANIFEST_FILE, MAX_MANIFEST_BYTES) as file:
        return file.read(MAX_MANIFEST_BYTES)


def _open(path: Path, max_bytes: int = sys.maxsize) -> BufferedReader:
    """Open a file, and never a pipe or a device, which reading might not come back from.

    Raises:
        OSError: it is none, is larger or cannot be opened.
    """
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    if status.st_size > max_bytes:
        raise OSError(errno.EFBIG, f"larger than {max_bytes} bytes", str(path))
    return path.open("rb")


def _manifest_bytes(folder: Path) -> bytes:
    if not folder.is_dir():
        raise BundleError(f"there is no bundle folder {folder}: name one that holds {MANIFEST_FILE}")
    try:
        return read_manifest(folder)
    except OSError as error:
        raise BundleError(f"{folder} holds no readable {MANIFEST_FILE}, so it is no bundle: {error}") from error


def _parse_manifest(folder: Path, content: bytes) -> Manifest:
    where = folder / MANIFEST_FILE
    try:
        described = json.loads(content)
    except (ValueError, RecursionError) as error:  # not JSON, or not UTF-8
        raise BundleError(f"{where} is not JSON ({error}): {COPY_AGAIN}") from error
    version = described.get("format_version") if isinstance(described, dict) else None
    if version != FORMAT_VERSION:
        raise BundleError(
            f"{where} is of format {version!r}, this docmill reads format {FORMAT_VERSION}: "
            f"install the docmill that the bundle was made for, or {TRAIN_AGAIN}"
        )
    try:
        return Manifest.model_validate_json(content)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise BundleError(f"{where} is not valid, correct it or {TRAIN_AGAIN}: {problems}") from error


def _checked(path: Path, expected: str) -> bytes:
    """What the file holds."""
    try:
        with _open(path) as file:
            content = file.read()
    except OSError as error:
        raise _unreadable(path, error) from error
    _compare(path, hashlib.sha256(content).hexdigest(), expected)
    return content


def _check(path: Path, expected: str) -> None:
    """Without keeping it: it may be as large as the graph in fp32."""
    try:
        with _open(path) as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise _unreadable(path, error) from error
    _compare(path, found, expected)


def _unreadable(path: Path, error: OSError) -> BundleError:
    return BundleError(f"{path} cannot be read ({error.strerror}): {COPY_AGAIN}")


def _compare(path: Path, found: str, expected: str) -> None:
    if found != expected:
        raise BundleError(
            f"{path} is not the file that the manifest lists "
            f"(sha256 {found[:12]}..., expected {expected[:12]}...): {COPY_AGAIN}"
        )

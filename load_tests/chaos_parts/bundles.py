"""The bundles of a run, and the symlink that the workers load: sound ones and broken ones are pushed through it.

A push points the link elsewhere in one step. Sound bundles differ in their version alone, so that any of them may
decide on any document; by whose manifest a result was made shows in the result.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.tiny_bundle import build_tiny_bundle

SOUND, BROKEN = "sound", "broken"
MANIFEST, MODEL, GOLDEN = "manifest.json", "model.int8.onnx", "golden.jsonl"


class Shelf:
    """Owns `bundles/` and the link `bundle` in a work folder; goes on with those of an earlier run."""

    def __init__(self, work: Path) -> None:
        self.link = work / "bundle"
        self._folder = work / "bundles"
        self._folder.mkdir(parents=True, exist_ok=True)
        if not self._sound():
            build_tiny_bundle(self._folder / f"{SOUND}-0", "0.0")
        self.put_back()

    @property
    def sound_sha256s(self) -> frozenset[str]:
        """Of the bundles that may decide."""
        return frozenset(map(sha256_of, self._sound()))

    @property
    def current_sha256(self) -> str:
        """Of the last sound one."""
        return sha256_of(self._sound()[-1])

    def push_sound(self) -> str:
        """A bundle of a further version; its sha256."""
        last = self._sound()[-1]
        number = int(last.name.partition("-")[2]) + 1
        part = self._folder / "part"
        shutil.rmtree(part, ignore_errors=True)
        shutil.copytree(last, part)
        describe(part, version=f"0.{number}")
        made = part.rename(self._folder / f"{SOUND}-{number}")
        self._point_to(made)
        return sha256_of(made)

    def push_broken(self, how: str) -> None:
        """A copy of the last sound one, of a version of its own, broken in one of WAYS_TO_BREAK."""
        made = self._folder / f"{BROKEN}-{how}"
        shutil.rmtree(made, ignore_errors=True)
        shutil.copytree(self._sound()[-1], made)
        describe(made, version=f"broken, {how}")
        WAYS_TO_BREAK[how](made)
        self._point_to(made)

    def put_back(self) -> None:
        """The last sound one."""
        self._point_to(self._sound()[-1])

    def _sound(self) -> list[Path]:
        return sorted(self._folder.glob(f"{SOUND}-*"), key=lambda path: int(path.name.partition("-")[2]))

    def _point_to(self, folder: Path) -> None:
        part = self.link.with_name("bundle.part")
        part.unlink(missing_ok=True)
        part.symlink_to(folder)
        part.replace(self.link)


def sha256_of(folder: Path) -> str:
    """A bundle's: that of its manifest."""
    return hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest()


def describe(folder: Path, **changes: object) -> None:
    """Change keys of the manifest."""
    path = folder / MANIFEST
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def _alter(folder: Path) -> None:
    content = bytearray((folder / MODEL).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / MODEL).write_bytes(bytes(content))


def _copy_half(folder: Path) -> None:
    os.truncate(folder / MODEL, (folder / MODEL).stat().st_size // 2)


def _tell_otherwise(folder: Path) -> None:
    """Every digest is right: only reading the golden documents can tell."""
    told = (folder / GOLDEN).read_text().replace('"label": "receipt"', '"label": "contract"').encode()
    (folder / GOLDEN).write_bytes(told)
    files = json.loads((folder / MANIFEST).read_text())["files"]
    describe(folder, files={**files, GOLDEN: hashlib.sha256(told).hexdigest()})


WAYS_TO_BREAK: Mapping[str, Callable[[Path], None]] = {
    "altered": _alter,
    "half-copied": _copy_half,
    "other-golden": _tell_otherwise,
}

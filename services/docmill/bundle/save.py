"""A trained model to a bundle folder. Does not know how it was trained."""

import hashlib
import io
import json
import os
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from docmill.bundle.bundle import Bundle
from docmill.bundle.load import load_bundle
from docmill.bundle.manifest import (
    MANIFEST_FILE,
    MODEL_FILE,
    OUTLIER_FILE,
    REQUIRED_FILES,
    TOKENIZER_FILE,
    GoldenEntry,
    Manifest,
)
from docmill.errors import BundleError
from docmill.pipeline.types import OutlierSpec

EARLIEST = (1980, 1, 1, 0, 0, 0)  # the first time a zip can hold: the same arrays give the same bytes


def save_bundle(
    folder: Path,
    manifest: Manifest,
    *,
    model: bytes,
    tokenizer: str,
    outlier: OutlierSpec,
    further: Mapping[str, bytes] | None = None,
) -> Bundle:
    """Write a bundle beside `folder`, load it as a check, and only then let it take `folder`'s place.

    Args:
        manifest: its `files` and `outlier` are replaced by what is saved here.
        model: the int8 graph, serialised.
        tokenizer: JSON, `Tokenizer.to_str(pretty=True)`.
        further: names and contents of further files, such as evaluation.json, MODEL_CARD.md or golden.jsonl.

    Returns:
        The bundle as loaded from `folder`.

    Raises:
        BundleError: the bundle could not be loaded again, or `folder` holds something else; it is as it was.
    """
    check_place(folder)
    contents = {
        **(further or {}),
        MODEL_FILE: model,
        TOKENIZER_FILE: tokenizer.encode(),
        OUTLIER_FILE: outlier_bytes(outlier),
    }
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    entry = manifest.outlier.model_copy(update={"threshold": outlier.threshold})
    complete = manifest.model_copy(update={"files": dict(sorted(digests.items())), "outlier": entry})
    contents[MANIFEST_FILE] = manifest_bytes(complete)
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = folder.with_name(f".{folder.name}.{os.getpid()}.partial")
    shutil.rmtree(partial, ignore_errors=True)  # of a killed process that had this id
    partial.mkdir()
    try:
        for name, content in contents.items():
            _write(partial / name, content)
        load_bundle(partial)
        sync_folder(partial)
        _replace(folder, partial)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return load_bundle(folder)


def check_place(folder: Path) -> None:
    """Make sure that nothing but a bundle is replaced, and that it can be: it is written beside `folder`.

    Raises:
        BundleError: `folder` is a file, or a folder that holds something else, or one that cannot have another put in
            its place; or nothing can be written there.
    """
    if folder.name in {"", ".."} or os.path.ismount(folder):
        raise BundleError(f"{folder} cannot be replaced: name a folder in it")
    beside = next(parent for parent in folder.absolute().parents if os.access(parent, os.F_OK))
    if not beside.is_dir() or not os.access(beside, os.W_OK | os.X_OK):
        raise BundleError(f"{folder} cannot be made: {beside} cannot be written to; name another place")
    if folder.exists() and not (folder / MANIFEST_FILE).exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BundleError(f"{folder} holds no bundle, and would be replaced by one: name another place, or empty it")


def resave_bundle(folder: Path, further: Mapping[str, bytes], golden: GoldenEntry | None) -> Bundle:
    """Add further files to a saved bundle, and say that it has golden documents; see `save_bundle`."""
    bundle = load_bundle(folder)
    kept = {name: (folder / name).read_bytes() for name in bundle.manifest.files if name not in REQUIRED_FILES}
    return save_bundle(
        folder,
        bundle.manifest.model_copy(update={"golden": golden}),
        model=(folder / MODEL_FILE).read_bytes(),
        tokenizer=(folder / TOKENIZER_FILE).read_text(encoding="utf-8"),
        outlier=bundle.spec.outlier,
        further={**kept, **further},
    )


def manifest_bytes(manifest: Manifest) -> bytes:
    """manifest.json: sorted and indented, so that two versions can be compared line by line."""
    described = manifest.model_dump(mode="json")
    return (json.dumps(described, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()


def outlier_bytes(outlier: OutlierSpec) -> bytes:
    """outlier.npz: the arrays of an OutlierSpec, without its threshold."""
    arrays: dict[str, NDArray[np.float32]] = {
        "mean": outlier.mean,
        "projection": outlier.projection,
        "centroids": outlier.centroids,
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, array in arrays.items():
            with archive.open(zipfile.ZipInfo(f"{name}.npy", EARLIEST), "w") as member:
                np.lib.format.write_array(member, np.ascontiguousarray(array, np.float32), allow_pickle=False)
    return buffer.getvalue()


def _write(path: Path, content: bytes) -> None:
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _replace(folder: Path, partial: Path) -> None:
    """Put `partial` in the place of `folder`: at no time is there half a bundle under its name."""
    previous = folder.with_name(f".{folder.name}.{os.getpid()}.previous")
    if folder.exists():
        folder.rename(previous)
    try:
        partial.rename(folder)
    except OSError:
        if previous.exists():
            previous.rename(folder)
        raise
    sync_folder(folder.parent)
    shutil.rmtree(previous, ignore_errors=True)


def sync_folder(folder: Path) -> None:
    """Make names in a folder durable, where the system can (Windows cannot open a folder)."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

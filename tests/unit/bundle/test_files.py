"""What is checked is what is loaded, whatever becomes of the folder."""

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from docmill.bundle.files import files_of, manifest_of, read_files
from docmill.bundle.load import make_bundle
from docmill.bundle.manifest import MANIFEST_FILE
from docmill.errors import BundleError
from docmill.golden import check_own_golden
from docmill.processing import Mill
from docmill.runtime.session import OnnxInference


def add_file(folder: Path, name: str, content: bytes) -> None:
    """A further file, listed in the manifest."""
    (folder / name).write_bytes(content)
    path = folder / "manifest.json"
    described = json.loads(path.read_text())
    described["files"][name] = hashlib.sha256(content).hexdigest()
    path.write_text(json.dumps(described))


def test_a_bundle_works_though_its_folder_is_gone(folder: Path) -> None:
    files = read_files(folder)
    shutil.rmtree(folder)
    inference = OnnxInference(files.model, threads=1)
    check_own_golden(Mill(make_bundle(files), inference), files)
    inference.close()


def test_what_serving_does_not_need_is_checked_and_not_kept(folder: Path) -> None:
    add_file(folder, "model.fp32.onnx", b"large")
    files = read_files(folder)
    assert files.contents.keys() == {
        *("manifest.json", "model.int8.onnx", "tokenizer.json", "outlier.npz", "golden.jsonl")
    }
    (folder / "model.fp32.onnx").write_bytes(b"other")
    with pytest.raises(BundleError, match="not the file that the manifest lists"):
        read_files(folder)


def test_contents_are_the_files_again(pristine: Path) -> None:
    files = read_files(pristine)
    assert files_of(pristine, files.contents) == files
    with pytest.raises(BundleError, match="not JSON"):
        files_of(pristine, {**files.contents, "manifest.json": b"{"})


def test_a_manifest_is_read_without_the_other_files(folder: Path) -> None:
    whole = read_files(folder).manifest
    for path in folder.iterdir():
        if path.name != MANIFEST_FILE:
            path.unlink()
    assert manifest_of(folder) == whole
    (folder / MANIFEST_FILE).write_text("{", encoding="utf-8")
    with pytest.raises(BundleError, match="is not JSON"):
        manifest_of(folder)
    with pytest.raises(BundleError, match="there is no bundle folder"):
        manifest_of(folder / "nowhere")

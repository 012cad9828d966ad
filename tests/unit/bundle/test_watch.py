"""When a folder is worth a try: never while it is written, and not twice as it is."""

import hashlib
import json
import os
import shutil
from pathlib import Path

import pytest

from docmill.bundle.watch import BundleWatch, Finding, state_of


def sha256_of(folder: Path) -> str:
    return hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest()


def change(folder: Path, version: str) -> None:
    """Another manifest."""
    path = folder / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "version": version}))


@pytest.fixture
def watch(folder: Path) -> BundleWatch:
    return BundleWatch(folder, sha256_of(folder))


def test_the_bundle_in_use_is_no_news(watch: BundleWatch) -> None:
    assert [watch.look() for _ in range(3)] == [Finding.IN_USE] * 3
    assert watch.look(at_once=True) is Finding.IN_USE


def test_another_manifest_is_tried_once_it_is_still(watch: BundleWatch, folder: Path) -> None:
    watch.look()
    change(folder, "2")
    assert watch.look() is Finding.WAIT
    assert watch.look() is Finding.TRY
    watch.tried()
    assert watch.look() is Finding.WAIT


def test_a_copy_that_grows_is_left_alone_until_it_stops(watch: BundleWatch, folder: Path) -> None:
    """The manifest first, then a large file bit by bit."""
    model = (folder / "model.int8.onnx").read_bytes()
    change(folder, "2")
    for part in range(1, 5):
        (folder / "model.int8.onnx").write_bytes(model[: len(model) * part // 4])
        assert watch.look() is Finding.WAIT
    assert watch.look() is Finding.TRY


def test_a_folder_that_was_refused_is_tried_again_when_any_file_changes(watch: BundleWatch, folder: Path) -> None:
    change(folder, "2")
    watch.look()
    assert watch.look() is Finding.TRY
    watch.tried()
    with (folder / "model.int8.onnx").open("ab") as file:
        file.write(b"more")
    assert watch.look() is Finding.WAIT
    assert watch.look() is Finding.TRY


def test_when_told_so_it_is_tried_at_once_and_again(watch: BundleWatch, folder: Path) -> None:
    change(folder, "2")
    assert watch.look(at_once=True) is Finding.TRY
    watch.tried()
    assert watch.look() is Finding.WAIT
    assert watch.look(at_once=True) is Finding.TRY


def test_what_was_taken_is_in_use(watch: BundleWatch, folder: Path) -> None:
    change(folder, "2")
    watch.look(at_once=True)
    watch.took(sha256_of(folder))
    assert watch.look() is Finding.IN_USE
    change(folder, "1")
    assert [watch.look(), watch.look()] == [Finding.WAIT, Finding.TRY]


def test_back_to_the_one_in_use_forgets_the_refusal(watch: BundleWatch, folder: Path) -> None:
    before = (folder / "manifest.json").read_bytes()
    change(folder, "2")
    watch.look(at_once=True)
    watch.tried()
    (folder / "manifest.json").write_bytes(before)
    assert watch.look() is Finding.IN_USE


def test_a_symlink_that_is_pointed_elsewhere(folder: Path, tmp_path: Path) -> None:
    """Also inside the folder, as Kubernetes mounts do: manifest.json -> ..data/manifest.json, ..data -> ..v1."""
    mount = tmp_path / "mount"
    for version in ("..v1", "..v2"):
        shutil.copytree(folder, mount / version)
    change(mount / "..v2", "2")
    (mount / "..data").symlink_to("..v1")
    for name in os.listdir(folder):
        (mount / name).symlink_to(f"..data/{name}")
    watch = BundleWatch(mount, sha256_of(folder))
    assert watch.look() is Finding.IN_USE
    (mount / "..new").symlink_to("..v2")
    (mount / "..new").replace(mount / "..data")
    assert [watch.look(), watch.look()] == [Finding.WAIT, Finding.TRY]
    assert watch.is_as_seen()


def test_whether_it_changed_since_the_look(watch: BundleWatch, folder: Path) -> None:
    change(folder, "2")
    watch.look()
    assert watch.is_as_seen()
    (folder / "tokenizer.json").unlink()
    assert not watch.is_as_seen()


def test_a_folder_that_is_gone_is_a_state_too(watch: BundleWatch, folder: Path) -> None:
    shutil.rmtree(folder)
    assert state_of(folder).manifest_sha256 is None
    assert [watch.look(), watch.look()] == [Finding.WAIT, Finding.TRY]
    watch.tried()
    assert watch.look() is Finding.WAIT
    folder.write_text("a file in its place")
    assert watch.look() is Finding.WAIT


def test_a_manifest_that_cannot_be_read_to_its_end_is_not_read(folder: Path) -> None:
    """A pipe that nobody writes into, a device, a file of a terabyte: the look comes back."""
    manifest = folder / "manifest.json"
    os.truncate(manifest, 2**40)
    assert state_of(folder).manifest_sha256 is None
    manifest.unlink()
    os.mkfifo(manifest)
    assert state_of(folder).manifest_sha256 is None
    manifest.unlink()
    manifest.symlink_to("/dev/zero")
    assert state_of(folder).manifest_sha256 is None

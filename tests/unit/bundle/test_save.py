import hashlib
import json
import os
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest

from docmill.bundle.load import load_bundle
from docmill.bundle.save import check_place, manifest_bytes, outlier_bytes, save_bundle
from docmill.errors import BundleError
from tests.tiny_bundle import build_tiny_bundle, tiny_manifest, tiny_outlier


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def save(source: Path, target: Path, **further: bytes) -> None:
    """Save a bundle of the source's model and tokenizer."""
    save_bundle(
        target,
        tiny_manifest(),
        model=(source / "model.int8.onnx").read_bytes(),
        tokenizer=(source / "tokenizer.json").read_text(encoding="utf-8"),
        outlier=tiny_outlier(),
        further={name.replace("_", "."): content for name, content in further.items()},
    )


def only_reading(folder: Path) -> Callable[[Path, int], bool]:
    """os.access where this folder is somebody else's; to root the system says of none that it is."""
    access = os.access
    return lambda path, mode: access(path, mode) and not (path == folder and mode & os.W_OK)


def test_what_is_saved_is_loaded(pristine: Path, tmp_path: Path) -> None:
    save(pristine, tmp_path / "new" / "bundle", evaluation_json=b"{}")
    bundle = load_bundle(tmp_path / "new" / "bundle")
    names = {"model.int8.onnx", "tokenizer.json", "outlier.npz", "evaluation.json"}
    assert bundle.manifest.files.keys() == names
    assert bundle.manifest.files["evaluation.json"] == hashlib.sha256(b"{}").hexdigest()
    assert contents(bundle.folder).keys() == names | {"manifest.json"}
    assert [path.name for path in bundle.folder.parent.iterdir()] == ["bundle"]  # nothing is left beside it


def test_the_same_model_gives_the_same_bytes(pristine: Path, tmp_path: Path) -> None:
    again = build_tiny_bundle(tmp_path / "again")
    assert contents(again) == contents(pristine)


def test_manifest_is_sorted_and_indented() -> None:
    content = manifest_bytes(tiny_manifest())
    described = json.loads(content)
    assert list(described) == sorted(described)
    assert content.startswith(b'{\n  "base_model"')
    assert content.endswith(b"}\n")


def test_outlier_bytes_hold_no_time() -> None:
    content = outlier_bytes(tiny_outlier())
    with zipfile.ZipFile(BytesIO(content)) as archive:
        assert {member.date_time for member in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    with np.load(BytesIO(content), allow_pickle=False) as arrays:
        assert set(arrays) == {"mean", "projection", "centroids"}
        assert np.array_equal(arrays["projection"], tiny_outlier().projection)


def test_an_older_bundle_gives_way(pristine: Path, tmp_path: Path) -> None:
    target = tmp_path / "bundle"
    save(pristine, target, old_json=b"1")
    save(pristine, target, new_json=b"2")
    assert not (target / "old.json").exists()
    assert (target / "new.json").read_bytes() == b"2"
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


def test_an_empty_folder_gives_way(pristine: Path, tmp_path: Path) -> None:
    target = tmp_path / "bundle"
    target.mkdir()
    save(pristine, target)
    assert load_bundle(target).name == "tiny-en"


@pytest.mark.parametrize("is_folder", [True, False])
def test_nothing_but_a_bundle_gives_way(pristine: Path, tmp_path: Path, is_folder: bool) -> None:
    target = tmp_path / "letters"
    if is_folder:
        (target / "letters").mkdir(parents=True)
    kept = target / "letters" / "train.jsonl" if is_folder else target
    kept.write_text("labelled by hand")
    with pytest.raises(BundleError, match="holds no bundle, and would be replaced"):
        save(pristine, target)
    assert kept.read_text() == "labelled by hand"


@pytest.mark.parametrize("name", ["bundle", "new/folders/bundle"])
def test_a_place_that_cannot_be_written_to_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Training asks before it begins, not an hour later."""
    monkeypatch.setattr(os, "access", only_reading(tmp_path))
    with pytest.raises(BundleError, match=rf"{name} cannot be made: {tmp_path} cannot be written to; name another"):
        check_place(tmp_path / name)
    (tmp_path / "own").mkdir()
    check_place(tmp_path / "own" / name)


@pytest.mark.parametrize("place", [".", "..", "/", "/proc"])
def test_a_place_that_cannot_have_another_put_there_is_refused(place: str) -> None:
    """The working directory by no name, and where something is mounted, as for a container."""
    with pytest.raises(BundleError, match=f"^{place} cannot be replaced: name a folder in it"):
        check_place(Path(place))


def test_a_relative_place_is_seen_from_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    check_place(Path("bundle"))
    monkeypatch.setattr(os, "access", only_reading(tmp_path))
    with pytest.raises(BundleError, match=rf"bundle cannot be made: {tmp_path} cannot be written to"):
        check_place(Path("bundle"))


def test_a_place_below_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BundleError, match=r"bundle cannot be made: .*file cannot be written to"):
        check_place(tmp_path / "file" / "bundle")


def test_what_cannot_be_loaded_is_not_saved(pristine: Path, tmp_path: Path) -> None:
    target = tmp_path / "bundle"
    save(pristine, target)
    before = contents(target)
    with pytest.raises(BundleError, match="cannot load"):
        save_bundle(
            target,
            tiny_manifest(),
            model=b"no graph",
            tokenizer=(pristine / "tokenizer.json").read_text(encoding="utf-8"),
            outlier=tiny_outlier(),
        )
    assert contents(target) == before
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


def test_the_old_bundle_returns_when_the_new_one_cannot_take_its_place(
    pristine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "bundle"
    save(pristine, target, old_json=b"1")
    rename = Path.rename

    def failing(self: Path, to: Path) -> Path:
        if self.name.endswith(".partial"):
            raise OSError("no")
        return rename(self, to)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(OSError, match="no"):
        save(pristine, target, new_json=b"2")
    assert (target / "old.json").read_bytes() == b"1"
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


def test_modes_are_those_of_any_file(pristine: Path, tmp_path: Path) -> None:
    """A service under another user must be able to read it."""
    plain = tmp_path / "plain"
    plain.mkdir()
    save(pristine, tmp_path / "bundle")
    assert (tmp_path / "bundle").stat().st_mode == plain.stat().st_mode

import errno
import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import TextIO

import pytest

from docmill.errors import ConfigurationError
from docmill.training.cache import Cache, Stage, cache_folder, code_digest, file_digest, unchanged

Make = Callable[[Path], None]


def write(content: str, name: str = "result.txt") -> Make:
    def make(folder: Path) -> None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)

    return make


def never(folder: Path) -> None:
    raise AssertionError("was made again")


def stage(make: Make = never, *, version: int = 1, section: object = 1, inputs: dict[str, str] | None = None) -> Stage:
    return Stage("stage", version, section, inputs or {"documents": "a"}, make)


def test_a_result_is_made_once(tmp_path: Path) -> None:
    seen: list[bool] = []
    cache = Cache(tmp_path, lambda _, was_there: seen.append(was_there))
    first = cache.result(stage(write("x")))
    assert first.file("result.txt").read_text() == "x"
    assert cache.result(stage()) == first
    assert Cache(tmp_path).result(stage()) == first
    assert seen == [False, True]


@pytest.mark.parametrize(
    "other",
    [
        stage(write("y"), version=2),
        stage(write("y"), section=2),
        stage(write("y"), inputs={"documents": "b"}),
        stage(write("y"), inputs={"texts": "a"}),
        stage(write("y"), inputs={"documents": "a", "texts": "a"}),
    ],
)
def test_whatever_it_depends_on_makes_another_result(tmp_path: Path, other: Stage) -> None:
    cache = Cache(tmp_path)
    first = cache.result(stage(write("x")))
    assert cache.result(other).file("result.txt").read_text() == "y"
    assert cache.result(stage()) == first


def test_a_digest_is_of_the_files_alone(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    same = [cache.result(stage(write("x"), section=section)).digest for section in (1, 2)]
    assert same[0] == same[1]
    others = [write("y"), write("x", "other.txt"), write("x", "folder/result.txt")]
    digests = {cache.result(stage(make, section=10 + n)).digest for n, make in enumerate(others)}
    assert len(digests | set(same)) == 4


def test_files_may_lie_in_folders(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    assert cache.result(stage(write("x", "a/b.txt"))).file("a/b.txt").read_text() == "x"
    assert cache.result(stage()).file("a/b.txt").read_text() == "x"


@pytest.mark.parametrize("damage", ["altered", "file gone", "record gone", "record damaged", "record of another kind"])
def test_a_damaged_result_is_made_again(tmp_path: Path, damage: str) -> None:
    cache = Cache(tmp_path)
    first = cache.result(stage(write("x")))
    record = first.file("stage.json")
    match damage:
        case "altered":
            first.file("result.txt").write_text("y")
        case "file gone":
            first.file("result.txt").unlink()
        case "record gone":
            record.unlink()
        case "record damaged":
            record.write_text(record.read_text()[:-20])
        case _:
            record.write_text(json.dumps(["no", "record"]))
    assert cache.result(stage(write("x"))) == first
    assert cache.result(stage()) == first


def test_a_result_that_was_whole_when_its_process_died_is_not_made_again(tmp_path: Path) -> None:
    """Killed before it had its name: a training has no checkpoint any more by then."""
    cache = Cache(tmp_path)
    first = cache.result(stage(write("x")))
    first.folder.rename(first.folder.with_suffix(".partial"))
    assert cache.result(stage()) == first
    assert first.file("result.txt").read_text() == "x"


def test_a_result_is_on_the_disk_before_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    sync, rename = os.fsync, Path.rename

    def synced(descriptor: int) -> None:
        done.append(Path(os.readlink(f"/proc/self/fd/{descriptor}")).name)
        sync(descriptor)

    def renamed(path: Path, target: Path) -> Path:
        done.append("renamed")
        return rename(path, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "rename", renamed)
    folder = Cache(tmp_path).result(stage(write("x", "a/b.txt"))).folder
    assert done == ["a", "b.txt", "stage.json", f"{folder.name}.partial", "renamed", "stage"]


@pytest.mark.parametrize("number", [errno.EIO, errno.EMFILE, errno.EACCES])
def test_a_result_that_cannot_be_read_just_now_is_left_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    cache = Cache(tmp_path)
    first = cache.result(stage(write("x")))
    with monkeypatch.context() as broken:

        def fails(path: Path) -> str:
            raise OSError(number, os.strerror(number))

        broken.setattr("docmill.training.cache.file_digest", fails)
        with pytest.raises(ConfigurationError, match=rf"{first.folder} cannot be read \(.*\): see to the disk"):
            cache.result(stage())
    assert cache.result(stage()) == first


def test_what_was_made_of_a_file_that_changed_meanwhile_does_not_count(tmp_path: Path) -> None:
    """Else it would stand for the file as it was, and be taken for its result whenever it is so again."""
    cache, path = Cache(tmp_path / "cache"), tmp_path / "rows.jsonl"
    path.write_text("as it was")
    of_file, other = {"file": path, "not an input": tmp_path}, {"file": file_digest(path)}

    def edited(folder: Path) -> None:
        (folder / "result.txt").write_text(path.read_text())
        path.write_text("edited")

    def gone(folder: Path) -> None:
        path.unlink()

    for make in (edited, gone):
        with pytest.raises(ConfigurationError, match=rf"{path} was changed while it was used"):
            cache.result(unchanged(stage(make, inputs=other), of_file))
    path.write_text("as it was")
    again = cache.result(unchanged(stage(write("as it was"), inputs=other), of_file))
    assert again.file("result.txt").read_text() == "as it was"


def test_a_stage_that_fails_leaves_no_result_and_finds_what_it_had(tmp_path: Path) -> None:
    def half(folder: Path) -> None:
        (folder / "checkpoint").write_text("so far")
        raise ZeroDivisionError

    def whole(folder: Path) -> None:
        assert (folder / "checkpoint").read_text() == "so far"
        (folder / "checkpoint").unlink()
        (folder / "result.txt").write_text("x")

    cache = Cache(tmp_path)
    with pytest.raises(ZeroDivisionError):
        cache.result(stage(half))
    assert [path.name for path in cache.result(stage(whole)).folder.iterdir() if path.suffix == ".txt"] == [
        "result.txt"
    ]
    assert not list((tmp_path / "stage").glob("*.partial"))


def test_what_one_stage_left_is_not_anothers(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        (folder / "checkpoint").write_text("of version 1")
        raise ZeroDivisionError

    def fresh(folder: Path) -> None:
        assert list(folder.iterdir()) == []

    cache = Cache(tmp_path)
    with pytest.raises(ZeroDivisionError):
        cache.result(stage(fail))
    cache.result(stage(fresh, version=2))


HOLD = """
import sys
from pathlib import Path
from docmill.training.cache import Cache, Stage

def make(folder):
    print("making", flush=True)
    sys.stdin.read()

Cache(Path(sys.argv[1])).result(Stage("stage", 1, 1, {"documents": "a"}, make))
"""


def test_two_processes_do_not_make_the_same_stage(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdin is not None
        assert other.stdout.readline() == "making\n"
        with pytest.raises(ConfigurationError, match="another docmill is making stage stage"):
            Cache(tmp_path).result(stage())
        Cache(tmp_path).result(stage(write("x"), version=2))  # another stage may be made
        other.kill()
    assert Cache(tmp_path).result(stage(write("x"))).file("result.txt").read_text() == "x"  # the dead hold nothing


def test_what_is_there_is_read_while_another_process_holds_the_lock(tmp_path: Path) -> None:
    """Two runs on one cache read the same finished stages at the same time."""
    first = Cache(tmp_path).result(stage(write("x")))
    with first.folder.with_suffix(".lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert Cache(tmp_path).result(stage()) == first
        first.file("result.txt").write_text("damaged")
        with pytest.raises(ConfigurationError, match="another docmill is making stage stage"):
            Cache(tmp_path).result(stage())


def test_a_result_that_is_replaced_while_it_is_read_is_the_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process found it damaged, and made it again, just after this one had read it without the lock."""
    first = Cache(tmp_path).result(stage(write("x")))

    def replaced_meanwhile(path: Path) -> str:
        read = file_digest(path)
        monkeypatch.setattr("docmill.training.cache.file_digest", file_digest)
        first.file("result.txt").unlink()
        Cache(tmp_path).result(stage(write("y")))
        return read

    monkeypatch.setattr("docmill.training.cache.file_digest", replaced_meanwhile)
    found = Cache(tmp_path).result(stage())
    assert found.file("result.txt").read_text() == "y"
    assert found.digest != first.digest


def test_what_was_made_while_the_lock_was_waited_for_is_not_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other process ends between the look without the lock and the look with it."""
    seen: list[bool] = []
    flock = fcntl.flock

    def made_meanwhile(lock: TextIO, operation: int) -> None:
        monkeypatch.setattr("fcntl.flock", flock)
        Cache(tmp_path).result(stage(write("x")))
        flock(lock, operation)

    monkeypatch.setattr("fcntl.flock", made_meanwhile)
    found = Cache(tmp_path, lambda _, was_there: seen.append(was_there)).result(stage())
    assert found.file("result.txt").read_text() == "x"
    assert seen == [True]


def test_a_lock_that_cannot_be_opened(tmp_path: Path) -> None:
    """A folder of somebody else's; of a directory in the lock's place the system says as much, even to root."""
    first = Cache(tmp_path).result(stage(write("x")))
    lock = first.folder.with_suffix(".lock")
    lock.unlink()
    lock.mkdir()
    assert Cache(tmp_path).result(stage()) == first
    first.file("result.txt").unlink()
    with pytest.raises(
        ConfigurationError, match=r"stage cannot be written \(Is a directory\): set DOCMILL_TRAIN_CACHE"
    ):
        Cache(tmp_path).result(stage())


def test_a_disk_without_locks_is_not_taken_for_another_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(lock: TextIO, operation: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("fcntl.flock", refuse)
    with pytest.raises(ConfigurationError, match=r"cannot be locked \(No locks available\).*on a disk of this machine"):
        Cache(tmp_path).result(stage())


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ConfigurationError, match="set DOCMILL_TRAIN_CACHE"):
        Cache(tmp_path / "file").result(stage())


@pytest.mark.parametrize(
    ("environ", "folder"),
    [
        ({"DOCMILL_TRAIN_CACHE": "/a/b", "DOCMILL_HOME": "/c"}, Path("/a/b")),
        ({"DOCMILL_HOME": "/c", "XDG_CACHE_HOME": "/d"}, Path("/c/cache/train")),
        ({"XDG_CACHE_HOME": "/d"}, Path("/d/docmill/train")),
        ({"XDG_CACHE_HOME": "relative"}, Path.home() / ".cache/docmill/train"),
        ({}, Path.home() / ".cache/docmill/train"),
    ],
)
def test_where_it_lies(environ: dict[str, str], folder: Path) -> None:
    assert cache_folder(environ) == folder


def test_file_digest(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    assert file_digest(tmp_path / "empty") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_the_digest_of_code_is_that_of_its_files(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    for name in ("__init__.py", "inner/one.py", "words.toml", "notes.md"):
        (tmp_path / name).write_text(name)
    package = ModuleType("package")
    package.__path__ = [str(tmp_path)]
    before = code_digest(package)
    (tmp_path / "notes.md").write_text("other notes")
    assert code_digest(package) == before
    for name in ("words.toml", "inner/one.py"):
        (tmp_path / name).write_text("changed")
        assert code_digest(package) != before
        before = code_digest(package)

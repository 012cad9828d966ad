"""Where a copy lies, that one process at a time writes to it, and that a damaged one makes room."""

from pathlib import Path

import pytest

from docmill.errors import IndexUnavailableError
from docmill.index.place import copy_file, written_copy
from tests.unit.index.fakes import SOURCE


def test_a_copy_lies_where_the_users_data_does(tmp_path: Path) -> None:
    assert copy_file("claims.", {"DOCMILL_HOME": str(tmp_path)}) == tmp_path / "data/index/claims.knowledge.sqlite"
    assert copy_file("", {"XDG_DATA_HOME": str(tmp_path)}) == tmp_path / "docmill/index/knowledge.sqlite"
    relative = copy_file("", {"XDG_DATA_HOME": "relative"})  # which the specification says to ignore
    assert relative == Path.home() / ".local/share/docmill/index/knowledge.sqlite"


def test_one_process_at_a_time_writes_to_it(tmp_path: Path) -> None:
    path = tmp_path / "new" / "copy.sqlite"
    with written_copy(path) as index:
        index.rebuild(SOURCE, 0)
        with pytest.raises(IndexUnavailableError, match="another process has been writing"), written_copy(path, 0.01):
            pass
    with written_copy(path, 0.01) as index:
        assert index.state() is not None


def test_a_damaged_copy_is_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "copy.sqlite"
    path.write_bytes(b"no database" * 1000)
    with written_copy(path) as index:
        assert index.state() is None
    assert (tmp_path / "copy.sqlite.damaged").exists()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(IndexUnavailableError, match="cannot be written"),
        written_copy(tmp_path / "file" / "copy.sqlite"),
    ):
        pass

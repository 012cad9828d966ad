"""Where a copy lies, that one process at a time writes to it, and that a damaged one makes room."""

from pathlib import Path

import pytest

from docmill.errors import IndexCorruptError, IndexUnavailableError
from docmill.index import place
from docmill.index.place import copy_file, own_copy, written_copy
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


def test_the_folder_is_its_users_own(tmp_path: Path) -> None:
    """The copy holds the texts themselves."""
    path = tmp_path / "data/index/copy.sqlite"
    with written_copy(path):
        assert path.parent.stat().st_mode & 0o777 == 0o700


def test_a_damaged_copy_is_set_aside(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "copy.sqlite"
    path.write_bytes(b"no database" * 1000)
    with written_copy(path) as index:
        assert index.state() is None
    assert (tmp_path / "copy.sqlite.damaged").exists()
    assert f"{tmp_path}/copy.sqlite.damaged holds its texts and may be removed" in caplog.text


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(IndexUnavailableError, match="cannot be written"),
        written_copy(tmp_path / "file" / "copy.sqlite"),
    ):
        pass


def test_each_process_has_a_copy_of_its_own_and_finds_it_again(tmp_path: Path) -> None:
    home = {"DOCMILL_HOME": str(tmp_path)}
    with own_copy("claims.", "fallback", home) as first:
        first.rebuild(SOURCE, 0)
        with own_copy("claims.", "fallback", home) as second:
            assert second.state() is None
        with own_copy("claims.", "search", home) as other:
            assert other.state() is None
    with own_copy("claims.", "fallback", home) as again:
        assert again.state() is not None
    assert sorted(path.name for path in (tmp_path / "data/index").glob("*.sqlite")) == [
        "claims.fallback-0.sqlite",
        "claims.fallback-1.sqlite",
        "claims.search-0.sqlite",
    ]


def test_where_all_copies_are_in_use_another_folder_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(place, "MOST_COPIES", 1)
    home = {"DOCMILL_HOME": str(tmp_path)}
    told = pytest.raises(IndexUnavailableError, match="give DOCMILL_HOME another folder")
    with own_copy("", "fallback", home), told, own_copy("", "fallback", home):
        pass


def test_a_copy_that_turns_out_to_be_damaged_is_made_anew_by_the_next(tmp_path: Path) -> None:
    """It opens without complaint, and only a search finds out."""
    home = {"DOCMILL_HOME": str(tmp_path)}

    def find_out() -> None:
        with own_copy("", "fallback", home) as index:
            index.rebuild(SOURCE, 0)
            raise IndexCorruptError("a vector of another length")

    with pytest.raises(IndexCorruptError):
        find_out()
    with own_copy("", "fallback", home) as index:
        assert index.state() is None
    assert (tmp_path / "data/index/fallback-0.sqlite.damaged").exists()

"""What is added has the same id by whatever path it was reached; what is gone from a folder is known."""

import json
from pathlib import Path

import pytest

from docmill.indexer.gather import Gathered, gather, list_sources, outside
from docmill.indexer.sources import Described
from docmill.ingest import InThread


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A root with a handbook of three files."""
    folder = tmp_path / "handbook"
    (folder / "more").mkdir(parents=True)
    for name in ("a.md", "b.md", "more/c.md"):
        (folder / name).write_text(f"# {name}", encoding="utf-8")
    return tmp_path


def gathered(root: Path, *paths: Path) -> Gathered:
    return gather(list_sources(paths, root).files, Described("policy", {}), InThread())


def ids(root: Path, *paths: Path) -> list[str]:
    return [one.passage_id for one in gathered(root, *paths).updates]


def test_an_id_is_the_path_from_the_root_however_it_was_reached(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    handbook = data / "handbook"
    assert ids(data, handbook) == ["handbook/a.md", "handbook/b.md", "handbook/more/c.md"]
    assert ids(data, handbook / "a.md") == ["handbook/a.md"]
    assert ids(data, handbook / "more") == ids(data, handbook / "more/c.md") == ["handbook/more/c.md"]
    assert ids(handbook, handbook) == ["a.md", "b.md", "more/c.md"]
    monkeypatch.chdir(data)
    assert ids(Path(), Path("handbook")) == ids(data, handbook)
    monkeypatch.chdir(handbook)
    assert ids(Path(".."), Path("a.md")) == ["handbook/a.md"]


def test_a_file_beside_its_folder_is_one_file(data: Path) -> None:
    found = gathered(data, data / "handbook", data / "handbook/a.md")
    assert len(found.updates) == 3
    assert found.unreadable == ()


def test_what_lies_outside_of_the_root_has_no_id_but_rows_have_theirs(data: Path) -> None:
    rows = data / "rows.jsonl"
    rows.write_text('{"id": "p", "text": "t"}', encoding="utf-8")
    handbook = data / "handbook"
    assert outside([handbook, rows, data], handbook) == [data]
    assert outside([data / "handbook2"], handbook) == [data / "handbook2"]
    assert ids(handbook, rows) == ["p"]


def test_of_equal_ids_none_is_published_and_both_places_are_named(data: Path) -> None:
    rows = data / "rows.jsonl"
    lines = [{"id": name, "text": "t"} for name in ("p", "handbook/a.md", "p", "q")]
    rows.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    found = gathered(data, data / "handbook/a.md", rows)
    assert [one.passage_id for one in found.updates] == ["q"]
    told = {one.document_id: one.problem for one in found.unreadable}
    assert told["p"].startswith("rows.jsonl:1 and rows.jsonl:3 have the same id")
    assert told["handbook/a.md"].startswith("handbook/a.md and rows.jsonl:2 have the same id")


def test_gone_is_what_was_a_file_of_the_folder_and_is_none_any_more(data: Path) -> None:
    (data / "handbook/b.md").write_bytes(b"  ")  # there, though nothing can be read of it now
    known = {"handbook/a.md", "handbook/b.md", "handbook/old.md", "handbook/more/old.md", "handbook2/x.md", "other.md"}
    assert [one.document_id for one in gathered(data, data / "handbook").unreadable] == ["handbook/b.md"]
    assert list_sources([data / "handbook"], data).gone(known) == ["handbook/more/old.md", "handbook/old.md"]
    assert list_sources([data / "handbook/more"], data).gone(known) == ["handbook/more/old.md"]
    assert list_sources([data / "handbook/a.md"], data).gone(known) == []


def test_an_empty_folder_is_seen_beside_a_full_one(data: Path) -> None:
    (data / "unmounted").mkdir()
    (data / "unmounted/rows.jsonl").write_text("", encoding="utf-8")  # no file of the folder
    assert list_sources([data / "handbook", data / "unmounted"], data).empty_folders == ["unmounted/"]

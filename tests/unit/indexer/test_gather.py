"""What is added has the same id by whatever path it was reached; what is gone from a folder is known."""

import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest

from docmill.errors import ConfigurationError
from docmill.indexer.gather import Gathered, Gone, gather, list_sources, outside
from docmill.indexer.sources import Described
from docmill.indexer.standing import Standing
from docmill.ingest import InThread
from docmill.kafka.read_paths import SourceFile

FILE = Standing("policy", is_file=True)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A root with a handbook of three files."""
    folder = tmp_path / "handbook"
    (folder / "more").mkdir(parents=True)
    for name in ("a.md", "b.md", "more/c.md"):
        (folder / name).write_text(f"# {name}", encoding="utf-8")
    return tmp_path


def gathered(root: Path, *paths: Path) -> Gathered:
    return gather(list_sources(paths, root), Described("policy"), InThread(), {})


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
    standing = dict.fromkeys(known, FILE)
    assert list_sources([data / "handbook"], data).gone(standing, None).ids == (
        "handbook/more/old.md",
        "handbook/old.md",
    )
    assert list_sources([data / "handbook/more"], data).gone(standing, None).ids == ("handbook/more/old.md",)
    assert list_sources([data / "handbook/a.md"], data).gone(standing, None) == Gone((), {})


def test_of_others_and_of_other_tenants_nothing_is_gone(data: Path) -> None:
    standing = {
        "handbook/acme.md": Standing("policy", tenant="acme", is_file=True),
        "handbook/all.md": FILE,
        "handbook/decided": Standing("exemplar", document_type="claim", tenant="acme"),
    }
    listed = list_sources([data / "handbook"], data)
    assert listed.gone(standing, "acme").ids == ("handbook/acme.md",)
    assert listed.gone(standing, None).ids == ("handbook/all.md",)
    assert listed.gone(standing, "globex") == Gone((), {})


def test_what_lies_below_a_folder_that_is_there_and_empty_is_held_back(data: Path) -> None:
    for name in ("legal/deep", "legal2"):
        (data / "handbook" / name).mkdir(parents=True)  # where nothing is mounted
    (data / "unmounted").mkdir()
    legal = ["handbook/legal/a.md", "handbook/legal/deep/b.md"]
    gone = ["handbook/more/old.md", "handbook/removed/d.md"]
    standing = dict.fromkeys([*legal, *gone, "handbook/legal2/c.md", "unmounted/e.md"], FILE)
    found = list_sources([data / "handbook", data / "unmounted"], data).gone(standing, None)
    assert found == Gone(tuple(gone), {"handbook/legal/": 2, "handbook/legal2/": 1, "unmounted/": 1})


@pytest.mark.parametrize("name", [".gitkeep", "rows.jsonl"])
def test_a_folder_that_holds_any_file_is_mounted(data: Path, name: str) -> None:
    (data / "handbook/legal/deep").mkdir(parents=True)
    (data / "handbook/legal/deep" / name).write_text("", encoding="utf-8")
    listed = list_sources([data / "handbook"], data)
    assert listed.gone({"handbook/legal/a.md": FILE}, None) == Gone(("handbook/legal/a.md",), {})


def test_a_folder_that_became_a_link_is_held_back(data: Path) -> None:
    """A link to a folder is not followed, so its files only look as if they were gone."""
    (data / "handbook/more").rename(data / "more")
    (data / "handbook/more").symlink_to(data / "more")
    listed = list_sources([data / "handbook"], data)
    assert listed.gone({"handbook/more/c.md": FILE}, None) == Gone((), {"handbook/more/": 1})


def test_a_hidden_file_that_was_named_stands_for_as_long_as_it_is_there(data: Path) -> None:
    """A folder's walk leaves out hidden ones, so that only who names one adds it."""
    named = ["handbook/.drafts/deep/n.md", "handbook/.h.md"]
    (data / "handbook/.drafts/deep").mkdir(parents=True)
    for name in named:
        (data / name).write_text("text", encoding="utf-8")
    assert ids(data, data / "handbook/.drafts", data / "handbook/.h.md") == named
    standing = dict.fromkeys([*named, "handbook/.drafts/old.md"], FILE)
    assert list_sources([data / "handbook"], data).gone(standing, None) == Gone(("handbook/.drafts/old.md",), {})
    for name in named:
        (data / name).unlink()
    (data / "handbook/.drafts/deep").rmdir()
    (data / "handbook/.drafts/other.txt").write_text("", encoding="utf-8")
    assert list_sources([data / "handbook"], data).gone(standing, None).ids == tuple(sorted(standing))


def test_what_came_after_the_look_at_the_folder_is_not_gone(data: Path) -> None:
    """Somebody made it and added it while knowledge.updated was read, so it stands."""
    listed = list_sources([data / "handbook"], data)
    (data / "handbook/new.md").write_text("text", encoding="utf-8")
    (data / "handbook/link.md").symlink_to(data / "away.md")
    standing = dict.fromkeys(["handbook/new.md", "handbook/link.md", "handbook/old.md"], FILE)
    assert listed.gone(standing, None) == Gone(("handbook/old.md",), {})


def test_a_name_that_is_no_utf8_and_came_later_is_not_gone(data: Path) -> None:
    folder = data / os.fsdecode(b"caf\xe9")
    folder.mkdir()
    (folder / "a.md").write_text("text", encoding="utf-8")
    listed = list_sources([folder], data)
    (folder / os.fsdecode(b"\xfcber.md")).write_text("text", encoding="utf-8")
    standing = dict.fromkeys(["caf\ufffd/\ufffdber.md", "caf\ufffd/old.md"], FILE)
    assert listed.gone(standing, None) == Gone(("caf\ufffd/old.md",), {})


def test_of_a_folder_that_cannot_be_looked_into_nothing_is_known_to_be_gone(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (data / "handbook/.drafts").mkdir()
    (data / "handbook/.other").mkdir()
    listed = list_sources([data / "handbook"], data)
    real = os.scandir

    def scandir(path: str) -> Any:
        if os.fspath(path).endswith((".drafts", ".other")):
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(ConfigurationError, match=r"handbook/\.drafts cannot be read: Permission denied") as refused:
        listed.gone({"handbook/.drafts/n.md": FILE, "handbook/old.md": FILE}, None)
    assert "nothing is deleted until it can" in str(refused.value)
    assert listed.gone({"handbook/old.md": FILE}, None).ids == ("handbook/old.md",)


def test_of_a_folder_that_went_away_meanwhile_nothing_is_known_to_be_gone(data: Path) -> None:
    listed = list_sources([data / "handbook"], data)
    (data / "handbook").rename(data / "unmounted")
    with pytest.raises(ConfigurationError, match="handbook cannot be read: No such file"):
        listed.gone({"handbook/old.md": FILE}, None)


def test_a_link_to_nothing_is_no_file_that_is_gone(data: Path) -> None:
    (data / "handbook/b.md").unlink()
    (data / "handbook/b.md").symlink_to(data / "handbook/away.md")
    listed = list_sources([data / "handbook"], data)
    assert listed.gone({"handbook/b.md": FILE}, None) == Gone((), {})
    [told] = gathered(data, data / "handbook").unreadable
    assert told.document_id == "handbook/b.md"
    assert "mend it, or remove the link" in told.problem


def test_the_root_itself_is_added_as_any_folder_is(data: Path) -> None:
    """A new file of a tenant's folder is shown to nobody else, wherever one stands when it is added."""
    standing = {"a.md": Standing("policy", tenant="acme", is_file=True)}
    for root, path in ((data / "handbook", data / "handbook"), (data / "handbook", data / "handbook/more")):
        found = gather(list_sources([root, path], root), Described("policy"), InThread(), standing)
        assert found.updates == ()
        told = {one.document_id: one.problem for one in found.unreadable}
        assert told["a.md"].startswith("stands for tenant acme: ")
        for new in ("b.md", "more/c.md"):
            assert told[new].startswith("is new, for all tenants, and the root holds files of tenant acme alone: ")


def test_a_link_out_of_the_folder_is_named_and_not_published(data: Path) -> None:
    root, elsewhere = data / "handbook", data / "elsewhere.md"
    elsewhere.write_text("a secret", encoding="utf-8")
    (root / "out.md").symlink_to(elsewhere)
    (root / "in.md").symlink_to(root / "a.md")
    found = gathered(root, root / "more", root)
    assert [one.passage_id for one in found.updates] == ["more/c.md", "a.md", "b.md", "in.md"]
    [told] = found.unreadable
    assert told.document_id == "out.md"
    assert "name the link itself" in told.problem
    assert ids(root, root / "out.md", root / "more") == ["out.md", "more/c.md"]
    assert list_sources([root], root.parent).gone({"handbook/out.md": FILE}, None) == Gone((), {})


def test_the_root_is_not_inside_unless_it_is_given(data: Path) -> None:
    """It is the working directory: a job's may be `/`, and then all there is would be inside."""
    (data / "private.md").write_text("a secret", encoding="utf-8")
    (data / "handbook/l.md").symlink_to(data / "private.md")
    [told] = gathered(data, data / "handbook").unreadable
    assert told.document_id == "handbook/l.md"
    assert "handbook/l.md" in ids(data, data)
    assert "handbook/l.md" in ids(data, data / "handbook", data / "handbook/l.md")


def test_of_many_links_each_is_looked_at_once(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compared = 0

    def equal(self: SourceFile, other: object) -> bool:
        nonlocal compared
        compared += 1
        return self is other

    (data / "private.md").write_text("a secret", encoding="utf-8")
    for number in range(200):
        (data / f"handbook/{number}.md").symlink_to(data / "private.md")
    monkeypatch.setattr(SourceFile, "__eq__", equal)
    assert len(list_sources([data / "handbook"], data / "handbook").led_out) == 200
    assert compared < 1000


def test_a_folder_that_is_itself_a_link_is_added(data: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (data / "handbook").rename(tmp_path / "elsewhere/handbook")
    root = tmp_path / "root"
    root.mkdir()
    (root / "handbook").symlink_to(tmp_path / "elsewhere/handbook")
    assert ids(root, root / "handbook") == ["handbook/a.md", "handbook/b.md", "handbook/more/c.md"]

"""What a name takes out is what `add` of it put in, whether or not the files are still there; else it says why not."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from docmill.indexer.gather import list_sources
from docmill.indexer.removal import Removal, name_problem, removal
from docmill.indexer.standing import Standing

FILE = Standing("policy", is_file=True)
ACMES = Standing("policy", tenant="acme", is_file=True)
ROW = Standing("code_list")


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, from which ids are read; nothing is in it."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def removed(
    standing: dict[str, Standing], *names: str, root: Path = Path(), tenant: str | None = None
) -> tuple[list[str], Removal]:
    found = removal(names, root, standing, tenant)
    assert all(standing[one] is what for one, what in found.deletions.items())
    return list(found.deletions), found


def only(told: Mapping[str, str]) -> str:
    [message] = told.values()
    return message


@pytest.mark.parametrize("there", [True, False], ids=["there", "gone from disk"])
def test_a_folder_takes_out_what_add_of_it_put_in(root: Path, there: bool) -> None:
    (root / "handbook/more").mkdir(parents=True)
    for name in ("handbook/a.md", "handbook/more/b.md", "handbook2.md"):
        (root / name).write_text("text", encoding="utf-8")
    put_in = [file.document_id for file in list_sources([Path("handbook")], Path()).files]
    if not there:
        for name in put_in:
            (root / name).unlink()
        (root / "handbook/more").rmdir()
        (root / "handbook").rmdir()
    standing = dict.fromkeys([*put_in, "handbook2.md", "handbook2/c.md"], FILE)
    for name in ("handbook", "handbook/", "./handbook", str(root / "handbook"), "handbook/more/.."):
        assert removed(standing, name)[0] == put_in == ["handbook/a.md", "handbook/more/b.md"]
    assert removed(standing, "handbook/more")[0] == ["handbook/more/b.md"]
    assert removed(standing, "more", "a.md", root=root / "handbook")[0] == []


def test_a_path_is_an_id_from_the_root(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "handbook").mkdir()
    standing = dict.fromkeys(["handbook/a.md", "handbook/more/b.md"], FILE)
    monkeypatch.chdir(root / "handbook")
    assert removed(standing, "a.md", root=Path(".."))[0] == ["handbook/a.md"]
    assert removed(standing, "more", root=root)[0] == ["handbook/more/b.md"]
    assert removed(standing, "handbook/a.md")[0] == ["handbook/a.md"]  # an id wherever one stands


def test_ids_of_all_kinds_go_as_they_are_named_and_each_once(root: Path) -> None:
    standing = {
        "p": ROW,
        "decided/1": Standing("exemplar", tenant="acme"),
        "https://wiki/a": ROW,
        "handbook/a.md": FILE,
    }
    assert removed(standing, "p", "https://wiki/a", "decided/1", "p")[0] == ["p", "https://wiki/a", "decided/1"]
    assert removed(standing, "handbook/a.md", "handbook/")[0] == ["handbook/a.md"]


def test_under_a_name_that_nobody_knows_nothing_goes_and_the_rest_does(root: Path) -> None:
    gone, found = removed({"handbook/a.md": FILE}, "handbok/", "handbook/a.md")
    assert gone == ["handbook/a.md"]
    assert found.missed.keys() == {"handbok/"}
    assert only(found.missed).startswith("nothing of that name stands on knowledge.updated; what docmill index search ")
    assert "outside of" in only(removed({}, "/elsewhere/a.md")[1].missed)
    assert "nor is there such a file" in only(removed({}, "rows.jsonl")[1].missed)
    assert "nothing of that name" in only(removed({}, f"{'p' * 400}.jsonl")[1].missed)


def test_no_file_of_a_folder_is_what_others_sent_however_its_id_begins(root: Path) -> None:
    standing = {"handbook/a.md": FILE, "handbook/rows-1": ROW, "decided/1": Standing("exemplar")}
    gone, found = removed(standing, "handbook/")
    assert (gone, found.missed) == (["handbook/a.md"], {})
    assert found.left == {"handbook/": "1 ids begin so that are no file's: name them"}
    gone, found = removed(standing, "decided")
    assert gone == []
    assert only(found.missed).endswith("but 1 ids begin so that are no file's: name them")
    assert removed(standing, "./decided/1")[0] == []


def test_of_a_folder_goes_what_stands_for_the_tenant_that_is_said(root: Path) -> None:
    standing = {"handbook/a.md": FILE, "handbook/b.md": ACMES, "only/c.md": ACMES, "only/d.md": ACMES}
    gone, found = removed(standing, "handbook")
    assert (gone, found.missed) == (["handbook/a.md"], {})
    assert only(found.left).startswith("1 of its 2 texts stand for tenant acme: say for whom by --tenant")
    gone, found = removed(standing, "handbook", tenant="acme")
    assert gone == ["handbook/b.md"]
    assert only(found.left).startswith("1 of its 2 texts stand for all tenants: ")
    gone, found = removed(standing, "only")
    assert (gone, found.left) == ([], {})
    assert only(found.missed).startswith("2 of its 2 texts stand for tenant acme: ")
    gone, found = removed(standing, "only", tenant="acme")
    assert (gone, found.missed, found.left) == (["only/c.md", "only/d.md"], {}, {})


def test_an_id_goes_whomever_it_stands_for_unless_a_tenant_is_said(root: Path) -> None:
    standing = {"handbook/b.md": ACMES}
    assert removed(standing, "handbook/b.md")[0] == ["handbook/b.md"]
    assert removed(standing, "handbook/b.md", tenant="acme")[0] == ["handbook/b.md"]
    gone, found = removed(standing, "handbook/b.md", tenant="globex")
    assert gone == []
    assert only(found.missed).startswith("1 of its 1 texts stand for tenant acme: ")


def test_of_a_name_that_may_mean_two_things_nothing_goes(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    standing = {"handbook": FILE, "handbook/a.md": FILE, "handbook/b.md": FILE, "a.md": FILE}
    gone, found = removed(standing, "handbook")
    assert gone == []
    assert only(found.missed).startswith("is an id and a folder of 2 files: --ids means ids alone")
    assert removed(standing, "handbook/")[0] == ["handbook/a.md", "handbook/b.md"]
    (root / "handbook2").mkdir()
    monkeypatch.chdir(root / "handbook2")
    standing |= {"handbook2/a.md": FILE}
    gone, found = removed(standing, "a.md", root=root)
    assert gone == []
    assert only(found.missed).startswith("is an id and the file handbook2/a.md: ")
    assert removed(standing, "./a.md", root=root)[0] == ["handbook2/a.md"]


def test_a_file_of_rows_means_the_ids_of_its_lines(root: Path) -> None:
    lines = [{"id": "p", "kind": "exemplar", "text": "t"}, {"passage_id": "q"}, {"passage_id": "new"}, {"text": "t"}]
    rows = "\n".join([*map(json.dumps, lines), "[]", "no JSON", json.dumps(lines[0])])
    (root / "rows.jsonl").write_text(rows, encoding="utf-8")
    standing = {"p": ROW, "q": Standing("policy", tenant="acme"), "other": ROW}
    gone, found = removed(standing, "rows.jsonl", root=root)
    assert gone == ["p", "q"]
    assert found.left == {"rows.jsonl": "of its 3 ids 2 stand on knowledge.updated"}
    assert found.missed == {
        "rows.jsonl:4": "names no passage_id",
        "rows.jsonl:5": "not a JSON object",
        "rows.jsonl:6": "not JSON in UTF-8: JSONDecodeError",
    }
    (root / "elsewhere").mkdir()
    assert removed(standing, "rows.jsonl", root=Path("elsewhere"))[0] == ["p", "q"]  # lines name theirs
    assert removed(standing, "rows.jsonl", tenant="acme")[0] == ["q"]
    gone, found = removed({"other": ROW}, "rows.jsonl")
    assert gone == []
    assert found.missed["rows.jsonl"] == "of its 3 ids 0 stand on knowledge.updated"
    (root / "empty.jsonl").write_text("\n", encoding="utf-8")
    assert removed(standing, "empty.jsonl")[1].missed == {"empty.jsonl": "no line of it names an id"}


def test_a_file_of_rows_that_cannot_be_read_is_named(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "rows.jsonl").write_text("", encoding="utf-8")

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    assert removed({}, "rows.jsonl")[1].missed == {"rows.jsonl": "cannot be read: Permission denied"}


def test_a_path_that_is_no_utf8_has_an_id_though_it_is_none(root: Path) -> None:
    name = os.fsdecode(b"caf\xe9/a.md")
    assert name_problem(name, Path()) is None
    assert removed({"caf\ufffd/a.md": FILE}, name)[0] == ["caf\ufffd/a.md"]
    assert "control or invisible" in (name_problem("a\nb", Path()) or "")
    assert "at most 512" in (name_problem("p" * 513, Path()) or "")
    assert "control or invisible" in (name_problem("/elsewhere/\x1b", Path()) or "")

"""`docmill index` as far as it goes without a broker: what is asked for, and what is shown of a copy."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from docmill.cli import index_repair
from docmill.cli.index_view import print_hits, print_stats
from docmill.errors import ConfigurationError, LocalKafkaError
from docmill.index.place import copy_file, written_copy
from docmill.index.types import CopyState, Hit, IndexStats, Score
from docmill.indexer import left_over, standing
from docmill.indexer.left_over import LeftOver
from docmill.kafka import send_knowledge
from docmill.settings import Settings
from tests.unit.cli.conftest import Command
from tests.unit.cli.fake_knowledge import DAY, FakeBroker
from tests.unit.index.fakes import SOURCE, changes, passage

NOW_MS = int(datetime(2026, 11, 28, 12, tzinfo=UTC).timestamp() * 1000)
STATS = IndexStats(passages=1200, chunks=3400, by_kind={"code_list": 200, "policy": 1000}, file_bytes=5_600_000)


def hit(passage_id: str, text: str, score: Score) -> Hit:
    return Hit(passage_id, "policy", "Payments", text, 10, 10 + len(text), None, (), score)


def test_what_is_asked_for_wrongly_is_usage(docmill: Command, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "a.md").write_text("text", encoding="utf-8")
    add = ("index", "add", "--root", tmp_path)
    days = ("--valid-from", "2027-12-01", "--valid-until", "2027-01-01")
    for words, problem in [
        ((*add, tmp_path / "empty"), "no source texts there"),
        ((*add, tmp_path / "nowhere"), "does not exist"),
        ((*add, tmp_path / "a.md", "--valid-from", "soon"), "'soon' does not match the format"),
        ((*add, tmp_path / "a.md", "--kind", "polices"), "'polices' is none of policy, code_list, playbook, exemplar"),
        ((*add, tmp_path / "a.md", "--tenant", " "), "an empty tenant is nobody's"),
        ((*add, tmp_path / "a.md", *days), "lies before --valid-from"),
        (("index", "search", " "), "must not be empty"),
        (("index", "search", "claims", "--kind", "polices"), "'polices' is none of policy"),
    ]:
        result = docmill(*words)
        assert (words, result.exit_code) == (words, 2)
        assert problem in " ".join(result.output.replace("│", " ").split())


def test_what_has_no_id_from_the_root_is_usage(docmill: Command, tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("text", encoding="utf-8")
    result = docmill("index", "add", tmp_path / "a.md")
    assert result.exit_code == 2
    assert "name another folder by --root" in " ".join(result.output.replace("│", " ").split())


def test_what_cannot_be_pruned_is_usage(docmill: Command, tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("text", encoding="utf-8")

    def refused(*paths: Path) -> str:
        result = docmill("index", "add", "--prune", "--root", tmp_path, *paths)
        assert result.exit_code == 2
        return " ".join(result.output.replace("│", " ").split())

    assert "needs a folder among the paths" in refused(tmp_path / "a.md")
    assert "name its parent by --root" in refused(tmp_path)


@pytest.mark.parametrize(("refuses", "exit_code"), [("", 0), ("handbook/old.md", 1)], ids=["all", "one refused"])
def test_pruned_files_are_printed(
    docmill: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refuses: str, exit_code: int
) -> None:
    (tmp_path / "handbook").mkdir()
    (tmp_path / "handbook/a.md").write_text("text", encoding="utf-8")
    broker = FakeBroker(monkeypatch, {"handbook/a.md", "handbook/gone.md", "handbook/old.md", "b.md"}, refuses)
    result = docmill("index", "add", "--prune", "--root", tmp_path, tmp_path / "handbook")
    assert result.exit_code == exit_code
    assert broker.sent == ["+handbook/a.md", "handbook/gone.md", "handbook/old.md"]
    assert "deleted handbook/gone.md\n" in result.output
    assert ("deleted handbook/old.md\n" in result.output) == (not refuses)
    assert f"deleted {2 - exit_code}, failed {exit_code}" in result.output


def test_without_prune_nothing_is_deleted(docmill: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "handbook").mkdir()
    (tmp_path / "handbook/a.md").write_text("text", encoding="utf-8")
    broker = FakeBroker(monkeypatch, {"handbook/gone.md"})
    result = docmill("index", "add", "--root", tmp_path, tmp_path / "handbook")
    assert (result.exit_code, broker.sent) == (0, ["+handbook/a.md"])
    assert "deleted" not in result.output


def test_columns_of_a_code_list_are_fields_of_the_bundle_and_what_counts_is_said(
    docmill: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Not those of dates and amounts: by the shipped bundle `date` and `total` are such fields."""
    broker = FakeBroker(monkeypatch, set())
    (tmp_path / "vendors.csv").write_text("Company;Date;Total;Town\nAh Seng;2026-01-02;7.00;Ipoh\n", encoding="utf-8")
    (tmp_path / "towns.csv").write_text("Town\nIpoh\n", encoding="utf-8")
    names = ("index", "add", tmp_path / "vendors.csv", tmp_path / "towns.csv", "--root", tmp_path)
    result = docmill(*names, "--kind", "code_list")
    assert (result.exit_code, result.stdout) == (0, "published 2, failed 0\n")
    assert broker.last["vendors.csv"].fields == {"company": ("Ah Seng",)}
    assert broker.last["towns.csv"].fields == {}
    said = result.stderr.splitlines()
    assert said[0] == "vendors.csv: values that it lists: 1 of company; for people alone: Date, Total, Town"
    assert said[1].startswith("towns.csv: no column with a value is called as a field that a list decides (")


@pytest.mark.parametrize(("kind", "exit_code"), [("policy", 0), ("code_list", 1)])
def test_only_a_table_that_may_be_a_code_list_needs_the_bundle(
    docmill: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: str, exit_code: int
) -> None:
    FakeBroker(monkeypatch, set())
    monkeypatch.setenv("DOCMILL_BUNDLE", str(tmp_path / "gone"))
    (tmp_path / "tariffs.csv").write_text("Class,Euro\nA,7\n", encoding="utf-8")
    result = docmill("index", "add", tmp_path / "tariffs.csv", "--root", tmp_path, "--kind", kind)
    assert (result.exit_code, "gone" in result.stderr + str(result.exception)) == (exit_code, bool(exit_code))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a text, and one that is in its place where something is mounted."""
    (tmp_path / "handbook/legal").mkdir(parents=True)
    (tmp_path / "handbook/a.md").write_text("text", encoding="utf-8")
    return tmp_path / "handbook"


def test_added_again_without_its_options_a_file_keeps_them(
    docmill: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker = FakeBroker(monkeypatch, {"handbook/a.md"})
    add = ("index", "add", "--root", folder.parent, folder)
    assert docmill(*add).exit_code == 0
    assert broker.last["handbook/a.md"].kind == "playbook"
    assert broker.last["handbook/a.md"].valid_from == DAY
    assert docmill(*add, "--valid-from", "2028-01-01").exit_code == 0
    assert broker.last["handbook/a.md"].valid_from == date(2028, 1, 1)
    assert docmill(*add, "--anew").exit_code == 0
    assert broker.last["handbook/a.md"].kind == "policy"
    assert broker.last["handbook/a.md"].valid_from is None
    assert broker.asked == 2  # of what is added anew nobody need know what stood


def test_a_text_of_a_tenant_is_never_shown_to_all_by_an_option_left_out(
    docmill: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "new.md").write_text("text", encoding="utf-8")
    broker = FakeBroker(monkeypatch, {"handbook/a.md", "handbook/gone.md"}, tenant="acme")
    add = ("index", "add", "--prune", "--root", folder.parent, folder)
    for tenant in ([], ["--tenant", "globex"]):
        result = docmill(*add, *tenant)
        assert result.exit_code == 1
        assert "not published: handbook/a.md: stands for tenant acme: say --tenant acme, " in result.output
    assert broker.sent == ["+handbook/new.md"]  # globex's own
    assert docmill(*add, "--tenant", "acme").exit_code == 0
    assert broker.sent[1:] == ["+handbook/a.md", "+handbook/new.md", "handbook/gone.md"]
    assert docmill(*add, "--anew").exit_code == 0
    assert broker.last["handbook/a.md"].tenant is None


def test_a_text_that_changes_hands_keeps_its_kind_and_days(
    docmill: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker = FakeBroker(monkeypatch, {"handbook/a.md"})
    add = ("index", "add", "--root", folder.parent, folder, "--tenant", "acme")
    refused = docmill(*add)
    assert refused.exit_code == 1
    assert "--change-tenant if you mean it" in refused.output
    assert "--anew" not in refused.output
    assert docmill(*add, "--change-tenant").exit_code == 0
    said = broker.last["handbook/a.md"]
    assert (said.tenant, said.kind, said.valid_from) == ("acme", "playbook", DAY)


def test_below_a_folder_that_is_there_and_empty_nothing_is_pruned_and_all_else_is_done(
    docmill: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker = FakeBroker(monkeypatch, {"handbook/legal/a.md", "handbook/old.md"})
    result = docmill("index", "add", "--prune", "--root", folder.parent, folder)
    assert result.exit_code == 1
    assert (
        "not deleted: handbook/legal/: 1 texts of it stand, and it is there and holds no file: mount" in result.output
    )
    assert result.output.endswith("deleted 1, failed 1\n")
    assert broker.sent == ["+handbook/a.md", "handbook/old.md"]
    (folder / "legal").rmdir()
    assert docmill("index", "add", "--prune", "--root", folder.parent, folder).exit_code == 0
    assert broker.sent[2:] == ["+handbook/a.md", "handbook/legal/a.md", "handbook/old.md"]


@pytest.mark.parametrize("moment", ["known", "send"])
def test_what_is_made_and_added_while_it_prunes_is_not_deleted(
    docmill: Command, folder: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """By another call, before the end of knowledge.updated was read; its file may come back as late as this sends."""
    broker = FakeBroker(monkeypatch, {"handbook/new.md", "handbook/old.md"})
    does = getattr(broker, moment)

    async def meanwhile(*of: Any) -> Any:
        (folder / "new.md").write_text("text", encoding="utf-8")
        return await does(*of)

    module, name = (standing, "standing_sources") if moment == "known" else (send_knowledge, "send_knowledge")
    monkeypatch.setattr(module, name, meanwhile)
    assert docmill("index", "add", "--prune", "--root", folder.parent, folder).exit_code == 0
    assert broker.sent == ["+handbook/a.md", "handbook/old.md"]


@pytest.fixture
def repaired(monkeypatch: pytest.MonkeyPatch) -> Callable[[LeftOver], FakeBroker]:
    """A broker whose index holds what is left over."""

    def serve(found: LeftOver) -> FakeBroker:
        async def left(settings: Settings) -> LeftOver:
            return found

        monkeypatch.setattr(index_repair, "broker_settings", lambda **_: Settings())
        monkeypatch.setattr(left_over, "left_over", left)
        return FakeBroker(monkeypatch, set())

    return serve


def test_what_is_left_over_is_named_and_deleted_where_that_is_asked_for(
    docmill: Command, repaired: Callable[[LeftOver], FakeBroker]
) -> None:
    broker = repaired(LeftOver({"handbook/gone.md": "policy", "codes": "code_list"}, 9))
    named = docmill("index", "repair")
    assert named.exit_code == 1
    assert named.output.splitlines() == [
        "left over handbook/gone.md (policy)",
        "left over codes (code_list)",
        "left over 2 (code_list 1, policy 1)",
        "docmill index repair --delete deletes them",
    ]
    assert broker.sent == []
    deleted = docmill("index", "repair", "--delete")
    assert (deleted.exit_code, broker.sent) == (0, ["handbook/gone.md", "codes"])
    assert deleted.output.endswith("deleted 2, failed 0\n")
    repaired(LeftOver({}, 9))
    assert docmill("index", "repair").output == "left over 0\n"
    assert docmill("index", "repair", "--delete").exit_code == 0


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (LeftOver({"a": "policy", "b": "policy", "c": "policy"}, 3), "3 of the 3 passages of the index would go"),
        (LeftOver({"decided/1": "exemplar"}, 99), "exemplars (1) would go"),
    ],
    ids=["knowledge.updated is empty", "decided"],
)
def test_what_may_stand_nowhere_else_is_deleted_only_on_purpose(
    docmill: Command, repaired: Callable[[LeftOver], FakeBroker], found: LeftOver, why: str
) -> None:
    broker = repaired(found)
    assert why in docmill("index", "repair").output
    refused = docmill("index", "repair", "--delete")
    assert (refused.exit_code, broker.sent) == (1, [])
    assert refused.output.splitlines()[-1] == f"{found.doubt} Nothing is deleted; --all if you mean it"
    assert "Usage" not in refused.output
    assert why in refused.output
    assert docmill("index", "repair", "--all").exit_code == 2
    assert docmill("index", "repair", "--delete", "--all").exit_code == 0
    assert broker.sent == list(found.kinds)


def test_an_id_that_the_indexer_refuses_is_not_told_as_deleted(
    docmill: Command, repaired: Callable[[LeftOver], FakeBroker]
) -> None:
    broker = repaired(LeftOver({"a\nb": "policy", "c": "policy"}, 9))
    deleted = docmill("index", "repair", "--delete")
    assert (deleted.exit_code, broker.sent) == (1, ["c"])
    assert "only who may write to knowledge.indexed can delete it" in deleted.output
    assert "deleted 1, failed 1" in deleted.output


@pytest.mark.parametrize("words", [["search", "claims"], ["stats", "--refresh"], ["repair"]])
def test_without_a_broker_it_says_so(docmill: Command, words: list[str]) -> None:
    assert isinstance(docmill("index", *words).exception, LocalKafkaError)


def test_stats_of_no_copy_say_what_to_do(docmill: Command) -> None:
    error = docmill("index", "stats").exception
    assert isinstance(error, ConfigurationError)
    assert "docmill index stats --refresh" in str(error)


def test_stats_of_a_copy_need_no_broker(docmill: Command, tmp_path: Path) -> None:
    with written_copy(copy_file("", {"DOCMILL_HOME": str(tmp_path / "home")})) as index:
        index.rebuild(SOURCE, NOW_MS)
        index.apply(changes([passage("a", "zebras", "yaks")]), complete_at_ms=NOW_MS)
    result = docmill("index", "stats")
    assert result.exit_code == 0
    for shown in ("1 (policy 1)", "letters, 26 dimensions, 000000000000", "topic-1", "0: 1", "2026-11-28 12:00:00 UTC"):
        assert shown in result.output


def test_the_figures_of_a_copy(capsys: pytest.CaptureFixture[str]) -> None:
    print_stats(Path("/data/copy.sqlite"), STATS, CopyState(SOURCE, {0: 4000, 1: 17}, NOW_MS), NOW_MS + 61_000)
    shown = capsys.readouterr().out
    for line in ("(5.6 MB)", "1,200 (code_list 200, policy 1,000)", "3,400", "0: 4,000, 1: 17", "61 s ago"):
        assert line in shown
    print_stats(Path("/data/copy.sqlite"), STATS, None, NOW_MS)
    assert "a copy of nothing yet" in capsys.readouterr().out


def test_hits_come_in_their_order_and_steer_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    first = hit("handbook", "Claims below\n500 \x1b[31mare paid.", Score(0.03, 0.8123, 1, 2.5, 2))
    print_hits([first, hit("manual", "word " * 100, Score(0.02, None, None, 1.5, 1))])
    header, one, *others = capsys.readouterr().out.splitlines()
    assert header.split() == ["passage", "kind", "characters", "cosine", "words", "text"]
    assert one.split()[:6] == ["1", "handbook", "policy", "10-41", "0.812", "#2"]
    assert "Claims below 500 [31mare paid." in one
    assert others[0].split()[:6] == ["2", "manual", "policy", "10-510", "-", "#1"]
    assert others[-1].endswith("…")


def test_no_hit_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    print_hits([])
    assert capsys.readouterr().out == "nothing found\n"

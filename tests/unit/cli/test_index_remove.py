"""`docmill index remove` as far as it goes without a broker: what is deleted, what is said, how it ends."""

from pathlib import Path

import pytest

from docmill.errors import LocalKafkaError
from tests.unit.cli.conftest import Command
from tests.unit.cli.fake_knowledge import FakeBroker

KNOWN = {"handbook/a.md", "handbook/more/b.md", "handbook2/c.md"}


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory; nothing is in it."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_folder_that_is_gone_goes_file_by_file(docmill: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    broker = FakeBroker(monkeypatch, KNOWN)
    result = docmill("index", "remove", "handbook/")
    assert result.exit_code == 0
    assert broker.sent == ["handbook/a.md", "handbook/more/b.md"]
    assert result.output.splitlines() == ["deleted handbook/a.md", "deleted handbook/more/b.md", "deleted 2, failed 0"]


def test_what_add_put_in_from_a_root_goes_from_the_same(
    docmill: Command, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "handbook").mkdir()
    (root / "handbook/a.md").write_text("text", encoding="utf-8")
    broker = FakeBroker(monkeypatch, {"handbook/a.md"})
    assert docmill("index", "add", "--root", root, root / "handbook").exit_code == 0
    monkeypatch.chdir(root / "handbook")
    assert docmill("index", "remove", "--root", root, root / "handbook").exit_code == 0
    assert broker.sent == ["+handbook/a.md", "handbook/a.md"]


def test_a_name_under_which_nothing_stands_is_told_and_is_no_success(
    docmill: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker = FakeBroker(monkeypatch, KNOWN)
    result = docmill("index", "remove", "handbok/", "handbook2/c.md")
    assert (result.exit_code, broker.sent) == (1, ["handbook2/c.md"])
    assert "not deleted: handbok/: nothing of that name stands" in result.output
    assert result.output.endswith("deleted 1, failed 1\n")
    nothing = docmill("index", "remove", "handbok/")
    assert (nothing.exit_code, len(broker.sent)) == (1, 1)
    assert nothing.output.endswith("deleted 0, failed 1\n")


def test_what_the_broker_refuses_is_named(docmill: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    FakeBroker(monkeypatch, KNOWN, refuses="handbook/more/b.md")
    result = docmill("index", "remove", "handbook")
    assert result.exit_code == 1
    assert "not deleted: handbook/more/b.md: refused" in result.output
    assert "deleted handbook/more/b.md" not in result.output.replace("not deleted: ", "")
    assert result.output.endswith("deleted 1, failed 1\n")


def test_a_dry_run_says_which_and_deletes_nothing(docmill: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    broker = FakeBroker(monkeypatch, KNOWN)
    result = docmill("index", "remove", "handbook", "--dry-run")
    assert (result.exit_code, broker.sent) == (0, [])
    assert result.output.splitlines() == [
        "would delete handbook/a.md (playbook)",
        "would delete handbook/more/b.md (playbook)",
        "would delete 2, fail 0",
    ]
    missed = docmill("index", "remove", "handbok", "--dry-run")
    assert (missed.exit_code, broker.sent) == (1, [])
    assert "would not delete: handbok: nothing of that name stands" in missed.output


def test_what_stays_of_a_folder_is_told(docmill: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    broker = FakeBroker(monkeypatch, KNOWN, tenant="acme")
    others = docmill("index", "remove", "handbook")
    assert (others.exit_code, broker.sent) == (1, [])
    assert "not deleted: handbook: 2 of its 2 texts stand for tenant acme: say for whom by --tenant" in others.output
    assert docmill("index", "remove", "handbook", "--tenant", "acme").exit_code == 0
    assert broker.sent == ["handbook/a.md", "handbook/more/b.md"]


def test_ids_that_are_called_so_are_deleted_unseen(docmill: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    broker = FakeBroker(monkeypatch, KNOWN)
    result = docmill("index", "remove", "--ids", "handbook", "left over")
    assert (result.exit_code, broker.sent, broker.asked) == (0, ["handbook", "left over"], 0)
    assert result.output.endswith("deleted 2, failed 0\n")


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ((" ",), "must not be empty"),
        (("p" * 513,), "at most 512"),
        (("a\nb",), "control or invisible characters"),
        (("--ids", "a\nb"), "control or invisible characters"),
        ((".",), "it would delete the files of all others: name its parent by --root"),
        (("handbook/..",), "it would delete the files of all others"),
        (("a.md", "--tenant", " "), "an empty tenant is nobody's"),
        (("--ids", "a.md", "--tenant", "acme"), "looks nothing up: not with --root, --tenant or --dry-run"),
        (("--ids", "a.md", "--dry-run"), "looks nothing up"),
        (("--ids", "a.md", "--root", "."), "looks nothing up"),
        (("a.md", "--root", "nowhere"), "does not exist"),
    ],
)
def test_what_is_asked_for_wrongly_is_usage(docmill: Command, words: tuple[str, ...], problem: str) -> None:
    result = docmill("index", "remove", *words)
    assert result.exit_code == 2
    assert problem in " ".join(result.output.replace("│", " ").split())


@pytest.mark.parametrize("words", [("handbook",), ("--ids", "handbook"), ("handbook", "--dry-run")])
def test_without_a_broker_it_says_so(docmill: Command, words: tuple[str, ...]) -> None:
    assert isinstance(docmill("index", "remove", *words).exception, LocalKafkaError)

"""The command line as a whole: help, version, errors as messages, and nothing heavy before it is needed."""

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from docmill import cli
from docmill.cli.commands import COMMANDS, load
from docmill.errors import DocmillError
from tests.unit.cli.conftest import Command

COMMAND_LINES = [
    [],
    ["kafka", "up"],
    ["kafka", "down"],
    ["kafka", "status"],
    ["kafka", "fetch"],
    ["topics", "create"],
    ["topics", "verify"],
    ["topics", "show"],
    ["run", "processor"],
    ["run", "fallback"],
    ["run", "indexer"],
    ["run", "arbiter"],
    ["run", "generator"],
    ["publish"],
    ["tail"],
    ["trace"],
    ["redrive"],
    ["index", "add"],
    ["index", "remove"],
    ["index", "search"],
    ["index", "stats"],
    ["index", "repair"],
    ["review", "list"],
    ["review", "show"],
    ["review", "decide"],
    ["review", "open"],
    ["review", "export"],
    ["process"],
    ["assess"],
    ["train", "init"],
    ["train", "import"],
    ["train", "check"],
    ["evaluate"],
    ["load"],
]
HEAVY = {"aiokafka", "faststream", "numpy", "onnxruntime", "pydantic", "tokenizers", "docmill.cli.kafka"}


@pytest.mark.parametrize("words", COMMAND_LINES, ids=" ".join)
def test_every_command_helps_with_an_example_and_its_exit_codes(docmill: Command, words: list[str]) -> None:
    result = docmill(*words, "--help")
    assert result.exit_code == 0
    assert "Example: " in result.output
    assert "Exit codes: 0 " in result.output
    assert " ".join(["Usage: docmill", *words]) in result.output.replace("root", "docmill")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_of_the_table_is_there(name: str, docmill: Command) -> None:
    assert load(name).name == name
    assert COMMANDS[name] in docmill("--help").output


def test_all_commands_with_help_are_the_ones_tested() -> None:
    assert {words[0] for words in COMMAND_LINES if words} == COMMANDS.keys()


def test_version(docmill: Command) -> None:
    assert docmill("--version").output == f"docmill {version('docmill')}\n"


@pytest.mark.parametrize(
    "words", [["nonsense"], ["topics", "nonsense"], ["tail", "--nonsense"], ["tail", "--limit", "0"]]
)
def test_wrong_usage_exits_with_2(docmill: Command, words: list[str]) -> None:
    assert docmill(*words).exit_code == 2


def test_help_imports_nothing_heavy() -> None:
    code = f"import sys, docmill.cli; print(*({HEAVY} & sys.modules.keys()))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split() == []


def run_main(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> int | str | None:
    def fail() -> None:
        raise error

    monkeypatch.setattr(cli, "app", fail)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return ended.value.code


def test_an_error_on_purpose_is_a_message(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_main(monkeypatch, DocmillError("set [this] to that")) == 1
    told = capsys.readouterr()
    assert told.err == "error: set [this] to that\n"
    assert told.out == ""


def test_an_interrupt_exits_as_a_shell_expects(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run_main(monkeypatch, KeyboardInterrupt()) == 130


def test_a_bug_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(KeyError):
        run_main(monkeypatch, KeyError("bug"))


@pytest.mark.parametrize("words", [["tail"], ["topics", "verify"], ["topics", "create"], ["run", "processor"]])
def test_without_a_broker_a_command_says_how_to_get_one(docmill: Command, words: list[str]) -> None:
    result = docmill(*words)
    assert result.exit_code == 1
    assert isinstance(result.exception, DocmillError)
    assert "docmill kafka up" in str(result.exception)


def test_a_wrong_setting_names_itself(docmill: Command, tmp_path: Path) -> None:
    result = docmill("topics", "show", "--topic-prefix", "no blanks")
    assert result.exit_code == 1
    assert "topic_prefix" in str(result.exception)

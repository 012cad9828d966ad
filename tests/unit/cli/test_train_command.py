"""`docmill train` without training: init, check, import, and what `run` hands to training."""

import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from docmill.errors import ConfigurationError
from tests.unit.cli.conftest import Command


@pytest.fixture(autouse=True)
def _no_data(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DOCMILL_DATA", raising=False)


@pytest.fixture
def starter(docmill: Command, tmp_path: Path) -> Path:
    assert docmill("train", "init", tmp_path / "letters").exit_code == 0
    return tmp_path / "letters"


def test_init_names_what_it_wrote_and_the_next_command(docmill: Command, tmp_path: Path) -> None:
    result = docmill("train", "init", tmp_path / "new")
    assert result.exit_code == 0
    assert f"wrote {tmp_path / 'new' / 'letters' / 'train.jsonl'}" in result.output
    assert f"next: docmill train check {tmp_path / 'new' / 'recipe.toml'} --data {tmp_path / 'new'}" in result.output


def test_init_overwrites_nothing(docmill: Command, starter: Path) -> None:
    again = docmill("train", "init", starter)
    assert again.exit_code == 1
    assert isinstance(again.exception, ConfigurationError)


def test_the_starter_passes_with_warnings(docmill: Command, starter: Path) -> None:
    result = docmill("train", "check", starter / "recipe.toml", "--data", starter)
    assert result.exit_code == 0
    assert "letters-en 0.1.0: 18 training and 6 validation documents" in result.output
    assert "[few_documents]" in result.output
    assert "may be trained on, with 3 warnings" in result.output


def test_sources_lie_where_the_option_says_else_the_environment_else_beside_the_recipe(
    docmill: Command, starter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = starter / "recipe.toml"
    assert docmill("train", "check", recipe, "--no-suspects").exit_code == 0
    monkeypatch.setenv("DOCMILL_DATA", str(tmp_path))
    elsewhere = docmill("train", "check", recipe, "--no-suspects")
    assert elsewhere.exit_code == 1
    assert str(tmp_path / "letters") in str(elsewhere.exception)
    assert docmill("train", "check", recipe, "--no-suspects", "--data", starter).exit_code == 0


def test_what_is_refused_exits_with_1_and_the_file_holds_everything(
    docmill: Command, starter: Path, tmp_path: Path
) -> None:
    path = starter / "letters" / "train.jsonl"
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    rows[0]["entities"][0] |= {"end": 9999}
    rows[1]["label"] = "complaint\x1b[31m"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    findings = tmp_path / "findings.json"
    result = docmill("train", "check", starter / "recipe.toml", "--json", findings)
    assert result.exit_code == 1
    assert "refused: 2 findings to settle first" in result.stdout
    assert "\x1b" not in result.stdout
    assert "letter.complaint [31m (1)" in result.stdout
    assert "Rosalind" not in result.stdout
    assert "excerpts of documents" in result.stderr
    told = json.loads(findings.read_text(encoding="utf-8"))
    assert told["refused"] is True
    assert {finding["code"] for finding in told["findings"] if finding["severity"] == "refuse"} == {
        "unknown_names",
        "span_outside",
    }


def test_a_findings_file_that_cannot_be_written(docmill: Command, starter: Path, tmp_path: Path) -> None:
    result = docmill("train", "check", starter / "recipe.toml", "--json", tmp_path / "none" / "f.json")
    assert result.exit_code == 1
    assert "--json" in str(result.exception)
    assert "may be trained on" in result.output  # the report is not lost


def test_a_recipe_that_is_none(docmill: Command, tmp_path: Path) -> None:
    (tmp_path / "r.toml").write_text("name = ")
    result = docmill("train", "check", tmp_path / "r.toml")
    assert (result.exit_code, isinstance(result.exception, ConfigurationError)) == (1, True)
    assert docmill("train", "check", tmp_path / "none.toml").exit_code == 2


class Training(ModuleType):
    """In place of docmill.training.run, which imports torch: keeps its tasks, and makes no bundle."""

    Task = SimpleNamespace

    def __init__(self) -> None:
        super().__init__("docmill.training.run")
        self.tasks: list[SimpleNamespace] = []

    def train(self, task: SimpleNamespace, *_: object) -> SimpleNamespace:
        self.tasks.append(task)
        bundle = SimpleNamespace(name=task.recipe.name, version=task.recipe.version, sha256="0" * 64)
        return SimpleNamespace(bundle=bundle, report=task.out / "report.html", findings={})


@pytest.fixture
def training(monkeypatch: pytest.MonkeyPatch) -> Training:
    stub = Training()
    monkeypatch.setitem(sys.modules, stub.__name__, stub)
    monkeypatch.setattr("docmill.training.environment.require_extra", lambda: None)
    monkeypatch.setattr("docmill.training.environment.prepare_environment", lambda: None)
    return stub


@pytest.mark.parametrize("run", [("run",), ()], ids=["run", "short form"])
def test_a_recipe_is_trained(
    docmill: Command, starter: Path, training: Training, tmp_path: Path, run: tuple[str, ...]
) -> None:
    recipe, out = starter / "recipe.toml", tmp_path / "bundle"
    result = docmill("train", *run, recipe, "--out", out, "--seed", "11", "--study")
    assert result.exit_code == 0
    assert f"{out}: letters-en 0.1.0" in result.stdout
    [task] = training.tasks
    assert (task.recipe_path, task.data, task.out, task.recipe.seed, task.study) == (recipe, starter, out, 11, True)
    assert task.recipe_text == recipe.read_text(encoding="utf-8")


@pytest.mark.parametrize("run", [("run",), ()], ids=["run", "short form"])
def test_a_bundle_that_is_given_no_place_goes_to_its_name_and_version_where_one_is(
    docmill: Command,
    starter: Path,
    training: Training,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    run: tuple[str, ...],
) -> None:
    monkeypatch.chdir(tmp_path)
    result = docmill("train", *run, starter / "recipe.toml")
    assert result.exit_code == 0
    assert "letters-en-0.1.0: letters-en 0.1.0, sha256" in result.stdout
    [task] = training.tasks
    assert (task.out, task.replaces) == (Path("letters-en-0.1.0"), False)


def test_a_bundle_that_nobody_named_is_not_replaced(
    docmill: Command, starter: Path, training: Training, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "letters-en-0.1.0").mkdir()
    (tmp_path / "letters-en-0.1.0/manifest.json").write_text("of an hour's training")
    result = docmill("train", "run", starter / "recipe.toml", "--budget", "0.01")
    assert result.exit_code == 1
    assert "letters-en-0.1.0 is a bundle already: name it with --out to replace it" in str(result.exception)
    assert training.tasks == []
    assert docmill("train", "run", starter / "recipe.toml", "--out", "letters-en-0.1.0").exit_code == 0
    assert [(task.out, task.replaces) for task in training.tasks] == [(Path("letters-en-0.1.0"), True)]


@pytest.mark.parametrize("name", ["letters/en", "../letters"])
def test_a_name_that_is_none_of_a_folder_wants_a_place(
    docmill: Command, starter: Path, training: Training, name: str
) -> None:
    recipe = starter / "recipe.toml"
    recipe.write_text(recipe.read_text().replace('name = "letters-en"', f'name = "{name}"'), encoding="utf-8")
    result = docmill("train", "run", recipe)
    assert result.exit_code == 1
    assert f"{name}-0.1.0, the recipe's name and version, is no name of a folder: give one with --out" in str(
        result.exception
    )
    assert docmill("train", "run", recipe, "--out", starter / "bundle").exit_code == 0
    assert [task.out for task in training.tasks] == [starter / "bundle"]


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("recipe.toml", "--help"), 0, "Makes a bundle from a recipe"),
        (("none.toml", "--out", "bundle"), 2, "'none.toml' does not exist"),
        (("recipe.toml", "--out", "bundle", "--no-such"), 2, "No such option: --no-such"),
    ],
)
def test_the_short_form_helps_and_refuses_as_run_does(
    docmill: Command, starter: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], code: int, told: str
) -> None:
    monkeypatch.chdir(starter)
    short, full = docmill("train", *words), docmill("train", "run", *words)
    assert (short.exit_code, short.output) == (code, full.output)
    assert told in short.output


@pytest.mark.parametrize("word", ["rum", "recipe.tml", "toml"])
def test_a_word_that_is_neither_command_nor_recipe_is_refused(docmill: Command, training: Training, word: str) -> None:
    result = docmill("train", word, "recipe.toml", "--out", "bundle")
    assert result.exit_code == 2
    assert f"No such command '{word}'" in result.output
    assert training.tasks == []


def test_help_tells_of_the_short_form(docmill: Command) -> None:
    told = docmill("train", "--help").output
    assert "COMMAND|RECIPE.toml [ARGS]..." in told
    assert "docmill train RECIPE.toml is the short form of docmill train run RECIPE.toml" in told


CSV = "body,kind\nfirst letter,a\nsecond letter,a\n,a\n"


def test_import_writes_what_it_can_and_says_what_it_skipped(docmill: Command, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text(CSV)
    out = tmp_path / "claims" / "train.jsonl"
    columns = ("--text-column", "body", "--label-column", "kind")
    result = docmill("train", "import", "csv", tmp_path / "in.csv", "--out", out, *columns)
    assert result.exit_code == 0
    assert "skipped line 4: the text has no letter or digit" in result.stderr
    assert result.stdout == f"wrote {out}: 2 documents, 1 label, 0 spans\n"
    rows = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [row["text"] for row in rows] == ["first letter", "second letter"]


def test_import_puts_a_share_aside(docmill: Command, tmp_path: Path) -> None:
    lines = "".join(f"letter about {word},a\n" for word in ("hail", "theft", "water", "fire"))
    (tmp_path / "in.csv").write_text("text,label\n" + lines)
    train, aside = tmp_path / "train.jsonl", tmp_path / "validation.jsonl"
    result = docmill(
        "train", "import", "csv", tmp_path / "in.csv", "--out", train, "--validation", aside, "--share", "0.25"
    )
    assert result.exit_code == 0
    assert [len(path.read_text().splitlines()) for path in (train, aside)] == [3, 1]
    assert f"wrote {aside}: 1 document," in result.stdout


@pytest.mark.parametrize("there", ["train.jsonl", "validation.jsonl"])
def test_import_overwrites_only_by_force(docmill: Command, tmp_path: Path, there: str) -> None:
    (tmp_path / "in.csv").write_text("text,label\nx,a\ny,a\n")
    (tmp_path / there).write_text("mine")
    out, aside = str(tmp_path / "train.jsonl"), str(tmp_path / "validation.jsonl")
    words = ["train", "import", "csv", str(tmp_path / "in.csv"), "--out", out, "--validation", aside, "--share", "0.5"]
    refused = docmill(*words)
    assert refused.exit_code == 1
    assert "--force" in str(refused.exception)
    assert [p.name for p in tmp_path.glob("*.jsonl")] == [there]
    assert (tmp_path / there).read_text() == "mine"
    assert docmill(*words, "--force").exit_code == 0
    assert (tmp_path / there).read_text() != "mine"


def test_import_of_nothing_usable_writes_nothing(docmill: Command, tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text('{"text": "no id"}\n')
    result = docmill("train", "import", "jsonl", tmp_path / "in.jsonl", "--out", tmp_path / "train.jsonl")
    assert result.exit_code == 1
    assert "skipped line 1: id: Field required" in result.stderr
    assert "nothing could be used" in result.stderr
    assert not (tmp_path / "train.jsonl").exists()


@pytest.mark.parametrize(
    ("format_", "content", "options", "written"),
    [
        ("jsonl", '{"id": "1", "text": "x", "label": "a"}\n', (), "1 document, 1 label, 0 spans"),
        (
            "csv",
            "text\tspans\nAnn\t[]\n",
            ("--delimiter", "tab", "--label-column", "", "--spans-column", "spans"),
            "0 lab",
        ),
        (
            "csv",
            "text,no,total\nx,7,4.00\n",
            ("--label-column", "", "--id-column", "no", "--field-column", "total"),
            "1 d",
        ),
        ("conll", "Ann B-party\n", ("--unit", "file", "--label", "a"), "1 document, 1 label, 1 span"),
        (
            "label-studio",
            '[{"id": 1, "data": {"a": "x", "b": "y"}, "annotations": '
            '[{"result": [{"type": "choices", "from_name": "k", "value": {"choices": ["c"]}}]}]}]',
            ("--text-key", "a", "--choice", "k", "--annotators", "first"),
            "1 document, 1 label, 0 spans",
        ),
    ],
)
def test_every_format_and_its_options(
    docmill: Command, tmp_path: Path, format_: str, content: str, options: tuple[str, ...], written: str
) -> None:
    (tmp_path / "in").write_text(content)
    result = docmill("train", "import", format_, tmp_path / "in", "--out", tmp_path / "train.jsonl", *options)
    assert (result.exit_code, result.stderr) == (0, "")
    assert written in result.stdout


@pytest.mark.parametrize(
    "words",
    [
        ("csv", "--choice", "kind"),
        ("jsonl", "--text-column", "x"),
        ("conll", "--annotators", "first"),
        ("csv", "--delimiter", "::"),
        ("xml",),
        ("csv", "--share", "0.9"),
        ("csv", "--validation", "OUT"),
    ],
)
def test_wrong_usage(docmill: Command, tmp_path: Path, words: tuple[str, ...]) -> None:
    (tmp_path / "in").write_text("text,label\nx,a\n")
    out = tmp_path / "train.jsonl"
    options = [str(out) if word == "OUT" else word for word in words[1:]]
    result = docmill("train", "import", words[0], tmp_path / "in", "--out", out, *options)
    assert result.exit_code == 2
    assert not out.exists()


def test_many_skipped_documents_are_not_all_told(docmill: Command, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("text,label\nx,a\n" + "\x20,a\n" * 50)
    result = docmill("train", "import", "csv", tmp_path / "in.csv", "--out", tmp_path / "train.jsonl")
    assert result.stderr.count("skipped line") == 20
    assert "... and 30 more" in result.stderr


def test_nothing_here_imports_torch(starter: Path) -> None:
    code = (
        "import sys\nfrom docmill.cli import app\nfrom typer.testing import CliRunner\n"
        "result = CliRunner().invoke(app, ['train', 'check', sys.argv[1]])\n"
        "assert result.exit_code == 0, result.output\n"
        "print(*({'torch', 'transformers'} & sys.modules.keys()))"
    )
    command = [sys.executable, "-c", code, str(starter / "recipe.toml")]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.split() == []

"""`docmill load`, as far as it comes without a broker, and what it does with a report."""

import json
from pathlib import Path

import pytest

from docmill.cli import load as load_module
from docmill.errors import ConfigurationError, LocalKafkaError
from docmill.load import plot as plot_module
from docmill.load import run as run_module
from docmill.load.judge import Target
from docmill.load.report import LoadReport
from docmill.load.run import OnMoment, OnStep, Task
from docmill.load.schedule import Arrivals
from docmill.load.search import Search
from docmill.settings import Settings, load_settings
from tests.unit.cli.conftest import Command
from tests.unit.load.test_report import report, search_report


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--rate", "0"], "must be more than 0"),
        (["--rate", "nan"], "must be more than 0"),
        (["--rate", "inf"], "must be more than 0"),
        (["--rate", "fast"], "--rate"),
        (["--duration", "0"], "--duration"),
        (["--target-p95", "0"], "must be more than 0"),
        (["--quantile", "95"], "must lie between 0 and 1"),
        (["--quantile", "1"], "must lie between 0 and 1"),
        (["--start-rate", "-1"], "must be more than 0"),
        (["--max-rate", "4"], "must be at least --start-rate"),
        (["--precision", "0"], "must lie between 0.01 and 1"),
        (["--step", "0"], "--step"),
        (["--warm-up", "-1"], "--warm-up"),
        (["--grace", "-1"], "--grace"),
        (["--min-documents", "0"], "--min-documents"),
        (["--confirm", "-1"], "--confirm"),
        (["--arrivals", "bursty"], "--arrivals"),
        (["--mix", "receipts"], "KIND=WEIGHT"),
        (["--mix", "claims=5"], "no lengths are known of claims"),
        (["--documents", "nowhere"], "does not exist"),
        (["--documents", ".", "--mix", "receipts=1"], "own ones come as they are"),
        (["--json", "nowhere/load.json"], "its folder does not exist"),
        (["--plot", "nowhere/load.png"], "its folder does not exist"),
    ],
)
def test_wrong_options_are_told_before_anything_is_sent(
    docmill: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    result = docmill("load", *words)
    assert result.exit_code == 2
    assert told in " ".join(result.output.replace("│", " ").split())


def test_own_documents_that_cannot_be_read_are_told(docmill: Command, tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text("not json\n")
    result = docmill("load", "--documents", tmp_path / "rows.jsonl")
    assert result.exit_code == 2
    assert "rows.jsonl:1" in result.output


def test_without_a_broker_nothing_is_sent(docmill: Command) -> None:
    result = docmill("load", "--rate", "5")
    assert result.exit_code == 1
    assert isinstance(result.exception, LocalKafkaError)


class Played:
    """Stands for `run_load`: keeps the task, gives a report."""

    def __init__(self, gives: LoadReport) -> None:
        self.gives = gives
        self.task: Task | None = None

    async def __call__(self, settings: Settings, task: Task, on_moment: OnMoment, on_step: OnStep) -> LoadReport:
        self.task = task
        for number, step in enumerate(self.gives.steps, start=1):
            on_step(number, step)
        return self.gives


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> Played:
    """A load test that gives the report of a search, wherever the broker is."""
    played = Played(search_report())
    monkeypatch.setattr(run_module, "run_load", played)
    monkeypatch.setattr(load_module, "broker_settings", load_settings)
    return played


def test_a_rate_that_held_is_success_and_goes_into_the_files(docmill: Command, tmp_path: Path, played: Played) -> None:
    files = ["--json", tmp_path / "load.json", "--plot", tmp_path / "load.png"]
    result = docmill("load", *files, "--metrics", "http://a/metrics", "--metrics", "http://b/metrics", "--note", "n")
    assert result.exit_code == 0, result.output
    assert "Held 15 documents/s" in " ".join(result.stdout.split())
    assert "yes, confirmed" in result.stdout
    assert "step 3: 15.00/s for 120 s" in result.stderr
    assert LoadReport.model_validate_json((tmp_path / "load.json").read_text()) == played.gives
    assert json.loads((tmp_path / "load.json").read_text())["format"] == 1
    assert (tmp_path / "load.png").read_bytes().startswith(b"\x89PNG")
    task = played.task
    assert task is not None
    assert task.search == Search(8.0, 0.1, confirm=True)
    assert (task.target, task.warm_up_s) == (Target(0.95, 2.0), 5.0)
    assert (task.step_s, task.confirm_s, task.min_documents) == (20.0, 120.0, 200)
    assert (task.metrics_urls, task.note) == (("http://a/metrics", "http://b/metrics"), "n")
    assert (str(task.mix), task.documents) == ("receipts=55,complaints=25,medical=15,contracts=5", "samples")
    assert task.arrivals is Arrivals.POISSON


def test_no_rate_that_held_is_failure(docmill: Command, played: Played) -> None:
    played.gives = report(*search_report().steps, sustained=None)
    result = docmill("load", "--confirm", "0", "--max-rate", "50")
    assert result.exit_code == 1
    assert "No rate held" in " ".join(result.stdout.split())
    assert played.task is not None
    assert played.task.search == Search(8.0, 0.1, confirm=False, max_rate=50.0)


def test_one_rate_and_own_documents(docmill: Command, tmp_path: Path, played: Played) -> None:
    (tmp_path / "mail").mkdir()
    for name in ("a", "b", "c"):
        (tmp_path / "mail" / f"{name}.txt").write_text(name)
    (tmp_path / "one.txt").write_text("d")
    words = ["--documents", tmp_path / "mail", "--documents", tmp_path / "one.txt", "--arrivals", "constant"]
    result = docmill("load", "--rate", "7.5", "--duration", "90", "--target", "1", "--quantile", "0.99", *words)
    assert result.exit_code == 0, result.output
    task = played.task
    assert task is not None
    assert (task.search, task.rate, task.step_s, task.target) == (None, 7.5, 90.0, Target(0.99, 1.0))
    assert (str(task.mix), task.documents, task.arrivals) == ("mail=3,one.txt=1", "own", Arrivals.CONSTANT)


@pytest.mark.usefixtures("played")
def test_without_matplotlib_the_picture_is_left_out_with_advice(
    docmill: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plot_module, "can_plot", lambda: False)
    result = docmill("load", "--plot", tmp_path / "load.png")
    assert result.exit_code == 0, result.output
    assert "pip install 'docmill[load]'" in result.stderr
    assert not (tmp_path / "load.png").exists()


@pytest.mark.usefixtures("played")
@pytest.mark.parametrize("option", ["--json", "--plot"])
def test_a_file_that_cannot_be_written_is_told_after_the_report(docmill: Command, option: str) -> None:
    result = docmill("load", option, "/dev/full")
    assert result.exit_code == 1
    assert isinstance(result.exception, ConfigurationError)
    assert "cannot be written: No space left" in str(result.exception)
    assert "Held 15 documents/s" in " ".join(result.stdout.split())

"""`docmill publish`, as far as it comes without a broker."""

from pathlib import Path

import pytest

from docmill.errors import LocalKafkaError
from tests.unit.cli.conftest import Command


def test_a_path_is_needed_and_must_exist(docmill: Command, tmp_path: Path) -> None:
    assert docmill("publish").exit_code == 2
    result = docmill("publish", tmp_path / "nowhere")
    assert result.exit_code == 2
    assert "nowhere" in result.output
    assert "does not exist" in result.output


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--rate", "0"], "must be more than 0"),
        (["--rate", "-1"], "must be more than 0"),
        (["--rate", "nan"], "must be more than 0"),
        (["--rate", "fast"], "--rate"),
        (["--timeout", "-1"], "--timeout"),
        (["--source-name", " "], "must not be empty"),
    ],
)
def test_wrong_options_are_told(docmill: Command, tmp_path: Path, words: list[str], told: str) -> None:
    (tmp_path / "a.txt").write_text("x")
    result = docmill("publish", tmp_path, *words)
    assert result.exit_code == 2
    assert told in result.output


def test_a_folder_without_documents_is_told(docmill: Command, tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text('{"id": "1", "text": "x"}')
    (tmp_path / ".hidden").write_text("x")
    result = docmill("publish", tmp_path)
    assert result.exit_code == 2
    assert "no documents there" in result.output
    assert f"passed over {tmp_path / 'rows.jsonl'}" in result.stderr


def test_without_a_broker_nothing_is_sent(docmill: Command, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x")
    result = docmill("publish", tmp_path)
    assert result.exit_code == 1
    assert isinstance(result.exception, LocalKafkaError)

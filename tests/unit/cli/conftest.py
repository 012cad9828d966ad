from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from docmill.cli import app

Command = Callable[..., Result]


@pytest.fixture
def docmill(tmp_path: Path) -> Command:
    """Runs `docmill WORDS` where there is no broker."""

    def run(*words: str | Path) -> Result:
        environ = {"KAFKA_BOOTSTRAP_SERVERS": "", "DOCMILL_HOME": str(tmp_path / "home"), "COLUMNS": "200"}
        return CliRunner(env=environ).invoke(app, [str(word) for word in words])

    return run

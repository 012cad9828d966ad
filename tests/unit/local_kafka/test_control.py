"""Which broker a command talks to, and what the command line says when there is none."""

import os
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from docmill.cli.kafka import EXIT_NOT_RUNNING, app
from docmill.errors import LocalKafkaError
from docmill.local_kafka.control import bootstrap_servers
from docmill.local_kafka.paths import user_paths
from docmill.local_kafka.ports import HOST, free_port
from docmill.local_kafka.process import start_time
from docmill.local_kafka.state import JarsBroker, read_state, write_state


def broker_of(pid: int, started: str, data_dir: Path) -> JarsBroker:
    return JarsBroker(
        bootstrap_servers=f"{HOST}:19092",
        pid=pid,
        started=started,
        data_dir=data_dir,
        log_file=data_dir / "kafka.log",
        ephemeral=True,
    )


def invoke(home: Path, *words: str, servers: str = "") -> Result:
    environ = {"DOCMILL_HOME": str(home), "KAFKA_BOOTSTRAP_SERVERS": servers, "COLUMNS": "200"}
    return CliRunner(env=environ).invoke(app, list(words))


def test_the_variable_comes_first() -> None:
    assert bootstrap_servers({"KAFKA_BOOTSTRAP_SERVERS": " kafka:9092 "}) == "kafka:9092"


def test_then_the_running_detached_broker(tmp_path: Path) -> None:
    environ = {"DOCMILL_HOME": str(tmp_path), "KAFKA_BOOTSTRAP_SERVERS": ""}
    ourselves = broker_of(os.getpid(), start_time(os.getpid()) or "", tmp_path)
    write_state(user_paths(environ).state_file, ourselves)
    assert bootstrap_servers(environ) == f"{HOST}:19092"


@pytest.mark.parametrize("stale", [True, False])
def test_else_the_error_says_what_to_do(tmp_path: Path, stale: bool) -> None:
    environ = {"DOCMILL_HOME": str(tmp_path)}
    if stale:
        write_state(user_paths(environ).state_file, broker_of(os.getpid(), "another life", tmp_path))
    with pytest.raises(LocalKafkaError, match="no broker: run `docmill kafka up` or set KAFKA_BOOTSTRAP_SERVERS"):
        bootstrap_servers(environ)


def test_status_without_a_broker_is_exit_code_3(tmp_path: Path) -> None:
    result = invoke(tmp_path, "status")
    assert result.exit_code == EXIT_NOT_RUNNING
    assert "docmill kafka up" in result.output


def test_status_of_a_broker_that_died_shows_its_log(tmp_path: Path) -> None:
    write_state(
        user_paths({"DOCMILL_HOME": str(tmp_path)}).state_file,
        broker_of(os.getpid(), "another life", tmp_path),
    )
    (tmp_path / "kafka.log").write_text("FATAL out of luck\n")
    result = invoke(tmp_path, "status")
    assert result.exit_code == EXIT_NOT_RUNNING
    assert "FATAL out of luck" in result.output


def test_down_after_a_broker_that_died_tidies_up_and_ends_nobody(tmp_path: Path) -> None:
    state_file = user_paths({"DOCMILL_HOME": str(tmp_path)}).state_file
    data_dir = tmp_path / "docmill-kafka-x"
    data_dir.mkdir()
    write_state(state_file, broker_of(os.getpid(), "another life", data_dir))
    result = invoke(tmp_path, "down")
    assert result.exit_code == 0
    assert "was gone already" in result.output
    assert read_state(state_file) is None
    assert not data_dir.exists()


def test_down_never_removes_a_folder_that_is_not_its_own(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    write_state(
        user_paths({"DOCMILL_HOME": str(tmp_path)}).state_file,
        broker_of(os.getpid(), "another life", precious),
    )
    assert invoke(tmp_path, "down").exit_code == 0
    assert precious.exists()


def test_down_without_a_broker_is_fine(tmp_path: Path) -> None:
    assert invoke(tmp_path, "down").exit_code == 0


def test_up_with_the_variable_starts_nothing_and_checks_that_it_answers(tmp_path: Path) -> None:
    result = invoke(tmp_path, "up", servers=f"{HOST}:{free_port()}")
    assert result.exit_code == 1
    assert "nothing answers there" in result.output
    assert not user_paths({"DOCMILL_HOME": str(tmp_path)}).state_file.exists()


@pytest.mark.parametrize("command", ["up", "down", "status", "fetch"])
def test_every_command_has_an_example_and_its_exit_codes(tmp_path: Path, command: str) -> None:
    shown = invoke(tmp_path, command, "--help").output
    assert f"Example: docmill kafka {command}" in shown
    assert "Exit codes: 0" in shown

"""What is asked of Docker; the `docker` here is a shell script that writes down how it was called."""

import os
from pathlib import Path

import pytest

from docmill.errors import LocalKafkaError
from docmill.local_kafka.compose import compose_broker, docker_answers, start_compose, stop_compose
from docmill.local_kafka.ports import free_port


class FakeDocker:
    """Fails for calls that begin with one of `failing`, and succeeds for the others."""

    def __init__(self, folder: Path, *failing: str) -> None:
        self._calls = folder / "calls"
        cases = "".join(f'"{words}"*) echo "no such luck"; exit 1;;\n' for words in failing)
        script = folder / "docker"
        script.write_text(f'#!/bin/sh\necho "$DOCMILL_KAFKA_PORT $*" >> "{self._calls}"\ncase "$*" in\n{cases}esac\n')
        script.chmod(0o755)

    @property
    def calls(self) -> list[str]:
        return self._calls.read_text().splitlines()


@pytest.fixture(autouse=True)
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/usr/bin{os.pathsep}/bin")
    monkeypatch.delenv("DOCMILL_KAFKA_PORT", raising=False)


def test_docker_answers_with_an_engine_and_the_compose_plugin(tmp_path: Path) -> None:
    FakeDocker(tmp_path)
    assert docker_answers()


@pytest.mark.parametrize("failing", ["version", "compose version"])
def test_docker_does_not_answer_without_either(tmp_path: Path, failing: str) -> None:
    FakeDocker(tmp_path, failing)
    assert not docker_answers()


def test_no_docker_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/no/such/folder")
    assert not docker_answers()


def test_down_removes_the_container_and_keeps_the_volume(tmp_path: Path) -> None:
    docker = FakeDocker(tmp_path)
    stop_compose(compose_broker(19092, ephemeral=False))
    assert docker.calls[0].startswith("19092 compose --file ")
    assert docker.calls[0].endswith("deploy/compose.yaml --project-name docmill rm --stop --force kafka")


def test_down_of_an_ephemeral_one_removes_its_own_volume_too(tmp_path: Path) -> None:
    docker = FakeDocker(tmp_path)
    stop_compose(compose_broker(19092, ephemeral=True))
    assert docker.calls[0].endswith("--project-name docmill-ephemeral down --volumes")


def test_a_failure_shows_what_compose_printed_and_what_to_do(tmp_path: Path) -> None:
    docker = FakeDocker(tmp_path, "compose --file")
    with pytest.raises(LocalKafkaError, match=r"no such luck(.|\n)*logs kafka(.|\n)*--engine jars"):
        start_compose(compose_broker(free_port(), ephemeral=False))
    assert docker.calls[0].endswith("up --detach --wait kafka")

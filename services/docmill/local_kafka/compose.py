"""The broker as the official image, by the kafka service of deploy/compose.yaml."""

import os
import subprocess
import time

from docmill.errors import LocalKafkaError
from docmill.local_kafka.ports import HOST
from docmill.local_kafka.probe import Answer, probe
from docmill.local_kafka.state import DockerBroker
from docmill.resources import resource

SERVICE = "kafka"
# Two projects, two volumes: what is ephemeral never touches the data that stay.
_PROJECT = {False: "docmill", True: "docmill-ephemeral"}
_START_TIMEOUT_S = 120.0


def docker_answers() -> bool:
    """Says whether a Docker engine answers and its compose plugin is there."""
    return all(_succeeds(["docker", *words]) for words in (["version"], ["compose", "version"]))


def compose_broker(port: int, ephemeral: bool) -> DockerBroker:
    """Returns the broker that compose will publish on ``port`` of the loopback address; starts nothing."""
    return DockerBroker(bootstrap_servers=f"{HOST}:{port}", project=_PROJECT[ephemeral], ephemeral=ephemeral)


def start_compose(broker: DockerBroker) -> None:
    """Brings the kafka service up and waits until it takes requests.

    Raises: LocalKafkaError with what compose printed; the container stays, for its log.
    """
    try:
        _compose(broker, "up", "--detach", "--wait", SERVICE)
    except LocalKafkaError as error:
        raise LocalKafkaError(
            f"{error}\nThe container's log: {logs_command(broker)}\n"
            "Tidy up with `docmill kafka down`; without Docker: `docmill kafka up --engine jars`"
        ) from error
    deadline = time.monotonic() + _START_TIMEOUT_S
    while probe(broker.bootstrap_servers) is not Answer.READY:
        if time.monotonic() > deadline:
            raise LocalKafkaError(
                f"the container is up but Kafka does not answer at {broker.bootstrap_servers}; its log: "
                f"{logs_command(broker)}"
            )
        time.sleep(0.2)


def stop_compose(broker: DockerBroker) -> None:
    """Removes the kafka container; its volume stays, unless it is ephemeral.

    Raises: LocalKafkaError with what compose printed.
    """
    if broker.ephemeral:
        _compose(broker, "down", "--volumes")
    else:
        _compose(broker, "rm", "--stop", "--force", SERVICE)


def logs_command(broker: DockerBroker) -> str:
    """Returns the command that shows the container's log."""
    return f"docker compose --project-name {broker.project} logs {SERVICE}"


def _compose(broker: DockerBroker, *words: str) -> None:
    file = str(resource("deploy/compose.yaml"))
    command = ["docker", "compose", "--file", file, "--project-name", broker.project, *words]
    environ = {**os.environ, "DOCMILL_KAFKA_PORT": broker.bootstrap_servers.rpartition(":")[2]}
    done = subprocess.run(  # noqa: S603
        command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode != 0:
        raise LocalKafkaError(f"`{' '.join(command)}` failed:\n{done.stdout.strip()}")


def _succeeds(command: list[str]) -> bool:
    try:
        done = subprocess.run(command, capture_output=True, timeout=10, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0

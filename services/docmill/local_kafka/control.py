"""What `docmill kafka` does: which broker to use, bring one up, take it down, say how it is.

Knows nothing of terminals: it returns what happened, and the command line puts it into words.
"""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from docmill.errors import LocalKafkaError
from docmill.local_kafka.compose import compose_broker, docker_answers, start_compose, stop_compose
from docmill.local_kafka.detached import is_running, start_detached, stop_detached
from docmill.local_kafka.node import START_TIMEOUT_S, Runtime
from docmill.local_kafka.paths import Paths, user_paths
from docmill.local_kafka.ports import choose_port
from docmill.local_kafka.probe import Answer, probe
from docmill.local_kafka.runtime import Progress, get_runtime, no_progress
from docmill.local_kafka.state import (
    DetachedBroker,
    DockerBroker,
    JarsBroker,
    clear_state,
    locked,
    read_state,
    write_state,
)

BOOTSTRAP_VARIABLE = "KAFKA_BOOTSTRAP_SERVERS"


class Engine(StrEnum):
    """What runs the broker."""

    AUTO = "auto"  # docker if its engine answers, else jars
    DOCKER = "docker"
    JARS = "jars"


@dataclass(frozen=True, slots=True)
class Up:
    """A broker that answers, and whether this call started it."""

    broker: DetachedBroker
    is_new: bool


@dataclass(frozen=True, slots=True)
class Down:
    """What the state file named, and whether its broker was still there to be ended."""

    broker: DetachedBroker
    was_alive: bool


def external_servers(environ: Mapping[str, str] = os.environ) -> str | None:
    """Returns the broker named by KAFKA_BOOTSTRAP_SERVERS, or None when that is unset or empty."""
    return environ.get(BOOTSTRAP_VARIABLE, "").strip() or None


def bootstrap_servers(environ: Mapping[str, str] = os.environ) -> str:
    """Returns the broker that a command should talk to: KAFKA_BOOTSTRAP_SERVERS, else the detached one.

    Raises: LocalKafkaError when there is neither.
    """
    if external := external_servers(environ):
        return external
    broker = read_state(user_paths(environ).state_file)
    if broker is None or not is_alive(broker):
        raise LocalKafkaError(f"no broker: run `docmill kafka up` or set {BOOTSTRAP_VARIABLE}")
    return broker.bootstrap_servers


def is_alive(broker: DetachedBroker) -> bool:
    """Says whether the broker of a state file is still there; it need not answer yet."""
    match broker:
        case JarsBroker():
            return is_running(broker)
        case DockerBroker():
            return probe(broker.bootstrap_servers) is not Answer.SILENT
        case _:
            assert_never(broker)


def up(
    *,
    engine: Engine = Engine.AUTO,
    port: int | None = None,
    ephemeral: bool = False,
    paths: Paths | None = None,
    progress: Progress = no_progress,
) -> Up:
    """Brings up a detached broker, or finds the one that is up; returns when it takes requests.

    ``port`` None means 9092 or a free one. A running broker is left as it is, whatever is asked for.
    Raises: LocalKafkaError saying what to do.
    """
    paths = paths or user_paths()
    with locked(paths.state_file):
        present = read_state(paths.state_file)
        if present is not None and is_alive(present):
            return Up(_await_present(present), is_new=False)
        if present is not None:
            _forget(present, paths)

        use_docker = engine is Engine.DOCKER or (engine is Engine.AUTO and docker_answers())
        if use_docker:
            return Up(_start_docker(choose_port(port), ephemeral, paths), is_new=True)
        runtime = get_runtime(progress)  # may take long: before the port is chosen
        return Up(_start_jars(runtime, choose_port(port), ephemeral, paths), is_new=True)


def _start_docker(port: int, ephemeral: bool, paths: Paths) -> DetachedBroker:
    broker = compose_broker(port, ephemeral)
    write_state(paths.state_file, broker)
    start_compose(broker)
    return broker


def _start_jars(runtime: Runtime, port: int, ephemeral: bool, paths: Paths) -> DetachedBroker:
    def remember(broker: JarsBroker) -> None:
        # At once, so that `down` finds the process also when this command is interrupted.
        write_state(paths.state_file, broker)

    try:
        return start_detached(paths, runtime, port, ephemeral, on_born=remember)
    except LocalKafkaError:
        clear_state(paths.state_file)
        raise


def _await_present(broker: DetachedBroker) -> DetachedBroker:
    """Returns the broker when it answers: an interrupted `up` may have left it starting."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while probe(broker.bootstrap_servers) is not Answer.READY:
        if time.monotonic() > deadline or not is_alive(broker):
            raise LocalKafkaError(
                f"the broker at {broker.bootstrap_servers} is there but does not answer: "
                "run `docmill kafka down`, then `docmill kafka up`"
            )
        time.sleep(0.2)
    return broker


def down(paths: Paths | None = None) -> Down | None:
    """Ends exactly the broker of the state file and waits for it; None if there is no state file.

    Raises: LocalKafkaError when the state file is damaged or Docker refuses.
    """
    paths = paths or user_paths()
    with locked(paths.state_file):
        present = read_state(paths.state_file)
        if present is None:
            return None
        was_alive = is_alive(present)
        _forget(present, paths)
        return Down(present, was_alive)


def _forget(broker: DetachedBroker, paths: Paths) -> None:
    """Ends what is left of a broker, its ephemeral data too, and removes the state file."""
    match broker:
        case JarsBroker():
            stop_detached(broker)
        case DockerBroker():
            # After a restart of the machine there may be no engine, and then no container either.
            if is_alive(broker) or docker_answers():
                stop_compose(broker)
        case _:
            assert_never(broker)
    clear_state(paths.state_file)

"""The detached broker as others find it: a state file, written whole, guarded by a lock while it changes."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from docmill.errors import LocalKafkaError


class JarsBroker(BaseModel):
    """A broker that `docmill kafka up` runs from its jars; pid and start time together name its process."""

    model_config = ConfigDict(frozen=True)

    mode: Literal["jars"] = "jars"
    bootstrap_servers: str
    pid: int
    started: str
    data_dir: Path
    log_file: Path
    ephemeral: bool


class DockerBroker(BaseModel):
    """A broker that `docmill kafka up` runs as the compose file's service, under a compose project's name."""

    model_config = ConfigDict(frozen=True)

    mode: Literal["docker"] = "docker"
    bootstrap_servers: str
    project: str
    ephemeral: bool


DetachedBroker = JarsBroker | DockerBroker
_SCHEMA: TypeAdapter[DetachedBroker] = TypeAdapter(Annotated[DetachedBroker, Field(discriminator="mode")])


def read_state(state_file: Path) -> DetachedBroker | None:
    """Returns what the state file says, whether or not it is still true; None without one.

    Raises: LocalKafkaError when it cannot be understood.
    """
    try:
        return _SCHEMA.validate_json(state_file.read_bytes())
    except FileNotFoundError:
        return None
    except ValidationError as error:
        raise LocalKafkaError(
            f"the state file {state_file} is damaged: end the broker it was for by hand, if it still runs, "
            "and delete the file"
        ) from error


def write_state(state_file: Path, broker: DetachedBroker) -> None:
    """Replaces the state file in one step."""
    state_file.parent.mkdir(parents=True, exist_ok=True)
    part = state_file.with_suffix(".part")
    part.write_bytes(_SCHEMA.dump_json(broker, indent=2))
    os.replace(part, state_file)


def clear_state(state_file: Path) -> None:
    """Removes the state file, if there is one."""
    state_file.unlink(missing_ok=True)


@contextlib.contextmanager
def locked(state_file: Path) -> Iterator[None]:
    """Keeps other `up` and `down` of this user waiting for as long as the block lasts."""
    state_file.parent.mkdir(parents=True, exist_ok=True)
    with state_file.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # let go when the file closes, also if we are killed
        yield

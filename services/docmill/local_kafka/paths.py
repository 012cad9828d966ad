"""Where the local broker keeps its jars, data, state and logs.

Follows the XDG base directories; ``DOCMILL_HOME`` puts everything under one folder instead.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Paths:
    """Three folders with different lives: jars can be fetched again, data cannot, state is of this boot."""

    jars: Path
    data: Path
    state: Path

    @property
    def state_file(self) -> Path:
        return self.state / "broker.json"

    @property
    def log_file(self) -> Path:
        return self.state / "kafka.log"


def user_paths(environ: Mapping[str, str] = os.environ) -> Paths:
    """Returns this user's folders; creates nothing."""
    home = environ.get("DOCMILL_HOME")
    if home:
        root = Path(home).expanduser().absolute()
        return Paths(jars=root / "cache/kafka", data=root / "data/kafka", state=root / "state/kafka")

    def xdg(variable: str, default: str) -> Path:
        # The specification says to ignore relative paths.
        configured = Path(environ.get(variable, ""))
        return (configured if configured.is_absolute() else Path.home() / default) / "docmill/kafka"

    return Paths(
        jars=xdg("XDG_CACHE_HOME", ".cache"),
        data=xdg("XDG_DATA_HOME", ".local/share"),
        state=xdg("XDG_STATE_HOME", ".local/state"),
    )

"""What the reports of load tests share: their head, the file they go into, and the console for their tables.

Does not know what is measured.
"""

import os
import shlex
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from rich.console import Console

from docmill.load.machine import Machine, this_machine

LoadAverage = tuple[float, float, float]  # over 1, 5 and 15 minutes


class Report(BaseModel):
    """`--json`. Within a format number only new keys are added. What is not given is found when it is made."""

    model_config = ConfigDict(frozen=True)

    format: Literal[1] = 1
    docmill: str = Field(default_factory=lambda: version("docmill"))
    at: datetime = Field(default_factory=lambda: datetime.now(UTC))
    command: str
    machine: Machine = Field(default_factory=this_machine)
    load_average: LoadAverage  # when the measurement began: its own work is not in it
    load_average_after: LoadAverage = Field(default_factory=os.getloadavg)

    @property
    def load_told(self) -> str:
        """The load averages over 1 minute, in words."""
        return f"load average {self.load_average[0]:.1f} before, {self.load_average_after[0]:.1f} after"


def command_line(module: str) -> str:
    """How this process was called, to be called so again."""
    return shlex.join(["python", "-m", module, *sys.argv[1:]])


def write_report(report: Report, path: Path, indent: int = 2) -> None:
    """All of it, as JSON; folders that are missing are made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(report.model_dump_json(indent=indent) + "\n", encoding="utf-8")


def report_console(file_columns: int = 140) -> Console:
    """As wide as the terminal, or as so many columns where the tables go into a file."""
    return Console(highlight=False, width=None if Console().is_terminal else file_columns)

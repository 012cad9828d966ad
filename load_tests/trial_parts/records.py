"""What trials found: the file that keeps them, and the table. Trains and reads nothing."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError
from rich.console import Console
from rich.table import Table

from docmill.errors import ConfigurationError
from docmill.load.machine import Machine
from load_tests.report import LoadAverage


class Strict(BaseModel):
    """A file with further keys is not ours, or of a later docmill: it is not written over."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Setting(Strict):
    """What trials must have in common to be compared.

    `documents` of each source are read at most, none of more than `longest` characters; `tokens` each trial trains on.
    """

    recipe: str  # name and version
    recipe_sha256: str  # of its file
    corpus: str  # digest of the training documents and their folds
    training: int  # version of how examples are drawn and trained on
    tokens: int
    seed: int
    fold: int
    documents: int
    longest: int


class SourceScores(Strict):
    """Of the documents that were read of one source.

    `value_f1` pools its fields: of each the surest value of a document; None where no value is marked or found.
    """

    documents: int
    types_right: float  # share
    macro_f1: float  # of types, over those that occur
    value_f1: float | None


class Measured(Strict):
    """`train_s`: seconds of training, the heads' beginning included, cutting texts into tokens not.

    `tokens`: of all steps, about.
    """

    steps: int
    tokens: int
    train_s: float
    read_s: float
    device: str  # that it was trained on
    sources: dict[str, SourceScores]


class TrialRecord(Strict):
    """A finished trial; `changes` are the values of the recipe that it replaced, by path."""

    name: str
    changes: dict[str, Any]
    setting: Setting
    measured: Measured
    at: datetime
    docmill: str
    machine: Machine
    load_average: LoadAverage  # when it was finished


class TrialsFile(Strict):
    """`--out`. Within a format number only new keys are added."""

    format: Literal[1] = 1
    trials: tuple[TrialRecord, ...]


class Kept:
    """Finished trials in a file, each written as soon as it is there; without a path they are only shown."""

    def __init__(self, path: Path | None) -> None:
        """Raises: ConfigurationError: the file holds something else, or cannot be written."""
        self._path = path
        self._trials = () if path is None or not path.exists() else _read(path).trials
        self._write()  # that it cannot be written is better known before anything trains

    def find(self, name: str, changes: Mapping[str, Any], setting: Setting) -> TrialRecord | None:
        """The same trial, made before.

        Raises:
            ConfigurationError: in the same setting another one has this name.
        """
        for record in self._trials:
            if (record.name, record.setting) == (name, setting):
                if record.changes != changes:
                    raise ConfigurationError(
                        f"{self._path} holds another trial {name}, which changes {record.changes or 'nothing'}: give "
                        f"this one a name of its own"
                    )
                return record
        return None

    def add(self, record: TrialRecord) -> None:
        """Keep one more."""
        self._trials = (*self._trials, record)
        self._write()

    def _write(self) -> None:
        """Never leaves half a file under its name."""
        if self._path is None:
            return
        partial = self._path.with_name(self._path.name + ".partial")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            partial.write_text(TrialsFile(trials=self._trials).model_dump_json(indent=1) + "\n", encoding="utf-8")
            partial.replace(self._path)
        except OSError as error:
            raise ConfigurationError(f"--out {self._path} cannot be written: {error.strerror}") from error


def print_table(out: Console, records: Sequence[TrialRecord]) -> None:
    """A row a trial; all of one setting."""
    setting, sources = records[0].setting, records[0].measured.sources
    table = Table(title=f"{setting.recipe}, {setting.tokens:,} tokens, seed {setting.seed}", title_justify="left")
    table.add_column("trial")
    for heading in ("s", "steps"):
        table.add_column(heading, justify="right")
    for name, scores in sources.items():
        table.add_column(f"{name}\n({scores.documents})")
    for record in records:
        measured = record.measured
        cells = (_cell(measured.sources.get(name)) for name in sources)
        table.add_row(record.name, f"{measured.train_s:.0f}", str(measured.steps), *cells)
    out.print(table)
    out.print(
        f"Of each source: types right / macro-F1 of types / value F1. Read: fold {setting.fold}, documents of at most "
        f"{setting.longest:,} characters.",
        soft_wrap=True,
    )


def _cell(scores: SourceScores | None) -> str:
    if scores is None:  # no token of its documents is left
        return "-"
    values = "-" if scores.value_f1 is None else f"{scores.value_f1:.2f}"
    return f"{scores.types_right:.2f} / {scores.macro_f1:.2f} / {values}"


def _read(path: Path) -> TrialsFile:
    try:
        return TrialsFile.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise ConfigurationError(f"--out {path} is there, and is no file of trials: name another one") from error

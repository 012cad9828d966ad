"""The figures of one assessment, as `docmill assess --json` writes them. Does not know how they are shown."""

from dataclasses import dataclass

from docmill.assessment.run import Speed
from docmill.assessment.tally import Counts


@dataclass(frozen=True, slots=True)
class BundleUsed:
    """The model that was asked."""

    name: str
    version: str
    sha256: str
    target_precision: float  # that its thresholds are certified for


@dataclass(frozen=True, slots=True)
class MachineUsed:
    """What it ran on."""

    processor: str
    cores: int
    threads: int  # of inference
    load_before: float | None  # other work, over the last minute; None: not known on this system


@dataclass(frozen=True, slots=True)
class Report:
    """All of it."""

    bundle: BundleUsed
    counts: Counts
    speed: Speed
    machine: MachineUsed

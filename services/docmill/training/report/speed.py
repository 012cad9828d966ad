"""How fast a bundle reads documents of each source on this machine: for the report, it is no property of a bundle."""

from collections.abc import Callable, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from docmill.bundle.bundle import Bundle
from docmill.evaluation.run import outcomes_of, read_sources
from docmill.training.opinions import running
from docmill.training.report.machine import processor

SPEED_FILE = "speed.json"
LIMIT_S = 5.0  # a source
OnSource = Callable[[int, int], None]


class SourceSpeed(BaseModel):
    """Documents one after another, on all cores."""

    model_config = ConfigDict(frozen=True)

    documents: int
    tokens: int
    seconds: float


class Speed(BaseModel):
    model_config = ConfigDict(frozen=True)

    processor: str
    sources: dict[str, SourceSpeed]


def make_speed(bundle: Bundle, files: Sequence[Path], folder: Path, on_source: OnSource) -> None:
    """Process the first documents of each source for some seconds and write how many they were."""
    sources = read_sources(files, bundle.manifest)
    found = {}
    with running(bundle, bundle.model_path) as mill:
        for number, source in enumerate(sources, start=1):
            documents, seconds = 0, 0.0
            next(outcomes_of(mill, source, 1))  # the first run of a graph is slower
            for _, took_s in outcomes_of(mill, source, 1):
                documents, seconds = documents + 1, seconds + took_s
                if seconds >= LIMIT_S:
                    break
            tokens = sum(len(mill.tokens_of(document.text)) for document in source.documents[:documents])
            found[source.name] = SourceSpeed(documents=documents, tokens=tokens, seconds=seconds)
            on_source(number, len(sources))
    speed = Speed(processor=processor(), sources=found)
    (folder / SPEED_FILE).write_text(speed.model_dump_json(indent=1) + "\n", encoding="utf-8")


def read_speed(path: Path) -> Speed:
    """What `make_speed` wrote."""
    return Speed.model_validate_json(path.read_bytes())

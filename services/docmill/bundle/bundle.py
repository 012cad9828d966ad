"""A bundle in memory. Does not know how it came there."""

from dataclasses import dataclass
from pathlib import Path

from docmill.bundle.manifest import Manifest
from docmill.pipeline.types import ModelSpec
from docmill.pipeline.window import TextTokenizer, Windowing


@dataclass(frozen=True, slots=True)
class Bundle:
    """A loaded and checked bundle; `sha256` is of its manifest's bytes."""

    name: str
    version: str
    sha256: str
    languages: tuple[str, ...]
    spec: ModelSpec
    windowing: Windowing
    tokenizer: TextTokenizer
    model_path: Path
    manifest: Manifest

    @property
    def folder(self) -> Path:
        return self.model_path.parent

"""What a layout is: how one sort of document is put together, and by whom. Does not know which there are."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from docmill.training.claims.claim import Kind
from docmill.training.claims.page import Page
from docmill.training.claims.pools import Part
from docmill.training.claims.voice import Narrator

ALL = tuple(Kind)


class Noise(StrEnum):
    """How a document came to us."""

    CLEAN = "clean"  # exported
    TYPED = "typed"  # by people in a hurry
    SCANNED = "scanned"  # printed or written, and read by OCR


@dataclass(frozen=True, slots=True)
class Layout:
    """`write` puts a document on a page. A layout that is held out is for validation alone."""

    name: str
    write: Callable[[Page], None]
    narrators: tuple[Narrator, ...]
    noise: Noise
    kinds: tuple[Kind, ...] = ALL
    about: tuple[str, ...] = ()  # names of scenarios, where others would be odd
    held_out: bool = False

    @property
    def genre(self) -> str:
        """The first word of its name."""
        return self.name.partition("-")[0]

    @property
    def part(self) -> Part:
        """The part of the corpus whose documents have this layout."""
        return Part.VALIDATION if self.held_out else Part.TRAIN

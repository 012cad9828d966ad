"""How much one document may cost."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from docmill.errors import DocumentError
from docmill_schemas.reasons import RejectionReason

if TYPE_CHECKING:
    from docmill.settings import Settings  # a parser process does without pydantic

MIB = 1024 * 1024
WALL_TIMES = 6  # the processor time that a document may take: a niced process gets its share of a busy machine late


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one document. Time and memory bind only where it is parsed in a process of its own."""

    parse_timeout_s: float = 10.0  # of the processor, user and system
    parse_memory_mib: int = 512
    max_pages: int = 500
    max_archive_mib: int = 64  # unpacked
    max_characters: int = 2_000_000

    @property
    def parse_wall_s(self) -> float:
        """When a parser that does not even compute is given up."""
        return self.parse_timeout_s * WALL_TIMES


DEFAULT_LIMITS = Limits()


def limits_of(settings: "Settings") -> Limits:
    """The limits that an operator has set."""
    return Limits(
        parse_timeout_s=settings.parse_timeout_s,
        parse_memory_mib=settings.parse_memory_mib,
        max_pages=settings.max_pages,
        max_archive_mib=settings.max_archive_mib,
        max_characters=settings.max_characters,
    )


class Budget:
    """Characters that a text may still grow by: spent before they are made."""

    def __init__(self, characters: int) -> None:
        self._limit = characters
        self.left = characters

    def spend(self, characters: int) -> None:
        """Raises: DocumentError: the text grows too large."""
        self.left -= characters
        if self.left < 0:
            raise DocumentError(RejectionReason.TEXT_TOO_LARGE, f"more than {self._limit} characters")

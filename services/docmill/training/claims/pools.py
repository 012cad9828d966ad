"""Lists of words read from the package's TOML files, and which of them belong to which part of the corpus.

Does not know what the words are for.
"""

import tomllib
from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Any, TypeVar

T = TypeVar("T")
EVERY = 5  # one in so many entries of a list is for validation


class Part(StrEnum):
    """Of the corpus; names of files."""

    TRAIN = "train"
    VALIDATION = "validation"


@cache
def table(name: str) -> Mapping[str, Any]:
    """A TOML file of the package, `motor` for `words/motor.toml`."""
    path = resources.files("docmill.training.claims.words").joinpath(f"{name}.toml")
    return tomllib.loads(path.read_text(encoding="utf-8"))


@cache
def words(text: str, separator: str = ",") -> tuple[str, ...]:
    """Entries of a list that is written as one string."""
    return tuple(word.strip() for word in text.split(separator))


def portion(entries: Sequence[T], part: Part) -> tuple[T, ...]:
    """The entries of a list that a part may use: every fifth is for validation, the others for training."""
    wanted = part is Part.VALIDATION
    return tuple(entry for i, entry in enumerate(entries, start=1) if (i % EVERY == 0) is wanted)


@cache
def pool(text: str, part: Part, separator: str = ",") -> tuple[str, ...]:
    """The words of a list, written as one string, that a part may use."""
    return portion(words(text, separator), part)

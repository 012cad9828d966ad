"""Where else in a document the values of its entities stand, as written."""

from collections.abc import Iterator

from docmill.training.corpus import LabelledDocument
from docmill.training.value_places import LEAST_LENGTH, as_written


def repeats(document: LabelledDocument) -> Iterator[tuple[str, int, int]]:
    """(field, start, end) of each place of each value, the marked ones too; case and white space may differ."""
    for field, value in sorted({(e.field, document.text[e.start : e.end].strip()) for e in document.entities}):
        if len(value) >= LEAST_LENGTH:
            for found in as_written(value).finditer(document.text):
                yield field, found.start(), found.end()

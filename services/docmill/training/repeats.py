"""Where in a document the values of its fields stand, as written."""

import re
from collections.abc import Iterator

from docmill.training.corpus import LabelledDocument

LEAST_LENGTH = 4  # code points; what is shorter stands everywhere


def repeats(document: LabelledDocument) -> Iterator[tuple[str, int, int]]:
    """(field, start, end) of each place of each value, the marked ones too; case and white space may differ.

    A number is not found within a longer one, nor a word within a longer one.
    """
    marked = {(e.field, document.text[e.start : e.end].strip()) for e in document.entities}
    for field, value in sorted(marked | {(field, value.strip()) for field, value in document.values}):
        if len(value) >= LEAST_LENGTH:
            for found in _pattern(value).finditer(document.text):
                yield field, found.start(), found.end()


def _pattern(value: str) -> re.Pattern[str]:
    words = r"\s+".join(re.escape(word) for word in value.split())
    before = r"(?<![\d.,])" if value[0].isdigit() else r"(?<!\w)"
    after = r"(?![.,]?\d)" if value[-1].isdigit() else r"(?!\w)"
    return re.compile(before + words + after, re.IGNORECASE)

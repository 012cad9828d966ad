"""What a labelled document teaches of each token, field by field; the same for training and for calibration."""

import numpy as np
from numpy.typing import NDArray

from docmill.pipeline.window import Tokens
from docmill.training.corpus import LabelledDocument
from docmill.training.repeats import repeats

OUTSIDE, BEGIN, INSIDE, IGNORED = 0, 1, 2, -100


def tags_of(document: LabelledDocument, tokens: Tokens, fields: tuple[str, ...]) -> NDArray[np.int8]:
    """[T, F]: the tag of each token for each of `fields`, which the document's source annotates.

    IGNORED is a field whose value was not found in the text, and so are the other places of a value: whoever marked one
    of them meant the value, and did not say that the others are none. So are places that were marked in doubt.
    """
    columns = {field: column for column, field in enumerate(fields)}
    tags = np.full((len(tokens), len(fields)), OUTSIDE, dtype=np.int8)
    for field, start, end in repeats(document):
        if field in columns:
            tags[_covered(tokens, start, end), columns[field]] = IGNORED
    for place in document.doubtful:
        if place.field in columns:
            tags[_covered(tokens, place.start, place.end), columns[place.field]] = IGNORED
    for entity in sorted(document.entities, key=lambda e: e.start):
        inside = _covered(tokens, entity.start, entity.end)
        if len(inside) and entity.field in columns:
            tags[inside, columns[entity.field]] = INSIDE
            tags[inside[0], columns[entity.field]] = BEGIN
    tags[:, [columns[field] for field in document.unplaced if field in columns]] = IGNORED
    return tags


def _covered(tokens: Tokens, start: int, end: int) -> NDArray[np.intp]:
    """Indices of the tokens that text[start:end] touches."""
    return np.flatnonzero((tokens.starts < end) & (tokens.ends > start))

"""New receipts from old ones: digits permuted, companies and addresses swapped, lines dropped.

Goes by the fields' names (receipt_fields.py); a recipe that would have anything else varied is refused. Worth
several points of F1 on receipts, measured before the first line was written.
"""

import random
import re
from dataclasses import replace

from docmill.training.corpus import Entity, LabelledDocument
from docmill.training.receipt_fields import DATE, SWAPPED

AUGMENTED_SHARE = 0.7
SWAP_SHARE = 0.25
DROP_LINE_SHARE = 0.08


class ReceiptAugmenter:
    """Draws variations of receipts; `pool` gives the companies and addresses to swap in."""

    def __init__(self, pool: list[LabelledDocument], rng: random.Random) -> None:
        self._rng = rng
        self._values = {
            field: [d.text[e.start : e.end] for d in pool for e in d.entities if e.field == field] for field in SWAPPED
        }

    def __call__(self, document: LabelledDocument) -> LabelledDocument:
        """A variation of `document`, or the document itself for a share of the calls."""
        if self._rng.random() > AUGMENTED_SHARE:
            return document
        return self._permute_digits(self._drop_lines(self._swap(document)))

    def _swap(self, document: LabelledDocument) -> LabelledDocument:
        text, entities = document.text, list(document.entities)
        # From the end, so that the offsets of those still to come hold; a swap may drop some of them.
        for entity in sorted(document.entities, key=lambda e: e.start, reverse=True):
            values = self._values.get(entity.field)
            if values and entity in entities and self._rng.random() < SWAP_SHARE:
                keep = entities.index(entity)
                text, entities = _splice(text, entities, entity.start, entity.end, self._rng.choice(values), keep=keep)
        return replace(document, text=text, entities=tuple(entities))

    def _drop_lines(self, document: LabelledDocument) -> LabelledDocument:
        text, entities = document.text, list(document.entities)
        for line in reversed(list(re.finditer(r"[^\n]*\n", text))):
            bare = all(e.end <= line.start() or e.start >= line.end() for e in entities)
            if bare and self._rng.random() < DROP_LINE_SHARE:
                text, entities = _splice(text, entities, line.start(), line.end(), "", keep=None)
        if not text.strip():  # all of its lines
            return document
        return replace(document, text=text, entities=tuple(entities))

    def _permute_digits(self, document: LabelledDocument) -> LabelledDocument:
        """Map digits 1-9 by one permutation outside dates, so that equal amounts stay equal."""
        digits = list("123456789")
        self._rng.shuffle(digits)
        table = str.maketrans("123456789", "".join(digits))
        dates = [(e.start, e.end) for e in document.entities if e.field == DATE]
        pieces, position = [], 0
        for start, end in sorted(dates):  # they may overlap
            pieces += [document.text[position:start].translate(table), document.text[max(position, start) : end]]
            position = max(position, end)
        return replace(document, text="".join([*pieces, document.text[position:].translate(table)]))


def _splice(
    text: str, entities: list[Entity], start: int, end: int, new: str, *, keep: int | None
) -> tuple[str, list[Entity]]:
    """Replace text[start:end]; entities behind it move, entity `keep` takes the new text's extent.

    Entities that overlap the replaced stretch in another way are dropped.
    """
    shift = len(new) - (end - start)
    moved = []
    for i, entity in enumerate(entities):
        if i == keep:
            moved.append(replace(entity, end=start + len(new)))
        elif entity.start >= end:
            moved.append(replace(entity, start=entity.start + shift, end=entity.end + shift))
        elif entity.end <= start:
            moved.append(entity)
    return text[:start] + new + text[end:], moved

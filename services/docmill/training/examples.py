"""Labelled documents to training examples: which windows, which targets, which fields are masked."""

import random
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from docmill.pipeline.window import TextTokenizer, Tokens, Window, Windowing, cut, tokenise
from docmill.training.augment import ReceiptAugmenter
from docmill.training.corpus import LabelledDocument
from docmill.training.recipe import Recipe, Source

OUTSIDE, BEGIN, INSIDE, IGNORED = 0, 1, 2, -100


@dataclass(frozen=True, slots=True)
class Example:
    """A document as the model sees it in one epoch; the first `head` windows decide its type."""

    label: int  # index of the type label, IGNORED where the source gives none
    windows: list[Window]
    tags: list[NDArray[np.int64]]  # per window [L, F]; IGNORED on the frame and for fields not annotated
    head: int


class ExampleMaker:
    """Cuts documents into examples under one recipe."""

    def __init__(self, recipe: Recipe, labels: tuple[str, ...], tokenizer: TextTokenizer, windowing: Windowing) -> None:
        self._recipe = recipe
        self._labels = {label: i for i, label in enumerate(labels)}
        self._fields = {field: i for i, field in enumerate(recipe.field_names)}
        self._tokenizer = tokenizer
        self._windowing = windowing
        self._cache: dict[str, tuple[list[Window], NDArray[np.int8]]] = {}

    def label_index(self, label: str) -> int:
        """Position of a full label in the type head."""
        return self._labels[label]

    def __call__(self, document: LabelledDocument, source: Source, rng: random.Random) -> Example:
        """The head windows of a document and a fresh draw of its others."""
        windows, targets = self._cut(document, cache=not source.augment)
        head = min(self._recipe.encoder.type_windows, len(windows))
        chosen = windows[:head]
        bearing: list[Window] = []
        bare: list[Window] = []
        for window in windows[head:]:
            inside = targets[window.first : window.first + window.length]
            (bearing if (inside == BEGIN).any() else bare).append(window)
        if source.entity_windows or source.other_windows:
            chosen += rng.sample(bearing, min(source.entity_windows, len(bearing)))
            chosen += rng.sample(bare, min(source.other_windows, len(bare)))
        else:
            chosen += bearing + bare
        tags = []
        for window in chosen:
            tag = np.full((window.length + 2, len(self._fields)), IGNORED, dtype=np.int64)
            tag[1:-1] = targets[window.first : window.first + window.length]
            tags.append(tag)
        label = IGNORED if document.label is None else self._labels[document.label]
        return Example(label, chosen, tags, head)

    def _cut(self, document: LabelledDocument, *, cache: bool) -> tuple[list[Window], NDArray[np.int8]]:
        """All windows of a document and its targets [T, F]; kept from one epoch to the next unless it varies."""
        if document.id in self._cache:
            return self._cache[document.id]
        tokens = tokenise(self._tokenizer, self._windowing, document.text)
        result = cut(tokens, self._windowing), self._targets(document, tokens)
        if cache:
            self._cache[document.id] = result
        return result

    def _targets(self, document: LabelledDocument, tokens: Tokens) -> NDArray[np.int8]:
        """[T, F]: the tag of each token for each field; a group's unannotated fields are IGNORED."""
        targets = np.full((len(tokens), len(self._fields)), IGNORED, dtype=np.int8)
        for field in self._recipe.groups[document.group].fields:
            targets[:, self._fields[field]] = OUTSIDE
        for entity in sorted(document.entities, key=lambda e: e.start):
            covered = np.flatnonzero((tokens.starts < entity.end) & (tokens.ends > entity.start))
            if len(covered):
                column = self._fields[entity.field]
                targets[covered, column] = INSIDE
                targets[covered[0], column] = BEGIN
        return targets


def draw_epoch(
    documents: dict[str, list[LabelledDocument]],
    recipe: Recipe,
    make: ExampleMaker,
    passes: Mapping[str, float],
    rng: random.Random,
) -> list[Example]:
    """One epoch's examples over all sources, shuffled: repeated, capped by label and augmented as the recipe says."""
    examples = []
    for source in recipe.sources:
        drawn = _draw(documents[source.name], source.per_label, passes[source.name], rng)
        augment = ReceiptAugmenter(documents[source.name], rng) if source.augment else None
        examples += [make(augment(d) if augment else d, source, rng) for d in drawn]
    rng.shuffle(examples)
    return [example for example in examples if example.windows]


def _draw(
    documents: list[LabelledDocument], per_label: int | None, passes: float, rng: random.Random
) -> list[LabelledDocument]:
    """`passes` times the documents, each time capped anew; a fraction is a share of the last pass."""
    whole, fraction = divmod(passes, 1)
    drawn = [d for _ in range(int(whole)) for d in _cap(documents, per_label, rng)]
    last = _cap(documents, per_label, rng)
    return drawn + rng.sample(last, round(fraction * len(last)))


def _cap(documents: list[LabelledDocument], per_label: int | None, rng: random.Random) -> list[LabelledDocument]:
    if per_label is None:
        return documents
    by_label: dict[str | None, list[LabelledDocument]] = defaultdict(list)
    for document in documents:
        by_label[document.label].append(document)
    return [d for group in by_label.values() for d in rng.sample(group, min(per_label, len(group)))]

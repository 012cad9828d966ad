"""Labelled documents to training examples: which windows, which targets, which fields are masked."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from docmill.pipeline.window import TextTokenizer, Tokens, Window, Windowing, cut, tokenise
from docmill.training.corpus import LabelledDocument
from docmill.training.recipe import Recipe, Source
from docmill.training.targets import BEGIN, IGNORED, tags_of


@dataclass(frozen=True, slots=True)
class Example:
    """A document as the model sees it once; its first `head` windows tell its type."""

    label: int  # index of the type label, IGNORED where the source gives none
    windows: list[Window]
    tags: list[NDArray[np.int64]]  # per window [L, F]; IGNORED on the frame and for fields not annotated
    head: int

    @property
    def tokens(self) -> int:
        return sum(len(window.ids) for window in self.windows)


@dataclass(frozen=True, slots=True)
class _Bearing:
    """A window in which an entity begins, and of which fields."""

    window: Window
    fields: frozenset[int]


@dataclass(frozen=True, slots=True)
class _Cut:
    """All windows of a document, its targets [T, F], and which windows behind the head begin an entity."""

    windows: list[Window]
    targets: NDArray[np.int8]
    bearing: list[_Bearing]
    bare: list[Window]


class ExampleMaker:
    """Cuts documents into examples under one recipe. Documents of one id have one text, unless they are varied."""

    def __init__(self, recipe: Recipe, labels: Sequence[str], tokenizer: TextTokenizer, windowing: Windowing) -> None:
        self._recipe = recipe
        self._labels = {label: i for i, label in enumerate(labels)}
        self._fields = {field: i for i, field in enumerate(recipe.field_names)}
        self._sources = {source.name: source for source in recipe.sources}
        self._tokenizer = tokenizer
        self._windowing = windowing
        self._cache: dict[str, _Cut] = {}

    def label_index(self, label: str) -> int:
        """Position of a full label in the type head."""
        return self._labels[label]

    def __call__(self, document: LabelledDocument, rng: random.Random, *, varied: bool = False) -> Example:
        """A fresh draw of a document's windows. `varied`: its text is not the id's own."""
        source = self._sources[document.source]
        known = self._cut(document) if varied else self._known(document)
        head = self._head(source, known)
        entity_windows, other_windows = _counts(source, known)
        chosen = list(_first_ones(known.windows[: self._behind(source)], head, rng))
        chosen += _drawn(known.bearing, entity_windows, rng)
        chosen += rng.sample(known.bare, other_windows) if source.other_windows else known.bare[:other_windows]
        tags = []
        for window in chosen:
            tag = np.full((window.length + 2, len(self._fields)), IGNORED, dtype=np.int64)
            tag[1:-1] = known.targets[window.first : window.first + window.length]
            tags.append(tag)
        label = IGNORED if document.label is None else self._labels[document.label]
        return Example(label, chosen, tags, head)

    def cost(self, document: LabelledDocument) -> int:
        """About the tokens of an example of this document; none where it has no token."""
        known = self._known(document)
        source = self._sources[document.source]
        count = self._head(source, known) + sum(_counts(source, known))
        return count * len(known.windows[0].ids) if known.windows else 0  # windows of a document are of one length

    def _head(self, source: Source, known: _Cut) -> int:
        """How many windows are taken of those that decide the type."""
        there = min(self._recipe.encoder.type_windows, len(known.windows))
        return there if source.head_windows is None else min(source.head_windows, there)

    def _behind(self, source: Source) -> int:
        """The first window that is not among those of which the head is taken."""
        most = self._recipe.encoder.type_windows
        return most if source.head_drawn or source.head_windows is None else min(source.head_windows, most)

    def _known(self, document: LabelledDocument) -> _Cut:
        if document.id not in self._cache:
            self._cache[document.id] = self._cut(document)
        return self._cache[document.id]

    def _cut(self, document: LabelledDocument) -> _Cut:
        tokens = tokenise(self._tokenizer, self._windowing, document.text)
        windows, targets = cut(tokens, self._windowing), self._targets(document, tokens)
        bearing: list[_Bearing] = []
        bare: list[Window] = []
        for window in windows[self._behind(self._sources[document.source]) :]:
            inside = targets[window.first : window.first + window.length]
            begun = np.flatnonzero((inside == BEGIN).any(0)).tolist()
            if begun:
                bearing.append(_Bearing(window, frozenset(begun)))
            else:
                bare.append(window)
        return _Cut(windows, targets, bearing, bare)

    def _targets(self, document: LabelledDocument, tokens: Tokens) -> NDArray[np.int8]:
        """[T, F]: the tag of each token for each field; fields that the source does not annotate are IGNORED."""
        targets = np.full((len(tokens), len(self._fields)), IGNORED, dtype=np.int8)
        taught = self._recipe.taught_fields(self._sources[document.source])
        targets[:, [self._fields[field] for field in taught]] = tags_of(document, tokens, taught)
        return targets


def _first_ones(windows: list[Window], count: int, rng: random.Random) -> list[Window]:
    """So many of them, in their order; the n-th is drawn with a weight of 1/n."""
    if count == len(windows):
        return windows
    left = list(range(len(windows)))
    chosen: list[int] = []
    while len(chosen) < count:
        [place] = rng.choices(left, [1 / (1 + place) for place in left])
        left.remove(place)
        chosen.append(place)
    return [windows[place] for place in sorted(chosen)]


def _drawn(bearing: Sequence[_Bearing], count: int, rng: random.Random) -> list[Window]:
    """So many of them: first a field is drawn, then a window that bears it, so that rare fields are not crowded out."""
    left = list(bearing)
    chosen: list[Window] = []
    while len(chosen) < count and left:
        field = rng.choice(sorted({field for one in left for field in one.fields}))
        place = rng.choice([i for i, one in enumerate(left) if field in one.fields])
        chosen.append(left.pop(place).window)
    return chosen


def _counts(source: Source, known: _Cut) -> tuple[int, int]:
    """How many windows behind the head are taken: of those that begin an entity, and of the others."""
    if source.entity_windows or source.other_windows:
        return min(source.entity_windows, len(known.bearing)), min(source.other_windows, len(known.bare))
    return len(known.bearing), len(known.bare)

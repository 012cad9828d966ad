"""What one training stage sees, step by step: planned beforehand, so that a killed run goes on with the same steps."""

import random
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from docmill.training.augment import ReceiptAugmenter
from docmill.training.corpus import LabelledDocument
from docmill.training.examples import Example, ExampleMaker
from docmill.training.recipe import Recipe, Source

Documents = Mapping[str, Sequence[LabelledDocument]]  # by source


@dataclass(frozen=True, slots=True)
class Draw:
    """A document at one place of the plan; `number` seeds what varies of it."""

    document: LabelledDocument
    number: int
    tokens: int  # about


class Course:
    """The steps of a stage that trains on `tokens` of `documents`; the same for the same arguments."""

    def __init__(self, documents: Documents, recipe: Recipe, make: ExampleMaker, tokens: int, seed: str) -> None:
        self._make = make
        self._seed = seed
        self._rng = random.Random()  # noqa: S311
        self._augment = {
            source.name: ReceiptAugmenter(list(documents[source.name]), self._rng)
            for source in recipe.sources
            if source.augment
        }
        draws = plan(documents, recipe, make.cost, tokens, seed)
        self._steps = list(grouped(draws, recipe.training.tokens_per_step))

    def __len__(self) -> int:
        return len(self._steps)

    def examples(self, step: int) -> list[Example]:
        """The examples of one step. Those of a step do not depend on which others were asked for."""
        return [self._example(draw) for draw in self._steps[step]]

    @property
    def tokens(self) -> int:
        """Of all steps, about."""
        return sum(draw.tokens for step in self._steps for draw in step)

    def _example(self, draw: Draw) -> Example:
        self._rng.seed(f"{self._seed}:{draw.number}")
        augment = self._augment.get(draw.document.source)
        varied = augment(draw.document) if augment else draw.document
        return self._make(varied, self._rng, varied=varied is not draw.document)


def plan(
    documents: Documents, recipe: Recipe, cost: Callable[[LabelledDocument], int], tokens: int, seed: str
) -> list[Draw]:
    """Shuffled draws that cost about `tokens`, shared out among the sources as the recipe says.

    A source is drawn pass by pass, each capped by label anew, until its part is spent; at least one document of each.
    """
    rng = random.Random(seed)  # noqa: S311
    costs = {source.name: {d.id: cost(d) for d in documents[source.name]} for source in recipe.sources}
    sizes = {name: sum(of_source.values()) for name, of_source in costs.items()}
    weights = {s.name: s.share * sizes[s.name] ** recipe.training.exponent for s in recipe.sources if sizes[s.name]}
    drawn: list[tuple[LabelledDocument, int]] = []
    for source in recipe.sources:
        if source.name not in weights:
            continue
        left = tokens * weights[source.name] / sum(weights.values())
        for document in _passes([d for d in documents[source.name] if costs[source.name][d.id]], source, rng):
            price = costs[source.name][document.id]
            drawn.append((document, price))
            left -= price
            if left <= 0:
                break
    rng.shuffle(drawn)
    return [Draw(document, number, price) for number, (document, price) in enumerate(drawn)]


def grouped(draws: Sequence[Draw], tokens_per_step: int) -> Iterator[list[Draw]]:
    """Draws in their order, in groups of about `tokens_per_step`."""
    group: list[Draw] = []
    size = 0
    for draw in draws:
        group.append(draw)
        size += draw.tokens
        if size >= tokens_per_step:
            yield group
            group, size = [], 0
    if group:
        yield group


def _passes(documents: Sequence[LabelledDocument], source: Source, rng: random.Random) -> Iterator[LabelledDocument]:
    """The documents of a source again and again, without end."""
    by_label: dict[str | None, list[LabelledDocument]] = defaultdict(list)
    for document in documents:
        by_label[document.label].append(document)
    while True:
        capped = [
            document
            for of_label in by_label.values()
            for document in rng.sample(of_label, min(source.per_label or len(of_label), len(of_label)))
        ]
        rng.shuffle(capped)
        yield from capped

"""What the rules look at: the corpus, the recipe, and which texts are alike, computed once."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from docmill.training.corpus import Corpus, LabelledDocument, SourcePart
from docmill.training.likeness import COPY_RESEMBLANCE, alike, resemblance
from docmill.training.recipe import Recipe, Source
from docmill.training.row import LabelledRow


@dataclass(frozen=True, slots=True)
class Placed:
    """A document and the part that it stands in."""

    part: str
    document: LabelledDocument

    def __str__(self) -> str:
        return self.document.id if self.part == "train" else f"{self.document.id} ({self.part})"


@dataclass(frozen=True, slots=True)
class Pair:
    """Two documents that are alike; the one of the earlier part of the corpus first."""

    first: Placed
    second: Placed
    resemblance: float

    @property
    def is_copy(self) -> bool:
        """Whether next to nothing differs; else they share a form."""
        return self.resemblance >= COPY_RESEMBLANCE

    @property
    def within_training(self) -> bool:
        """Whether both are training documents."""
        return self.first.part == self.second.part == "train"

    @property
    def across(self) -> bool:
        """Whether one is a training and the other a validation document."""
        return self.first.part != self.second.part

    def __str__(self) -> str:
        return f"{self.first} ~ {self.second}"


@dataclass(frozen=True, slots=True)
class Subject:
    corpus: Corpus
    recipe: Recipe
    pairs: tuple[Pair, ...]

    @classmethod
    def of(cls, corpus: Corpus, recipe: Recipe) -> "Subject":
        """Find what is alike, over all sources and parts."""
        placed = [Placed(part.name, document) for part in corpus.parts for document in part.documents]
        texts = [p.document.text for p in placed]
        pairs = tuple(
            Pair(placed[earlier], placed[later], resemblance(texts[earlier], texts[later]))
            for later, earlier in alike(texts)
        )
        return cls(corpus, recipe, pairs)

    def training(self, group: str | None = None) -> Iterator[LabelledDocument]:
        """Training documents, of all groups or of one."""
        return self._documents("train", group)

    def validation(self, group: str | None = None) -> Iterator[LabelledDocument]:
        """Validation documents likewise."""
        return self._documents("validation", group)

    def sources(self) -> Iterator[tuple[Source, list[SourcePart]]]:
        """Each source with its parts."""
        for source in self.recipe.sources:
            yield source, [part for part in self.corpus.parts if part.source.name == source.name]

    def labels(self, part: str, group: str) -> Counter[str]:
        """Documents by full label, in one part. Where the recipe lists labels: those, also when nobody bears one."""
        known = self.recipe.known_labels(group)
        counts: Counter[str] = Counter(dict.fromkeys(sorted(known or ()), 0))
        labels = (d.label for d in self._documents(part, group))
        counts.update(label for label in labels if label is not None and (known is None or label in known))
        return counts

    def rows(self, part: SourcePart) -> Iterator[LabelledRow]:
        """Rows of a part, less those whose label the recipe drops."""
        dropped = self.recipe.labels.drop
        for row in part.rows:
            if row.label is None or self.recipe.merged_label(row.label, part.source) not in dropped:
                yield row

    def _documents(self, part_name: str, group: str | None) -> Iterator[LabelledDocument]:
        for part in self.corpus.parts:
            if part.name == part_name and group in (None, part.source.group):
                yield from part.documents

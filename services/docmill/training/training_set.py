"""The training documents of a recipe in one file of the cache: folds assigned, copies of validation documents gone."""

import hashlib
import json
from collections.abc import Collection, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path

from docmill.errors import ConfigurationError
from docmill.training.corpus import Corpus, Entity, LabelledDocument, without_copies
from docmill.training.folds import assign_folds
from docmill.training.recipe import Recipe
from docmill.training.recipe_stages import OutOfFold

DOCUMENTS_FILE = "documents.jsonl"


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """`documents` by source; `folds` by document id."""

    documents: dict[str, list[LabelledDocument]]
    folds: dict[str, int]

    @property
    def all(self) -> list[LabelledDocument]:
        return [document for of_source in self.documents.values() for document in of_source]

    @property
    def labels(self) -> tuple[str, ...]:
        """In the order of the type head."""
        return tuple(sorted({document.label for document in self.all if document.label is not None}))

    @property
    def digest(self) -> str:
        """SHA-256 over id, label, text, entities and unplaced fields of all documents, and over what values decide.

        Bundles keep it, so it says of documents without such values what it always said.
        """
        digest = hashlib.sha256()
        for document in sorted(self.all, key=lambda d: d.id):
            entities = [astuple(entity) for entity in document.entities]
            kept: list[object] = [document.id, document.label, document.text, entities, document.unplaced]
            if document.values or document.doubtful:
                kept += [[astuple(entity) for entity in document.doubtful], document.values]
            digest.update(json.dumps(kept).encode())
        return digest.hexdigest()

    def without(self, fold: int) -> "TrainingSet":
        """The documents of all other folds."""
        return TrainingSet(self.split(fold)[0], self.folds)

    def split(self, fold: int) -> tuple[dict[str, list[LabelledDocument]], list[LabelledDocument]]:
        """(documents of all other folds by source, those of this fold)."""
        others = {
            name: [document for document in of_source if self.folds[document.id] != fold]
            for name, of_source in self.documents.items()
        }
        return others, [document for document in self.all if self.folds[document.id] == fold]


@dataclass(frozen=True, slots=True)
class Parts:
    """`training` is what may be trained on, `held_out` what nothing may see that is trained; `labels` of both."""

    training: TrainingSet
    held_out: list[LabelledDocument]
    labels: tuple[str, ...]


def read_parts(folder: Path, recipe: Recipe) -> Parts:
    """What a recipe makes of its documents: it holds the last fold out, or has a student for each fold.

    Raises:
        ConfigurationError: a fold that is to be read is empty.
    """
    documents = read_training_set(folder, [source.name for source in recipe.sources])
    last = recipe.out_of_fold.folds - 1
    to_read = {last} if recipe.out_of_fold.tokens is None else set(range(last + 1))
    if empty := to_read - set(documents.folds.values()):
        raise ConfigurationError(
            f"{len(empty)} of {last + 1} folds are without a document, since near-duplicates and layouts stay "
            f"together: lower folds of [out_of_fold], or label documents that are less alike"
        )
    if recipe.out_of_fold.tokens is not None:
        return Parts(documents, [], documents.labels)
    return Parts(documents.without(last), documents.split(last)[1], documents.labels)


def families(corpus: Corpus) -> dict[str, str]:
    """The family of training documents by id, for sources that have some: rows of one `source`."""
    return {
        row.id: f"{part.source.name}: {json.dumps(row.source)}"
        for part in corpus.parts
        if part.name == "train" and part.source.fold_by_source
        for row in part.rows
        if row.source is not None
    }


def write_training_set(corpus: Corpus, out_of_fold: OutOfFold, folder: Path) -> None:
    """Documents of the training parts that are no copy of a validation document.

    Raises:
        ConfigurationError: none is left.
    """
    validation = [document for of_source in corpus.documents("validation").values() for document in of_source]
    training = [document for of_source in corpus.documents("train").values() for document in of_source]
    kept, _ = without_copies(training, validation)
    if not any(document.label is not None for document in kept):
        raise ConfigurationError("the sources of the recipe hold no labelled training document")
    judging = out_of_fold.folds - 1 if out_of_fold.tokens is None else None  # else each of them does
    turns = {part.source.name: part.source.dealt for part in corpus.parts}
    assigned = assign_folds(kept, families(corpus), out_of_fold.folds, judging, turns=turns)
    lines = (json.dumps(_row(document, assigned[document.id])) for document in kept)
    (folder / DOCUMENTS_FILE).write_text("".join(line + "\n" for line in lines), encoding="utf-8")


def read_training_set(folder: Path, sources: Sequence[str]) -> TrainingSet:
    """What `write_training_set` wrote."""
    documents: dict[str, list[LabelledDocument]] = {name: [] for name in sources}
    folds = {}
    with (folder / DOCUMENTS_FILE).open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            document = LabelledDocument(
                id=row["id"],
                source=row["source"],
                group=row["group"],
                label=row["label"],
                text=row["text"],
                entities=_entities(row["entities"]),
                unplaced=tuple(row["unplaced"]),
                doubtful=_entities(row["doubtful"]),
                values=tuple((field, value) for field, value in row["values"]),
            )
            documents[document.source].append(document)
            folds[document.id] = row["fold"]
    return TrainingSet(documents, folds)


def sample(documents: Collection[LabelledDocument], per_label: int) -> list[LabelledDocument]:
    """At most so many documents of each label, the same ones whatever the order; those without a label are left out."""
    by_label: dict[str, list[LabelledDocument]] = {}
    for document in sorted(documents, key=lambda d: hashlib.sha256(d.id.encode()).digest()):
        if document.label is not None:
            by_label.setdefault(document.label, []).append(document)
    return [document for label in sorted(by_label) for document in by_label[label][:per_label]]


def _row(document: LabelledDocument, fold: int) -> dict[str, object]:
    return {
        "id": document.id,
        "source": document.source,
        "group": document.group,
        "label": document.label,
        "text": document.text,
        "entities": [astuple(entity) for entity in document.entities],
        "unplaced": list(document.unplaced),
        "doubtful": [astuple(entity) for entity in document.doubtful],
        "values": list(document.values),
        "fold": fold,
    }


def _entities(rows: Sequence[tuple[str, int, int]]) -> tuple[Entity, ...]:
    return tuple(Entity(field, start, end) for field, start, end in rows)

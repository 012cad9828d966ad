"""Labelled documents: reading, and which of them are near-duplicates."""

from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path

from docmill.errors import ConfigurationError
from docmill.training.likeness import COPY_RESEMBLANCE, alike, resemblance
from docmill.training.mapping import WHAT_TO_DO, unknown_names
from docmill.training.recipe import Recipe, Source
from docmill.training.row import LabelledRow, read_rows
from docmill.training.value_places import settle, values_of

PARTS = ("train", "validation")

Places = Path | Sequence[Path] | Mapping[str, Path]  # of sources: a folder, folders to look in, or one by source


@dataclass(frozen=True, slots=True)
class Entity:
    """`text[start:end]` of its document carries `field`; code points."""

    field: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class LabelledDocument:
    """`unplaced` are fields whose value is known, but not where it stands: the document cannot teach their absence.

    `doubtful` are places that were marked, and hold none of the values that the row names: they teach nothing.
    `values`, field and value as written, are what is right of a field where the row decides it, wherever it stands;
    of other fields what the entities hold is.
    """

    id: str
    source: str
    group: str
    label: str | None  # full name, group first; None: the source gives no single one
    text: str
    entities: tuple[Entity, ...]
    unplaced: tuple[str, ...] = ()
    doubtful: tuple[Entity, ...] = ()
    values: tuple[tuple[str, str], ...] = ()

    def right_texts(self, field: str) -> list[str]:
        """What a field holds, as it is written."""
        named = [value for name, value in self.values if name == field]
        return named or [self.text[e.start : e.end] for e in self.entities if e.field == field]


@dataclass(frozen=True, slots=True)
class SourcePart:
    """One file: its rows as they are written, and the documents that the recipe makes of them."""

    source: Source
    name: str  # of PARTS
    rows: tuple[LabelledRow, ...]
    documents: tuple[LabelledDocument, ...]  # those of dropped labels are left out


@dataclass(frozen=True, slots=True)
class Corpus:
    """All parts of all sources of a recipe, in its order."""

    parts: tuple[SourcePart, ...]

    def documents(self, part_name: str) -> dict[str, list[LabelledDocument]]:
        """Documents of one part by source."""
        return {part.source.name: list(part.documents) for part in self.parts if part.name == part_name}


def part(data: Places, source: str, name: str) -> Path:
    """The file of one part (`train`, `validation`) of a source, in the first of the folders that has it.

    Raises:
        ConfigurationError: it is not there.
    """
    folders = _folders(data, source)
    for folder in folders:
        for suffix in (".jsonl", ".jsonl.gz"):
            path = folder / source / f"{name}{suffix}"
            if path.exists():
                return path
    places = ", ".join(str(folder / source) for folder in folders)
    raise ConfigurationError(f"no {name}.jsonl[.gz] in {places}; set DOCMILL_DATA to the folder of sources")


def _folders(data: Places, source: str) -> Sequence[Path]:
    if isinstance(data, Path):
        return [data]
    return [data[source]] if isinstance(data, Mapping) else data


def load_part(data: Places, source: Source, name: str, recipe: Recipe) -> list[LabelledDocument]:
    """All labelled documents of one part of a source, in file order."""
    return list(read_part(data, source, name, recipe).documents)


def read_part(data: Places, source: Source, name: str, recipe: Recipe) -> SourcePart:
    """One part of a source; names that the recipe does not know are let pass, see `unknown_names`.

    Raises:
        ConfigurationError: the file is not there or a line is no labelled document.
    """
    rows = tuple(read_rows(part(data, source.name, name)))
    documents = (_document(row, source, recipe) for row in rows)
    return SourcePart(source, name, rows, tuple(document for document in documents if document is not None))


def read_corpus(data: Places, recipe: Recipe) -> Corpus:
    """All parts of all sources, whatever names they use.

    Raises:
        ConfigurationError: as `read_part`.
    """
    return Corpus(tuple(read_part(data, source, name, recipe) for source in recipe.sources for name in PARTS))


def load_corpus(data: Places, recipe: Recipe) -> Corpus:
    """As `read_corpus`, and every name in the data means something.

    Raises:
        ConfigurationError: as `read_part`, or labels or entities are neither mapped nor known.
    """
    corpus = read_corpus(data, recipe)
    unknown = [(part, unknown_names(part.rows, part.source, recipe)) for part in corpus.parts]
    lines = [f"{part.source.name} ({part.name}): {names}" for part, names in unknown if names]
    if lines:
        told = "\n  ".join(["the recipe neither maps nor knows", *lines])
        raise ConfigurationError("\n".join([told, *WHAT_TO_DO.values()]))
    return corpus


def _document(row: LabelledRow, source: Source, recipe: Recipe) -> LabelledDocument | None:
    """None: its label is dropped."""
    label = None if row.label is None else recipe.merged_label(row.label, source)
    if label in recipe.labels.drop:
        return None
    entities = []
    for entity in row.entities:
        field = recipe.source_field(entity.label, source)
        if field is not None:
            entities.append(Entity(field, entity.start, entity.end))
    kept = None if label in recipe.labels.unlabel else label
    unplaced = _unplaced(row, source, recipe, {entity.field for entity in entities})
    document = LabelledDocument(row.id, source.name, source.group, kept, row.text, tuple(entities), unplaced)
    return _decided_by_values(document, row, source, recipe) if source.values_decide else document


def _decided_by_values(
    document: LabelledDocument, row: LabelledRow, source: Source, recipe: Recipe
) -> LabelledDocument:
    """The same document: of a field whose values its row names and that they decide, what is marked besides is in
    doubt.
    """
    entities: list[Entity] = []
    doubtful: list[Entity] = []
    values: list[tuple[str, str]] = []
    decided = [field for field in recipe.taught_fields(source) if source.decides(field)]
    for field in decided:
        marked = [(entity.start, entity.end) for entity in document.entities if entity.field == field]
        settled = settle(row, field, marked, source, recipe)
        entities += (Entity(field, *place) for place in settled.places)
        doubtful += (Entity(field, *place) for place in settled.doubtful)
        values += ((field, value) for value in sorted(values_of(row, field, source, recipe)))
    entities += (entity for entity in document.entities if entity.field not in decided)
    unplaced = {field for field, _ in values} - {entity.field for entity in entities}
    unplaced |= set(document.unplaced) - set(decided)
    return replace(
        document,
        entities=tuple(entities),
        unplaced=tuple(field for field in recipe.taught_fields(source) if field in unplaced),
        doubtful=tuple(doubtful),
        values=tuple(values),
    )


def _unplaced(row: LabelledRow, source: Source, recipe: Recipe, placed: Set[str]) -> tuple[str, ...]:
    """Fields of which the row has a value and no entity: scanned text seldom has it letter by letter."""
    return tuple(
        field for field in recipe.taught_fields(source) if field not in placed and has_value(row, field, recipe)
    )


def has_value(row: LabelledRow, field: str, recipe: Recipe) -> bool:
    """Whether the row says under `fields` what the field's value is, wherever it stands."""
    aliases = recipe.fields[field].values
    return any(row.fields.get(name) for name in ((field,) if aliases is None else aliases))


def near_duplicates(documents: Sequence[LabelledDocument]) -> list[list[LabelledDocument]]:
    """Clusters of documents that are alike, or alike to the same third one."""
    parent = list(range(len(documents)))

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    for index, other in alike(document.text for document in documents):
        parent[root(index)] = root(other)
    clusters: dict[int, list[LabelledDocument]] = defaultdict(list)
    for index, document in enumerate(documents):
        clusters[root(index)].append(document)
    return list(clusters.values())


def without_copies(
    training: Sequence[LabelledDocument], validation: Sequence[LabelledDocument]
) -> tuple[list[LabelledDocument], list[LabelledDocument]]:
    """Split training documents into (kept, dropped): those dropped are copies of a validation document.

    The validation part stays as it is, so that figures of different trainings compare. Documents that only share a
    form with a validation document stay.
    """
    texts = [document.text for document in (*validation, *training)]
    first = len(validation)
    across = ((later, earlier) for later, earlier in alike(texts) if earlier < first <= later)
    copies = {
        later - first for later, earlier in across if resemblance(texts[later], texts[earlier]) >= COPY_RESEMBLANCE
    }
    kept = [document for index, document in enumerate(training) if index not in copies]
    return kept, [document for index, document in enumerate(training) if index in copies]

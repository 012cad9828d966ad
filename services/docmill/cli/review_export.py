"""Decided documents to labelled ones, as `docmill train` reads them. Pure; does not know where they were read."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from pydantic import BaseModel, ConfigDict, JsonValue, TypeAdapter, ValidationError

from docmill.evaluation.labels import group_of
from docmill.training.row import LabelledRow, RowEntity
from docmill_schemas.events import KnowledgeUpdated

ENTITIES = "entities"  # of an exemplar's metadata: the decided spans as JSON


class _Span(BaseModel):
    """A decided field as the arbiter writes it."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    name: str
    start: int
    end: int
    value: str | None = None


SPANS = TypeAdapter(tuple[_Span, ...])


@dataclass(slots=True)
class Export:
    """Labelled rows, and what could not become one: its id, and why."""

    rows: list[LabelledRow] = field(default_factory=list)
    left_out: list[tuple[str, str]] = field(default_factory=list)


def groups(exemplars: Iterable[KnowledgeUpdated]) -> Counter[str]:
    """How many decisions there are on types of each group."""
    return Counter(group_of(one.document_type) for one in exemplars if one.document_type)


def export_rows(exemplars: Iterable[KnowledgeUpdated], group: str) -> Export:
    """The decisions on types of a group, labelled as a source of that group in a recipe: without the group's name."""
    export = Export()
    for one in exemplars:
        label = one.document_type
        if not label:
            export.left_out.append((one.passage_id, "it has no document type"))
        elif group_of(label) == group:
            try:
                export.rows.append(labelled_row(one, label))
            except ValueError as error:
                export.left_out.append((one.passage_id, str(error)))
    return export


def labelled_row(exemplar: KnowledgeUpdated, label: str) -> LabelledRow:
    """A decided document as a row.

    Raises:
        ValueError: its spans cannot be read or do not stand in its text; the message holds no text of it.
    """
    described = exemplar.metadata.get(ENTITIES)
    if described is None:
        raise ValueError("it does not say where its fields stand")
    try:
        spans = SPANS.validate_json(described)
    except ValidationError as error:
        raise ValueError("where its fields stand cannot be read") from error
    text = exemplar.text
    if not all(0 <= one.start < one.end <= len(text) for one in spans):
        raise ValueError("its fields do not all stand in its text")
    entities = tuple(
        RowEntity(label=one.name, start=one.start, end=one.end, text=text[one.start : one.end]) for one in spans
    )
    values: defaultdict[str, list[JsonValue]] = defaultdict(list)
    for one in spans:
        values[one.name].append(text[one.start : one.end])
    return LabelledRow(
        id=exemplar.passage_id,
        text=text,
        label=label.partition(".")[2] or label,
        entities=entities,
        fields=dict(values),
    )

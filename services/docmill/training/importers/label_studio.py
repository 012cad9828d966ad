"""Label Studio's JSON export: labels become spans, choices the document's type.

Source: Label Studio's task format (labelstud.io/guide/task_format). Predictions and drafts are never read.
"""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from docmill.errors import ConfigurationError
from docmill.training.importers.formats import Annotators
from docmill.training.importers.imported import Imported, Unusable, clean_label, read_text
from docmill.training.importers.offsets import EXACT, settle
from docmill.training.row import LabelledRow, RowEntity


class Value(BaseModel):
    model_config = ConfigDict(frozen=True)
    start: int | str | None = None  # a text where the region is one of HTML
    end: int | str | None = None
    text: str | list[str] | None = None
    labels: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()


class Region(BaseModel):
    model_config = ConfigDict(frozen=True)
    type: str
    from_name: str = ""
    value: Value = Value()


class Annotation(BaseModel):
    model_config = ConfigDict(frozen=True)
    result: tuple[Region, ...] = ()
    was_cancelled: bool | None = False
    ground_truth: bool | None = False


class Task(BaseModel):
    model_config = ConfigDict(frozen=True)
    id: int | str
    data: dict[str, Any]
    annotations: tuple[Annotation, ...] | None = None
    completions: tuple[Annotation, ...] | None = None  # the name before version 1.0


@dataclass(frozen=True, slots=True)
class Reading:
    """`text_key` of a task's data, `choice` the name of the control that gives the type; None: the only one there."""

    text_key: str | None = None
    choice: str | None = None
    annotators: Annotators = Annotators.MAJORITY


def import_label_studio(path: Path, reading: Reading) -> Imported:
    """Tasks with an annotation that was neither cancelled nor, where types are asked for, left empty.

    Raises:
        ConfigurationError: the file is no such export, or it does not tell which text or choice is meant.
    """
    imported = Imported()
    tasks = list(_tasks(path, imported))
    names = Counter(r.from_name for _, t in tasks for a in _valid(t) for r in a.result if _is_choice(r))
    choice = _only(path, "choice", reading.choice, list(names), "--choice")
    keys = Counter(key for _, task in tasks for key, value in task.data.items() if isinstance(value, str))
    key = _only(path, "text", reading.text_key or ("text" if "text" in keys else None), list(keys), "--text-key")
    for where, task in tasks:
        try:
            imported.add(_row(task, key, choice, reading.annotators, imported), where)
        except Unusable as unusable:
            imported.skip(where, str(unusable))
    return imported


def _tasks(path: Path, imported: Imported) -> Iterator[tuple[str, Task]]:
    try:
        values = json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        where = f", line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise ConfigurationError(f"{path}{where}: not JSON. Export the project as JSON") from error
    if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
        raise ConfigurationError(f"{path}: no list of tasks. Export the project as JSON")
    if values and not any("data" in value for value in values):
        raise ConfigurationError(f"{path}: tasks without `data`, such as JSON-MIN has them. Export the project as JSON")
    for number, value in enumerate(values, start=1):
        where = f"task {value.get('id', '?')!s:.40} (number {number})"
        try:
            yield where, Task.model_validate(value)
        except ValidationError as error:
            first = error.errors()[0]
            imported.skip(where, f"{'.'.join(map(str, first['loc']))}: {first['msg']}")


def _valid(task: Task) -> list[Annotation]:
    """Annotations that count: the ground truth alone where there is one."""
    given = [a for a in (*(task.annotations or ()), *(task.completions or ())) if not a.was_cancelled]
    return [a for a in given if a.ground_truth] or given


def _only(path: Path, what: str, wanted: str | None, there: Sequence[str], option: str) -> str | None:
    """The one that is wanted, else the only one that is there; None where there is none."""
    if wanted is not None and wanted not in there:
        raise ConfigurationError(f"{path}: no {what} is named {wanted}; there are {', '.join(there) or 'none'}")
    if wanted is None and len(there) > 1:
        raise ConfigurationError(f"{path}: several could be the {what}: {', '.join(there)}. Name one with {option}")
    return wanted or (there[0] if there else None)


def _row(task: Task, key: str | None, choice: str | None, annotators: Annotators, imported: Imported) -> LabelledRow:
    text = task.data.get(key) if key is not None else None
    if not isinstance(text, str):
        raise Unusable("no text among its data")
    annotations = _valid(task)
    if not annotations:
        cancelled = task.annotations or task.completions
        raise Unusable("every annotation was cancelled" if cancelled else "not annotated")
    if len(annotations) > 1:
        imported.note(f"documents with several annotators: {annotators} counts")
    if annotators is Annotators.FIRST:
        annotations = annotations[:1]
    label = _label([_chosen(a, choice, imported) for a in annotations], imported)
    spans = _agreed([set(_spans(a, imported)) for a in annotations], imported)
    if choice is not None and label is None and not spans:
        raise Unusable("annotated with neither a type nor a span")
    if not spans and choice is None:
        imported.note("documents without a span: they will teach that none of the fields is there")
    entities = [
        RowEntity(label=name, start=start, end=end, text=said) for start, end, name, said in sorted(spans, key=str)
    ]
    clean, settled, how = settle(text, entities)
    if how != EXACT:
        imported.note(f"documents whose spans were counted in {how}, put right")
    return LabelledRow(id=str(task.id), text=clean, label=label, entities=settled)


def _is_choice(region: Region) -> bool:
    return region.type == "choices" and region.value.start is None  # with a start it is of a region, not the document


def _chosen(annotation: Annotation, choice: str | None, imported: Imported) -> str | None:
    """The type that one annotator chose, None where there is none or several."""
    chosen = {c for r in annotation.result if _is_choice(r) and r.from_name == choice for c in r.value.choices}
    if len(chosen) > 1:
        imported.note("annotations with several types: taken as none")
        return None
    return clean_label(next(iter(chosen), None))


def _label(chosen: Sequence[str | None], imported: Imported) -> str | None:
    """What most chose; with a tie, what the first of those chose."""
    counts = Counter(label for label in chosen if label is not None)
    if len(counts) > 1:
        imported.note("documents whose annotators chose different types")
    return max(counts, key=lambda label: counts[label], default=None)  # the first of the most frequent


def _spans(annotation: Annotation, imported: Imported) -> Iterator[tuple[int, int, str, str | None]]:
    """(start, end, label, text) of the labels of one annotation."""
    for region in annotation.result:
        value = region.value
        if region.type == "labels" and isinstance(value.start, int) and isinstance(value.end, int):
            said = value.text if isinstance(value.text, str) else None
            yield from ((value.start, value.end, label, said) for label in value.labels)
        elif region.type in ("hypertextlabels", "labels"):
            raise Unusable("marked as HTML or in a paragraph list: offsets are no offsets of the text")
        elif region.type != "choices":
            imported.note(f"regions of type {region.type}: passed over")


def _agreed(
    spans: Sequence[set[tuple[int, int, str, str | None]]], imported: Imported
) -> set[tuple[int, int, str, str | None]]:
    """Spans that more than half of the annotators marked alike."""
    counts = Counter(span for one in spans for span in one)
    agreed = {span for span, count in counts.items() if 2 * count > len(spans)}
    imported.note("spans that no majority marked alike, left out", len(counts) - len(agreed))
    return agreed

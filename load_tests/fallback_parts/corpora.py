"""Labelled documents to the parts of the measurement: half A, half B, test. Knows no model.

Near-duplicates never stand on two sides: they share a half, and what resembles a validation document is left out.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from docmill.training.corpus import LabelledDocument, part
from docmill.training.folds import assign_folds
from docmill.training.likeness import alike
from docmill.training.row import LabelledRow, read_rows

Folders = Path | Sequence[Path]  # of sources
FOLDS = 5  # of half A
TUNING_FOLD = 0  # of half A: what the bundle is not trained on that reads validation, and nor is the one of both halves
OTHER_FOLDS = tuple(number for number in range(FOLDS) if number != TUNING_FOLD)


@dataclass(frozen=True, slots=True)
class Halves:
    """Documents of one source that have a label. `fold` is that of each document of half A, by id."""

    source: str
    half_a: tuple[LabelledDocument, ...]  # trained on
    half_b: tuple[LabelledDocument, ...]  # indexed, never trained on
    test: tuple[LabelledDocument, ...]  # the validation part
    fold: dict[str, int]
    left_out: int  # training documents that resemble a test document

    @property
    def everything(self) -> tuple[LabelledDocument, ...]:
        """All documents."""
        return (*self.half_a, *self.half_b, *self.test)

    @property
    def labels(self) -> tuple[str, ...]:
        """All labels, sorted."""
        return tuple(sorted({document.label or "" for document in self.everything}))


def split(source: str, training: Sequence[LabelledDocument], validation: Sequence[LabelledDocument]) -> Halves:
    """Deal the training documents into halves, label by label; those without a label are passed over."""
    test = tuple(document for document in validation if document.label is not None)
    labelled = [document for document in training if document.label is not None]
    kept = unlike(labelled, test)
    half = assign_folds(kept, {}, 2)
    a, b = (tuple(document for document in kept if half[document.id] == number) for number in (0, 1))
    return Halves(source, a, b, test, assign_folds(a, {}, FOLDS), len(labelled) - len(kept))


def read_halves(data: Folders, source: str, limit: int | None = None) -> Halves:
    """The halves of a source, of the first folder that has it, labels as it writes them; of training documents the
    first `limit`.

    Raises:
        ConfigurationError: the source is not there or a line is no labelled document.
    """
    train, validation = (
        [_document(row, source) for row in read_rows(part(data, source, name))] for name in ("train", "validation")
    )
    return split(source, train[:limit], validation)


def read_validation(data: Folders, source: str) -> Halves:
    """The validation documents of a source alone: its halves are empty. Raises: as `read_halves`."""
    return split(source, (), [_document(row, source) for row in read_rows(part(data, source, "validation"))])


def unlike(training: Sequence[LabelledDocument], test: Sequence[LabelledDocument]) -> list[LabelledDocument]:
    """Training documents that resemble no test document, not even by sharing a form with it."""
    texts = [document.text for document in (*test, *training)]
    first = len(test)
    gone = {later - first for later, earlier in alike(texts) if earlier < first <= later}
    return [document for index, document in enumerate(training) if index not in gone]


def write_halves(data: Path, source: str, out: Path) -> None:
    """Folders to train bundles on: `a` (half A without its tuning fold) and `ab` (that and half B), rows as they are;
    then `a1` and so on, half A without another of its folds.

    Rows without a label teach fields: those stay in all.

    Raises:
        ConfigurationError: as `read_halves`.
    """
    halves = read_halves(data, source)
    own = [{id for id, fold in halves.fold.items() if fold == number} for number in range(FOLDS)]
    half_b = {document.id for document in halves.half_b}
    rows = list(read_rows(part(data, source, "train")))
    labelled = {document.id for document in (*halves.half_a, *halves.half_b)}
    usable = [row for row in rows if row.label is None or row.id in labelled]
    everything = {row.id for row in usable}
    folders = {"a": everything - half_b - own[TUNING_FOLD], "ab": everything - own[TUNING_FOLD]}
    folders |= {f"a{number}": everything - half_b - own[number] for number in OTHER_FOLDS}
    for name, ids in folders.items():
        folder = out / name / source
        folder.mkdir(parents=True, exist_ok=True)
        lines = (row.model_dump_json() + "\n" for row in usable if row.id in ids)
        (folder / "train.jsonl").write_text("".join(lines), encoding="utf-8")
        validation = (row.model_dump_json() + "\n" for row in read_rows(part(data, source, "validation")))
        (folder / "validation.jsonl").write_text("".join(validation), encoding="utf-8")
    told = {"tuning": len(own[TUNING_FOLD]), "half_b": len(half_b), "left_out": halves.left_out}
    (out / f"{source}.json").write_text(json.dumps(told) + "\n", encoding="utf-8")


def _document(row: LabelledRow, source: str) -> LabelledDocument:
    return LabelledDocument(row.id, source, source, row.label, row.text, ())

"""Documents of types that a recipe unlabels: to training without a type, to certificates wrong whatever they are."""

from pathlib import Path

from docmill.training.other_types import other_types, read_other_types, write_other_types
from docmill.training.training_set import read_training_set, write_training_set
from tests.unit.training.corpora import read, recipe, row

POST = {"name": "post", "labels": {"alt": "other"}}
OF_TYPES = recipe([POST], labels={"unlabel": ["letter.other"]})
ROWS = [
    row("new", "new", "Bob in Delaware"),
    row("by name", "other", "Ann alone"),
    row("mapped", "alt", "Eve under Ohio"),
    row("nobody said", None, "no label"),
]
THEIRS = {"by name", "mapped"}


def test_they_are_those_whose_row_names_such_a_type(tmp_path: Path) -> None:
    """Under whatever name; a row without a label may be of any type. Those of validation are no training documents."""
    corpus = read(tmp_path, OF_TYPES, {"post": ROWS}, {"post": [row("of validation", "other", "Zoe at sea")]})
    assert other_types(corpus, OF_TYPES) == THEIRS
    write_other_types(corpus, OF_TYPES, tmp_path)
    assert read_other_types(tmp_path) == THEIRS


def test_training_does_not_know_them_from_documents_without_a_label(tmp_path: Path) -> None:
    write_training_set(read(tmp_path, OF_TYPES, {"post": ROWS}), OF_TYPES.out_of_fold, tmp_path)
    documents = read_training_set(tmp_path, [source.name for source in OF_TYPES.sources]).all
    assert {d.id for d in documents if d.label is None} == {*THEIRS, "nobody said"}

"""The words by which the command line chooses what an importer does. Imports nothing heavy."""

from enum import StrEnum


class Format(StrEnum):
    """What `docmill train import` reads."""

    JSONL = "jsonl"
    CSV = "csv"
    LABEL_STUDIO = "label-studio"
    CONLL = "conll"


class Annotators(StrEnum):
    """Whose word counts where several annotated a document and none of them is the ground truth."""

    MAJORITY = "majority"
    FIRST = "first"


class Unit(StrEnum):
    """What is one document of a CoNLL file: what lies between markers, a sentence, or the whole file."""

    MARKED = "marked"
    SENTENCE = "sentence"
    FILE = "file"

"""What the quality gate says. Does not know how it is shown."""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How bad it is, worst first."""

    REFUSE = "refuse"  # training is pointless or would teach what is wrong
    WARN = "warn"  # training works, and a person should know
    NOTE = "note"  # good to know when reading the figures


class Code(StrEnum):
    """What was found. Never renamed: scripts read them."""

    UNKNOWN_NAMES = "unknown_names"
    IDLE_MAPPING = "idle_mapping"
    DUPLICATE_ID = "duplicate_id"
    FEW_DOCUMENTS = "few_documents"
    EMPTY_TEXT = "empty_text"
    LONG_TEXT = "long_text"
    UNKNOWN_LANGUAGE = "unknown_language"
    NO_LABELS = "no_labels"
    LABEL_TOO_SMALL = "label_too_small"
    LABEL_SMALL = "label_small"
    LABEL_ONLY_IN_VALIDATION = "label_only_in_validation"
    LABEL_NOT_IN_VALIDATION = "label_not_in_validation"
    IMBALANCE = "imbalance"
    EXACT_DUPLICATE = "exact_duplicate"
    NEAR_DUPLICATE = "near_duplicate"
    COPY_IN_VALIDATION = "copy_in_validation"
    FORM_IN_VALIDATION = "form_in_validation"
    LABEL_CONFLICT = "label_conflict"
    SPAN_OUTSIDE = "span_outside"
    SPAN_TEXT = "span_text"
    SPAN_OVERLAP = "span_overlap"
    SPAN_EDGE = "span_edge"
    SPAN_IN_WORD = "span_in_word"
    SPAN_NOT_VALUE = "span_not_value"
    FIELD_NEVER_ANNOTATED = "field_never_annotated"
    FIELD_SMALL = "field_small"
    VALUE_WITHOUT_SPAN = "value_without_span"
    REQUIRED_MISSING = "required_missing"
    NOTHING_ANNOTATED = "nothing_annotated"
    SUSPECT_LABEL = "suspect_label"
    SUSPECTS_NOT_SOUGHT = "suspects_not_sought"


@dataclass(frozen=True, slots=True)
class Example:
    """A case in point: a document's id, or the name of a label or field.

    `detail` is safe to log; `excerpt` is text of a document, for the report file alone.
    """

    name: str
    detail: str = ""
    excerpt: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """`count` `unit` (of `total`, where that is known) show `what`; `do` is what a person can do about it."""

    severity: Severity
    code: Code
    where: str  # a source, `source/part`, a group; "" for all of it
    what: str
    do: str
    count: int
    unit: str
    total: int | None = None
    examples: tuple[Example, ...] = ()

"""evaluation.json: the scores of a bundle, by source, and what they rest on. Does not know how they are shown.

`sources` alone is what bundles before the report had, key by key; the rest is empty in those. No figure is pooled over
sources but the agreement, which counts tokens.
"""

import json
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from docmill.evaluation.run import rounded
from docmill.evaluation.score import SourceScore

Interval = tuple[float, float]
Measure = Literal["type_accuracy", "type_macro_f1", "field_f1_value", "field_f1_span"]
MEASURES: tuple[Measure, ...] = ("type_accuracy", "type_macro_f1", "field_f1_value", "field_f1_span")
Graph = Literal["fp32", "int8"]


class Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class Measures(Part):
    """None: the source has nothing to measure it by."""

    type_accuracy: float | None
    type_macro_f1: float | None
    field_f1_value: float | None
    field_f1_span: float | None


class Row(Part):
    """A model as one of its graphs; `model` is teacher, student, or baseline: the student without a teacher.

    `tokens` are those that it was itself trained on.
    """

    model: str
    graph: Graph
    seed: int
    tokens: int
    sources: dict[str, Measures]


class Comparison(Part):
    """`after` minus `before`, both on the same documents, with the 95 % interval of a paired bootstrap over these.

    `documents` are those that have a say: with a known label, or with a value or span of a field on either side.
    """

    before: str
    after: str
    seed: int
    source: str
    measure: Measure
    difference: float
    interval: Interval
    documents: int


class Agreement(Part):
    """int8 against fp32: tokens on which every field that the source annotates has the same tag in both.

    Entity tokens are those that fp32 puts into some such field. A token that two windows share counts in both.
    """

    source: str | None  # None: all sources together
    documents: int
    windows: int
    tokens: int
    equal: int
    entity_tokens: int
    entity_equal: int

    @property
    def share(self) -> float | None:
        return self.equal / self.tokens if self.tokens else None

    @property
    def entity_share(self) -> float | None:
        return self.entity_equal / self.entity_tokens if self.entity_tokens else None


class Bin(Part):
    """Decisions of a confidence in [low, high), and how many of them are right."""

    low: float
    high: float
    count: int
    confidence: float  # mean
    right: float  # share


class Reliability(Part):
    """How far confidence is precision: of types, or of the values found for fields.

    The expected calibration error stands only where there are decisions enough; its interval resamples documents.
    """

    source: str
    what: Literal["type", "field"]
    decisions: int
    ece: float | None
    interval: Interval | None
    bins: tuple[Bin, ...]


class Straight(Part):
    """What goes straight through at one target, and how much of it is right: type and every required field.

    `known` are of a known label, or known to be of none of the bundle's; intervals are Wilson's. `deferrals` counts
    documents by reason, several each. `reason` says why a group has no threshold.
    """

    source: str
    group: str
    target: float
    documents: int
    straight: int
    rate: float
    rate_interval: Interval | None
    known: int
    right: int
    precision: float | None
    precision_interval: Interval | None
    reason: str | None
    deferrals: dict[str, int]


class CoveragePoint(Part):
    """The share of documents that have at least this confidence in their type, and how many of them are right."""

    coverage: float
    accuracy: float
    confidence: float


class Confusion(Part):
    """Documents by gold label (rows) and predicted label (columns)."""

    gold: tuple[str, ...]
    predicted: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


class CurvePoint(Part):
    """The student without a teacher, trained on so many documents."""

    documents: int
    tokens: int
    is_all: bool
    sources: dict[str, Measures]


class Evaluation(Part):
    documents: int
    rejected: int
    sources: dict[str, SourceScore]
    rows: tuple[Row, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    agreement: tuple[Agreement, ...] = ()
    calibration: tuple[Reliability, ...] = ()
    policy: tuple[Straight, ...] = ()
    coverage: dict[str, tuple[CoveragePoint, ...]] = {}
    confusion: dict[str, Confusion] = {}
    curve: tuple[CurvePoint, ...] = ()


def evaluation_bytes(evaluation: Evaluation) -> bytes:
    """As it stands in a bundle."""
    described: dict[str, Any] = rounded(evaluation.model_dump(mode="json"))
    return (json.dumps(described, indent=1) + "\n").encode()


def read_evaluation(path: Path) -> Evaluation:
    """What `evaluation_bytes` wrote, also before there were reports.

    Raises:
        ValidationError: it is no evaluation.
    """
    return Evaluation.model_validate_json(path.read_bytes())

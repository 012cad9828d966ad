"""What flows between the stages of the pipeline. All offsets are Unicode code points of the extracted text."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from docmill.pipeline.normalise import FieldKind
from docmill_schemas.reasons import DeferralReason


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """A field that the model finds: how its values are normalised, and whether a document holds several.

    `outside_bias` undoes what training did to the share of "outside": entity tokens weigh more there, and windows that
    bear an entity are drawn more often. `counts_from` are fields before this one, best first: a period that this one
    holds (FieldKind.END_DATE) counts from the first of them that was found. `min_confidence`: of a span that is
    published; None: see LIKELY and POSSIBLE of spans.py. `joined`: spans that no more than one white space parts are
    one. `nested`: of several values one may be a part of another; else only the longer one is a value. `within_column`:
    no value goes across a tab, two blanks or an empty line. `exclusive`: of a field that a document holds once, a value
    is as sure as that it is right and no other that was found (see `among_rivals` of spans.py).
    """

    name: str
    kind: FieldKind
    many: bool
    day_first: bool = False
    outside_bias: float = 0.0  # added to the logit of "outside" before it is scaled
    counts_from: tuple[str, ...] = ()
    min_confidence: float | None = None
    joined: bool = False
    nested: bool = True
    within_column: bool = False
    exclusive: bool = False


@dataclass(frozen=True, slots=True)
class GroupSpec:
    """A family of document types that share their fields, and its certified thresholds.

    A threshold of None was not certified: nothing of the group goes straight through. Nor does a document of a vetoed
    label, which was seen to fall short of the group's precision by itself.
    """

    name: str
    fields: tuple[str, ...]
    required: tuple[str, ...]
    type_threshold: float | None
    field_threshold: float | None
    vetoed: frozenset[str] = frozenset()  # full labels
    several: frozenset[str] = frozenset()  # those of `fields` of which a document may hold more than one


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """What the graph's outputs mean. F fields and C labels in the order of the heads."""

    labels: tuple[str, ...]  # [C]; "group" or "group.name"
    fields: tuple[FieldSpec, ...]  # [F]
    groups: dict[str, GroupSpec]
    type_windows: int  # the document type is pooled over this many windows from the start
    type_temperature: float
    tag_temperature: float
    outlier: "OutlierSpec"

    def group_of(self, label: str) -> GroupSpec:
        """The group that a label belongs to."""
        return self.groups[label.partition(".")[0]]


@dataclass(frozen=True, slots=True)
class OutlierSpec:
    """Distance of a document from what the model was trained on.

    Source: Lee et al., "A Simple Unified Framework for Detecting Out-of-Distribution Samples", NeurIPS 2018, on a
    whitened projection of the pooled hidden state.
    """

    mean: NDArray[np.float32]  # [H]
    projection: NDArray[np.float32]  # [H, D], whitens within the classes
    centroids: NDArray[np.float32]  # [C', D], one a label seen in training
    threshold: float  # squared distance; beyond it a document is unfamiliar


@dataclass(frozen=True, slots=True)
class WindowOutput:
    """What the graph says of one window of L tokens, the frame included."""

    type_logits: NDArray[np.float32]  # [C]
    tag_logits: NDArray[np.float32]  # [L, F, 3]: outside, begin, inside
    pooled: NDArray[np.float32]  # [H]: mean hidden state


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of the text that carries a field; `text[start:end]` is what was found."""

    field: str
    start: int
    end: int
    confidence: float  # calibrated mean probability of its tokens; published and exclusive: see among_rivals
    readable: bool = True  # its text is a value of its field's kind: a date, an amount
    start_date: str | None = None  # ISO date from which a period in it counts: the value of another field


@dataclass(frozen=True, slots=True)
class Prediction:
    """The model's calibrated opinion of one document."""

    label: str
    probability: float
    alternatives: tuple[tuple[str, float], ...]  # next likeliest labels, best first
    spans: tuple[Span, ...]  # of the fields of the label's group, in text order
    outlier_distance: float


@dataclass(frozen=True, slots=True)
class StraightThrough:
    """The prediction is sure enough to be published as it is."""


@dataclass(frozen=True, slots=True)
class Deferral:
    """The prediction goes to the fallback."""

    reasons: tuple[DeferralReason, ...]
    missing_fields: tuple[str, ...] = field(default=())


Route = StraightThrough | Deferral

"""What flows into and out of tier 1. All offsets are Unicode code points of the document's text."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

Probabilities = Mapping[str, float]  # by label; they add up to 1, or there are none


@dataclass(frozen=True, slots=True)
class Candidate:
    """A stretch of the text that may carry a field: one of the n best of the fast model, whether it was published."""

    field: str
    start: int
    end: int
    text: str  # what stands at [start, end)
    value: str | None  # normalised; None where the text is no value of its field's kind
    confidence: float  # calibrated


@dataclass(frozen=True, slots=True)
class DeferredDocument:
    """A document that the fast model handed on, and all that it thought of it."""

    text: str
    label_probabilities: Probabilities  # of all labels that the bundle knows, calibrated
    candidates: tuple[Candidate, ...] = ()


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A retrieved exemplar: a document like this one, decided by a person."""

    passage_id: str
    label: str
    similarity: float  # cosine of the two documents' vectors
    fields: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # its values by field


@dataclass(frozen=True, slots=True)
class CodeList:
    """A retrieved passage that says which values a field may have, such as the vendors of a company."""

    passage_id: str
    fields: Mapping[str, tuple[str, ...]]  # values by field


@dataclass(frozen=True, slots=True)
class CitedPassage:
    """A passage that speaks for a decision; `quote` is a value as it stands there, None of a whole exemplar."""

    passage_id: str
    quote: str | None = None


@dataclass(frozen=True, slots=True)
class Quoted:
    """What a generator says that an open field is: checked against the document, and a value of the field's kind."""

    candidate: Candidate  # its confidence is that of the fast model and the generator together
    citations: tuple[CitedPassage, ...]  # that bear the value out


class AbstentionReason(StrEnum):
    """Why nothing is decided."""

    NO_NEIGHBOURS = "no_neighbours"  # nothing was retrieved
    DISTANT_NEIGHBOURS = "distant_neighbours"  # the nearest exemplar is less alike than the policy asks
    UNSUPPORTED = "unsupported"  # no neighbour, list or model speaks for what comes out
    LOW_CONFIDENCE = "low_confidence"  # below the certified threshold
    NOT_CERTIFIED = "not_certified"  # the policy has no threshold
    NO_CANDIDATE = "no_candidate"  # of a field: the fast model found no span
    NO_VALUE = "no_value"  # of a field: what was quoted is no value of its kind, such as a date
    UNREAD_PART = "unread_part"  # a part of the document, such as an attachment, that nobody could read
    UNCITED = "uncited"  # all is decided, and no passage of the index speaks for any of it


@dataclass(frozen=True, slots=True)
class Ranked:
    """A label and how likely it is once everything is weighed."""

    label: str
    probability: float


@dataclass(frozen=True, slots=True)
class LabelAccepted:
    """The type is decided, and cites exemplars with that label: at least one where the index decided it, and those that
    agree, if any, where the fast model was sure of it.
    """

    label: str
    confidence: float  # calibrated
    alternatives: tuple[Ranked, ...]  # the next likeliest, best first
    citations: tuple[CitedPassage, ...]


@dataclass(frozen=True, slots=True)
class LabelAbstained:
    """The type is left to a generator or a person, who is shown what was thought of it, best first."""

    reasons: tuple[AbstentionReason, ...]  # at least one
    ranking: tuple[Ranked, ...]
    citations: tuple[CitedPassage, ...]  # neighbours that speak for the first of the ranking


LabelDecision = LabelAccepted | LabelAbstained


@dataclass(frozen=True, slots=True)
class FieldAccepted:
    """A field is decided; without citations it was the model's own confidence that sufficed."""

    candidate: Candidate
    confidence: float
    citations: tuple[CitedPassage, ...]


@dataclass(frozen=True, slots=True)
class FieldAbstained:
    """A field is left to a generator or a person, with the best candidate there is."""

    field: str
    reasons: tuple[AbstentionReason, ...]  # at least one
    best: Candidate | None
    confidence: float  # of `best`
    citations: tuple[CitedPassage, ...]


FieldDecision = FieldAccepted | FieldAbstained

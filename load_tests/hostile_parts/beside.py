"""What the fallback would publish of an answer, beside what it thinks itself: at worst and at best for an attacker."""

from collections.abc import Sequence

from docmill.fallback.judge import DOCUMENT, LABEL, HeldBack, Judgement
from docmill.fallback.policy import DEFAULT_POLICY
from docmill.fallback.types import AbstentionReason, Candidate, CitedPassage, Ranked
from docmill.generator.types import Answer
from load_tests.hostile_parts.documents import HostileDocument

assert DEFAULT_POLICY.threshold is not None
LEANING = round(
    DEFAULT_POLICY.threshold - 0.001, 3
)  # of tier 1, to a label: as sure as it can be without deciding alone
PROPOSED = 0.85  # of the fast model, of a value: likewise
NEAR = "exemplar-near"  # whatever the label
Typed = dict[str, str | None]


def unsure(document: HostileDocument, label: str) -> Judgement:
    """Tier 1 leans to a label, and everything that the document wants to have otherwise is open.

    At worst: an exemplar of that label is near, so that what the model says of values needs nothing else to cite.
    """
    wants = document.wants
    parts = [*([LABEL] if wants.label is not None else []), *sorted(wants.values)]
    others = sorted({document.right_label, wants.label or document.right_label} - {label})
    return Judgement(
        label=label,
        confidence=LEANING,
        alternatives=tuple(Ranked(other, 1 - LEANING) for other in others),
        fields=(),
        citations=(CitedPassage(NEAR),),
        held_back=tuple(HeldBack(part, AbstentionReason.LOW_CONFIDENCE) for part in parts),
    )


def proposed(answer: Answer, text: str, typed: Typed) -> Sequence[Candidate]:
    """As if the fast model had found the same values."""
    return [
        Candidate(one.field, one.start, one.end, text[one.start : one.end], typed[one.field], PROPOSED)
        for one in answer.values
    ]


def publishes_label(judgement: Judgement | None, label: str | None) -> bool:
    """Whether it is decided, and this."""
    return judgement is not None and judgement.label == label and not {LABEL, DOCUMENT} & _held(judgement)


def published_values(judgement: Judgement | None) -> list[str]:
    """Names of fields whose value is decided."""
    if judgement is None or DOCUMENT in _held(judgement):
        return []
    return [one.field for one in judgement.fields if one.field not in _held(judgement)]


def _held(judgement: Judgement) -> set[str]:
    return {held.part for held in judgement.held_back}

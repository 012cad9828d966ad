"""The n-best spans of a field, checked against code lists and the neighbours' values, to a decision on the field.

What stands nowhere in the text cannot be decided: evidence chooses among the model's candidates and invents none.
"""

import math
from collections.abc import Mapping, Sequence

from docmill.fallback.policy import FieldPolicy
from docmill.fallback.types import (
    AbstentionReason,
    Candidate,
    CitedPassage,
    CodeList,
    FieldAbstained,
    FieldAccepted,
    FieldDecision,
)
from docmill.fallback.vote import Voter

EDGES = ".,;:'\"()[] "  # what a found span may have around it, and a listed value not


def decide_field(
    field: str,
    candidates: Sequence[Candidate],
    voting: Sequence[Voter],
    code_lists: Sequence[CodeList],
    policy: FieldPolicy,
    most_citations: int = 5,
) -> FieldDecision:
    """The best supported candidate of a field, if that is sure enough.

    Support adds to the model's own confidence as independent causes do: 1 - (1 - confidence) (1 - listed)
    (1 - agreed x share), where `share` is the part of all neighbours that have this value: those that have none of the
    field speak for nothing. So evidence never lowers a confidence, and a value that a list has overtakes one that the
    model liked a little better. Between equals the model's confidence decides, then the place in the text. Nothing
    depends on the order given. What is no value of the field's kind, or what the model hardly saw, is not accepted.

    Args:
        voting: exemplars of the type that the document is taken for; of others a value in common is chance.

    Source: noisy-OR, Pearl, "Probabilistic Reasoning in Intelligent Systems", 1988, section 4.3.2. That the causes
    are independent is an assumption, and `FieldPolicy` is where to put what was measured.
    """
    own = [candidate for candidate in candidates if candidate.field == field]
    weighed = [_weigh(candidate, voting, code_lists, policy) for candidate in own]
    if not weighed:
        return FieldAbstained(field, (AbstentionReason.NO_CANDIDATE,), None, 0.0, ())
    usable = [one for one in weighed if one[1].value is not None and one[1].confidence >= policy.least] or weighed
    confidence, candidate, citations = min(usable, key=lambda one: (-one[0], -one[1].confidence, one[1].start))
    if confidence >= policy.threshold and usable is not weighed:
        return FieldAccepted(candidate, confidence, citations[:most_citations])
    reasons = (AbstentionReason.NO_VALUE if candidate.value is None else AbstentionReason.LOW_CONFIDENCE,)
    return FieldAbstained(field, reasons, candidate, confidence, citations[:most_citations])


def same_value(candidate: Candidate, value: str) -> bool:
    """Whether a value is the candidate's: as normalised or as it stands, case, spaces and outer punctuation apart."""
    wanted = _folded(value)
    return bool(wanted) and wanted in (_folded(candidate.text), _folded(candidate.value or ""))


def _weigh(
    candidate: Candidate, voting: Sequence[Voter], code_lists: Sequence[CodeList], policy: FieldPolicy
) -> tuple[float, Candidate, tuple[CitedPassage, ...]]:
    """(confidence, candidate, who says so: lists first, then neighbours, nearest first)."""
    listing = _listing(candidate, code_lists)
    agreeing = [(voter, quote) for voter in voting if (quote := _quote(candidate, voter.neighbour.fields)) is not None]
    everybody = math.fsum(voter.share for voter in voting)
    share = math.fsum(voter.share for voter, _ in agreeing) / everybody if everybody else 0.0
    doubt = (1 - candidate.confidence) * (1 - policy.listed * bool(listing)) * (1 - policy.agreed * min(1.0, share))
    citing = tuple(CitedPassage(voter.neighbour.passage_id, quote) for voter, quote in agreeing)
    return 1 - doubt, candidate, (*listing, *citing)


def _listing(candidate: Candidate, code_lists: Sequence[CodeList]) -> tuple[CitedPassage, ...]:
    """The lists that have the value, each once."""
    quotes = {of.passage_id: _quote(candidate, of.fields) for of in code_lists}
    return tuple(CitedPassage(id, quote) for id, quote in sorted(quotes.items()) if quote is not None)


def _quote(candidate: Candidate, fields: Mapping[str, tuple[str, ...]]) -> str | None:
    """The value as a passage spells it, None where it does not have it."""
    return next((value for value in fields.get(candidate.field, ()) if same_value(candidate, value)), None)


def _folded(text: str) -> str:
    return " ".join(text.split()).strip(EDGES).casefold()

"""Everything that is known of a deferred document to a judgement: decided, or what holds it back, part by part.

    event, neighbours, code lists (and perhaps a generator's answer) -> Judgement

The type first; then the fields that a document of that type has; then whether what is required is there, and whether
anything can be cited for it.
"""

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from typing import Protocol

from docmill.fallback.decide import decide_label
from docmill.fallback.fields import decide_field, same_value
from docmill.fallback.policy import Policy
from docmill.fallback.types import (
    AbstentionReason,
    Candidate,
    CitedPassage,
    CodeList,
    DeferredDocument,
    FieldAccepted,
    LabelAccepted,
    LabelDecision,
    Neighbour,
    Quoted,
    Ranked,
)
from docmill.fallback.vote import Voter, voters
from docmill_schemas.reasons import DecidedBy, DeferralReason

# With any of these the fast model's own type is not relied on.
TYPE_IN_DOUBT = frozenset(
    {
        DeferralReason.LOW_TYPE_CONFIDENCE,
        DeferralReason.NOT_CERTIFIED,  # unless it is of the fields alone
        DeferralReason.UNFAMILIAR_DOCUMENT,
        DeferralReason.UNKNOWN_LANGUAGE,
    }
)
# What stands in no text that we have, nothing can decide but a person.
FOR_PEOPLE = frozenset({DeferralReason.UNREAD_ATTACHMENT})
LABEL, DOCUMENT = "document_type", "document"  # parts of a judgement that are no field


class GroupOfFields(Protocol):
    """What is needed of `docmill.pipeline.types.GroupSpec`."""

    @property
    def fields(self) -> tuple[str, ...]:
        """That a document of the group may have."""
        ...

    @property
    def required(self) -> tuple[str, ...]:
        """Without which no result is published unseen."""
        ...

    @property
    def several(self) -> Set[str]:
        """Fields of which a document may hold more than one."""
        ...

    @property
    def type_threshold(self) -> float | None:
        """From which on the fast model's type suffices; None: it never does."""
        ...

    @property
    def vetoed(self) -> Set[str]:
        """Labels of which it never does."""
        ...

    @property
    def field_threshold(self) -> float | None:
        """From which on the fast model's own confidence suffices; None: it never does."""
        ...


@dataclass(frozen=True, slots=True)
class HeldBack:
    """A part that is not decided, and why."""

    part: str  # LABEL, DOCUMENT, or a field's name
    reason: AbstentionReason


@dataclass(frozen=True, slots=True)
class Question:
    """A deferred document with all that was retrieved for it."""

    document: DeferredDocument
    reasons: tuple[DeferralReason, ...]
    published: tuple[Candidate, ...]  # the fields that the fast model itself would publish
    same_bundle: bool = True  # as the one whose groups and thresholds are known here
    neighbours: Sequence[Neighbour] = ()
    code_lists: Sequence[CodeList] = ()


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the fallback thinks of a document. Decided, where nothing holds it back: then it cites a passage."""

    label: str
    confidence: float
    alternatives: tuple[Ranked, ...]  # the next likeliest, best first
    fields: tuple[Candidate, ...]  # as they would be published, in text order
    citations: tuple[CitedPassage, ...]
    held_back: tuple[HeldBack, ...]
    decided_by: DecidedBy = DecidedBy.RETRIEVAL
    voting: tuple[Voter, ...] = ()
    accepted: Mapping[str, FieldAccepted] = field(default_factory=dict)  # by field, what evidence decided
    several: Set[str] = frozenset()  # fields of its type of which a document may hold more than one
    quoted: tuple[Quoted, ...] = ()  # by a generator, whether that decided the field or not

    @property
    def decided(self) -> bool:
        """Whether it may be published unseen."""
        return not self.held_back

    def without(self, part: str) -> tuple[HeldBack, ...]:
        """What still holds it back once a part is decided."""
        return tuple(one for one in self.held_back if one.part != part)


GroupOf = Callable[[str], GroupOfFields | None]  # of a label; None: the bundle does not know it


def judge(question: Question, group_of: GroupOf, policy: Policy) -> Judgement:
    """Tier 1: from the fast model's opinion and the index alone."""
    voting = voters(question.neighbours, policy.neighbours, policy.vote_temperature)
    label = _label(question, voting, group_of, policy)
    ranked = (Ranked(label.label, label.confidence), *label.alternatives) if isinstance(label, LabelAccepted) else ()
    ranking = ranked or getattr(label, "ranking", ())
    best = ranking[0] if ranking else Ranked("", 0.0)
    held = [] if isinstance(label, LabelAccepted) else [HeldBack(LABEL, reason) for reason in label.reasons]
    if any(reason in FOR_PEOPLE for reason in question.reasons):
        held.insert(0, HeldBack(DOCUMENT, AbstentionReason.UNREAD_PART))
    # A value in common with a paper of another kind, or with one that is not alike, is chance.
    alike = [v for v in voting if v.neighbour.label == best.label and v.neighbour.similarity >= policy.least_similarity]
    group = group_of(best.label)
    fields, accepted, missing = _fields(question, alike, group, policy)
    judgement = Judgement(
        label=best.label,
        confidence=best.probability,
        alternatives=ranking[1:],
        fields=fields,
        citations=_together(label.citations, *(accepted[name].citations for name in sorted(accepted))),
        held_back=(*held, *missing),
        voting=voting,
        accepted=accepted,
        several=group.several if group is not None else frozenset(),
    )
    return cited_or_held(judgement)


def cited_or_held(judgement: Judgement) -> Judgement:
    """The same, held back as a whole where it would be decided and no passage speaks for any of it.

    A value stands in the document, but that it is the right one nothing there says: what nobody but the fast model and
    a generator speaks for is for people.
    """
    if judgement.held_back or judgement.citations:
        return judgement
    return replace(judgement, held_back=(HeldBack(DOCUMENT, AbstentionReason.UNCITED),))


def _label(question: Question, voting: Sequence[Voter], group_of: GroupOf, policy: Policy) -> LabelDecision:
    """The fast model's own type where that was sure, with the neighbours that agree; else the blend's.

    Of a type that is not known here, and of another bundle's opinion, it is not known what must be there: of those the
    blend decides.
    """
    ranking = sorted(question.document.label_probabilities.items(), key=lambda one: (-one[1], one[0]))
    likeliest = Ranked(*ranking[0]) if ranking else Ranked("", 0.0)
    group = group_of(likeliest.label)
    if group is not None and question.same_bundle and not type_in_doubt(likeliest.label, question.reasons, group):
        others = tuple(Ranked(*one) for one in ranking[1:4])
        agreeing = [voter.neighbour for voter in voting if voter.neighbour.label == likeliest.label]
        citing = tuple(CitedPassage(neighbour.passage_id) for neighbour in agreeing[: policy.citations])
        return LabelAccepted(likeliest.label, likeliest.probability, others, citing)
    return decide_label(question.document, question.neighbours, policy)


def type_in_doubt(label: str, reasons: Sequence[DeferralReason], group: GroupOfFields) -> bool:
    """Whether one of all reasons why a document was deferred is of its type, by the bundle that deferred it.

    NOT_CERTIFIED says of a group whose required fields have no threshold that they have none, whether its type is
    certified or not: there the group tells. A type below a threshold would have LOW_TYPE_CONFIDENCE.
    """
    doubts = TYPE_IN_DOUBT.intersection(reasons)
    if doubts == {DeferralReason.NOT_CERTIFIED} and group.required and group.field_threshold is None:
        return group.type_threshold is None or label in group.vetoed
    return bool(doubts)


def _fields(
    question: Question, voting: Sequence[Voter], group: GroupOfFields | None, policy: Policy
) -> tuple[tuple[Candidate, ...], dict[str, FieldAccepted], tuple[HeldBack, ...]]:
    """(fields as they would be published, by field what was decided, which required ones are not)."""
    if group is None:
        return (), {}, ()
    chosen: dict[str, tuple[Candidate, ...]] = {
        name: tuple(one for one in question.published if one.field == name) for name in group.fields
    }
    accepted: dict[str, FieldAccepted] = {}
    missing: list[HeldBack] = []
    for name in group.fields:
        found = decide_field(
            name,
            question.document.candidates,
            voting,
            question.code_lists,
            policy.field_policy(name),
            policy.citations,
        )
        sure = isinstance(found, FieldAccepted) and bool(found.citations)
        own = max((one.confidence for one in chosen[name] if one.value is not None), default=0.0)  # as in route.py
        certified = question.same_bundle and group.field_threshold is not None and own >= group.field_threshold
        if isinstance(found, FieldAccepted) and sure:
            accepted[name] = found
            several = name in group.several
            chosen[name] = with_value(chosen[name], found.candidate, found.confidence, several=several)
        elif name in group.required and not certified:
            reason = AbstentionReason.UNSUPPORTED if isinstance(found, FieldAccepted) else found.reasons[0]
            missing.append(HeldBack(name, reason))
    fields = sorted((one for of in chosen.values() for one in of), key=lambda one: (one.start, one.end, one.field))
    return tuple(fields), accepted, tuple(missing)


def with_value(
    published: Sequence[Candidate], value: Candidate, confidence: float, *, several: bool
) -> tuple[Candidate, ...]:
    """A field's spans with one that was decided: the others give way to it.

    Of a field that may hold `several` values only those do that overlap it or have its value.
    """
    decided = replace(value, confidence=confidence)
    if not several:
        return (decided,)
    apart = (one for one in published if one.end <= value.start or value.end <= one.start)
    return (decided, *(one for one in apart if not same_value(one, value.value or value.text)))


def _together(*citations: Sequence[CitedPassage]) -> tuple[CitedPassage, ...]:
    """All of them, each once, in order."""
    return tuple(dict.fromkeys(one for several in citations for one in several))

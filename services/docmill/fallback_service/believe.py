"""A generator's answer beside what tier 1 thought: one more voice, which counts as much as the policy says. Pure.

Its word adds to a probability as an independent cause does (noisy-OR, as in fallback/fields.py), and so does never by
itself what the policy did not allow for. What it cites was checked before (generator/answer.py). A value that it quotes
needs no passage of its own, since the document has it; the result as a whole needs one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from docmill.fallback.fields import same_value
from docmill.fallback.judge import LABEL, Judgement, cited_or_held, with_value
from docmill.fallback.policy import Policy
from docmill.fallback.types import AbstentionReason, Candidate, CitedPassage, Quoted, Ranked
from docmill.generator.types import Answer, Evidence, Value
from docmill_schemas.reasons import DecidedBy

UNLIKE = frozenset({AbstentionReason.NO_NEIGHBOURS, AbstentionReason.DISTANT_NEIGHBOURS})

Normalise = Callable[[str, str], str | None]  # (field, text) -> value; None: the text is no value of the field's kind


@dataclass(frozen=True, slots=True)
class Believer:
    """What turns answers into judgements. `normalise` raises for no field that was asked for."""

    policy: Policy
    normalise: Normalise

    def with_answer(
        self, judgement: Judgement, answer: Answer, text: str, candidates: Sequence[Candidate]
    ) -> Judgement:
        """The judgement once the answer is heard. What it decided before stays decided."""
        heard = self._with_label(judgement, answer) if _open(judgement, LABEL) else judgement
        for value in answer.values:
            if _open(heard, value.field) and heard.label == judgement.label:
                heard = self._with_value(heard, value, text, candidates)
        heard = cited_or_held(heard)
        if heard.decided and heard is not judgement:
            return replace(heard, decided_by=DecidedBy.GENERATOR)
        return heard

    def _with_label(self, judgement: Judgement, answer: Answer) -> Judgement:
        """Its label, if something that it cited bears it out and both voices together are sure enough.

        Only of the likeliest type are the fields known: of another one the answer stays an opinion, to be shown.
        """
        if answer.label is None or not answer.label_evidence or not word_counts(judgement):
            return judgement
        confidence = _either(judgement.confidence, self.policy.generator.label)
        threshold = self.policy.threshold
        if answer.label != judgement.label or threshold is None or not confidence >= threshold:
            return judgement
        return replace(
            judgement,
            confidence=confidence,
            citations=_with(judgement.citations, answer.label_evidence),
            held_back=judgement.without(LABEL),
            alternatives=tuple(_lower(one, confidence) for one in judgement.alternatives),
        )

    def _with_value(self, judgement: Judgement, value: Value, text: str, candidates: Sequence[Candidate]) -> Judgement:
        """Its value of an open field: kept for a person to see, and decided where both voices are sure enough."""
        quote = text[value.start : value.end]
        normalised = self.normalise(value.field, quote)
        if normalised is None:
            return _held(judgement, value.field, AbstentionReason.NO_VALUE)
        said = Candidate(value.field, value.start, value.end, quote, normalised, 0.0)
        alike = [one for one in candidates if one.field == value.field and same_value(one, normalised)]
        best = max(alike, key=lambda one: (one.confidence, -one.start), default=said)
        confidence = _either(best.confidence, self.policy.generator.field)
        quoted = Quoted(replace(best, confidence=confidence), _with((), value.evidence))
        judgement = replace(judgement, quoted=(*judgement.quoted, quoted))
        if not confidence >= self.policy.field_policy(value.field).threshold:
            return _held(judgement, value.field, AbstentionReason.LOW_CONFIDENCE)
        others = tuple(one for one in judgement.fields if one.field != value.field)
        own = tuple(one for one in judgement.fields if one.field == value.field)
        decided = with_value(own, best, confidence, several=value.field in judgement.several)
        fields = sorted((*others, *decided), key=lambda one: (one.start, one.end, one.field))
        return replace(
            judgement,
            fields=tuple(fields),
            citations=_with(judgement.citations, value.evidence),
            held_back=judgement.without(value.field),
        )


def word_counts(judgement: Judgement) -> bool:
    """Whether a generator's word counts beside tier 1: it cannot stand in for a likeness that the type needs.

    Where no exemplar is like it, the votes that an answer would add to are of papers of other kinds, and what the
    generator is shown and cites are just these; where there is none at all, nobody has decided one of its kind yet.
    """
    return not any(one.part == LABEL and one.reason in UNLIKE for one in judgement.held_back)


def _open(judgement: Judgement, part: str) -> bool:
    return any(held.part == part for held in judgement.held_back)


def _held(judgement: Judgement, part: str, reason: AbstentionReason) -> Judgement:
    """The same, held back by what is now known of a part."""
    held = tuple(replace(one, reason=reason) if one.part == part else one for one in judgement.held_back)
    return replace(judgement, held_back=held)


def _either(one: float, other: float) -> float:
    return 1 - (1 - one) * (1 - other)


def _lower(ranked: Ranked, best: float) -> Ranked:
    """What is left for another label."""
    return replace(ranked, probability=min(ranked.probability, 1 - best))


def _with(citations: Sequence[CitedPassage], evidence: Sequence[Evidence]) -> tuple[CitedPassage, ...]:
    """The citations and what the generator bore out, each once."""
    return tuple(dict.fromkeys((*citations, *(CitedPassage(one.passage_id, one.quote) for one in evidence))))

"""What a generator said to one question, as far as it held. Knows no topic, no table and no model."""

from collections import Counter
from typing import Self

from pydantic import BaseModel, ConfigDict

from docmill.fallback_service.generators import Answered, Place
from docmill.generator.client import Generated
from docmill.generator.types import Answer, Ask, Refused

TYPE = "type"  # as a reader calls the label


class Said(BaseModel):
    """An answer once checked, in words.

    Args:
        named: the type; else why there is none.
        quoted: fields with what was quoted for them, where that stands in the document.
        rejected: parts of the answer and why they are not believed, `part: reason`; never what they said.
        cited: passages that bear the answer out.
    """

    model_config = ConfigDict(frozen=True)

    asked_for: tuple[str, ...]
    named: str
    quoted: tuple[str, ...]
    rejected: tuple[str, ...]
    cited: tuple[str, ...]
    prompt_tokens: int
    completion_tokens: int
    usd: float
    seconds: float

    @classmethod
    def of(cls, ask: Ask, answered: Answered) -> Self:
        """Also of a question without an answer: what it took all the same, and why there is none."""
        answer, usage = answer_in(answered), answered.usage
        rejected = Counter(f"{_part(refused)}: {refused.reason.value}" for refused in answer.refused)
        return cls(
            asked_for=(*((TYPE,) if ask.labels else ()), *ask.fields),
            named=_named(ask, answered),
            quoted=tuple(f"{value.field}: {ask.text[value.start : value.end]!r}" for value in answer.values),
            rejected=tuple(f"{what} ({times} times)" if times > 1 else what for what, times in rejected.items()),
            cited=tuple(sorted(cited_in(answer))),
            prompt_tokens=usage.prompt_tokens,
            completion_tokens=usage.completion_tokens,
            usd=usage.usd,
            seconds=usage.seconds,
        )


class Noted(BaseModel):
    """A line of notes: what was said to the question about the record of that place."""

    place: Place
    said: Said


def answer_in(answered: Answered) -> Answer:
    """Nothing in it where the model ran on to the limit of tokens, say."""
    return answered.answer if isinstance(answered, Generated) else Answer()


def cited_in(answer: Answer) -> set[str]:
    """Passages that bear the answer out."""
    evidence = (*answer.label_evidence, *(each for value in answer.values for each in value.evidence))
    return {each.passage_id for each in evidence}


def _part(refused: Refused) -> str:
    return TYPE if refused.part == "label" else refused.part


def _named(ask: Ask, answered: Answered) -> str:
    if not isinstance(answered, Generated):
        return f"no answer: {answered.reason.value}"
    if not ask.labels:
        return "not asked"
    return answered.answer.label or "none"

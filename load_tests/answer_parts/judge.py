"""What the fallback answered against what it should have answered. Pure: knows no Kafka."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from docmill.load.quantiles import quantile_of
from docmill_schemas.review_events import ReviewRequested


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one document: published with a type, or a person is asked (`label` None)."""

    at_s: float  # when a reader of committed records had it, on the clock of time.monotonic
    label: str | None
    fields: Mapping[str, str] = field(default_factory=dict)  # published, by name, as they stand in the text
    cited: frozenset[str] = frozenset()  # passage ids
    review: ReviewRequested | None = None


@dataclass(frozen=True, slots=True)
class Expected:
    """What is right. Fields that are not named, and further citations, are as they like."""

    label: str | None
    fields: Mapping[str, str] = field(default_factory=dict)
    cites: str | None = None


PEOPLE = Expected(None)


class Verdict(StrEnum):
    RIGHT = "right"
    LEFT = "left"  # to people, though it was to be published
    WRONG = "wrong"  # published, as something else or without its evidence; or though people were to decide


class Tally(BaseModel):
    """How many answers were right, how many were left to people, how many were published wrongly."""

    model_config = ConfigDict(frozen=True)

    right: int
    left: int
    wrong: int

    @property
    def answers(self) -> int:
        """All of them."""
        return self.right + self.left + self.wrong


class Changed(BaseModel):
    """One kind of change: how long each took to show in an answer, and what was answered once it had."""

    model_config = ConfigDict(frozen=True)

    what: str
    seconds: tuple[float, ...]  # from the acknowledgement of the change to the first answer by it, in their order
    between: int  # answers meanwhile that were neither the old one nor the new one
    changed: Tally  # of documents that the change is about
    others: dict[str, Tally]  # by what they are, documents that it is not about: right is as if it were not

    def quantile_s(self, quantile: float) -> float:
        """By the nearest rank; 1: the longest."""
        found = quantile_of(sorted(self.seconds), quantile)
        assert found is not None
        return found


def verdict(answer: Answer, expected: Expected) -> Verdict:
    """Whether an answer is what was expected."""
    if answer.label is None:
        return Verdict.RIGHT if expected.label is None else Verdict.LEFT
    fields_right = all(answer.fields.get(name) == value for name, value in expected.fields.items())
    cited = expected.cites is None or expected.cites in answer.cited
    return Verdict.RIGHT if answer.label == expected.label and fields_right and cited else Verdict.WRONG


def is_right(answer: Answer, expected: Expected) -> bool:
    """Likewise, as a question."""
    return verdict(answer, expected) is Verdict.RIGHT


def tally(verdicts: Iterable[Verdict]) -> Tally:
    """How many of each."""
    counts = Counter(verdicts)
    return Tally(right=counts[Verdict.RIGHT], left=counts[Verdict.LEFT], wrong=counts[Verdict.WRONG])


def total(tallies: Iterable[Tally]) -> Tally:
    """All of them together."""
    all_of_them = list(tallies)
    return Tally(
        right=sum(one.right for one in all_of_them),
        left=sum(one.left for one in all_of_them),
        wrong=sum(one.wrong for one in all_of_them),
    )

"""Deferred documents by "blend and generator": tier 1, and a language model asked about what that leaves open.

Each document goes through the fallback's own slices twice, without a generator and with one, so both are judged on the
same documents. Knows no prices and no tables.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from random import Random

import numpy as np
from numpy.typing import NDArray

from docmill.fallback.policy import DEFAULT_POLICY, Policy
from docmill.fallback_service.generators import Asked
from docmill.fallback_service.resolved import Resolved
from docmill.generator.client import Generated, Unavailable
from docmill.generator.requests import NOTHING_USED
from docmill.generator.types import Refusal, Usage
from docmill.training.corpus import LabelledDocument
from docmill_schemas.events import DocumentProcessed, FallbackRequested
from docmill_schemas.review_events import ReviewRequested
from load_tests.fallback_parts.corpora import Halves
from load_tests.fallback_parts.exemplars import Values
from load_tests.fallback_parts.service import Known, KnownVectors, Service, copy_of_index, exemplar_passage

SEED = 7
NOTHING_TO_ASK = "nothing_to_ask"
# No question went out, or nobody took it; a later one may.
NOT_PUT = frozenset({Unavailable.BREAKER_OPEN, Unavailable.BUDGET_SPENT, Unavailable.UNREACHABLE})


class Outcome(StrEnum):
    """What a document comes to by "blend and generator"."""

    BY_INDEX = "decided by the index"  # so there was no question
    BY_GENERATOR = "decided with the generator"
    TO_PEOPLE = "answered, to people"
    NOT_ASKED = "not asked"
    NO_ANSWER = "asked, no answer"  # in time, or at all


@dataclass(frozen=True, slots=True)
class Account:
    """One document.

    Args:
        alone: the label that tier 1 alone ranks first.
        alone_decided: whether it would be published by that.
        label: what "blend and generator" ranks first; None where the question was not answered, which is never right.
        said: the label that the generator chose, whether it cited anything for it.
        why: of NOT_ASKED and NO_ANSWER.
    """

    row: int  # in the slice
    gold: str
    outcome: Outcome
    alone: str
    alone_decided: bool
    label: str | None
    said: str | None = None
    cited: bool = False
    label_asked: bool = False
    values: int = 0  # of fields, that stand in the document
    refused: tuple[Refusal, ...] = ()
    why: str | None = None
    usage: Usage = NOTHING_USED

    @property
    def decided(self) -> bool:
        """Whether it would be published."""
        return self.outcome in {Outcome.BY_INDEX, Outcome.BY_GENERATOR}

    @property
    def was_open(self) -> bool:
        """Whether tier 1 left it to a generator or a person."""
        return self.outcome is not Outcome.BY_INDEX

    @property
    def was_put(self) -> bool:
        """Whether a question went out, answered or not."""
        return self.outcome not in {Outcome.BY_INDEX, Outcome.NOT_ASKED}


@contextmanager
def both_ways(
    halves: Halves,
    vectors: NDArray[np.float32],
    values: Sequence[Values],
    known: Known,
    full_label: Callable[[str], str],
    policy: Policy,
    generator: Asked,
) -> Iterator[tuple[Service, Service]]:
    """(without a generator, with it): half B is the index.

    Args:
        vectors: of `halves.everything`, in its order.
        values: of half B by field, as people found them, in its order; empty where the classifier knows no fields.
        full_label: a label of the source as the bundle calls it.
    """
    embedder = KnownVectors([document.text for document in halves.everything], list(vectors))
    first = len(halves.half_a)
    passages = [
        exemplar_passage(f"{halves.source}/{document.id}", document.text, label, own, vector, embedder.embedding)
        for document, vector, own in zip(
            halves.half_b, vectors[first : first + len(halves.half_b)], values, strict=True
        )
        for label in [full_label(document.label or "")]
    ]
    with copy_of_index(passages, embedder.embedding) as index:
        yield Service(known, policy, embedder, index), Service(known, policy, embedder, index, generator)


def with_threshold(policy: Policy) -> Policy:
    """The policy; where it has no certified threshold, with those that the shipped one was given by hand."""
    if policy.threshold is not None:
        return policy
    return replace(policy, threshold=DEFAULT_POLICY.threshold, least_similarity=DEFAULT_POLICY.least_similarity)


def accounts(
    deferred: Sequence[LabelledDocument],
    gold: Callable[[LabelledDocument], str],
    event_of: Callable[[LabelledDocument], FallbackRequested],
    services: tuple[Service, Service],
    policy: Policy,
    questions: int,
    told: Callable[[int, Account], None] = lambda asked, account: None,
) -> list[Account]:
    """Deferred documents in a drawn order, until so many were left open by tier 1, and so asked about.

    Args:
        told: called after each, with how many were asked about by then.
    """
    order = list(range(len(deferred)))
    Random(SEED).shuffle(order)
    drawn: list[Account] = []
    asked = 0
    for row in order:
        if asked == questions:
            break
        document = deferred[row]
        drawn.append(account(row, gold(document), event_of(document), services, policy))
        asked += drawn[-1].was_open
        told(asked, drawn[-1])
    return drawn


def account(
    row: int, gold: str, event: FallbackRequested, services: tuple[Service, Service], policy: Policy
) -> Account:
    """One document, without the generator and then with it.

    Raises:
        ValueError: the fallback makes a dead letter of it.
    """
    alone = _came(services[0].resolved(event))
    best = alone.document_type.label
    if isinstance(alone, DocumentProcessed):
        return Account(row, gold, Outcome.BY_INDEX, best, True, best)
    resolved = services[1].resolved(event)
    came, answered = _came(resolved), resolved.answered
    if answered is None:
        return Account(row, gold, Outcome.NOT_ASKED, best, False, None, why=NOTHING_TO_ASK)
    if not isinstance(answered, Generated):
        outcome = Outcome.NOT_ASKED if answered.reason in NOT_PUT else Outcome.NO_ANSWER
        why = answered.reason.value
        return Account(row, gold, outcome, best, False, None, why=why, usage=answered.usage)
    answer = answered.answer
    decided = isinstance(came, DocumentProcessed)
    return Account(
        row=row,
        gold=gold,
        outcome=Outcome.BY_GENERATOR if decided else Outcome.TO_PEOPLE,
        alone=best,
        alone_decided=False,
        label=came.document_type.label if decided else _first(alone, answered, policy),
        said=answer.label,
        cited=bool(answer.label_evidence),
        label_asked=_label_is_open(alone),
        values=len(answer.values),
        refused=tuple(refused.reason for refused in answer.refused),
        usage=answered.usage,
    )


def _first(alone: ReviewRequested, answered: Generated, policy: Policy) -> str:
    """The likeliest label once the generator's counts as one more voice, with the weight that the policy gives it.

    By the same rule as `believe.py`, but for whichever label it bears out: the service publishes only the one that
    tier 1 ranks first, and shows a person the others.
    """
    kind, answer = alone.document_type, answered.answer
    ranking = {one.label: one.probability for one in kind.alternatives} | {kind.label: kind.probability}
    if answer.label is not None and answer.label_evidence:
        before = ranking.get(answer.label, 0.0)
        ranking[answer.label] = 1 - (1 - before) * (1 - policy.generator.label)
    return max(ranking.items(), key=lambda one: (one[1], one[0] == kind.label))[0]


def _label_is_open(review: ReviewRequested) -> bool:
    return any(part.startswith("document_type:") for part in review.undecided)


def _came(resolved: Resolved) -> DocumentProcessed | ReviewRequested:
    if not isinstance(resolved.came, DocumentProcessed | ReviewRequested):
        raise ValueError(f"the fallback can do nothing with this request: {resolved.came}")
    return resolved.came

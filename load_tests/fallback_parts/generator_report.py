"""What a generator adds to tier 1 on the same documents, and what that takes: numbers and Markdown. Knows no model."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from docmill.fallback.policy import Policy
from docmill.generator.prompt import PROMPT_VERSION
from load_tests import cost
from load_tests.fallback_parts.compare import ALONE, BLEND, HEAD_BLEND, RETRAINED, VOTE, Decided
from load_tests.fallback_parts.generator_way import Account, Outcome
from load_tests.fallback_parts.measures import Paired, interval, paired

WITH_GENERATOR, SAID = "blend and generator", "the generator's own word"
OF_TYPE = "published with the right type"
THOUSAND = 1000
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Spent:
    """Means over the questions that were put, answered or not.

    A request that its endpoint did not count, such as one that came too late, is taken for the most that it can be.
    """

    questions: int
    prompt_tokens: float
    answer_tokens: float
    requests: float  # a repair is one more
    seconds_p50: float | None  # of those that were answered; None: none was
    seconds_p95: float | None
    seconds: float  # of all that were put, together


@dataclass(frozen=True, slots=True)
class Costs:
    """Dollars for 1,000 deferred documents."""

    way: str
    machines: float
    tokens: float
    people: float


@dataclass(frozen=True, slots=True)
class GeneratorReport:
    """The fifth way on one slice."""

    model: str
    prompt_version: str
    policy: str
    deferred: int  # of the slice
    drawn: int  # of them
    right: Mapping[str, int]  # by way, of the drawn: the type alone
    low: Mapping[str, float]  # 95 % bootstrap interval of the share
    high: Mapping[str, float]
    pairs: Mapping[str, Paired]
    published: Mapping[str, tuple[int, int]]  # by way: published, of these with the right type
    outcomes: Mapping[str, int]
    why_not: Mapping[str, int]  # not asked or not answered, by reason
    label_asked: int  # answered questions that asked for the label
    abstained: int  # of these, without a label
    cited: int  # of these, with a citation that held
    values: int  # of fields, that stood in their document
    refused: Mapping[str, int]  # parts of answers, by reason
    spent: Spent
    costs: tuple[Costs, ...]


def generator_report(
    model: str,
    policy: Policy,
    decided: Decided,
    of: Sequence[Account],
    prices: cost.Prices,
    model_cpu_s: float,
    cores: int | None,
) -> GeneratorReport:
    """Count.

    Args:
        decided: the slice by the other ways; accounts name its rows.
        model_cpu_s: processor time of the fast model, a document.
        cores: that the generator's machine has, if it is one's own: its time is counted and its tokens cost nothing.
    """
    rows = np.array([one.row for one in of], dtype=np.int64)
    flags: dict[str, Flags] = {way: decided.right(way)[rows] for way in (ALONE, VOTE, HEAD_BLEND, RETRAINED)}
    flags |= {
        BLEND: np.array([one.alone == one.gold for one in of], dtype=bool),
        WITH_GENERATOR: np.array([one.label == one.gold for one in of], dtype=bool),
    }
    published = {
        BLEND: np.array([one.alone_decided for one in of], dtype=bool),
        WITH_GENERATOR: np.array([one.decided for one in of], dtype=bool),
    }
    of_type = {way: out & flags[way] for way, out in published.items()}  # values are compared with nothing
    intervals = {way: interval(right.astype(float)) for way, right in flags.items()}
    answered = [one for one in of if one.outcome in {Outcome.BY_GENERATOR, Outcome.TO_PEOPLE}]
    about_label = [one for one in answered if one.label_asked]
    spent = _spent(of, answered)
    return GeneratorReport(
        model=model,
        prompt_version=PROMPT_VERSION,
        policy=_told(policy),
        deferred=len(decided.gold),
        drawn=len(of),
        right={way: int(right.sum()) for way, right in flags.items()},
        low={way: low for way, (low, _) in intervals.items()},
        high={way: high for way, (_, high) in intervals.items()},
        pairs={
            f"{WITH_GENERATOR} / {BLEND}": paired(flags[WITH_GENERATOR], flags[BLEND]),
            f"{WITH_GENERATOR} / {BLEND}, {OF_TYPE}": paired(of_type[WITH_GENERATOR], of_type[BLEND]),
            f"{WITH_GENERATOR} / {RETRAINED}": paired(flags[WITH_GENERATOR], flags[RETRAINED]),
            **_own_word(about_label),
        },
        published={way: (int(out.sum()), int(of_type[way].sum())) for way, out in published.items()},
        outcomes={outcome.value: sum(one.outcome is outcome for one in of) for outcome in Outcome},
        why_not=_counted(one.why for one in of if one.why is not None),
        label_asked=len(about_label),
        abstained=sum(one.said is None for one in about_label),
        cited=sum(one.cited for one in about_label),
        values=sum(one.values for one in of),
        refused=_counted(reason.value for one in of for reason in one.refused),
        spent=spent,
        costs=_costs(of, spent, prices, model_cpu_s, cores),
    )


def _own_word(about_label: Sequence[Account]) -> dict[str, Paired]:
    """What the generator chose, cited or not, against tier 1: of documents whose type it answered about, if any."""
    if not about_label:
        return {}
    said = np.array([one.said == one.gold for one in about_label], dtype=bool)
    alone = np.array([one.alone == one.gold for one in about_label], dtype=bool)
    return {f"{SAID} / {BLEND}, answered": paired(said, alone)}


def _spent(of: Sequence[Account], answered: Sequence[Account]) -> Spent:
    put = [one.usage for one in of if one.was_put]
    seconds = [one.usage.seconds for one in answered]
    p50, p95 = np.quantile(seconds, [0.5, 0.95]).tolist() if seconds else (None, None)
    count = max(1, len(put))
    return Spent(
        questions=len(put),
        prompt_tokens=sum(usage.prompt_tokens for usage in put) / count,
        answer_tokens=sum(usage.completion_tokens for usage in put) / count,
        requests=sum(usage.requests for usage in put) / count,
        seconds_p50=p50,
        seconds_p95=p95,
        seconds=sum(usage.seconds for usage in put),
    )


def _costs(
    of: Sequence[Account], spent: Spent, prices: cost.Prices, model_cpu_s: float, cores: int | None
) -> tuple[Costs, ...]:
    """By load_tests.cost, where every document is a deferred one."""
    was_open = sum(one.was_open for one in of)
    by_index = 1 - was_open / len(of)
    share_put = spent.questions / max(1, was_open)
    by_generator = sum(one.outcome is Outcome.BY_GENERATOR for one in of) / max(1, spent.questions)
    measured = cost.Measured(model_cpu_s, cost.FALLBACK_CPU_S, spent.prompt_tokens, spent.answer_tokens)
    rows = []
    for name, asked in ((BLEND, 0.0), (WITH_GENERATOR, share_put)):
        shares = cost.Shares(1.0, by_index, asked, by_generator)
        _, hybrid, _ = cost.ways(THOUSAND, shares, measured, prices)
        rows.append(Costs(name, hybrid.usd_machines, hybrid.usd_tokens, hybrid.usd_people))
    if cores is not None:
        own = cores * spent.seconds / len(of) * THOUSAND / cost.HOUR_S * prices.core_hour
        last = rows[-1]
        rows.append(Costs(f"{WITH_GENERATOR}, on {cores} cores of one's own", last.machines + own, 0.0, last.people))
    return tuple(rows)


def _counted(reasons: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(reasons).items()))


def _told(policy: Policy) -> str:
    return (
        f"k {policy.neighbours}, vote temperature {policy.vote_temperature:g}, vote weight {policy.vote_weight:g}, "
        f"temperature {policy.temperature:g}, threshold {policy.threshold}, least similarity "
        f"{policy.least_similarity:g}, generator's word {policy.generator.label:g}"
    )

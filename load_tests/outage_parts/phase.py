"""What one phase of a generator's outage showed, and what phases of one kind show together. Knows no Kafka."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from statistics import median, quantiles

from docmill.load.judge import StepResult
from docmill.load.quantiles import quantile_of

ANSWERS, DOWN, SLOW, NONSENSE = "answers", "down", "slow", "nonsense"
STATES = (ANSWERS, DOWN, SLOW, NONSENSE)  # in the order of the first round
WATCHED = {
    "held": ("docmill_fallback_held_total", ""),
    "reviews": ("docmill_review_total", ""),
    "results": ("docmill_results_published_total", 'decided_by="retrieval"'),
    "rejected": ("docmill_dead_letters_total", ""),
    "answered": ("docmill_generator_questions_total", 'outcome="answered"'),
    "questions": ("docmill_generator_questions_total", ""),
}
PROCESSES = ("processor", "broker", "fallback")
DRAWS = 2_000
FEWEST = 3  # rounds, below which what chance does to a ratio is not told


def in_turn(rounds: int) -> tuple[str, ...]:
    """The state of each phase; every round begins one state later, so that none always comes first."""
    starts = (number % len(STATES) for number in range(rounds))
    return tuple(state for start in starts for state in (*STATES[start:], *STATES[:start]))


@dataclass(frozen=True, slots=True)
class Phase:
    """`fallback` counts what the fallback did in it, `cores` how many each of PROCESSES used on average, without
    children (parsers, which receipts as text do not need).
    """

    state: str
    result: StepResult  # at the constant rate
    latencies_s: tuple[float, ...]  # at the constant rate; infinite: it never left the fast path
    bursts: tuple[StepResult, ...]
    bursts_per_s: tuple[float, ...]  # outcomes of each, from its first document to its last outcome
    fallback: Mapping[str, float]
    cores: Mapping[str, float]
    breaker_open: bool  # at its end
    caught_up: bool = True  # the fallback, before it: else what the phase before left weighs on this one

    @property
    def missing(self) -> int:
        """Documents that never left the fast path."""
        return self.result.missing + sum(burst.missing for burst in self.bursts)

    @property
    def took_part(self) -> bool:
        """Whether questions were answered where the endpoint answers; elsewhere, whether any was not, or the breaker
        is open.
        """
        asked, answered = self.fallback["questions"], self.fallback["answered"]
        return answered > 0 if self.state == ANSWERS else asked > answered or self.breaker_open


Measure = Callable[[Sequence[Phase]], float]


def latency_s(quantile: float) -> Measure:
    """Of the documents of all phases together, in seconds; infinite where too many never came."""

    def of(phases: Sequence[Phase]) -> float:
        ascending = sorted(one for phase in phases for one in phase.latencies_s)
        found = quantile_of(ascending, quantile)
        return math.inf if found is None else found

    return of


def burst_per_s(phases: Sequence[Phase]) -> float:
    """The median burst of all phases together; NaN for none."""
    return _median([rate for phase in phases for rate in phase.bursts_per_s])


def cores(process: str) -> Measure:
    """The median phase; NaN for none."""
    return lambda phases: _median([phase.cores[process] for phase in phases])


@dataclass(frozen=True, slots=True)
class Ratio:
    """Of a state to the phases that answer. `low` and `high`: the middle 95 % of resampled rounds, which of fewer than
    six is narrower than a 95 % interval (of three by a third); None: too few rounds to tell.
    """

    value: float
    low: float | None
    high: float | None

    def __str__(self) -> str:
        return f"{self.value:.3f}" + ("" if self.low is None else f" ({self.low:.2f} to {self.high:.2f})")


def ratio(phases: Iterable[Phase], state: str, measure: Measure) -> Ratio:
    """By the percentile bootstrap that draws whole rounds: documents of a phase share its luck, and a state and the
    phase beside it that answers share the machine's slow minutes.

    NaN, which holds nothing, where nothing answers. Source: B. Efron, R. Tibshirani, An Introduction to the Bootstrap.
    """
    phases = list(phases)
    own, base = ([phase for phase in phases if phase.state == of] for of in (state, ANSWERS))
    value = _divided(measure(own), measure(base))
    if len(own) != len(base) or len(own) < FEWEST:
        return Ratio(value, None, None)
    random, rounds = Random(0), list(zip(own, base, strict=True))
    drawn = []
    for _ in range(DRAWS):
        of_state, of_base = zip(*random.choices(rounds, k=len(rounds)), strict=True)
        drawn.append(_divided(measure(of_state), measure(of_base)))
    if any(map(math.isnan, drawn)):
        return Ratio(value, None, None)
    cuts = quantiles(drawn, n=40, method="inclusive")
    return Ratio(value, cuts[0], cuts[-1])


def _divided(own: float, base: float) -> float:
    return own / base if base and math.isfinite(base) else math.nan


def _median(values: Sequence[float]) -> float:
    return median(values) if values else math.nan

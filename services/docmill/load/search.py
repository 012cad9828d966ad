"""Which rate to try next, from those that were tried. Knows neither time nor Kafka.

Doubling finds the first rate that does not hold, bisection narrows it down. Neither end is believed at once. The lowest
rate that did not hold is tried again: it may have met a cold processor or a busy machine. And a short step flatters:
for its few seconds a queue may grow without anyone waiting too long; so the rate found is confirmed in a longer step,
and gives way to the next lower one until one is.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

MAX_STEPS = 40


class Purpose(StrEnum):
    """What a step is for."""

    SEARCH = "search"
    CONFIRM = "confirm"
    SINGLE = "single"  # one rate that was asked for


@dataclass(frozen=True, slots=True)
class Search:
    """Where to begin and when it is good enough."""

    start_rate: float
    precision: float  # relative distance between what holds and what does not
    confirm: bool = True
    min_rate: float = 0.1
    max_rate: float | None = None


@dataclass(frozen=True, slots=True)
class Probe:
    """A step to make."""

    rate: float
    purpose: Purpose


@dataclass(frozen=True, slots=True)
class Trial:
    """A step that was made."""

    rate: float
    purpose: Purpose
    held: bool


def next_probe(search: Search, trials: Sequence[Trial]) -> Probe | None:
    """The next step; None: the search is over, and `sustained` says with what."""
    low, high = bracket(trials)
    rate = _next_rate(search, low, high)
    if len(trials) >= MAX_STEPS or (rate is None and low is None):
        return None
    if rate is not None:
        return Probe(rate, Purpose.SEARCH)
    if high is not None and sum(trial.rate == high for trial in trials) == 1:
        return Probe(high, Purpose.SEARCH)
    if search.confirm and not any(trial.purpose is Purpose.CONFIRM and trial.rate == low for trial in trials):
        assert low is not None
        return Probe(low, Purpose.CONFIRM)
    return None


def bracket(trials: Sequence[Trial]) -> tuple[float | None, float | None]:
    """The highest rate that held below the lowest that did not, and that lowest one. None: there is no such rate.

    Of several trials of a rate the last one counts. A rate that held above one that did not was luck.
    """
    held = {trial.rate: trial.held for trial in trials}
    high = min((rate for rate, did in held.items() if not did), default=None)
    low = max((rate for rate, did in held.items() if did and (high is None or rate < high)), default=None)
    return low, high


def _next_rate(search: Search, low: float | None, high: float | None) -> float | None:
    """The rate to search at; None: `low` is good enough, or there is nothing lower to try."""
    if low is None and high is None:
        return search.start_rate
    if low is None:
        assert high is not None
        return high / 2 if high / 2 >= search.min_rate else None
    if high is None:
        limit = math.inf if search.max_rate is None else search.max_rate
        return min(2 * low, limit) if low < limit else None
    return math.sqrt(low * high) if high / low > 1 + search.precision else None


def sustained(search: Search, trials: Sequence[Trial]) -> int | None:
    """The step that the answer rests on; None: no rate held."""
    purpose = Purpose.CONFIRM if search.confirm else Purpose.SEARCH
    low, _ = bracket(trials)
    of_rate = [n for n, t in enumerate(trials) if t.held and t.rate == low and t.purpose is purpose]
    return of_rate[-1] if of_rate else None

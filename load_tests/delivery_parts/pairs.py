"""Rounds of two deliveries in turns, paired with their neighbours in time. Pure.

A B B A B A A B: whatever drifts over a block falls on both alike, also where it bends. Ratios are of pairs that ran
next to each other; their median is what is claimed, their range says how far to believe it.
"""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

DeliveryName = Literal["exactly_once", "at_least_once"]
EXACTLY_ONCE: DeliveryName = "exactly_once"
AT_LEAST_ONCE: DeliveryName = "at_least_once"
DELIVERIES: tuple[DeliveryName, DeliveryName] = (EXACTLY_ONCE, AT_LEAST_ONCE)


@dataclass(frozen=True, slots=True)
class Round:
    """One delivery took one backlog, from the first document sent to the last one committed."""

    delivery: DeliveryName
    documents: int
    seconds: float
    cpu_s: float  # of the processor's process
    loop_cpu_s: float  # of its event loop's thread alone, which polls, publishes and commits; in cpu_s
    broker_cpu_s: float
    slices: int  # that were committed: transactions, or commits of offsets

    @property
    def documents_per_s(self) -> float:
        return self.documents / self.seconds

    @property
    def cpu_ms_per_document(self) -> float:
        return 1000 * self.cpu_s / self.documents

    @property
    def loop_cpu_ms_per_slice(self) -> float:
        return 1000 * self.loop_cpu_s / self.slices

    @property
    def broker_cpu_ms_per_slice(self) -> float:
        return 1000 * self.broker_cpu_s / self.slices


@dataclass(frozen=True, slots=True)
class Spread:
    """A median with what it is a median of."""

    median: float
    lowest: float
    highest: float


@dataclass(frozen=True, slots=True)
class TransactionCost:
    """What a transaction takes beyond a commit of offsets. Inference is not in it, nor the noise of its time."""

    worker_ms: float  # of the event loop's thread
    broker_ms: float
    worker_share: float  # of all processor time that at_least_once's processor takes
    both_share: float  # of that and the broker's


def turns(block: int) -> tuple[DeliveryName, ...]:
    """Eight rounds, A B B A B A A B; every other block begins with the other one."""
    a, b = DELIVERIES if block % 2 == 0 else DELIVERIES[::-1]
    return (a, b, b, a, b, a, a, b)


def pair_up(rounds: Sequence[Round]) -> list[tuple[Round, Round]]:
    """(exactly_once, at_least_once) of each two rounds that followed each other.

    Raises:
        ValueError: two of a pair are of one delivery, or a round has no other.
    """
    pairs = []
    for first, second in zip(rounds[::2], rounds[1::2], strict=True):
        both = {first.delivery: first, second.delivery: second}
        if len(both) != len(DELIVERIES):
            raise ValueError(f"two rounds of {first.delivery} are no pair")
        pairs.append((both[EXACTLY_ONCE], both[AT_LEAST_ONCE]))
    return pairs


def ratios(rounds: Sequence[Round], figure: Callable[[Round], float]) -> Spread:
    """A figure of exactly_once over that of at_least_once, pair by pair."""
    return spread([figure(exactly) / figure(at_least) for exactly, at_least in pair_up(rounds)])


def medians(rounds: Sequence[Round], delivery: DeliveryName, figure: Callable[[Round], float]) -> Spread:
    """A figure of one delivery."""
    return spread([figure(round_) for round_ in rounds if round_.delivery == delivery])


def transaction_cost(rounds: Sequence[Round]) -> TransactionCost:
    """From the medians of both deliveries."""

    def extra(figure: Callable[[Round], float]) -> float:
        return medians(rounds, EXACTLY_ONCE, figure).median - medians(rounds, AT_LEAST_ONCE, figure).median

    worker_ms, broker_ms = extra(lambda r: r.loop_cpu_ms_per_slice), extra(lambda r: r.broker_cpu_ms_per_slice)
    slice_ms = medians(rounds, AT_LEAST_ONCE, lambda r: 1000 * r.cpu_s / r.slices).median
    broker_slice_ms = medians(rounds, AT_LEAST_ONCE, lambda r: r.broker_cpu_ms_per_slice).median
    both_share = (worker_ms + broker_ms) / (slice_ms + broker_slice_ms)
    return TransactionCost(worker_ms, broker_ms, worker_ms / slice_ms, both_share)


def spread(values: Sequence[float]) -> Spread:
    """Of at least one value."""
    return Spread(statistics.median(values), min(values), max(values))

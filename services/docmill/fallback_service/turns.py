"""Whether a slice asks the generator, or leaves its questions to a later one, for the sake of who comes behind.

The questions of a slice may take a generator's whole deadline, and of a partition one slice at a time is in work. So a
partition that has fallen behind owes those who come half of what a slice took for the generator's sake, less what it
took for who is new: for so long nobody is asked, the index decides what it can, and the rest goes to the end.
From that follows, of a partition that has fallen behind:
    - who waits for the generator has at least two thirds of the time, but for what a slice takes
    - passing all who lie before takes a new one at most three times as long as without any questions, and a slice
How long something took, and was ago, is counted by a clock that nobody sets; only how long a record has lain there, by
the time of day, which it bears. Knows these clocks, no Kafka and no generator.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

BEHIND_S = 15.0  # that the oldest of a slice has lain there, ready to be looked at
OWED = 0.5
MOST_S = 300.0  # that counts of what a slice took: more is a process that was stopped meanwhile


@dataclass(frozen=True, slots=True)
class _InHand:
    """A slice that has asked, and is not final."""

    first_offset: int
    owed_s: float


@dataclass(frozen=True, slots=True)
class _Final:
    """The last slice of a partition that asked. `at_s`: by the clock that nobody sets."""

    at_s: float = -math.inf
    owed_s: float = 0.0


class Turns:
    """Of all partitions; they are asked about from threads, each partition from one at a time."""

    def __init__(self, now_s: Callable[[], float], monotonic_s: Callable[[], float]) -> None:
        """`now_s`: Unix time, `monotonic_s`: what nobody sets; in seconds."""
        self._now_s = now_s
        self._monotonic_s = monotonic_s
        self._in_hand: dict[int, _InHand] = {}
        self._final: dict[int, _Final] = {}

    def may_ask(self, partition: int, first_offset: int, ready_since_s: float) -> bool:
        """Whether it is a slice's turn. One that has asked, and is read again since it is not final, asks again.

        Args:
            ready_since_s: Unix time since when the oldest of it could have been looked at.
        """
        last = self._final.get(partition, _Final())
        owes = self._monotonic_s() - last.at_s < last.owed_s
        behind = self._now_s() - ready_since_s > BEHIND_S
        return not behind or not owes or self._owed_s(partition, first_offset) is not None

    def asked(self, partition: int, first_offset: int, for_generator_s: float, for_new_s: float) -> None:
        """A slice has asked. Where it is read again, what took longer counts: answers may be remembered."""
        owed_s = max(OWED * min(for_generator_s, MOST_S) - for_new_s, self._owed_s(partition, first_offset) or 0.0)
        self._in_hand[partition] = _InHand(first_offset, owed_s)

    def final(self, partition: int, first_offset: int) -> None:
        """A slice is final. Only now has it had its turn, if it asked."""
        owed_s = self._owed_s(partition, first_offset)
        if owed_s is not None:
            self._final[partition] = _Final(self._monotonic_s(), owed_s)
            del self._in_hand[partition]

    def _owed_s(self, partition: int, first_offset: int) -> float | None:
        """What a slice owes that has asked and is not final; None: it has not."""
        in_hand = self._in_hand.get(partition)
        return None if in_hand is None or in_hand.first_offset != first_offset else in_hand.owed_s

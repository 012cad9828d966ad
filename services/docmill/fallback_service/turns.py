"""Whether a slice asks the generator, or leaves its questions to a later one, for the sake of who comes behind.

The questions of a slice may take a generator's whole deadline, and of a partition one slice at a time is in work. So a
partition that has fallen behind asks those of one slice, and then of none for as long as it may fall behind: meanwhile
the index decides what it can, and the rest goes to the end. Knows a clock, no Kafka and no generator.
"""

import math
from collections.abc import Callable

BEHIND_S = 15.0  # that the oldest of a slice has lain there, ready to be looked at


class Turns:
    """Of all partitions; they are asked about from threads, each partition from one at a time."""

    def __init__(self, now_s: Callable[[], float]) -> None:
        """`now_s`: Unix time in seconds."""
        self._now_s = now_s
        self._asked_s: dict[int, float] = {}  # when the last questions of a partition were over

    def may_ask(self, partition: int, ready_since_s: float) -> bool:
        """Whether it is a slice's turn to ask.

        Args:
            ready_since_s: Unix time since when the oldest of it could have been looked at.
        """
        now_s = self._now_s()
        idle_s = now_s - self._asked_s.get(partition, -math.inf)
        return now_s - ready_since_s <= BEHIND_S or not 0 <= idle_s < BEHIND_S

    def asked(self, partition: int) -> None:
        """The questions of a slice are over."""
        self._asked_s[partition] = self._now_s()

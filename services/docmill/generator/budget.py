"""How much may be spent: tokens and dollars over the last so many seconds. In memory, so each replica has its own.

What a question may cost at most is set aside before it is asked, and replaced by what it did cost: many at once never
spend more than there is.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True)
class Spent:
    """One question's share; `tokens` and `usd` are what was set aside until it is settled."""

    at_s: float
    tokens: int
    usd: float


class Budget:
    """For one event loop. None: without a limit.

    Args:
        period_s: over which both limits count.
        clock: seconds that never go back.
    """

    def __init__(self, tokens: int | None, usd: float | None, period_s: float, clock: Callable[[], float]) -> None:
        self._tokens, self._usd = tokens, usd
        self._period_s = period_s
        self._clock = clock
        self._spent: deque[Spent] = deque()

    def set_aside(self, tokens: int, usd: float) -> Spent | None:
        """A share for one question, to be settled; None: there is no more."""
        now_s = self._clock()
        while self._spent and self._spent[0].at_s <= now_s - self._period_s:
            self._spent.popleft()
        if self._tokens is not None and tokens + sum(spent.tokens for spent in self._spent) > self._tokens:
            return None
        if self._usd is not None and usd + sum(spent.usd for spent in self._spent) > self._usd:
            return None
        share = Spent(now_s, tokens, usd)
        self._spent.append(share)
        return share

    def settle(self, share: Spent, tokens: int, usd: float) -> None:
        """What it did cost."""
        share.tokens, share.usd = tokens, usd

"""Whether to ask at all: a generator that failed several times in a row is left alone for a while.

closed -> open after `failures` in a row -> half open after `open_s`: one question goes through, and decides.
Source: M. Nygard, Release It!, "Circuit Breaker". For one event loop; knows no HTTP.
"""

from collections.abc import Callable
from enum import StrEnum


class State(StrEnum):
    """A metric's label."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Breaker:
    """One for each endpoint. `clock` counts seconds and never goes back."""

    def __init__(self, failures: int, open_s: float, clock: Callable[[], float]) -> None:
        self._limit = failures
        self._open_s = open_s
        self._clock = clock
        self._failures = 0
        self._opened_s: float | None = None
        self._probing = False

    @property
    def state(self) -> State:
        """As it is now."""
        if self._opened_s is None:
            return State.CLOSED
        return State.HALF_OPEN if self._clock() - self._opened_s >= self._open_s else State.OPEN

    def admit(self) -> bool:
        """Whether one more question may go out; if so, `succeeded`, `failed` or `unasked` must follow."""
        match self.state:
            case State.CLOSED:
                return True
            case State.OPEN:
                return False
            case State.HALF_OPEN:
                admitted, self._probing = not self._probing, True
                return admitted

    def succeeded(self) -> None:
        """An answer came, and it was one."""
        self._failures, self._opened_s, self._probing = 0, None, False

    def failed(self) -> None:
        """None came, or it was no answer."""
        self._failures += 1
        if self._probing or self._failures >= self._limit:
            self._opened_s = self._clock()
        self._probing = False

    def unasked(self) -> None:
        """The question was given up for a reason of our own."""
        self._probing = False

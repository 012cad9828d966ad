"""Whether to ask at all: a generator that failed several times in a row is left alone for a while.

closed -> open after `failures` in a row -> half open after `open_s`: one question goes through, and decides.
Source: M. Nygard, Release It!, "Circuit Breaker". For one event loop; knows no HTTP.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """A metric's label."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True, slots=True)
class Admission:
    """That a question may go out. It counts until the breaker next opens."""

    generation: int


class Breaker:
    """One for each endpoint. `clock` counts seconds and never goes back."""

    def __init__(self, failures: int, open_s: float, clock: Callable[[], float]) -> None:
        self._limit = failures
        self._open_s = open_s
        self._clock = clock
        self._failures = 0
        self._opened_s: float | None = None
        self._probing = False
        self._generation = 0

    @property
    def state(self) -> State:
        """As it is now."""
        opened_s = self._opened_s  # once: other threads may look while the loop closes it
        if opened_s is None:
            return State.CLOSED
        return State.HALF_OPEN if self._clock() - opened_s >= self._open_s else State.OPEN

    def admit(self) -> Admission | None:
        """Whether one more question may go out; if so, `succeeded`, `failed` or `unasked` must follow with it."""
        state = self.state
        if state is State.OPEN or (state is State.HALF_OPEN and self._probing):
            return None
        self._probing = state is State.HALF_OPEN
        return Admission(self._generation)

    def succeeded(self, admission: Admission) -> None:
        """An answer came, and it was one."""
        if self._is_late(admission):
            return
        self._failures, self._opened_s, self._probing = 0, None, False

    def failed(self, admission: Admission) -> None:
        """None came, or it was no answer."""
        if self._is_late(admission):
            return
        self._failures += 1
        if self._probing or self._failures >= self._limit:
            self._opened_s = self._clock()
            self._generation += 1
        self._probing = False

    def unasked(self, admission: Admission) -> None:
        """Nothing was learnt of the endpoint: the question was given up, or the fault was the document's."""
        if not self._is_late(admission):
            self._probing = False

    def _is_late(self, admission: Admission) -> bool:
        """Of a question that went out before the breaker last opened: it says nothing about now."""
        return admission.generation != self._generation

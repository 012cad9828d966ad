"""Who may wait for the generator, and until when nobody looks at him. Knows clocks, and no generator."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext

from docmill.errors import AbandonedError
from docmill.fallback_service.requested import Wait

# A document that waits for the generator is looked at again after HOLD_SHARE of the time for which it has waited, no
# sooner than after HOLD_S and no later than after LONGEST_HOLD_S.
HOLD_S, LONGEST_HOLD_S, HOLD_SHARE = 15.0, 30.0, 1 / 8
# A slice of n documents of which none is due pauses for n / EARLY_PER_S, PAUSE_S at least and LONGEST_PAUSE_S at most,
# or until all are due; who comes meanwhile waits for that. Where somebody lies behind them in the slice it is less.
PAUSE_S, LONGEST_PAUSE_S, EARLY_PER_S, EARLY_PER_S_BEFORE_OTHERS = 3.0, 15.0, 8.0, 64.0
CLOCKS_S = 15.0  # that the clocks of two replicas may differ by, or one is set back
LOOK_S = 0.2


class Holds:
    """For any number of threads."""

    def __init__(self, max_hold_s: float, now_s: Callable[[], float], monotonic_s: Callable[[], float]) -> None:
        """`max_hold_s`: 0 or less: nobody waits. `now_s`: Unix time, `monotonic_s`: what nobody sets; in seconds."""
        self._max_hold_s = max_hold_s
        self._now_s = now_s
        self._monotonic_s = monotonic_s
        self._lock = threading.Lock()
        self._pausing = 0

    @property
    def any(self) -> bool:
        """Whether anybody may wait."""
        return self._max_hold_s > 0

    @property
    def pausing(self) -> int:
        """How many slices are in `pause` now, of which nobody is due."""
        with self._lock:
            return self._pausing

    def may_wait(self, wait: Wait, for_s: float = 0.0) -> bool:
        """Whether one that a generator is needed for may wait for it, or wait on; `for_s`: still then."""
        since_ms = wait.held_since_ms
        waited_s = 0.0 if since_ms is None else self._now_s() + for_s - since_ms / 1000
        # A little before now is another replica's clock, or this one's that was set back; far ahead is a stranger's.
        return self.any and -CLOCKS_S <= waited_s < self._max_hold_s

    def waits(self, wait: Wait, for_s: float = 0.0) -> bool:
        """Whether it was put back, and may wait on; `for_s`: still then."""
        return wait.held_since_ms is not None and self.may_wait(wait, for_s)

    def is_early(self, wait: Wait) -> bool:
        """Whether it waits and is not due; of a time too far ahead, some other clock's, never."""
        return self.waits(wait) and 0 < wait.not_before_ms / 1000 - self._now_s() <= LONGEST_HOLD_S + CLOCKS_S

    def passes(self, wait: Wait, away: bool) -> bool:
        """Whether nobody looks at it, now and when its slice has paused; `away`: the generator is left alone."""
        waits = self.waits(wait) and self.waits(wait, LONGEST_PAUSE_S)
        return waits and (away or self.is_early(wait))

    def looked_at(self, waits: Sequence[Wait], asks: bool, most: int) -> frozenset[int]:
        """Which of a slice: who is new, who may wait no longer, and who is due if there is room left.

        Args:
            asks: whether any that waits may be asked about now.
            most: of those who came back; a slice may hold more of them than when it was cut.
        """
        new = [n for n, wait in enumerate(waits) if wait.held_since_ms is None]
        over = [n for n, wait in enumerate(waits) if wait.held_since_ms is not None and not self.may_wait(wait)]
        due = [n for n, wait in enumerate(waits) if self.waits(wait) and not self.is_early(wait)]
        room = max(0, most - len(new) - len(over))
        return frozenset((*new, *over[:most], *(due[:room] if asks else ())))

    def again_s(self, wait: Wait, away: bool) -> float:
        """Unix time at which one who waits is due; the longer it has waited, the later. Who only had no turn comes to
        it as soon as there is one.
        """
        now_s = self._now_s()
        waited_s = 0.0 if wait.held_since_ms is None else now_s - wait.held_since_ms / 1000
        return now_s + (min(LONGEST_HOLD_S, max(HOLD_S, HOLD_SHARE * waited_s)) if away else 0.0)

    def pause(self, waits: Sequence[Wait], abandoned: Callable[[], bool]) -> None:
        """Where the first of a slice are not due, a time that is longer the more they are, so that they do not go round
        all the time; no longer than until all of them are.

        Raises:
            AbandonedError: `abandoned` says so.
        """
        early = next((n for n, wait in enumerate(waits) if not self.is_early(wait)), len(waits))
        if not early:
            return
        nobody = early == len(waits)
        due_in_s = max(wait.not_before_ms for wait in waits[:early]) / 1000 - self._now_s()
        most_s = (
            min(LONGEST_PAUSE_S, max(PAUSE_S, early / EARLY_PER_S)) if nobody else early / EARLY_PER_S_BEFORE_OTHERS
        )
        # Not by the time of day, which may be set back meanwhile: nobody behind is to wait for that.
        until_s = self._monotonic_s() + min(due_in_s, most_s)
        with self._counted() if nobody else nullcontext():  # else it has its share of what all need
            while (left_s := until_s - self._monotonic_s()) > 0:
                if abandoned():
                    raise AbandonedError("nobody waits for this slice any more")
                time.sleep(min(LOOK_S, left_s))

    @contextmanager
    def _counted(self) -> Iterator[None]:
        with self._lock:
            self._pausing += 1
        try:
            yield
        finally:
            with self._lock:
                self._pausing -= 1

"""How long to wait before the next try, and when there have been enough. Knows a clock, and nothing of what fails."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

FIRST_BACKOFF_S = 0.2
LONGEST_BACKOFF_S = 10.0


class Patience:
    """With a dependency that fails, from one success to the next."""

    def __init__(self, longest_s: float) -> None:
        """`longest_s`: that it may fail without a success."""
        self._longest_s = longest_s
        self._failing_since_s: float | None = None  # None: nothing failed since the last success
        self._backoff_s = FIRST_BACKOFF_S

    def renew(self) -> None:
        """It has succeeded."""
        self._failing_since_s, self._backoff_s = None, FIRST_BACKOFF_S

    def after_failure_s(self) -> float | None:
        """How long to wait before the next try, each time twice as long; None: it has failed for too long."""
        now_s = time.monotonic()
        self._failing_since_s = now_s if self._failing_since_s is None else self._failing_since_s
        if now_s - self._failing_since_s > self._longest_s:
            return None
        backoff_s = self._backoff_s
        self._backoff_s = min(backoff_s * 2, LONGEST_BACKOFF_S)
        return backoff_s

    @contextmanager
    def suspended(self) -> Iterator[None]:
        """While nobody waits for the dependency: that time it did not fail, however long it was."""
        began_s = time.monotonic()
        try:
            yield
        finally:
            if self._failing_since_s is not None:
                self._failing_since_s += time.monotonic() - began_s

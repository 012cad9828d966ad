"""What /livez and /readyz look at. Reads only: the probes run on a thread of their own."""

import time
from collections.abc import Callable, Mapping

from docmill.kafka.engine import Engine
from docmill.kafka.poller import Poller
from docmill.telemetry.http import Probe

LONGEST_SILENCE_S = 30.0  # of the event loop, before the process counts as dead
LONGEST_IDLE_S = 30.0  # without a poll, before the replica counts as not ready
LONGEST_DEAF_S = 20.0  # without an answer of the broker, likewise: polls go on without one


class Health:
    """Alive: the event loop turns and nothing fatal happened. Ready: alive, in the group, polling.

    Args:
        checks: what the service itself has to say; it decides nothing.
    """

    def __init__(self, engine: Engine, poller: Poller, group: str, checks: Callable[[], Mapping[str, object]]) -> None:
        self._engine = engine
        self._poller = poller
        self._group = group
        self._checks = checks
        self._beat = self._heard = time.monotonic()

    @property
    def deaf_s(self) -> float:
        """Seconds since the broker last answered."""
        return time.monotonic() - self._heard

    def heard(self) -> None:
        """The broker answered."""
        self._heard = time.monotonic()

    def beat(self) -> None:
        """The event loop turned."""
        self._beat = time.monotonic()

    def live(self) -> Probe:
        """Restart the process where this does not hold."""
        silence_s = time.monotonic() - self._beat
        error = self._engine.error
        return Probe(
            ok=silence_s < LONGEST_SILENCE_S and error is None,
            checks={"event_loop_silent_s": round(silence_s, 1), "error": None if error is None else str(error)},
        )

    def ready(self) -> Probe:
        """Send no traffic, and hold a rolling update, where this does not hold."""
        live = self.live()
        idle_s = self._poller.idle_s()
        workers = self._engine.workers
        acquired = sum(worker.acquired for worker in workers)
        return Probe(
            ok=live.ok
            and self._engine.joined
            and acquired == len(workers)
            and idle_s < LONGEST_IDLE_S
            and self.deaf_s < LONGEST_DEAF_S,
            checks={
                **live.checks,
                "joined_group": self._engine.joined,
                "group": self._group,
                "partitions": len(workers),
                "partitions_acquired": acquired,
                "broker_silent_s": round(self.deaf_s, 1),
                "last_poll_s": round(idle_s, 1) if idle_s != float("inf") else None,
                **self._checks(),
            },
        )

"""How long the oldest document has waited for the generator, though those that wait come round only now and then.

Kept by partition: the second since which documents wait, with the latest time at which one of that second was put back.
In a partition they lie in the order of these times (not of those at which they are due). So once one of time t is
final, all before t have been seen again, and who still waits was put back at a later time: the others are gone. So they
are once a new document is final that was sent well after t: it lies behind them. No document is remembered by itself;
there are no more entries than seconds that a document may wait.

A partition without a slice in hand for a while belongs to somebody else, or nobody in it waits: who waits comes round.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from docmill.fallback_service.resolved import Held, Resolved
from docmill.kafka.decode_record import Record
from docmill.kafka.put_back import put_back_ms, was_put_back

FORGOTTEN_AFTER_S = 60.0  # between two slices lies a commit, and the broker may be away for a moment
WELL_AFTER_S = 300.0  # a slice may take so long to be in the log, and the senders' clocks may differ by it


@dataclass(slots=True)
class _Partition:
    put_back_ms: dict[int, int] = field(default_factory=dict)  # by the second since which they wait
    slices: int = 0  # in hand
    touched_s: float = 0.0  # when the last one was


class Waiting:
    """For any number of threads. Times are Unix times in seconds."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._partitions: dict[tuple[str, int], _Partition] = {}

    @contextmanager
    def in_hand(self, records: Sequence[Record], now_s: Callable[[], float]) -> Iterator[None]:
        """While a slice is worked on, its partition is ours."""
        with self._lock:
            self._of(records[0]).slices += 1
        try:
            yield
        finally:
            with self._lock:
                partition = self._of(records[0])
                partition.slices -= 1
                partition.touched_s = now_s()

    def final(self, slice_: Sequence[Resolved], now_s: float) -> None:
        """What a slice came to is committed."""
        with self._lock:
            partition = self._of(slice_[0].record)
            partition.touched_s = now_s
            came_back = [put_back for one in slice_ if (put_back := put_back_ms(one.record)) is not None]
            seen = {(first_ms // 1000, last_ms) for first_ms, last_ms in came_back}
            until_ms = max([_passed_ms(slice_, now_s), *(last_ms for _, last_ms in seen)])
            kept = {one for one in partition.put_back_ms.items() if one[1] >= until_ms} - seen
            partition.put_back_ms = dict(kept)
            for resolved in slice_:
                if isinstance(resolved.came, Held):
                    partition.put_back_ms[resolved.came.since_ms // 1000] = resolved.came.put_back_ms

    def oldest_s(self, now_s: float) -> float:
        """How long the one that waits longest has waited; 0: none is known to wait."""
        with self._lock:
            for key, partition in list(self._partitions.items()):
                if not partition.slices and now_s - partition.touched_s > FORGOTTEN_AFTER_S:
                    del self._partitions[key]
            waiting = [one.put_back_ms for one in self._partitions.values() if one.put_back_ms]
            oldest = min(map(min, waiting), default=None)
        return 0.0 if oldest is None else max(0.0, now_s - oldest)

    def _of(self, record: Record) -> _Partition:
        return self._partitions.setdefault((record.topic, record.partition), _Partition())


def _passed_ms(slice_: Sequence[Resolved], now_s: float) -> int:
    """Who was put back before then has been passed, by the new documents of a slice; 0: they do not tell."""
    sent_ms = (one.record.timestamp for one in slice_ if not was_put_back(one.record))
    possible_ms = (at_ms for at_ms in sent_ms if at_ms <= now_s * 1000)  # a time to come is some other clock's
    return max(0, max(possible_ms, default=0) - round(WELL_AFTER_S * 1000))

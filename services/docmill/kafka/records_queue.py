"""The records of one partition that wait for work, cut into slices. Does not know Kafka."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable

from docmill.kafka.decode_record import Record

LEAST_SLICE_TOKENS = 1024  # below that, publishing and committing would cost more than it spares
BYTES_PER_TOKEN = 4  # English text on this tokenizer; an estimate, since tokens are counted only after parsing


class RecordsQueue:
    """Bounded by a caller who asks `full` and stops feeding: adding never blocks, since the poller must not."""

    def __init__(
        self, max_records: int, max_bytes: int, max_slice_tokens: int, max_slice_records: int | None = None
    ) -> None:
        """`max_slice_records` None: its tokens alone bound a slice."""
        self._records: deque[Record] = deque()
        self._bytes = 0  # of values, keys and headers
        self._max_records = max_records
        self._max_bytes = max_bytes
        self._max_slice_tokens = max_slice_tokens
        self._max_slice_records = max_slice_records
        self._changed = asyncio.Event()
        self._closed = False

    def __len__(self) -> int:
        return len(self._records)

    @property
    def full(self) -> bool:
        """Whether the partition should be paused."""
        return len(self._records) >= self._max_records or self._bytes >= self._max_bytes

    @property
    def drained(self) -> bool:
        """Whether a paused partition should be read again."""
        return len(self._records) < self._max_records / 2 and self._bytes < self._max_bytes / 2

    def oldest_timestamp_ms(self) -> int | None:
        """Timestamp of the record that waits longest."""
        return self._records[0].timestamp if self._records else None

    def add(self, records: Iterable[Record]) -> None:
        """Append records in offset order."""
        for record in records:
            self._records.append(record)
            self._bytes += _size(record)
        self._changed.set()

    def clear(self) -> None:
        """Forget all waiting records."""
        self._records.clear()
        self._bytes = 0

    def close(self) -> None:
        """Let `next_slice` return an empty slice from now on."""
        self._closed = True
        self._changed.set()

    async def next_slice(self, shared_by: Callable[[], int] = lambda: 1) -> list[Record]:
        """At least one record, at most about `max_slice_tokens`, and `max_slice_records`; waits for the first, and is
        empty once closed.

        Args:
            shared_by: how many slices will be in hand at once, this one included, asked when there is something to
                take. They take turns, so each must have fewer tokens to be done in the same time.
        """
        while not self._records and not self._closed:
            self._changed.clear()
            await self._changed.wait()
        if self._closed:
            return []
        taken: list[Record] = []
        tokens = 0
        most = max(self._max_slice_tokens // shared_by(), min(LEAST_SLICE_TOKENS, self._max_slice_tokens))
        while self._records and len(taken) != self._max_slice_records:
            tokens += estimated_tokens(self._records[0])
            if taken and tokens > most:
                break
            record = self._records.popleft()
            taken.append(record)
            self._bytes -= _size(record)
        return taken


def estimated_tokens(record: Record) -> int:
    """What a record weighs in a slice."""
    return _size(record) // BYTES_PER_TOKEN + 1


def _size(record: Record) -> int:
    """Bytes of a record as it lies in memory: headers may outweigh the value."""
    headers = sum(len(name) + len(value or b"") for name, value in record.headers)
    return len(record.value or b"") + len(record.key or b"") + headers

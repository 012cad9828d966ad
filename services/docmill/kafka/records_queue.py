"""The records of one partition that wait for work, cut into slices. Does not know Kafka."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable

from docmill.kafka.decode_record import Record

LEAST_SLICE_TOKENS = 1024  # below that, publishing and committing would cost more than it spares
BYTES_PER_TOKEN = 4  # English text on this tokenizer; an estimate, since tokens are counted only after parsing
MOST_PASSING = 256  # records at the beginning of a slice that are no work: what they cost is the transaction
MOST_PASSING_BYTES = 1024 * 1024


class RecordsQueue:
    """Bounded by a caller who asks `full` and stops feeding: adding never blocks, since the poller must not."""

    def __init__(
        self,
        max_records: int,
        max_bytes: int,
        max_slice_tokens: int,
        max_slice_records: int | None = None,
        passes: Callable[[Record], bool] = lambda record: False,
    ) -> None:
        """`max_slice_records` None: its tokens alone bound a slice. `passes`: see SliceWork."""
        self._records: deque[Record] = deque()
        self._bytes = 0  # of values, keys and headers
        self._max_records = max_records
        self._max_bytes = max_bytes
        self._max_slice_tokens = max_slice_tokens
        self._max_slice_records = max_slice_records
        self._passes = passes
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
        """At least one record; waits for the first, and is empty once closed. Those that pass, and behind them at most
        about `max_slice_tokens`, and `max_slice_records`, from one that is work on.

        Args:
            shared_by: how many slices will be in hand at once, this one included, asked when there is something to
                take. They take turns, so each must have fewer tokens to be done in the same time.
        """
        while not self._records and not self._closed:
            self._changed.clear()
            await self._changed.wait()
        if self._closed:
            return []
        most = max(self._max_slice_tokens // shared_by(), min(LEAST_SLICE_TOKENS, self._max_slice_tokens))
        count = slice_length(self._records, self._passes, most, self._max_slice_records)
        taken = [self._records.popleft() for _ in range(count)]
        self._bytes -= sum(map(_size, taken))
        return taken


def slice_length(
    records: Iterable[Record], passes: Callable[[Record], bool], most_tokens: int, most_records: int | None
) -> int:
    """How many of the first are the next slice: those that pass, and then some from the first that is work on; at least
    one, if there is one.
    """
    passed = passed_bytes = others = tokens = 0
    for record in records:
        if not others and passes(record):
            passed_bytes += _size(record)
            if passed == MOST_PASSING or (passed and passed_bytes > MOST_PASSING_BYTES):
                break
            passed += 1
            continue
        tokens += estimated_tokens(record)
        if others == most_records or (others and tokens > most_tokens):
            break
        others += 1
    return passed + others


def estimated_tokens(record: Record) -> int:
    """What a record weighs in a slice."""
    return _size(record) // BYTES_PER_TOKEN + 1


def _size(record: Record) -> int:
    """Bytes of a record as it lies in memory: headers may outweigh the value."""
    headers = sum(len(name) + len(value or b"") for name, value in record.headers)
    return len(record.value or b"") + len(record.key or b"") + headers

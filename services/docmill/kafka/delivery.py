"""How results and offsets become final: the seam that a delivery guarantee fills.

`acquire` takes a partition over, `publish_and_commit` makes one slice final, `release` gives the partition back.
exactly_once.py and at_least_once.py are the two there are. Each commit carries a crash mark; what it means is the
worker's business.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from aiokafka import TopicPartition

from docmill.kafka.crash_marks import CrashMark
from docmill.kafka.publish import OutgoingRecord


@dataclass(frozen=True, slots=True)
class Committed:
    """Where a partition is to be read from, and what the owner before left there."""

    offset: int
    mark: CrashMark


class Delivery(Protocol):
    """A delivery guarantee. Every method raises BrokerError where the broker fails or refuses."""

    async def acquire(self, partition: TopicPartition) -> Committed:
        """Become the partition's owner.

        Raises:
            RecordsLostError: the committed offset lies below the start of the log.
            LogTruncatedError: it lies above the end of the log.
        """
        ...

    async def check_log_start(self, partition: TopicPartition, offset: int) -> None:
        """Make sure that retention did not delete from `offset` on.

        Raises:
            RecordsLostError: it did.
        """
        ...

    async def mark(self, partition: TopicPartition, at: Committed) -> None:
        """Leave a mark at the committed offset."""
        ...

    async def publish_and_commit(
        self, partition: TopicPartition, records: Sequence[OutgoingRecord], then: Committed
    ) -> None:
        """Make one slice final: its records published, the offset after it committed."""
        ...

    async def release(self, held: Mapping[TopicPartition, Committed]) -> None:
        """Give up all partitions, each where it was when it was last known; nothing of theirs is in flight any more."""
        ...

    async def close(self) -> None:
        """Let go of the broker; what is not final by now never will be."""
        ...

"""May a copy go on from where it is, or must it begin anew? Pure: knows no store, no clock and no broker.

A compacted topic forgets two things: values that a later record replaced, which a copy does not need, and, some
`delete.retention.ms` after they were written, the records that delete a key. A copy that reads on after that keeps what
was deleted. So what counts is when the copy had last read to the end; one that never did, when it began.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from docmill.index.types import CopyState, Source

CLOCK_MARGIN_MS = 5 * 60 * 1000  # that a clock may be set back by, and no copy is made anew


class StaleReason(StrEnum):
    """Why a copy must be made, or made anew."""

    NEW = "new"
    TOPIC_CHANGED = "topic_changed"
    EMBEDDING_CHANGED = "embedding_changed"
    PARTITIONS_CHANGED = "partitions_changed"
    BELOW_LOG_START = "below_log_start"
    BEYOND_LOG_END = "beyond_log_end"
    AWAY_TOO_LONG = "away_too_long"
    FROM_THE_FUTURE = "from_the_future"


@dataclass(frozen=True, slots=True)
class Log:
    """The topic as its broker describes it."""

    source: Source
    starts: Mapping[int, int]  # the first offset there is, by partition
    ends: Mapping[int, int]  # the offset after the last one
    delete_retention_ms: int


def staleness(state: CopyState | None, log: Log, now_ms: int) -> StaleReason | None:
    """Why the copy must be rebuilt; None where it may read on from its offsets.

    A log that starts beyond a copy's offset is no loss in itself, since compaction keeps the last value of each key,
    but the broker moves a compacted log's start only when somebody deletes records by hand.
    """
    if state is None:
        return StaleReason.NEW
    if state.source.topic_id != log.source.topic_id:
        return StaleReason.TOPIC_CHANGED
    if state.source.embedding != log.source.embedding:
        return StaleReason.EMBEDDING_CHANGED
    if (reason := _misplaced(state.offsets, log)) is not None:
        return reason
    return _away(state, log, now_ms) if state.offsets else None


def is_complete(offsets: Mapping[int, int], ends: Mapping[int, int]) -> bool:
    """Whether a copy has reached `ends`: ready, where these are the ends seen at start."""
    return all(end == 0 or offsets.get(partition, 0) >= end for partition, end in ends.items())


def _away(state: CopyState, log: Log, now_ms: int) -> StaleReason | None:
    """For how long, as far as clocks tell: one that was ahead when the copy was complete tells nothing."""
    if state.complete_at_ms > now_ms + CLOCK_MARGIN_MS:
        return StaleReason.FROM_THE_FUTURE
    return StaleReason.AWAY_TOO_LONG if now_ms - state.complete_at_ms >= log.delete_retention_ms else None


def _misplaced(offsets: Mapping[int, int], log: Log) -> StaleReason | None:
    """Whether the log has no longer, or not yet, what comes next."""
    if not offsets.keys() <= log.starts.keys():
        return StaleReason.PARTITIONS_CHANGED
    if any(offset < log.starts[partition] for partition, offset in offsets.items()):
        return StaleReason.BELOW_LOG_START
    if any(offset > log.ends[partition] for partition, offset in offsets.items()):
        return StaleReason.BEYOND_LOG_END
    return None

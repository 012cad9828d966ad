import pytest

from docmill.index.staleness import CLOCK_MARGIN_MS, Log, StaleReason, is_complete, staleness
from docmill.index.types import CopyState, Source
from tests.unit.index.fakes import OTHER_EMBEDDING, SOURCE

DAY_MS = 24 * 3600 * 1000
LOG = Log(SOURCE, starts={0: 10, 1: 0}, ends={0: 100, 1: 0}, delete_retention_ms=DAY_MS)
STATE = CopyState(SOURCE, {0: 50, 1: 0}, complete_at_ms=1000)


@pytest.mark.parametrize(
    ("state", "now_ms", "reason"),
    [
        (None, 0, StaleReason.NEW),
        (STATE, 1000, None),
        (STATE, 1000 + DAY_MS - 1, None),
        (STATE, 1000 + DAY_MS, StaleReason.AWAY_TOO_LONG),
        (CopyState(SOURCE, {0: 50}, 9 * DAY_MS), 9 * DAY_MS - CLOCK_MARGIN_MS, None),
        (CopyState(SOURCE, {0: 50}, 9 * DAY_MS), 9 * DAY_MS - CLOCK_MARGIN_MS - 1, StaleReason.FROM_THE_FUTURE),
        (CopyState(SOURCE, {0: 50}, 30 * DAY_MS), 21 * DAY_MS, StaleReason.FROM_THE_FUTURE),
        (CopyState(SOURCE, {}, 9 * DAY_MS), 0, None),
        (CopyState(SOURCE, {}, 0), 9 * DAY_MS, None),  # it has read nothing that could have been deleted since
        (CopyState(Source("topic-2", SOURCE.embedding), {0: 50}, 1000), 1000, StaleReason.TOPIC_CHANGED),
        (CopyState(Source("topic-1", OTHER_EMBEDDING), {0: 50}, 1000), 1000, StaleReason.EMBEDDING_CHANGED),
        (CopyState(SOURCE, {0: 50, 2: 0}, 1000), 1000, StaleReason.PARTITIONS_CHANGED),
        (CopyState(SOURCE, {0: 10}, 1000), 1000, None),
        (CopyState(SOURCE, {0: 9}, 1000), 1000, StaleReason.BELOW_LOG_START),
        (CopyState(SOURCE, {0: 100}, 1000), 1000, None),
        (CopyState(SOURCE, {0: 101}, 1000), 1000, StaleReason.BEYOND_LOG_END),
    ],
)
def test_a_copy_goes_on_only_where_nothing_can_be_missing(
    state: CopyState | None, now_ms: int, reason: StaleReason | None
) -> None:
    assert staleness(state, LOG, now_ms) == reason


def test_a_copy_is_complete_at_the_ends_of_all_partitions() -> None:
    assert is_complete({}, {0: 0})
    assert is_complete({0: 5, 1: 9}, {0: 5, 1: 8, 2: 0})
    assert not is_complete({0: 4}, {0: 5})
    assert not is_complete({0: 5}, {0: 5, 1: 1})
